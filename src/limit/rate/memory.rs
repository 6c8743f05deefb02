//! The counts of this process. What is full again is forgotten, and there are never more than so many: whoever can make up
//! addresses does not fill the memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::quota::MILLISECOND;
use super::{Action, Demand, Limited, Rules, Standing, Subject, gcra, seconds};
use crate::clock::DAY;

/// How many counts are kept, about 20 MB. When there would be more, those go that are idle, then those that are nearest to it.
const MOST: usize = 100_000;
/// How long failures are remembered.
const FAILURES: i64 = DAY * MILLISECOND;

type Key = (Action, Subject);

#[derive(Default)]
pub struct Memory {
    buckets: Mutex<HashMap<Key, Bucket>>,
}

/// Times in microseconds.
#[derive(Clone, Copy, Default)]
struct Bucket {
    full_at: i64,
    /// Failures without a success in between.
    failures: u32,
    /// Because of these.
    closed_until: i64,
    /// The latest failure counts so long.
    failures_until: i64,
}

impl Bucket {
    fn idle_at(&self) -> i64 {
        self.full_at.max(self.failures_until)
    }

    fn take(&self, rules: &Rules, demand: &Demand, now: i64) -> gcra::Verdict {
        let verdict = gcra::take(self.full_at, &rules.quota(demand.action), demand.cost, now);
        if self.closed_until <= now {
            return verdict;
        }
        let wait = verdict.wait.max(self.closed_until - now);
        gcra::Verdict { is_admitted: false, full_at: self.full_at, remaining: 0, wait }
    }
}

impl Memory {
    pub fn take(&self, rules: &Rules, demands: &[Demand], now: i64) -> Result<Option<Standing>, Limited> {
        let mut buckets = self.lock();
        let mut verdicts = Vec::with_capacity(demands.len());
        for demand in demands.iter().filter(|demand| demand.cost > 0) {
            let key = (demand.action, demand.subject);
            let bucket = buckets.get(&key).copied().unwrap_or_default();
            verdicts.push((key, bucket, bucket.take(rules, demand, now)));
        }
        let standing = |action: Action, bucket: &Bucket, verdict: &gcra::Verdict| Standing {
            action,
            quota: rules.quota(action),
            remaining: verdict.remaining,
            full_in: seconds(verdict.full_at.max(bucket.closed_until) - now),
        };
        let refused = verdicts.iter().filter(|(_, _, verdict)| !verdict.is_admitted);
        if let Some(((action, _), bucket, verdict)) = refused.max_by_key(|(_, _, verdict)| verdict.wait) {
            let retry_after = seconds(verdict.wait).max(1);
            return Err(Limited { standing: standing(*action, bucket, verdict), retry_after });
        }
        for (key, bucket, verdict) in &verdicts {
            buckets.insert(*key, Bucket { full_at: verdict.full_at, ..*bucket });
        }
        make_room(&mut buckets, now);
        let standings = verdicts.iter().map(|((action, _), bucket, verdict)| standing(*action, bucket, verdict));
        Ok(standings.reduce(|one, other| if other.binds_before(&one) { other } else { one }))
    }

    pub fn failed(&self, rules: &Rules, subject: Subject, now: i64) {
        let mut buckets = self.lock();
        let bucket = buckets.entry((Action::LogIns, subject)).or_default();
        if bucket.failures_until <= now {
            bucket.failures = 0;
        }
        bucket.failures = bucket.failures.saturating_add(1);
        bucket.closed_until = now.saturating_add(rules.delay(bucket.failures));
        bucket.failures_until = bucket.closed_until.saturating_add(FAILURES);
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
