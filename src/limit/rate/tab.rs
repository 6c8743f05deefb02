//! What this process has let through on its own account since it was last counted in Redis.
//!
//! Operations are many and cheap, and most clients are far from their limit. While half of a quota is left, a process lets up to a
//! sixteenth of it through without asking, for half a minute at most, and has that counted with the next question. So most requests
//! of somebody who comes often ask nothing.
//!
//! One process counts exactly all the same. Of several, each may let through a sixteenth that the others do not know of, and says
//! meanwhile that more is left than they do. What is owed is forgotten if Redis goes away.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::bucket::Key;
use super::{Demand, Quota, Rules, Standing, gcra, quota, seconds};
use crate::clock::SECOND;

/// For how long nothing has to be asked, in microseconds.
const LASTS: i64 = 30 * SECOND * quota::MILLISECOND;

/// How many there are at most. Whoever comes when there are so many asks Redis.
const MOST: usize = 65_536;

/// How often those of so many go that owe nothing, in microseconds.
const SWEEP_EVERY: i64 = SECOND * quota::MILLISECOND;

/// Times are those of Redis, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tab {
    /// When the bucket was to be full again, by what Redis counted.
    pub seen: i64,
    /// The same by what was let through since.
    pub own: i64,
    /// How much that is.
    pub owed: i64,
    /// By our clock.
    opened: i64,
    /// By how much the clock of Redis is ahead of ours.
    ahead: i64,
}

impl Tab {
    /// Whether the bucket is full again by what this process knows, so that nothing is owed any more.
    fn is_settled(&self, clock: i64) -> bool {
        self.own <= clock.saturating_add(self.ahead)
    }
}

#[derive(Default)]
pub struct Tabs {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    tabs: HashMap<Key, Tab>,
    /// When it was last looked which owe nothing, by our clock.
    swept: i64,
}

impl Open {
    /// Whether there is room for one more.
    fn has_room(&mut self, clock: i64) -> bool {
        if self.tabs.len() >= MOST && !(self.swept..self.swept.saturating_add(SWEEP_EVERY)).contains(&clock) {
            self.tabs.retain(|_, tab| tab.owed > 0 && !tab.is_settled(clock));
            self.swept = clock;
        }
        self.tabs.len() < MOST
    }
}

impl Tabs {
    /// How one stands after a demand that was let through. None if Redis has to be asked. `clock` is the time by our clock.
    pub fn take(&self, rules: &Rules, demand: &Demand, clock: i64) -> Option<Standing> {
        let (quota, mut open) = (rules.quota(demand.action), self.lock());
        let tab = open.tabs.get_mut(&(demand.action, demand.subject))?;
        if !(tab.opened..tab.opened.saturating_add(LASTS)).contains(&clock) {
            return None;
        }
        let now = clock.saturating_add(tab.ahead);
        let owed = tab.owed.saturating_add(quota.price(demand.cost));
        let verdict = gcra::take(tab.own, &quota, demand.cost, now);
        if !verdict.is_admitted || owed > quota.window() / 16 {
            return None;
        }
        (tab.own, tab.owed) = (verdict.full_at, owed);
        let (remaining, full_in) = (verdict.remaining, seconds(verdict.full_at - now));
        Some(Standing { action: demand.action, quota, remaining, full_in })
    }

    /// What is owed, to be counted in Redis now.
    pub fn close(&self, key: &Key, clock: i64) -> Tab {
        self.lock().tabs.remove(key).filter(|tab| !tab.is_settled(clock)).unwrap_or_default()
    }

    /// Redis has counted a demand: the bucket is full at `full_at`, and it is `now` there.
    pub fn open(&self, key: Key, quota: &Quota, full_at: i64, now: i64, clock: i64) {
        if full_at - now > quota.window() / 2 {
            return;
        }
        let new = Tab { seen: full_at, own: full_at, owed: 0, opened: clock, ahead: now - clock };
        let mut open = self.lock();
        if !open.has_room(clock) && !open.tabs.contains_key(&key) {
            return;
        }
        // Somebody else may have asked at the same time, and let something through since.
        let before = open.tabs.insert(key, new).map_or(0, |tab| tab.owed);
        if let Some(tab) = open.tabs.get_mut(&key) {
            (tab.own, tab.owed) = (tab.own.saturating_add(before), before);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
