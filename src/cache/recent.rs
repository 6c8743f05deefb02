//! What has lately happened to feeds, numbered: the newest part of a feed that somebody has in memory (`tip`) is brought up to
//! date from here when it is read. So nobody has to know who has which tip, and an event costs its place and no more.

use std::collections::VecDeque;
use std::sync::{PoisonError, RwLock};

use entity::{TweetId, UserId};

/// How many events are kept. A tip that is older than all of them is made anew.
const KEPT: usize = 16_384;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Into the feeds of the pushed followers `after` < id <= `through`.
    Delivered { tweet: TweetId, author: UserId, after: UserId, through: UserId },
    /// Into the author's own.
    Own { tweet: TweetId, author: UserId },
    /// Whom this reader follows has changed, or which of them are pushed.
    Edges(UserId),
    /// Edges to this author are pulled from now on.
    Demoted(UserId),
}

#[derive(Default)]
pub struct Recent {
    events: RwLock<Events>,
}

#[derive(Default)]
struct Events {
    kept: VecDeque<Event>,
    /// How many there have ever been.
    count: u64,
}

impl Recent {
    pub fn push(&self, event: Event) {
        let mut events = self.events.write().unwrap_or_else(PoisonError::into_inner);
        events.count += 1;
        events.kept.push_back(event);
        if events.kept.len() > KEPT {
            events.kept.pop_front();
        }
    }

    /// Makes every tip older than what is kept.
    pub fn forget_all(&self) {
        let mut events = self.events.write().unwrap_or_else(PoisonError::into_inner);
        events.count += 1;
        events.kept.clear();
    }

    /// How many there have been. What is read from the database after this call shows all of them.
    pub fn count(&self) -> u64 {
        self.events.read().unwrap_or_else(PoisonError::into_inner).count
    }

    /// Shows every event since `seen` were counted, and returns how many there have been by now. None if some of those events
    /// are kept no more, or if `show` breaks off.
    pub fn since(&self, seen: u64, mut show: impl FnMut(Event) -> bool) -> Option<u64> {
        let events = self.events.read().unwrap_or_else(PoisonError::into_inner);
        let new = usize::try_from(events.count.checked_sub(seen)?).ok()?;
        let first = events.kept.len().checked_sub(new)?;
        events.kept.range(first..).all(|event| show(*event)).then_some(events.count)
    }
}
