//! Who sees a tweet that has just been delivered, and what somebody has missed.

use std::collections::HashMap;
use std::sync::Arc;

use entity::{FollowId, TweetId, UserId, tweet};
use sea_orm::FromQueryResult;

use super::read;
use crate::app::App;
use crate::db::{marks, sql};
use crate::error::{Error, Result};
use crate::live::Delivered;
use crate::service::page::{End, Slice};
use crate::service::tweet as tweets;

/// The most that is sent to somebody who comes back; whoever missed more reads the list again.
pub const REPLAY: usize = 1_000;

/// How many listeners one statement asks about.
const CHUNK: usize = 500;

#[derive(FromQueryResult)]
struct Follower {
    follower_id: UserId,
    pushed: i16,
}

/// Of those who listen, those who see the tweet now because of this batch. None if it has been deleted meanwhile.
///
/// The first batch tells the author and the pulled followers as well. Somebody who followed after the tweet was made is
/// left out: for them it is the past.
///
/// # Errors
/// Whatever the database says.
pub async fn audience(
    app: &App,
    batch: &Delivered,
    listeners: &[UserId],
) -> Result<Option<(tweet::Model, Vec<UserId>)>> {
    let db = app.db.read();
    let Some(tweet) = tweets::by_ids(db, &[batch.tweet]).await?.pop() else { return Ok(None) };
    let mut audience = Vec::new();
    for listeners in listeners.chunks(CHUNK) {
        let text = format!(
            "SELECT follower_id, pushed FROM follow WHERE followee_id = ? AND id < ? AND follower_id IN ({})",
            marks(listeners.len())
        );
        let values = [batch.author.into(), batch.tweet.into()];
        let values = values.into_iter().chain(listeners.iter().map(|listener| (*listener).into()));
        let followers = Follower::find_by_statement(sql(db, &text, values)).all(db).await?;
        // An edge may have turned since the batch was read: rather told twice than never, the stream drops repeats.
        let told = followers.into_iter().filter(|follower| {
            let in_batch = batch.after < follower.follower_id && follower.follower_id <= batch.through;
            in_batch || (batch.first && follower.pushed == 0)
        });
        audience.extend(told.map(|follower| follower.follower_id));
    }
    if batch.first && listeners.contains(&batch.author) {
        audience.push(batch.author);
    }
    Ok(Some((tweet, audience)))
}

/// What was added to a feed after a cursor, oldest first.
///
/// # Errors
/// RESUBSCRIBE when that is more than is sent again.
pub async fn missed(app: &App, reader: UserId, after: TweetId) -> Result<Vec<Arc<tweet::Model>>> {
    let slice = Slice { newer_than: after.0, older_than: i64::MAX, from: End::Oldest, limit: REPLAY + 1 };
    let missed = read::shown(&app.db, reader, slice).await?;
    if missed.len() > REPLAY { Err(Error::Resubscribe) } else { Ok(missed) }
}

/// Whether a tweet that was delivered is in the reader's feed still.
///
/// # Errors
/// Whatever the database says.
pub async fn is_shown(app: &App, reader: UserId, TweetId(id): TweetId) -> Result<bool> {
    let slice =
        Slice { newer_than: id.saturating_sub(1), older_than: id.saturating_add(1), from: End::Newest, limit: 1 };
    Ok(!read::shown(&app.db, reader, slice).await?.is_empty())
}

#[derive(FromQueryResult)]
struct Edge {
    id: FollowId,
    followee_id: UserId,
}

/// The tweets newer than an id that are no past of somebody newly followed, oldest first; at most as many as are replayed.
/// For listeners whose worker is another process.
///
/// # Errors
/// Whatever the database says.
pub async fn recent(app: &App, reader: UserId, newer_than: TweetId) -> Result<Vec<Arc<tweet::Model>>> {
    let db = app.db.read();
    let slice = Slice { newer_than: newer_than.0, older_than: i64::MAX, from: End::Oldest, limit: REPLAY };
    let mut tweets = read::shown(&app.db, reader, slice).await?;
    if tweets.is_empty() {
        return Ok(tweets);
    }
    let text = format!(
        "SELECT id, followee_id FROM follow WHERE follower_id = ? AND followee_id IN ({})",
        marks(tweets.len())
    );
    let values = std::iter::once(reader.into()).chain(tweets.iter().map(|tweet| tweet.author_id.into()));
    let edges = Edge::find_by_statement(sql(db, &text, values)).all(db).await?;
    let since: HashMap<UserId, FollowId> = edges.into_iter().map(|edge| (edge.followee_id, edge.id)).collect();
    tweets.retain(|tweet| {
        tweet.author_id == reader || since.get(&tweet.author_id).is_some_and(|followed| followed.0 < tweet.id.0)
    });
    Ok(tweets)
}
