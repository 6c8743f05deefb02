//! The past of somebody followed, on its way into the follower's feed; the past of somebody unfollowed, on its way out.

use entity::{TweetId, UserId, follow};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::threshold::Threshold;
use super::{NO_END, batch, tweets_end};
use crate::app::App;
use crate::bus::{Message, outbox};
use crate::cache::Change;
use crate::db::{Transaction, marks, on_conflict_nothing, sql};
use crate::error::Result;
use crate::service::follow::{edge, lock_edge};
use crate::service::stats;

/// Copies the next batch of the followee's tweets into the follower's feed. The last batch turns the edge from pulled to
/// pushed; it reads under the followee's lock, so that no tweet can commit between the copy and the turn.
///
/// `from` has to be what the edge says of its fill. That ends repeated messages, second chains, and messages of an earlier
/// follow of the same pair.
///
/// # Errors
/// Whatever the database says.
pub async fn fill(app: &App, tx: &Transaction, follower: UserId, followee: UserId, from: TweetId) -> Result<()> {
    let Some(author) = stats::by_ids(tx, &[followee]).await?.pop() else { return Ok(()) };
    if Threshold::now(app, tx).await?.is_pulled(followee, author.follower_count) {
        return Ok(());
    }
    let size = app.config.feed_batch;
    let mut end = tweets_end(tx, followee, from, author.last_tweet_id, size).await?;
    if end.is_none() {
        stats::lock(tx, [followee]).await?;
        end = tweets_end(tx, followee, from, TweetId(NO_END), size).await?;
    }
    let edge = lock_edge(tx, follower, followee).await?;
    if edge.is_none_or(|edge| edge.pushed != 0 || edge.filled_to != from) {
        return Ok(());
    }
    let text = format!(
        "INSERT INTO feed_entry (user_id, tweet_id, author_id)
         SELECT ?, id, author_id FROM tweet
         WHERE author_id = ? AND id > ? AND id <= ? AND deleted_at IS NULL {}",
        on_conflict_nothing(tx, "user_id")
    );
    let through = end.unwrap_or(TweetId(NO_END));
    let values = [follower.into(), followee.into(), from.into(), through.into()];
    tx.execute_raw(sql(tx, &text, values)).await?;
    app.failpoints.pass("fill: inserted").await;
    let turned = match end {
        Some(end) => follow::ActiveModel { filled_to: Set(end), ..Default::default() },
        None => follow::ActiveModel { pushed: Set(1), filled_to: Set(TweetId(0)), ..Default::default() },
    };
    follow::Entity::update_many()
        .set(turned)
        .filter(follow::Column::FollowerId.eq(follower))
        .filter(follow::Column::FolloweeId.eq(followee))
        .exec(tx)
        .await?;
    if end.is_none() {
        tx.changed(Change::Pushed { follower });
    }
    if let Some(from) = end {
        outbox::post(app, tx, Message::Fill { follower, followee, from }).await?;
    }
    Ok(())
}

/// Takes the next batch of the tweets of somebody unfollowed out of the feed. It stops for good when the edge is there
/// again, in whatever state: the entries are wanted then (rule R3: looked at under the reader's lock).
///
/// It walks the author's tweets, since an index of entries by author would double the price of every entry.
///
/// # Errors
/// Whatever the database says.
pub async fn purge(app: &App, tx: &Transaction, follower: UserId, followee: UserId, after: TweetId) -> Result<()> {
    stats::lock(tx, [follower]).await?;
    if edge(tx, follower, followee).await?.is_some() {
        return Ok(());
    }
    app.failpoints.pass("purge: edge looked for").await;
    let rows = "SELECT id FROM tweet WHERE author_id = ? AND id > ? ORDER BY id";
    let (tweets, end) = batch::<TweetId>(tx, rows, [followee.into(), after.into()], app.config.feed_batch).await?;
    if !tweets.is_empty() {
        let text = format!("DELETE FROM feed_entry WHERE user_id = ? AND tweet_id IN ({})", marks(tweets.len()));
        let values = std::iter::once(follower.into()).chain(tweets.into_iter().map(Into::into));
        tx.execute_raw(sql(tx, &text, values)).await?;
    }
    app.failpoints.pass("purge: deleted").await;
    if let Some(after) = end {
        outbox::post(app, tx, Message::Purge { follower, followee, after }).await?;
    }
    Ok(())
}
