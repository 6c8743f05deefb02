//! Entries that nobody is shown: of a delivery that had read the edge before an unfollow and committed after its purge.
//! They harm no reader, but they would pile up.

use entity::{TweetId, UserId};
use sea_orm::ConnectionTrait;

use crate::app::App;
use crate::db::sql;
use crate::error::Result;
use crate::service::stats;

/// Sweeps the feeds of everybody, a reader after the other, and returns how many entries went.
///
/// # Errors
/// Whatever the database says.
pub async fn sweep(app: &App) -> Result<u64> {
    let db = app.db.read();
    let (mut swept, mut after) = (0, UserId(0));
    loop {
        // Readers by their entries: a delivery that was under way may outlive the reader.
        let text = "SELECT user_id FROM feed_entry WHERE user_id > ? ORDER BY user_id LIMIT 1";
        let Some(row) = db.query_one_raw(sql(db, text, [after.into()])).await? else { return Ok(swept) };
        after = row.try_get_by_index(0)?;
        swept += sweep_reader(app, after).await?;
    }
}

/// Sweeps one feed, a batch a transaction, and returns how many entries went.
///
/// # Errors
/// Whatever the database says.
pub async fn sweep_reader(app: &App, reader: UserId) -> Result<u64> {
    let mut swept = 0;
    loop {
        let batch = app.db.retry(|| sweep_batch(app, reader)).await?;
        swept += batch;
        if batch < u64::from(app.config.feed_batch) {
            return Ok(swept);
        }
    }
}

async fn sweep_batch(app: &App, reader: UserId) -> Result<u64> {
    let garbage = "e.user_id = ? AND NOT EXISTS (
        SELECT 1 FROM tweet t WHERE t.id = e.tweet_id AND t.deleted_at IS NULL AND (t.author_id = e.user_id OR EXISTS (
            SELECT 1 FROM follow f WHERE f.follower_id = e.user_id AND f.followee_id = t.author_id)))";
    let values = [reader.into(), u64::from(app.config.feed_batch).into()];
    // First without the lock: mostly there is nothing.
    let look = format!("SELECT e.tweet_id FROM feed_entry e WHERE {garbage} LIMIT ?");
    let db = app.db.read();
    if db.query_one_raw(sql(db, &look, values.clone())).await?.is_none() {
        return Ok(0);
    }
    let tx = app.db.begin().await?;
    stats::lock(&tx, [reader]).await?;
    let rows = tx.query_all_raw(sql(&tx, &look, values)).await?;
    let ids: Vec<TweetId> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
    if !ids.is_empty() {
        let text =
            format!("DELETE FROM feed_entry WHERE user_id = ? AND tweet_id IN ({})", crate::db::marks(ids.len()));
        let values = std::iter::once(reader.into()).chain(ids.iter().map(|id| (*id).into()));
        tx.execute_raw(sql(&tx, &text, values)).await?;
    }
    tx.commit().await?;
    Ok(ids.len() as u64)
}
