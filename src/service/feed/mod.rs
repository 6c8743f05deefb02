//! The home feed.
//!
//! Its definition: the tweets that live, by everybody whom the reader follows now and by the reader, newest first, authors
//! who are suspended left out. How that is kept true under races is argued in ARCHITECTURE.md, "The feed".
//!
//! `feed_entry` holds candidates, never the truth: a read shows one only if the reader follows the author and the tweet
//! lives in the same snapshot. Every edge has one bit: pulled edges are read from `tweet`, pushed ones from `feed_entry`.
//! Pushed to pulled is safe at any moment; pulled to pushed happens in one place (`backfill::fill`), under the author's lock.

pub mod backfill;
pub mod deliver;
pub mod live;
pub mod read;
pub mod sweep;
pub mod threshold;
mod tip;
pub mod verify;

use entity::{TweetId, UserId};
use sea_orm::{ConnectionTrait, TryGetable};

use crate::db::sql;
use crate::error::Result;

/// Where a batch ends: the key of the last row of `size`, or none if there are fewer rows left.
pub(super) async fn batch_end<K: TryGetable>(
    db: &impl ConnectionTrait,
    rows: &str,
    values: impl IntoIterator<Item = sea_orm::Value>,
    size: u32,
) -> Result<Option<K>> {
    let text = format!("{rows} LIMIT 1 OFFSET ?");
    let values = values.into_iter().chain([u64::from(size - 1).into()]);
    let row = db.query_one_raw(sql(db, &text, values)).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// The keys of a batch of rows, and where it ends: at the last one, or nowhere if there are no more.
async fn batch<K: TryGetable + Copy>(
    db: &impl ConnectionTrait,
    rows: &str,
    values: impl IntoIterator<Item = sea_orm::Value>,
    size: u32,
) -> Result<(Vec<K>, Option<K>)> {
    let text = format!("{rows} LIMIT ?");
    let values = values.into_iter().chain([u64::from(size).into()]);
    let found = db.query_all_raw(sql(db, &text, values)).await?;
    let keys = found.iter().map(|row| row.try_get_by_index(0)).collect::<Result<Vec<K>, _>>()?;
    let end = keys.last().copied().filter(|_| keys.len() == size as usize);
    Ok((keys, end))
}

/// Where a batch of followers of one kind ends.
async fn followers_end(
    db: &impl ConnectionTrait,
    author: UserId,
    pushed: i16,
    after: UserId,
    size: u32,
) -> Result<Option<UserId>> {
    let rows = "SELECT follower_id FROM follow WHERE followee_id = ? AND pushed = ? AND follower_id > ?
                ORDER BY follower_id";
    batch_end(db, rows, [author.into(), pushed.into(), after.into()], size).await
}

/// Where a batch of an author's tweets ends, deleted ones counted as well.
async fn tweets_end(
    db: &impl ConnectionTrait,
    author: UserId,
    after: TweetId,
    through: TweetId,
    size: u32,
) -> Result<Option<TweetId>> {
    let rows = "SELECT id FROM tweet WHERE author_id = ? AND id > ? AND id <= ? ORDER BY id";
    batch_end(db, rows, [author.into(), after.into(), through.into()], size).await
}

/// Greater than every id.
pub(super) const NO_END: i64 = i64::MAX;
