//! The counts of this process. What is full again is forgotten, and there are never more than so many: whoever can make up
//! addresses does not fill the memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::bucket::{Admitted, Bucket, Key, judge};
use super::{Action, Demand, Limited, Rules, Standing, Subject};

/// How many counts are kept, about 20 MB. When there would be more, those go that are idle, then those that are nearest to it.
const MOST: usize = 100_000;

#[derive(Default)]
pub struct Memory {
    buckets: Mutex<HashMap<Key, Bucket>>,
}

impl Memory {
    pub fn take(&self, rules: &Rules, demands: &[Demand], now: i64) -> Result<Option<Standing>, Limited> {
        let mut buckets = self.lock();
        let bucket = |demand: &Demand| buckets.get(&(demand.action, demand.subject)).copied().unwrap_or_default();
        let found: Vec<_> = demands.iter().map(|demand| (*demand, bucket(demand))).collect();
        let Admitted { kept, binding } = judge(rules, &found, now)?;
        buckets.extend(kept);
        make_room(&mut buckets, now);
        Ok(binding)
    }

    pub fn failed(&self, rules: &Rules, subject: Subject, now: i64) {
        let mut buckets = self.lock();
        let bucket = buckets.entry((Action::LogIns, subject)).or_default();
        *bucket = bucket.failed(rules, now);
        make_room(&mut buckets, now);
    }

    pub fn succeeded(&self, subject: Subject) {
        self.lock().remove(&(Action::LogIns, subject));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leaves a quarter of the room free, so that this is seldom done.
fn make_room(buckets: &mut HashMap<Key, Bucket>, now: i64) {
    if buckets.len() <= MOST {
        return;
    }
    buckets.retain(|_, bucket| bucket.idle_at() > now);
    let kept = MOST / 4 * 3;
    if let Some(excess) = buckets.len().checked_sub(kept).filter(|excess| *excess > 0) {
        let mut idle: Vec<i64> = buckets.values().map(Bucket::idle_at).collect();
        let (_, nearest, _) = idle.select_nth_unstable(excess - 1);
        let nearest = *nearest;
        buckets.retain(|_, bucket| bucket.idle_at() > nearest);
    }
}
