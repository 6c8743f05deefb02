//! A tweet on its way into the feeds of the author's followers, and out of them again.
//!
//! Both walk the followers in the order of their ids, a batch a message. The place to go on at is a key, so that edges which
//! come or go cannot shift it.

use entity::{TweetId, UserId, tweet};
use sea_orm::{ConnectionTrait, EntityTrait};

use super::{NO_END, batch, followers_end, threshold};
use crate::app::App;
use crate::bus::{Message, outbox};
use crate::cache::Change;
use crate::db::{Transaction, marks, on_conflict_nothing, sql};
use crate::error::Result;
use crate::live::Delivered;
use crate::service::deletion;

/// Copies a tweet into the feeds of the next batch of pushed followers, and says whom to wake.
///
/// # Errors
/// Whatever the database says.
pub async fn deliver(app: &App, tx: &Transaction, id: TweetId, after: UserId) -> Result<Option<Delivered>> {
    let tweet = tweet::Entity::find_by_id(id).one(tx).await?;
    let Some(tweet) = tweet.filter(|tweet| tweet.deleted_at.is_none()) else { return Ok(None) };
    let author = tweet.author_id;
    let end = followers_end(tx, author, 1, after, app.config.feed_batch).await?;
    let through = end.unwrap_or(UserId(NO_END));
    app.failpoints.pass("deliver: batch chosen").await;
    let text = format!(
        "INSERT INTO feed_entry (user_id, tweet_id, author_id)
         SELECT follower_id, ?, ? FROM follow
         WHERE followee_id = ? AND pushed = 1 AND follower_id > ? AND follower_id <= ?
         ORDER BY follower_id {}",
        on_conflict_nothing(tx, "user_id")
    );
    let values = [id.into(), author.into(), author.into(), after.into(), through.into()];
    let entries = tx.execute_raw(sql(tx, &text, values)).await?.rows_affected();
    tx.changed(Change::Delivered { tweet: id, author, after, through });
    app.failpoints.pass("deliver: inserted").await;
    if let Some(end) = end {
        outbox::post(app, tx, Message::Deliver { tweet: id, after: end }).await?;
    }
    let first = after == UserId(0);
    if first && entries > 0 {
        demote_if_too_many(app, tx, author).await?;
    }
    Ok(Some(Delivered { tweet: id, author, after, through, first }))
}

/// An author who has more followers than are pushed to, because the limit was lowered, the gate was opened, or a message was
/// lost by hand.
async fn demote_if_too_many(app: &App, tx: &Transaction, author: UserId) -> Result<()> {
    if threshold::is_pulled(app, tx, author).await? {
        outbox::post(app, tx, Message::Demote { followee: author, after: UserId(0) }).await?;
    }
    Ok(())
}

/// Takes a deleted tweet out of the feeds of the next batch of followers: first of the pushed ones, then of the pulled ones
/// (who may have been pushed to earlier). At the end the tweet's row goes as well.
///
/// # Errors
/// Whatever the database says.
pub async fn retract(app: &App, tx: &Transaction, id: TweetId, pulled: bool, after: UserId) -> Result<()> {
    let tweet = tweet::Entity::find_by_id(id).one(tx).await?;
    let Some(tweet) = tweet.filter(|tweet| tweet.deleted_at.is_some()) else { return Ok(()) };
    let pushed = i16::from(!pulled);
    let rows = "SELECT follower_id FROM follow WHERE followee_id = ? AND pushed = ? AND follower_id > ?
                ORDER BY follower_id";
    let values = [tweet.author_id.into(), pushed.into(), after.into()];
    let (followers, end) = batch::<UserId>(tx, rows, values, app.config.feed_batch).await?;
    if !followers.is_empty() {
        // By a list of keys: with a subquery in its place, MariaDB would look at every entry there is.
        let text = format!("DELETE FROM feed_entry WHERE tweet_id = ? AND user_id IN ({})", marks(followers.len()));
        let values = std::iter::once(id.into()).chain(followers.into_iter().map(Into::into));
        tx.execute_raw(sql(tx, &text, values)).await?;
    }
    app.failpoints.pass("retract: deleted").await;
    match (end, pulled) {
        (Some(after), _) => outbox::post(app, tx, Message::Retract { tweet: id, pulled, after }).await,
        (None, false) => outbox::post(app, tx, Message::Retract { tweet: id, pulled: true, after: UserId(0) }).await,
        (None, true) => {
            tweet::Entity::delete_by_id(id).exec(tx).await?;
            deletion::tweet_is_gone(app, tx, tweet.author_id).await
        }
    }
}
