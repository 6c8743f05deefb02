//! Which authors are pushed and which are pulled. Only speed depends on it, never an answer: so a decision that is late,
//! wrong or taken back harms nobody.

use std::sync::Arc;

use entity::{TweetId, UserId};
use sea_orm::{ConnectionTrait, FromQueryResult};

use super::{NO_END, followers_end};
use crate::app::App;
use crate::bus::{Message, outbox};
use crate::cache::Change;
use crate::db::{Transaction, sql};
use crate::error::Result;
use crate::service::gate::{self, Gates, HYBRID_FANOUT};
use crate::service::stats;

/// Where the line runs just now: the configured limit, and the gate that says for whom it counts.
pub struct Threshold {
    limit: i64,
    gates: Arc<Gates>,
}

impl Threshold {
    /// # Errors
    /// Whatever the database says.
    pub async fn now(app: &App, db: &impl ConnectionTrait) -> Result<Self> {
        Ok(Self { limit: app.config.feed_push_limit, gates: gate::current(app, db).await? })
    }

    /// Whether the tweets of an author with so many followers are merged in at read instead of being pushed. This is the
    /// one place that decides it.
    pub fn is_pulled(&self, author: UserId, followers: i64) -> bool {
        followers > self.limit && self.counts_for(author)
    }

    fn counts_for(&self, author: UserId) -> bool {
        self.gates.is_open(HYBRID_FANOUT, author)
    }

    /// Authors who have more followers than the limit and are pushed to all the same.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn large_but_pushed(&self, db: &impl ConnectionTrait) -> Result<Vec<UserId>> {
        let text = "SELECT user_id FROM user_stats WHERE follower_count > ? ORDER BY user_id";
        let rows = db.query_all_raw(sql(db, text, [self.limit.into()])).await?;
        let large: Vec<UserId> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
        Ok(large.into_iter().filter(|author| !self.counts_for(*author)).collect())
    }
}

/// Whether an author is pulled, with the followers they have now.
///
/// # Errors
/// Whatever the database says.
pub async fn is_pulled(app: &App, tx: &Transaction, author: UserId) -> Result<bool> {
    let followers = stats::by_ids(tx, &[author]).await?.first().map_or(0, |stats| stats.follower_count);
    Ok(Threshold::now(app, tx).await?.is_pulled(author, followers))
}

/// Turns the next batch of an author's pushed edges into pulled ones. Their entries stay: duplicates are merged at read.
/// `filled_to` goes back to 0, since deliveries that are still queued skip these edges now.
///
/// # Errors
/// Whatever the database says.
pub async fn demote(app: &App, tx: &Transaction, followee: UserId, after: UserId) -> Result<()> {
    if !is_pulled(app, tx, followee).await? {
        return Ok(());
    }
    let end = followers_end(tx, followee, 1, after, app.config.feed_batch).await?;
    let text = "UPDATE follow SET pushed = 0, filled_to = 0
                WHERE followee_id = ? AND pushed = 1 AND follower_id > ? AND follower_id <= ?";
    let through = end.unwrap_or(UserId(NO_END));
    tx.execute_raw(sql(tx, text, [followee.into(), after.into(), through.into()])).await?;
    tx.changed(Change::Demoted { followee });
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

/// Posts a Fill for every pulled edge of authors who have at most half as many followers as are pushed to, or whom the gate
/// has pushed however many they have, and returns how many. Half, so that an author near the limit is not turned back and
/// forth.
///
/// # Errors
/// Whatever the database says.
pub async fn promote(app: &App) -> Result<usize> {
    let small = "s.follower_count <= ?";
    let mut promoted = promote_all(app, small, app.config.feed_push_limit / 2).await?;
    let db = app.db.read();
    for author in Threshold::now(app, db).await?.large_but_pushed(db).await? {
        promoted += promote_all(app, "s.user_id = ?", author.0).await?;
    }
    Ok(promoted)
}

/// The same for the authors `s` that a condition with one value chooses.
async fn promote_all(app: &App, authors: &str, value: i64) -> Result<usize> {
    let (mut promoted, mut after) = (0, (UserId(0), UserId(0)));
    loop {
        let edges = app.db.retry(|| promote_batch(app, authors, value, after)).await?;
        app.bus.wake();
        promoted += edges.len();
        let Some(last) = edges.last() else { return Ok(promoted) };
        after = (last.followee_id, last.follower_id);
    }
}

/// The next batch of these edges, in the order of followee and follower.
async fn promote_batch(
    app: &App,
    authors: &str,
    value: i64,
    (followee, follower): (UserId, UserId),
) -> Result<Vec<PulledEdge>> {
    let tx = app.db.begin().await?;
    let text = format!(
        "SELECT f.follower_id, f.followee_id, f.filled_to FROM follow f
         JOIN user_stats s ON s.user_id = f.followee_id
         WHERE f.pushed = 0 AND {authors}
         AND (f.followee_id > ? OR (f.followee_id = ? AND f.follower_id > ?))
         ORDER BY f.followee_id, f.follower_id LIMIT ?"
    );
    let most = u64::from(app.config.feed_batch);
    let values = [value.into(), followee.into(), followee.into(), follower.into(), most.into()];
    let edges = PulledEdge::find_by_statement(sql(&tx, &text, values)).all(&tx).await?;
    for edge in &edges {
        let (follower, followee, from) = (edge.follower_id, edge.followee_id, edge.filled_to);
        outbox::post(app, &tx, Message::Fill { follower, followee, from }).await?;
    }
    tx.commit().await?;
    Ok(edges)
}
