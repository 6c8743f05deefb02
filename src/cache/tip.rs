//! The newest part of a home feed, of the tweets of one author, and of those that somebody likes: ids only, with the range that
//! they are known to cover. Like the entries in the database they are candidates: whoever shows one looks whether it may be shown.

use std::sync::atomic::{AtomicU64, Ordering};

use entity::{TweetId, UserId};

use super::recent::{Event, Recent};
use super::shelf::Moment;
use super::weigh::Weigh;

/// The most ids that a tip keeps.
pub const LONGEST: usize = 800;

/// A part of a list, up to its newest end.
#[derive(Clone, Debug, Default)]
pub struct Newest {
    /// In ascending order.
    ids: Vec<TweetId>,
    /// None is missing that is as great as this.
    from: TweetId,
}

impl Newest {
    /// The newest ids of a list, in whatever order; `is_all` if the list has no more of them.
    pub fn new(mut ids: Vec<TweetId>, is_all: bool) -> Self {
        ids.sort_unstable();
        ids.dedup();
        let oldest = ids.first().copied().filter(|_| !is_all);
        Self { ids, from: oldest.unwrap_or(TweetId(i64::MIN)) }
    }

    /// From which id on nothing is missing.
    pub fn from(&self) -> TweetId {
        self.from
    }

    /// Whether the list has no others.
    pub fn is_all(&self) -> bool {
        self.from.0 == i64::MIN
    }

    /// How many are kept.
    pub fn count(&self) -> usize {
        self.ids.len()
    }

    /// The ids between the two, which are not among them, in ascending order.
    pub fn between(&self, newer_than: i64, older_than: i64) -> &[TweetId] {
        let start = self.ids.partition_point(|id| id.0 <= newer_than);
        let end = self.ids.partition_point(|id| id.0 < older_than);
        self.ids.get(start..end).unwrap_or_default()
    }

    /// Whether an id is in the list; none if that is not known.
    pub fn has(&self, id: TweetId) -> Option<bool> {
        (id >= self.from).then(|| self.ids.binary_search(&id).is_ok())
    }

    fn insert(&mut self, id: TweetId) {
        if id < self.from {
            return;
        }
        let Err(place) = self.ids.binary_search(&id) else { return };
        self.ids.insert(place, id);
        if self.ids.len() > LONGEST {
            self.ids.remove(0);
            self.from = self.ids.first().copied().unwrap_or(self.from);
        }
    }
}

impl Weigh for Newest {
    fn heap(&self) -> usize {
        size_of::<Self>() + self.ids.capacity() * size_of::<TweetId>() + 48
    }
}

/// The newest part of somebody's home feed: their pushed entries and their own tweets. Those of pulled authors come to it when
/// it is read.
#[derive(Debug)]
pub struct Tip {
    pub reader: UserId,
    /// Whom the reader follows, in ascending order.
    followees: Vec<UserId>,
    /// Those of them who are pulled, likewise. One that is pushed by now is harmless here; the other way round, tweets would be missing.
    pub pulled: Vec<UserId>,
    pub entries: Newest,
    /// When it was read from the database.
    pub since: Moment,
    /// How many events it takes account of.
    seen: AtomicU64,
}

/// What has become of a tip.
pub enum Age {
    /// It is as it was.
    Fresh,
    /// Tweets came to it: this is the tip now.
    Grown(Tip),
    /// It has to be read anew.
    Over,
}

impl Tip {
    /// From what one statement has read that began after so many events had been counted: the edges, each with whether it is
    /// pushed, and the entries.
    pub fn new(reader: UserId, mut edges: Vec<(UserId, bool)>, entries: Newest, since: Moment, seen: u64) -> Self {
        edges.sort_unstable();
        let followees = edges.iter().map(|(followee, _)| *followee).collect();
        let pulled = edges.iter().filter(|(_, is_pushed)| !is_pushed).map(|(followee, _)| *followee).collect();
        Self { reader, followees, pulled, entries, since, seen: AtomicU64::new(seen) }
    }

    /// Whether the reader follows this author, or is it.
    pub fn may_show(&self, author: UserId) -> bool {
        author == self.reader || self.followees.binary_search(&author).is_ok()
    }

    /// Takes account of what has happened since.
    pub fn catch_up(&self, recent: &Recent) -> Age {
        let mut new = Vec::new();
        let seen = recent.since(self.seen.load(Ordering::Acquire), |event| {
            match event {
                Event::Edges(reader) => return reader != self.reader,
                Event::Demoted(author) => return !self.is_pushed(author),
                Event::Own { tweet, author } if author == self.reader => new.push(tweet),
                Event::Delivered { tweet, author, after, through }
                    if after < self.reader && self.reader <= through && self.is_pushed(author) =>
                {
                    new.push(tweet);
                }
                Event::Own { .. } | Event::Delivered { .. } => (),
            }
            true
        });
        let Some(seen) = seen else { return Age::Over };
        if new.is_empty() {
            // Whoever else has come further has seen what we have.
            self.seen.fetch_max(seen, Ordering::AcqRel);
            return Age::Fresh;
        }
        let mut entries = self.entries.clone();
        new.into_iter().for_each(|id| entries.insert(id));
        let (followees, pulled) = (self.followees.clone(), self.pulled.clone());
        let (reader, since, seen) = (self.reader, self.since, AtomicU64::new(seen));
        Age::Grown(Self { reader, followees, pulled, entries, since, seen })
    }

    fn is_pushed(&self, author: UserId) -> bool {
        self.followees.binary_search(&author).is_ok() && self.pulled.binary_search(&author).is_err()
    }
}

impl Weigh for Tip {
    fn heap(&self) -> usize {
        let ids = self.followees.capacity() + self.pulled.capacity();
        size_of::<Self>() + ids * size_of::<UserId>() + self.entries.heap() + 48
    }
}
