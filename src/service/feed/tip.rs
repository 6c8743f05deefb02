//! Reading a home feed from memory: the newest candidates of the reader (`cache::Tip`) and of the authors who are pulled, merged.
//!
//! What is kept are candidates, as the entries are in the database: each is looked at, whether its tweet can be seen and its
//! author is followed, before it is shown. What leaves the range that they cover is read from the database.

use std::sync::Arc;

use entity::{TweetId, UserId, tweet};
use sea_orm::ConnectionTrait;

use crate::cache::{Age, LONGEST, Newest, Tip};
use crate::db::{Db, sql};
use crate::error::Result;
use crate::service::page::{End, Slice};
use crate::service::tweet::{self as tweets, timeline};

/// How many entries are read for somebody who asks for the first time: for a page of the usual size, and some more to come.
const SHORT: usize = 48;
/// How many candidates are looked at beyond those needed, so that a few dead ones do not cost a second round.
const SLACK: usize = 4;
/// A reader with more pulled authors than this is read from the database.
const MOST_PULLED: usize = 256;

/// The tweets of a slice of the reader's home feed, in the direction of its end; none if it is not known well enough.
///
/// # Errors
/// Whatever the database says.
pub async fn slice(db: &Db, reader: UserId, asked: &Slice) -> Result<Option<Vec<Arc<tweet::Model>>>> {
    // Those who read on are given more at once.
    for length in [SHORT, LONGEST] {
        let Some(tip) = tip(db, reader, length).await? else { return Ok(None) };
        if tip.pulled.len() > MOST_PULLED {
            return Ok(None);
        }
        let pulled = if tip.pulled.is_empty() { Vec::new() } else { timeline::newest(db, &tip.pulled).await? };
        let candidates = Candidates::new(&tip, &pulled);
        if let Some(found) = candidates.slice(db, asked).await? {
            return Ok(Some(found));
        }
        if candidates.is_long() {
            return Ok(None);
        }
    }
    Ok(None)
}

/// The reader's tip as it is now, with at least so many entries if there are so many. None while the caches are passed by.
async fn tip(db: &Db, reader: UserId, length: usize) -> Result<Option<Arc<Tip>>> {
    let caches = db.caches();
    let Some(now) = caches.now() else { return Ok(None) };
    let known = caches.tips.look_at(&reader, now);
    if let Some(known) = known.filter(|tip| tip.entries.is_all() || tip.entries.count() >= length) {
        match caches.age(&known) {
            Age::Fresh => return Ok(Some(known)),
            Age::Grown(tip) => return Ok(Some(keep(db, tip))),
            Age::Over => (),
        }
    }
    // Before the statement: what has happened by now it shows, and what happens from now on will come to it.
    let seen = caches.events();
    // Boxed, for it is large and seldom needed.
    let (edges, entries) = Box::pin(read(db, reader, length)).await?;
    let is_all = entries.len() < length;
    Ok(Some(keep(db, Tip::new(reader, edges, Newest::new(entries, is_all), now, seen))))
}

fn keep(db: &Db, tip: Tip) -> Arc<Tip> {
    let tip = Arc::new(tip);
    let tips = &db.caches().tips;
    // Whether it is right it knows by itself.
    tips.put(tip.reader, Arc::clone(&tip), tips.generation(&tip.reader), tip.since);
    tip
}

/// The reader's edges, each with whether it is pushed, and newest entries, in one snapshot.
async fn read(db: &Db, reader: UserId, entries: usize) -> Result<(Vec<(UserId, bool)>, Vec<TweetId>)> {
    let text = "SELECT followee_id AS id, pushed FROM follow WHERE follower_id = ?
                UNION ALL
                SELECT tweet_id, NULL FROM (
                    SELECT tweet_id FROM feed_entry WHERE user_id = ? ORDER BY tweet_id DESC LIMIT ?) AS entries";
    let values = [reader.into(), reader.into(), (entries as u64).into()];
    let (mut edges, mut entries) = (Vec::new(), Vec::new());
    for row in db.read().query_all_raw(sql(db.read(), text, values)).await? {
        let id: i64 = row.try_get_by_index(0)?;
        match row.try_get_by_index::<Option<i16>>(1)? {
            Some(pushed) => edges.push((UserId(id), pushed != 0)),
            None => entries.push(TweetId(id)),
        }
    }
    Ok((edges, entries))
}

/// Several lists of candidates, merged as they are asked for.
struct Candidates<'a> {
    tip: &'a Tip,
    lists: Vec<&'a Newest>,
    /// From which id on none of them misses any.
    from: TweetId,
}

impl<'a> Candidates<'a> {
    fn new(tip: &'a Tip, pulled: &'a [Arc<Newest>]) -> Self {
        let lists: Vec<&Newest> = pulled.iter().map(Arc::as_ref).chain([&tip.entries]).collect();
        let from = lists.iter().map(|list| list.from()).max().unwrap_or_default();
        Self { tip, lists, from }
    }

    /// Whether reading more entries would not help.
    fn is_long(&self) -> bool {
        self.tip.entries.is_all() || self.tip.entries.count() >= LONGEST || self.tip.entries.from() < self.from
    }

    /// None if the slice is not covered.
    async fn slice(&self, db: &Db, asked: &Slice) -> Result<Option<Vec<Arc<tweet::Model>>>> {
        let is_covered = self.from.0 <= asked.newer_than.saturating_add(1);
        if asked.from == End::Oldest && !is_covered {
            return Ok(None);
        }
        let mut found = Vec::with_capacity(asked.limit);
        let mut rest = Slice { newer_than: asked.newer_than.max(self.from.0.saturating_sub(1)), ..*asked };
        loop {
            rest.limit = asked.limit - found.len() + SLACK;
            let next = self.next(&rest);
            let tweets = tweets::load(db, &next).await?;
            let shown = tweets.into_iter().flatten().filter(|tweet| self.tip.may_show(tweet.author_id));
            found.extend(shown.take(asked.limit - found.len()));
            match (next.last(), rest.from) {
                _ if found.len() == asked.limit => return Ok(Some(found)),
                (Some(TweetId(last)), End::Newest) if next.len() == rest.limit => rest.older_than = *last,
                (Some(TweetId(last)), End::Oldest) if next.len() == rest.limit => rest.newer_than = *last,
                _ => return Ok(is_covered.then_some(found)),
            }
        }
    }

    /// The next candidates of a slice, in the direction of its end.
    fn next(&self, slice: &Slice) -> Vec<TweetId> {
        let mut merged = Vec::with_capacity(slice.limit);
        for list in &self.lists {
            let ids = list.between(slice.newer_than, slice.older_than);
            match slice.from {
                End::Newest => merged.extend(ids.iter().rev().take(slice.limit)),
                End::Oldest => merged.extend(ids.iter().take(slice.limit)),
            }
        }
        merged.sort_unstable();
        merged.dedup();
        if slice.from == End::Newest {
            merged.reverse();
        }
        merged.truncate(slice.limit);
        merged
    }
}
