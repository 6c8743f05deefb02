//! The generic cell rate algorithm: a bucket of tokens of which one number is kept, the time at which it is full again.
//!
//! The bucket holds a quota's burst and gets one token every `Quota::interval`. Whatever the store is, the decision is made
//! here, from whole microseconds alone.

use super::Quota;

/// What has become of a demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub is_admitted: bool,
    /// What has to be kept: the time at which the bucket is full again. When that is past, nothing has to be kept.
    pub full_at: i64,
    /// How many tokens there are now.
    pub remaining: u64,
    /// How long the same demand has to wait; 0 if it was admitted.
    pub wait: i64,
}

/// Takes so many tokens at a time, or none. Who wants more than a bucket can hold takes a full one: else they would wait for
/// ever.
pub fn take(full_at: i64, quota: &Quota, cost: u64, now: i64) -> Verdict {
    let capacity = quota.window();
    // Never more than a whole bucket is missing, even when the clock was set back.
    let missing = full_at.saturating_sub(now).clamp(0, capacity);
    let wanted = missing.saturating_add(quota.price(cost));
    let is_admitted = wanted <= capacity;
    let missing = if is_admitted { wanted } else { missing };
    Verdict {
        is_admitted,
        full_at: now.saturating_add(missing),
        remaining: u64::try_from((capacity - missing) / quota.interval()).unwrap_or(0),
        wait: if is_admitted { 0 } else { wanted - capacity },
    }
}
