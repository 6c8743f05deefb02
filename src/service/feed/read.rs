//! Reading a home feed: the reader's entries, and the tweets of the authors who are pulled, merged.
//!
//! Statement A reads the next entries and, in the same snapshot, which authors to pull. Statement B, only if there are any,
//! reads those authors' newest tweets. A before B matters: an author who turns from pulled to pushed in between is read by B
//! anyway, whereas the other way round they would be in neither.
//!
//! The newest part is mostly known without asking (`tip`).

use std::collections::BTreeMap;
use std::sync::Arc;

use entity::{TweetId, UserId, tweet};
use sea_orm::{ConnectionTrait, FromQueryResult, Value};

use super::tip;
use crate::app::App;
use crate::db::{Db, sql};
use crate::error::Result;
use crate::service::page::{self, End, Page, PageRequest, Slice};
use crate::service::tweet::VISIBLE;

/// How many entries are read beyond those needed, so that a few dead ones do not cost a second round.
const SLACK: usize = 8;
/// The most entries that one statement reads.
const MOST: usize = 10_000;
/// How many pulled authors one statement reads.
const PULLED: usize = 64;

/// A page of the reader's home feed.
///
/// # Errors
/// Whatever the database says.
pub async fn page(app: &App, reader: UserId, request: &PageRequest) -> Result<Page<Arc<tweet::Model>>> {
    page::read(request, async |asked| shown(&app.db, reader, asked).await).await
}

/// The tweets of a slice of the reader's home feed, in the direction of its end.
///
/// # Errors
/// Whatever the database says.
pub async fn shown(db: &Db, reader: UserId, asked: Slice) -> Result<Vec<Arc<tweet::Model>>> {
    match tip::slice(db, reader, &asked).await? {
        Some(known) => Ok(known),
        // Boxed, for it is large and seldom needed.
        None => Ok(Box::pin(slice(db.read(), reader, asked)).await?.into_iter().map(Arc::new).collect()),
    }
}

/// The same, asked of the database.
///
/// # Errors
/// Whatever the database says.
pub async fn slice(db: &impl ConnectionTrait, reader: UserId, asked: Slice) -> Result<Vec<tweet::Model>> {
    let mut found = Vec::new();
    let mut rest = asked;
    let mut entries = asked.limit + SLACK;
    loop {
        rest.limit = asked.limit - found.len();
        let (candidates, pulled) = candidates(db, reader, &rest, entries).await?;
        // Beyond the last candidate there may be entries that were not read, so nothing beyond it is known yet.
        let known_to = if candidates.len() < entries { None } else { candidates.last().map(|last| last.id) };
        let mut merged: BTreeMap<TweetId, tweet::Model> =
            candidates.into_iter().filter_map(Candidate::tweet).map(|tweet| (tweet.id, tweet)).collect();
        for authors in pulled.chunks(PULLED) {
            let tweets = pulled_tweets(db, reader, authors, &rest).await?;
            merged.extend(tweets.into_iter().map(|tweet| (tweet.id, tweet)));
        }
        match (rest.from, known_to) {
            (End::Newest, Some(TweetId(last))) => merged.retain(|id, _| id.0 >= last),
            (End::Oldest, Some(TweetId(last))) => merged.retain(|id, _| id.0 <= last),
            (_, None) => (),
        }
        let ascending = merged.into_values();
        match rest.from {
            End::Newest => found.extend(ascending.rev().take(rest.limit)),
            End::Oldest => found.extend(ascending.take(rest.limit)),
        }
        match (rest.from, known_to) {
            _ if found.len() == asked.limit => return Ok(found),
            (End::Newest, Some(TweetId(last))) => rest.older_than = last,
            (End::Oldest, Some(TweetId(last))) => rest.newer_than = last,
            (_, None) => return Ok(found),
        }
        entries = (entries * 4).min(MOST);
    }
}

/// A row of statement A: a pulled author (whose id stands alone), or an entry, with its tweet if the reader may see it.
#[derive(FromQueryResult)]
struct Candidate {
    id: TweetId,
    author_id: Option<UserId>,
    content: Option<String>,
    created_at: Option<i64>,
}

impl Candidate {
    fn tweet(self) -> Option<tweet::Model> {
        Some(tweet::Model {
            id: self.id,
            author_id: self.author_id?,
            content: self.content?,
            created_at: self.created_at?,
            deleted_at: None,
        })
    }
}

/// Statement A. The limit stands inside, before the join: so every statement reads at most `limit` entries, however many
/// dead ones there are, and no planner may start from the followees and sort the whole feed.
async fn candidates(
    db: &impl ConnectionTrait,
    reader: UserId,
    slice: &Slice,
    limit: usize,
) -> Result<(Vec<Candidate>, Vec<UserId>)> {
    let text = format!(
        "SELECT followee_id AS id, NULL AS author_id, NULL AS content, NULL AS created_at
         FROM follow WHERE follower_id = ? AND pushed = 0
         UNION ALL
         SELECT e.tweet_id, e.author_id, t.content, t.created_at
         FROM (SELECT tweet_id, author_id FROM feed_entry WHERE user_id = ? {}) e
         LEFT JOIN tweet t ON t.id = e.tweet_id AND {VISIBLE} AND (t.author_id = ? OR EXISTS (
             SELECT 1 FROM follow f WHERE f.follower_id = ? AND f.followee_id = t.author_id))",
        slice.sql("tweet_id")
    );
    let [newer, older, _] = slice.bounds();
    let values = [reader.into(), reader.into(), newer, older, (limit as u64).into(), reader.into(), reader.into()];
    let rows = Candidate::find_by_statement(sql(db, &text, values)).all(db).await?;
    let (mut entries, authors): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.author_id.is_some());
    // A union has no order of its own.
    entries.sort_unstable_by_key(|entry| entry.id);
    if slice.from == End::Newest {
        entries.reverse();
    }
    Ok((entries, authors.into_iter().map(|author| UserId(author.id.0)).collect()))
}

/// Statement B: one branch for each author, so that each reads the rows of one index range and stops. It is padded to a
/// power of two with the author 0, who wrote nothing: otherwise every number of authors would be a statement to prepare.
async fn pulled_tweets(
    db: &impl ConnectionTrait,
    reader: UserId,
    authors: &[UserId],
    slice: &Slice,
) -> Result<Vec<tweet::Model>> {
    let branch = format!(
        "SELECT * FROM (SELECT t.* FROM tweet t
         JOIN follow f ON f.follower_id = ? AND f.followee_id = t.author_id
         WHERE t.author_id = ? AND {VISIBLE} {}) AS pulled",
        slice.sql("t.id")
    );
    let branches = authors.len().next_power_of_two();
    let text = vec![branch; branches].join(" UNION ALL ");
    let padded = authors.iter().copied().chain(std::iter::repeat(UserId(0))).take(branches);
    let values = padded.flat_map(|author| [Value::from(reader), author.into()].into_iter().chain(slice.bounds()));
    Ok(tweet::Model::find_by_statement(sql(db, &text, values)).all(db).await?)
}
