//! One count, and what becomes of demands that several counts decide.

use super::quota::MILLISECOND;
use super::{Action, Demand, Limited, Rules, Standing, Subject, gcra, seconds};
use crate::clock::DAY;

/// How long failures are remembered.
pub const FAILURES: i64 = DAY * MILLISECOND;

pub type Key = (Action, Subject);

/// Times in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bucket {
    pub full_at: i64,
    /// Failures without a success in between.
    pub failures: u32,
    /// Because of these.
    pub closed_until: i64,
    /// The latest failure counts so long.
    pub failures_until: i64,
}

impl Bucket {
    pub fn idle_at(&self) -> i64 {
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

    /// This, after one more failure.
    pub fn failed(self, rules: &Rules, now: i64) -> Self {
        let before = if self.failures_until <= now { 0 } else { self.failures };
        let failures = before.saturating_add(1);
        let closed_until = now.saturating_add(rules.delay(failures));
        Self { failures, closed_until, failures_until: closed_until.saturating_add(FAILURES), ..self }
    }
}

/// What becomes of demands that are admitted.
pub struct Admitted {
    /// The buckets as they are to be kept.
    pub kept: Vec<(Key, Bucket)>,
    /// How one stands with the limit that binds; none if nothing was demanded.
    pub binding: Option<Standing>,
}

/// All of the demands are admitted, or none.
///
/// # Errors
/// With the limit that makes one wait longest.
pub fn judge(rules: &Rules, demands: &[(Demand, Bucket)], now: i64) -> Result<Admitted, Limited> {
    let judged: Vec<_> =
        demands.iter().map(|(demand, bucket)| (demand, bucket, bucket.take(rules, demand, now))).collect();
    let standing = |(demand, bucket, verdict): &(&Demand, &Bucket, gcra::Verdict)| Standing {
        action: demand.action,
        quota: rules.quota(demand.action),
        remaining: verdict.remaining,
        full_in: seconds(verdict.full_at.max(bucket.closed_until) - now),
    };
    let refused = judged.iter().filter(|(_, _, verdict)| !verdict.is_admitted);
    if let Some(longest) = refused.max_by_key(|(_, _, verdict)| verdict.wait) {
        return Err(Limited { standing: standing(longest), retry_after: seconds(longest.2.wait).max(1) });
    }
    let binding = judged.iter().map(standing).reduce(|one, other| if other.binds_before(&one) { other } else { one });
    let kept = judged.iter().map(|(demand, bucket, verdict)| {
        ((demand.action, demand.subject), Bucket { full_at: verdict.full_at, ..**bucket })
    });
    Ok(Admitted { kept: kept.collect(), binding })
}
