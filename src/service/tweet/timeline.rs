//! The tweets of one author, newest first: what the author's page shows, and home feeds of those who pull.

use std::collections::HashMap;
use std::sync::Arc;

use entity::{TweetId, UserId, tweet};
use sea_orm::{ConnectionTrait, FromQueryResult};

use super::{VISIBLE, load};
use crate::app::App;
use crate::cache::Newest;
use crate::db::{Db, sql};
use crate::error::Result;
use crate::service::page::{self, End, Page, PageRequest, Slice};

/// How many ids are kept of an author: more than the usual page has.
const KEPT: usize = 32;

/// How many authors one statement reads.
const BRANCHES: usize = 64;

/// # Errors
/// Whatever the database says.
pub async fn page(app: &App, author: UserId, request: &PageRequest) -> Result<Page<Arc<tweet::Model>>> {
    page::read(request, async |slice| match known(&app.db, author, &slice).await? {
        Some(known) => Ok(known),
        None => read(&app.db, author, &slice).await,
    })
    .await
}

/// The slice, if it lies in the newest part, which is kept.
async fn known(db: &Db, author: UserId, slice: &Slice) -> Result<Option<Vec<Arc<tweet::Model>>>> {
    if db.caches().now().is_none() || slice.limit > KEPT {
        return Ok(None);
    }
    let Some(newest) = newest(db, &[author]).await?.pop() else { return Ok(None) };
    let ids = newest.between(slice.newer_than, slice.older_than);
    let asked: Vec<TweetId> = match slice.from {
        End::Newest => ids.iter().rev().take(slice.limit).copied().collect(),
        End::Oldest => ids.iter().take(slice.limit).copied().collect(),
    };
    // It is all there, or as much from the newest end as was asked for.
    let is_enough = asked.len() == slice.limit && slice.from == End::Newest;
    if !is_enough && newest.from().0 > slice.newer_than.saturating_add(1) {
        return Ok(None);
    }
    let tweets = load(db, &asked).await?;
    // One that has died this moment, or all of them if the author is hidden.
    if tweets.iter().any(Option::is_none) {
        return Ok(None);
    }
    Ok(Some(tweets.into_iter().flatten().collect()))
}

async fn read(db: &Db, author: UserId, slice: &Slice) -> Result<Vec<Arc<tweet::Model>>> {
    let db = db.read();
    let text = format!("SELECT t.* FROM tweet t WHERE t.author_id = ? AND {VISIBLE} {}", slice.sql("t.id"));
    let values = std::iter::once(author.into()).chain(slice.bounds());
    let found = tweet::Model::find_by_statement(sql(db, &text, values)).all(db).await?;
    Ok(found.into_iter().map(Arc::new).collect())
}

/// The newest living tweets of each of the authors, whoever may see them.
///
/// # Errors
/// Whatever the database says.
pub async fn newest(db: &Db, authors: &[UserId]) -> Result<Vec<Arc<Newest>>> {
    let caches = db.caches();
    caches.timelines.get(caches.now(), authors, |authors| read_newest(db, authors)).await
}

/// It has a branch for each author, so that each reads one index range and stops.
async fn read_newest(db: &Db, authors: Vec<UserId>) -> Result<Vec<(UserId, Arc<Newest>)>> {
    let branch = "SELECT * FROM (SELECT t.id, t.author_id FROM tweet t WHERE t.author_id = ? AND t.deleted_at IS NULL
                  ORDER BY t.id DESC LIMIT ?) AS branch";
    let mut found: HashMap<UserId, Vec<TweetId>> = authors.iter().map(|author| (*author, Vec::new())).collect();
    for authors in authors.chunks(BRANCHES) {
        // Padded with the author 0, who wrote nothing: otherwise every number of authors would be a statement to prepare.
        let branches = authors.len().next_power_of_two();
        let text = vec![branch; branches].join(" UNION ALL ");
        let padded = authors.iter().copied().chain(std::iter::repeat(UserId(0))).take(branches);
        let values = padded.flat_map(|author| [author.into(), (KEPT as u64).into()]);
        for row in db.read().query_all_raw(sql(db.read(), &text, values)).await? {
            found.entry(row.try_get_by_index(1)?).or_default().push(row.try_get_by_index(0)?);
        }
    }
    let list = |ids: Vec<TweetId>| {
        let is_all = ids.len() < KEPT;
        Arc::new(Newest::new(ids, is_all))
    };
    Ok(found.into_iter().map(|(author, ids)| (author, list(ids))).collect())
}
