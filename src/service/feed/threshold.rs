//! Which authors are pushed and which are pulled. Only speed depends on it, never an answer: so a decision that is late,
//! wrong or taken back harms nobody.

use entity::{TweetId, UserId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};

use super::{NO_END, followers_end};
use crate::app::App;
use crate::bus::{Message, outbox};
use crate::db::sql;
use crate::error::Result;
use crate::service::stats;

/// Turns the next batch of an author's pushed edges into pulled ones. Their entries stay: duplicates are merged at read.
/// `filled_to` goes back to 0, since deliveries that are still queued skip these edges now.
///
/// # Errors
/// Whatever the database says.
pub async fn demote(app: &App, tx: &DatabaseTransaction, followee: UserId, after: UserId) -> Result<()> {
    let followers = stats::by_ids(tx, &[followee]).await?.first().map_or(0, |stats| stats.follower_count);
    if followers <= app.config.feed_push_limit {
        return Ok(());
    }
    let end = followers_end(tx, followee, 1, after, app.config.feed_batch).await?;
    let text = "UPDATE follow SET pushed = 0, filled_to = 0
                WHERE followee_id = ? AND pushed = 1 AND follower_id > ? AND follower_id <= ?";
    let through = end.unwrap_or(UserId(NO_END));
    tx.execute_raw(sql(tx, text, [followee.into(), after.into(), through.into()])).await?;
    app.failpoints.pass("demote: updated").await;
    if let Some(after) = end {
        outbox::post(app, tx, Message::Demote { followee, after }).await?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct PulledEdge {
    follower_id: UserId,
    followee_id: UserId,
    filled_to: TweetId,
}

/// Posts a Fill for every pulled edge of authors who have at most half as many followers as are pushed to, and returns
/// how many. Half, so that an author near the limit is not turned back and forth.
///
/// # Errors
/// Whatever the database says.
pub async fn promote(app: &App) -> Result<usize> {
    let (mut promoted, mut after) = (0, (UserId(0), UserId(0)));
    loop {
        let edges = app.db.retry(|| promote_batch(app, after)).await?;
        app.bus.wake();
        promoted += edges.len();
        let Some(last) = edges.last() else { return Ok(promoted) };
        after = (last.followee_id, last.follower_id);
    }
}

/// The next batch of these edges, in the order of followee and follower.
async fn promote_batch(app: &App, (followee, follower): (UserId, UserId)) -> Result<Vec<PulledEdge>> {
    let tx = app.db.begin().await?;
    let text = "SELECT f.follower_id, f.followee_id, f.filled_to FROM follow f
                JOIN user_stats s ON s.user_id = f.followee_id
                WHERE f.pushed = 0 AND s.follower_count <= ?
                AND (f.followee_id > ? OR (f.followee_id = ? AND f.follower_id > ?))
                ORDER BY f.followee_id, f.follower_id LIMIT ?";
    let limit = app.config.feed_push_limit / 2;
    let values =
        [limit.into(), followee.into(), followee.into(), follower.into(), u64::from(app.config.feed_batch).into()];
    let edges = PulledEdge::find_by_statement(sql(&tx, text, values)).all(&tx).await?;
    for edge in &edges {
        let (follower, followee, from) = (edge.follower_id, edge.followee_id, edge.filled_to);
        outbox::post(app, &tx, Message::Fill { follower, followee, from }).await?;
    }
    tx.commit().await?;
    Ok(edges)
}
