//! Tweets: making, deleting, and the list of one author.

pub mod timeline;

use std::sync::Arc;

use entity::{Subject, TweetId, UserId, feed_entry, tweet, user_stats};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter};

use crate::app::App;
use crate::bus::{Message, outbox};
use crate::cache::Change;
use crate::db::{Db, Transaction, marks, padded, sql};
use crate::error::{Error, Result, UserErrorCode};
use crate::service::check::{self, Faults};
use crate::service::photo::{self, NewPhoto, Stored};
use crate::service::{idempotency, stats, subject, suspension};

/// What somebody types to tweet.
#[derive(Clone, Debug, Default)]
pub struct NewTweet {
    pub content: String,
    pub photos: Vec<NewPhoto>,
    pub idempotency_key: Option<String>,
}

/// The same, checked. Serialised, it is what tells one input from another.
#[derive(serde::Serialize)]
struct Checked {
    content: String,
    /// Of each photo the hash and the alt text; only made when there is a key.
    photos: Vec<(String, String)>,
    #[serde(skip)]
    key: Option<String>,
}

/// Makes a tweet and the author's own feed entry, and posts its delivery to everybody else.
///
/// Its photos are worked on and stored first, so that the transaction waits for nothing.
///
/// # Errors
/// What is wrong with the content, the photos or the key; IDEMPOTENCY_MISMATCH; UNAVAILABLE when too many pictures are being
/// worked on.
pub async fn create(app: &App, author: UserId, new: &NewTweet) -> Result<tweet::Model> {
    let mut faults = Faults::default();
    let content = faults.keep(check::content(&new.content))?.unwrap_or_default();
    if let Some(key) = &new.idempotency_key {
        faults.keep(idempotency::check(key))?;
    }
    faults.keep(photo::check(&new.photos))?;
    let mut checked = Checked { content, photos: Vec::new(), key: new.idempotency_key.clone() };
    if let (Some(key), true) = (&new.idempotency_key, faults.is_empty() && !new.photos.is_empty()) {
        checked.photos = photo::digests(&new.photos).await?;
        if let Some(first) = idempotency::peek(app, author, key, &checked).await? {
            return repeated(app.db.read(), first).await;
        }
    }
    let developed = faults.keep(photo::develop(app, &new.photos).await)?;
    faults.finish()?;
    let stored = photo::store(app, developed.unwrap_or_default(), &new.photos).await?;
    let made = app.db.retry(|| create_once(app, author, &checked, &stored)).await;
    if !matches!(made, Ok((_, true))) {
        photo::discard(app, &stored).await;
    }
    app.bus.wake();
    Ok(made?.0)
}

/// The tweet, and whether it was made just now.
async fn create_once(app: &App, author: UserId, new: &Checked, photos: &[Stored]) -> Result<(tweet::Model, bool)> {
    let tx = app.db.begin().await?;
    let stats = suspension::lock_active(&tx, author).await?;
    if let Some(key) = &new.key
        && let Some(first) = idempotency::find(app, &tx, author, key, new).await?
    {
        return Ok((repeated(&tx, first).await?, false));
    }
    // Made under the lock, so that the ids of one author grow in the order of their commits (rule R2).
    let tweet = tweet::Model {
        id: TweetId(app.ids.next_after(stats.last_tweet_id.0)),
        author_id: author,
        content: new.content.clone(),
        created_at: app.clock.now(),
        deleted_at: None,
    };
    let row: tweet::ActiveModel = tweet.clone().into();
    tweet::Entity::insert(row).exec_without_returning(&tx).await?;
    photo::attach(app, &tx, tweet.id, photos).await?;
    subject::start_tweet(&tx, tweet.id).await?;
    let own = feed_entry::ActiveModel { user_id: Set(author), tweet_id: Set(tweet.id), author_id: Set(author) };
    feed_entry::Entity::insert(own).exec_without_returning(&tx).await?;
    user_stats::Entity::update_many()
        .col_expr(user_stats::Column::TweetCount, Expr::col(user_stats::Column::TweetCount).add(1))
        .col_expr(user_stats::Column::LastTweetId, Expr::value(tweet.id))
        .filter(user_stats::Column::UserId.eq(author))
        .exec(&tx)
        .await?;
    if let Some(key) = &new.key {
        idempotency::keep(app, &tx, author, key, new, tweet.id.0).await?;
    }
    outbox::post(app, &tx, Message::Deliver { tweet: tweet.id, after: UserId(0) }).await?;
    tx.changed(Change::Tweeted { tweet: tweet.id, author });
    app.failpoints.pass("tweet: before commit").await;
    tx.commit().await?;
    app.failpoints.pass("tweet: after commit").await;
    Ok((tweet, true))
}

/// What an idempotency key made the first time.
async fn repeated(db: &impl ConnectionTrait, first: i64) -> Result<tweet::Model> {
    by_ids(db, &[TweetId(first)]).await?.pop().ok_or_else(|| {
        let message = "The tweet that was made with this key has been deleted since.";
        Error::user(UserErrorCode::NotFound, "idempotencyKey", message)
    })
}

/// Deletes a tweet of one's own. It is gone from every answer at the commit; its feed entries follow.
///
/// # Errors
/// NOT_FOUND, or NOT_YOURS when somebody else wrote it.
pub async fn delete(app: &App, viewer: UserId, id: TweetId) -> Result<()> {
    app.db.retry(|| delete_once(app, viewer, id)).await?;
    app.bus.wake();
    Ok(())
}

async fn delete_once(app: &App, viewer: UserId, id: TweetId) -> Result<()> {
    let tx = app.db.begin().await?;
    suspension::lock_active(&tx, viewer).await?;
    let Some(tweet) = by_ids(&tx, &[id]).await?.pop() else { return Err(Error::not_found("tweet", "tweetId")) };
    if tweet.author_id != viewer {
        return Err(Error::user(UserErrorCode::NotYours, "tweetId", "Only its author can delete a tweet."));
    }
    bury(app, &tx, viewer, id).await?;
    app.failpoints.pass("delete: before commit").await;
    tx.commit().await?;
    app.failpoints.pass("delete: after commit").await;
    Ok(())
}

/// Makes a living tweet dead and posts what follows from it. The author's `user_stats` row is locked.
///
/// # Errors
/// Whatever the database says.
pub async fn bury(app: &App, tx: &Transaction, author: UserId, id: TweetId) -> Result<()> {
    // Who likes or comments holds this lock: what they add is committed by now, or they see that the tweet is gone.
    subject::lock(tx, Subject::Tweet(id)).await?;
    tweet::Entity::update_many()
        .col_expr(tweet::Column::DeletedAt, Expr::value(app.clock.now()))
        .filter(tweet::Column::Id.eq(id))
        .exec(tx)
        .await?;
    tx.changed(Change::Buried { tweet: id, author });
    feed_entry::Entity::delete_by_id((author, id)).exec(tx).await?;
    stats::add(tx, author, user_stats::Column::TweetCount, -1).await?;
    outbox::post(app, tx, Message::Retract { tweet: id, pulled: false, after: UserId(0) }).await?;
    outbox::post(app, tx, Message::Discard { subject: Subject::Tweet(id), author }).await
}

/// The condition under which anybody sees a tweet `t`.
pub const VISIBLE: &str =
    "t.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM suspended s WHERE s.user_id = t.author_id)";

/// Those of the tweets that can be seen.
///
/// # Errors
/// Whatever the database says.
pub async fn by_ids(db: &impl ConnectionTrait, ids: &[TweetId]) -> Result<Vec<tweet::Model>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!("SELECT t.* FROM tweet t WHERE t.id IN ({}) AND {VISIBLE}", marks(ids.len()));
    let statement = sql(db, &text, ids.iter().map(|id| (*id).into()));
    Ok(tweet::Model::find_by_statement(statement).all(db).await?)
}

/// The same through the caches, in the order asked.
///
/// # Errors
/// Whatever the database says.
pub async fn load(db: &Db, ids: &[TweetId]) -> Result<Vec<Option<Arc<tweet::Model>>>> {
    let caches = db.caches();
    caches.tweets.get(caches.now(), ids, |ids| caches.shared(ids, |ids| read(db, ids))).await
}

async fn read(db: &Db, ids: Vec<TweetId>) -> Result<Vec<(TweetId, Option<Arc<tweet::Model>>)>> {
    let found = by_ids(db.read(), &padded(&ids)).await?;
    Ok(found.into_iter().map(|tweet| (tweet.id, Some(Arc::new(tweet)))).collect())
}
