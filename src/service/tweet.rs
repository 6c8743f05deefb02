//! Tweets: making, deleting, and the list of one author.

use entity::{Subject, TweetId, UserId, feed_entry, tweet, user_stats};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter};

use crate::app::App;
use crate::bus::{Message, outbox};
use crate::db::sql;
use crate::error::{Error, Result, UserErrorCode};
use crate::service::check::{self, Faults};
use crate::service::page::{self, Page, PageRequest};
use crate::service::{idempotency, stats, subject};

/// What somebody types to tweet.
#[derive(Clone, Debug)]
pub struct NewTweet {
    pub content: String,
    pub idempotency_key: Option<String>,
}

/// Makes a tweet and the author's own feed entry, and posts its delivery to everybody else.
///
/// # Errors
/// What is wrong with the content or the key; IDEMPOTENCY_MISMATCH.
pub async fn create(app: &App, author: UserId, new: &NewTweet) -> Result<tweet::Model> {
    let mut faults = Faults::default();
    let content = faults.keep(check::content(&new.content))?;
    if let Some(key) = &new.idempotency_key {
        faults.keep(idempotency::check(key))?;
    }
    faults.finish()?;
    let content = content.unwrap_or_default();
    let tweet = app.db.retry(|| create_once(app, author, &content, new.idempotency_key.as_deref())).await?;
    app.bus.wake();
    Ok(tweet)
}

async fn create_once(app: &App, author: UserId, content: &str, key: Option<&str>) -> Result<tweet::Model> {
    let tx = app.db.begin().await?;
    let [Some(stats)] = stats::lock(&tx, [author]).await? else { return Err(Error::Unauthenticated) };
    if let Some(key) = key
        && let Some(first) = idempotency::find(app, &tx, author, key, &content).await?
    {
        let first = by_ids(&tx, &[TweetId(first)]).await?.pop();
        return first.ok_or_else(|| {
            let message = "The tweet that was made with this key has been deleted since.";
            Error::user(UserErrorCode::NotFound, "idempotencyKey", message)
        });
    }
    // Made under the lock, so that the ids of one author grow in the order of their commits (rule R2).
    let tweet = tweet::Model {
        id: TweetId(app.ids.next_after(stats.last_tweet_id.0)),
        author_id: author,
        content: content.to_owned(),
        created_at: app.clock.now(),
        deleted_at: None,
    };
    let row: tweet::ActiveModel = tweet.clone().into();
    tweet::Entity::insert(row).exec_without_returning(&tx).await?;
    subject::start_tweet(&tx, tweet.id).await?;
    let own = feed_entry::ActiveModel { user_id: Set(author), tweet_id: Set(tweet.id), author_id: Set(author) };
    feed_entry::Entity::insert(own).exec_without_returning(&tx).await?;
    user_stats::Entity::update_many()
        .col_expr(user_stats::Column::TweetCount, Expr::col(user_stats::Column::TweetCount).add(1))
        .col_expr(user_stats::Column::LastTweetId, Expr::value(tweet.id))
        .filter(user_stats::Column::UserId.eq(author))
        .exec(&tx)
        .await?;
    if let Some(key) = key {
        idempotency::keep(app, &tx, author, key, &content, tweet.id.0).await?;
    }
    outbox::post(app, &tx, Message::Deliver { tweet: tweet.id, after: UserId(0) }).await?;
    app.failpoints.pass("tweet: before commit").await;
    tx.commit().await?;
    app.failpoints.pass("tweet: after commit").await;
    Ok(tweet)
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
    let [Some(_)] = stats::lock(&tx, [viewer]).await? else { return Err(Error::Unauthenticated) };
    let Some(tweet) = by_ids(&tx, &[id]).await?.pop() else { return Err(Error::not_found("tweet", "tweetId")) };
    if tweet.author_id != viewer {
        return Err(Error::user(UserErrorCode::NotYours, "tweetId", "Only its author can delete a tweet."));
    }
    // Who likes or comments holds this lock: what they add is committed by now, or they see that the tweet is gone.
    subject::lock(&tx, Subject::Tweet(id)).await?;
    tweet::Entity::update_many()
        .col_expr(tweet::Column::DeletedAt, Expr::value(app.clock.now()))
        .filter(tweet::Column::Id.eq(id))
        .exec(&tx)
        .await?;
    feed_entry::Entity::delete_by_id((viewer, id)).exec(&tx).await?;
    stats::add(&tx, viewer, user_stats::Column::TweetCount, -1).await?;
    outbox::post(app, &tx, Message::Retract { tweet: id, pulled: false, after: UserId(0) }).await?;
    outbox::post(app, &tx, Message::Discard { subject: Subject::Tweet(id), author: viewer }).await?;
    app.failpoints.pass("delete: before commit").await;
    tx.commit().await?;
    app.failpoints.pass("delete: after commit").await;
    Ok(())
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
    let text = format!("SELECT t.* FROM tweet t WHERE t.id IN ({}) AND {VISIBLE}", crate::db::marks(ids.len()));
    let statement = sql(db, &text, ids.iter().map(|id| (*id).into()));
    Ok(tweet::Model::find_by_statement(statement).all(db).await?)
}

/// The tweets of one author, newest first.
///
/// # Errors
/// Whatever the database says.
pub async fn by_author(app: &App, author: UserId, request: &PageRequest) -> Result<Page<tweet::Model>> {
    let db = app.db.read();
    page::read(request, async |slice| {
        let text = format!("SELECT t.* FROM tweet t WHERE t.author_id = ? AND {VISIBLE} {}", slice.sql("t.id"));
        let values = std::iter::once(author.into()).chain(slice.bounds());
        Ok(tweet::Model::find_by_statement(sql(db, &text, values)).all(db).await?)
    })
    .await
}
