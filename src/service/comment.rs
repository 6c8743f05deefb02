//! Comments: making, changing and deleting them, and the lists under tweets.

pub mod newest;

use std::sync::Arc;

use entity::{CommentId, Subject, TweetId, UserId, comment, comment_stats, tweet_stats};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, FromQueryResult};

use crate::app::App;
use crate::bus::{Message, outbox};
use crate::cache::Change;
use crate::db::{Db, Transaction, marks, padded, sql};
use crate::error::{Error, Result, UserErrorCode};
use crate::service::check::{self, Faults};
use crate::service::page::{End, Slice};
use crate::service::{idempotency, subject, suspension, tweet};

/// How many tweets one statement reads the comments of: more than the largest page has.
const BRANCHES: usize = 128;

/// What somebody types to comment.
#[derive(Clone, Debug)]
pub struct NewComment {
    /// Which tweet; or what was wrong with its id, to be told together with the rest.
    pub tweet: Result<TweetId>,
    pub content: String,
    pub idempotency_key: Option<String>,
}

/// Makes a comment.
///
/// # Errors
/// What is wrong with the content or the key, NOT_FOUND for the tweet, all at once; IDEMPOTENCY_MISMATCH.
pub async fn create(app: &App, author: UserId, new: &NewComment) -> Result<comment::Model> {
    let mut faults = Faults::default();
    let tweet = match faults.keep(new.tweet.clone())? {
        Some(id) => faults.keep(visible_tweet(app.db.read(), id).await)?,
        None => None,
    };
    let content = faults.keep(check::content(&new.content))?;
    if let Some(key) = &new.idempotency_key {
        faults.keep(idempotency::check(key))?;
    }
    faults.finish()?;
    let (tweet, content) = (tweet.unwrap_or_default(), content.unwrap_or_default());
    let key = new.idempotency_key.as_deref().map(|key| idempotency::scoped("comment", key));
    let comment = app.db.retry(|| create_once(app, author, tweet, &content, key.as_deref())).await?;
    app.bus.wake();
    Ok(comment)
}

async fn create_once(
    app: &App,
    author: UserId,
    tweet: TweetId,
    content: &str,
    key: Option<&str>,
) -> Result<comment::Model> {
    let input = (tweet, content);
    let tx = app.db.begin().await?;
    suspension::lock_active(&tx, author).await?;
    if let Some(key) = key
        && let Some(first) = idempotency::find(app, &tx, author, key, &input).await?
    {
        let first = by_ids(&tx, &[CommentId(first)]).await?.pop();
        return first.ok_or_else(|| {
            let message = "The comment that was made with this key has been deleted since.";
            Error::user(UserErrorCode::NotFound, "idempotencyKey", message)
        });
    }
    // A tweet that many comment at once makes nobody else's wait: this row it alone has.
    if !subject::lock(&tx, Subject::Tweet(tweet)).await? {
        return Err(Error::not_found("tweet", "tweetId"));
    }
    let Some(subject::Owner { author: recipient, .. }) = subject::owner(&tx, Subject::Tweet(tweet)).await? else {
        return Err(Error::not_found("tweet", "tweetId"));
    };
    let comment = comment::Model {
        id: CommentId(app.ids.next()),
        tweet_id: tweet,
        author_id: author,
        content: content.to_owned(),
        created_at: app.clock.now(),
        edited_at: None,
    };
    let row: comment::ActiveModel = comment.clone().into();
    comment::Entity::insert(row).exec_without_returning(&tx).await?;
    tx.changed(Change::Comment { comment: comment.id, tweet });
    subject::start_comment(&tx, comment.id).await?;
    subject::add(&tx, tweet, tweet_stats::Column::CommentCount, 1).await?;
    if let Some(key) = key {
        idempotency::keep(app, &tx, author, key, &input, comment.id.0).await?;
    }
    let changed = Message::CommentChanged { comment: comment.id, tweet, recipient, actor: author };
    outbox::post(app, &tx, changed).await?;
    app.failpoints.pass("comment: before commit").await;
    tx.commit().await?;
    app.failpoints.pass("comment: after commit").await;
    Ok(comment)
}

/// Changes what a comment of one's own says. The same text again changes nothing.
///
/// # Errors
/// What is wrong with the content, NOT_FOUND, or NOT_YOURS.
pub async fn update(app: &App, viewer: UserId, id: Result<CommentId>, content: &str) -> Result<comment::Model> {
    let mut faults = Faults::default();
    if let Some(id) = faults.keep(id.clone())? {
        faults.keep(own(app.db.read(), viewer, id).await)?;
    }
    let content = faults.keep(check::content(content))?;
    faults.finish()?;
    let (id, content) = (id?, content.unwrap_or_default());
    app.db.retry(|| update_once(app, viewer, id, &content)).await
}

async fn update_once(app: &App, viewer: UserId, id: CommentId, content: &str) -> Result<comment::Model> {
    let tx = app.db.begin().await?;
    if !subject::lock(&tx, Subject::Comment(id)).await? {
        return Err(not_found());
    }
    let mut comment = own(&tx, viewer, id).await?;
    if comment.content == content {
        return Ok(comment);
    }
    comment.content = content.to_owned();
    comment.edited_at = Some(app.clock.now());
    let row = comment::ActiveModel {
        id: Set(id),
        content: Set(comment.content.clone()),
        edited_at: Set(comment.edited_at),
        ..Default::default()
    };
    comment::Entity::update(row).validate()?.exec(&tx).await?;
    tx.changed(Change::Comment { comment: id, tweet: comment.tweet_id });
    tx.commit().await?;
    Ok(comment)
}

/// Deletes a comment of one's own, or one under one's own tweet, and returns the tweet that it stood under.
///
/// # Errors
/// NOT_FOUND, or NOT_YOURS.
pub async fn delete(app: &App, viewer: UserId, id: CommentId) -> Result<TweetId> {
    let tweet = app.db.retry(|| delete_once(app, viewer, id)).await?;
    app.bus.wake();
    Ok(tweet)
}

async fn delete_once(app: &App, viewer: UserId, id: CommentId) -> Result<TweetId> {
    let tx = app.db.begin().await?;
    // A comment never moves to another tweet, so that this look tells which row to lock first.
    let Some(comment) = by_ids(&tx, &[id]).await?.pop() else { return Err(not_found()) };
    let tweet = comment.tweet_id;
    subject::lock(&tx, Subject::Tweet(tweet)).await?;
    let is_there = subject::lock(&tx, Subject::Comment(id)).await?;
    let owner = if is_there { subject::owner(&tx, Subject::Tweet(tweet)).await? } else { None };
    let Some(subject::Owner { author: recipient, .. }) = owner else { return Err(not_found()) };
    if viewer != comment.author_id && viewer != recipient {
        let message = "Only its author and the author of the tweet can delete a comment.";
        return Err(Error::user(UserErrorCode::NotYours, "commentId", message));
    }
    take_away(app, &tx, &comment, recipient).await?;
    app.failpoints.pass("comment: before commit").await;
    tx.commit().await?;
    app.failpoints.pass("comment: after commit").await;
    Ok(tweet)
}

/// Deletes a comment and posts what follows from it. It and its tweet, whose author is the recipient, are locked.
///
/// # Errors
/// Whatever the database says.
pub async fn take_away(app: &App, tx: &Transaction, comment: &comment::Model, recipient: UserId) -> Result<()> {
    let comment::Model { id, tweet_id: tweet, author_id: author, .. } = *comment;
    remove(tx, &[id]).await?;
    tx.changed(Change::Comment { comment: id, tweet });
    subject::add(tx, tweet, tweet_stats::Column::CommentCount, -1).await?;
    outbox::post(app, tx, Message::CommentChanged { comment: id, tweet, recipient, actor: author }).await?;
    outbox::post(app, tx, Message::Discard { subject: Subject::Comment(id), author }).await
}

/// Deletes the rows of comments that are locked.
///
/// # Errors
/// Whatever the database says.
pub async fn remove(tx: &Transaction, ids: &[CommentId]) -> Result<()> {
    use sea_orm::{ColumnTrait, QueryFilter};
    let chosen = comment::Column::Id.is_in(ids.iter().copied());
    comment::Entity::delete_many().filter(chosen).exec(tx).await?;
    let chosen = comment_stats::Column::CommentId.is_in(ids.iter().copied());
    comment_stats::Entity::delete_many().filter(chosen).exec(tx).await?;
    Ok(())
}

/// A visible comment by the viewer.
async fn own(db: &impl ConnectionTrait, viewer: UserId, id: CommentId) -> Result<comment::Model> {
    match by_ids(db, &[id]).await?.pop() {
        None => Err(not_found()),
        Some(comment) if comment.author_id == viewer => Ok(comment),
        Some(_) => {
            Err(Error::user(UserErrorCode::NotYours, "commentId", "Only the author of a comment can change it."))
        }
    }
}

async fn visible_tweet(db: &impl ConnectionTrait, id: TweetId) -> Result<TweetId> {
    let found = tweet::by_ids(db, &[id]).await?.pop();
    found.map(|tweet| tweet.id).ok_or_else(|| Error::not_found("tweet", "tweetId"))
}

fn not_found() -> Error {
    Error::not_found("comment", "commentId")
}

/// The condition under which anybody sees a comment `c`.
fn visible() -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM suspended s WHERE s.user_id = c.author_id)
         AND EXISTS (SELECT 1 FROM tweet t WHERE t.id = c.tweet_id AND {})",
        tweet::VISIBLE
    )
}

/// Those of the comments that can be seen.
///
/// # Errors
/// Whatever the database says.
pub async fn by_ids(db: &impl ConnectionTrait, ids: &[CommentId]) -> Result<Vec<comment::Model>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!("SELECT c.* FROM comment c WHERE c.id IN ({}) AND {}", marks(ids.len()), visible());
    let statement = sql(db, &text, ids.iter().map(|id| (*id).into()));
    Ok(comment::Model::find_by_statement(statement).all(db).await?)
}

/// The same slice of the list under each of the tweets, in the direction of its end: one statement for a page of tweets.
///
/// It has a branch for each tweet, so that each reads one index range and stops; a window would number all the comments that
/// a tweet has. It is padded to a power of two with the tweet 0, which nobody wrote: otherwise every number of tweets would
/// be a statement to prepare.
///
/// # Errors
/// Whatever the database says.
pub async fn slices(db: &impl ConnectionTrait, tweets: &[TweetId], slice: Slice) -> Result<Vec<comment::Model>> {
    let branch = format!(
        "SELECT * FROM (SELECT c.* FROM comment c WHERE c.tweet_id = ? AND {} {}) AS branch",
        visible(),
        slice.sql("c.id")
    );
    let mut found = Vec::new();
    for tweets in tweets.chunks(BRANCHES) {
        let branches = tweets.len().next_power_of_two();
        let text = vec![branch.as_str(); branches].join(" UNION ALL ");
        let padded = tweets.iter().copied().chain(std::iter::repeat(TweetId(0))).take(branches);
        let values = padded.flat_map(|tweet| std::iter::once(tweet.into()).chain(slice.bounds()));
        found.extend(comment::Model::find_by_statement(sql(db, &text, values)).all(db).await?);
    }
    // A union has no order of its own.
    found.sort_unstable_by_key(|comment| comment.id);
    if slice.from == End::Newest {
        found.reverse();
    }
    Ok(found)
}

/// Those of the comments that can be seen, through the caches, in the order asked.
///
/// # Errors
/// Whatever the database says.
pub async fn load(db: &Db, ids: &[CommentId]) -> Result<Vec<Option<Arc<comment::Model>>>> {
    let caches = db.caches();
    let mut found = caches.comments.get(caches.now(), ids, |ids| read(db, ids)).await?;
    // What is known of a comment says nothing of its tweet, which may have died since.
    let tweets: Vec<TweetId> = found.iter().flatten().map(|comment| comment.tweet_id).collect();
    let mut tweets = tweet::load(db, &tweets).await?.into_iter();
    for comment in found.iter_mut().filter(|comment| comment.is_some()) {
        if tweets.next().flatten().is_none() {
            *comment = None;
        }
    }
    Ok(found)
}

async fn read(db: &Db, ids: Vec<CommentId>) -> Result<Vec<(CommentId, Option<Arc<comment::Model>>)>> {
    let found = by_ids(db.read(), &padded(&ids)).await?;
    Ok(found.into_iter().map(|comment| (comment.id, Some(Arc::new(comment)))).collect())
}
