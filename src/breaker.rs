//! Calls to a service without which roost goes on.
//!
//! Every call has a short time of its own, and after a few failures in a row none is made for a second: whoever asks goes on
//! without, at once.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a call may take.
pub const TIMEOUT: Duration = Duration::from_millis(150);
/// After so many failures in a row no call is made for a while.
const FAILURES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// Keeps calls away from a service that does not answer.
pub struct Breaker {
    /// What the service is called.
    name: &'static str,
    started: Instant,
    failures: AtomicU32,
    /// Milliseconds since the start, until which no call is made.
    closed_until: AtomicU64,
}

impl Breaker {
    pub fn new(name: &'static str) -> Self {
        Self { name, started: Instant::now(), failures: AtomicU32::new(0), closed_until: AtomicU64::new(0) }
    }

    /// What the service says; nothing if it does not say it in time, or has not for a while.
    pub async fn ask<T, E: std::fmt::Display>(&self, question: impl Future<Output = Result<T, E>>) -> Option<T> {
        if !self.lets_through() {
            return None;
        }
        match tokio::time::timeout(TIMEOUT, question).await {
            Ok(Ok(answer)) => {
                self.worked();
                Some(answer)
            }
            Ok(Err(error)) => {
                self.failed(&error);
                None
            }
            Err(_elapsed) => {
                self.failed(&format!("no answer within {TIMEOUT:?}"));
                None
            }
        }
    }

    /// Whether the last calls were answered. True before the first.
    pub fn is_well(&self) -> bool {
        self.failures.load(Ordering::Relaxed) < FAILURES
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// While calls fail, one a second.
    fn lets_through(&self) -> bool {
        if self.failures.load(Ordering::Relaxed) < FAILURES {
            return true;
        }
        let (now, until) = (self.now(), self.closed_until.load(Ordering::Relaxed));
        let next = now + u64::try_from(PAUSE.as_millis()).unwrap_or(u64::MAX);
        now >= until && self.closed_until.compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn worked(&self) {
        if self.failures.swap(0, Ordering::Relaxed) >= FAILURES {
            tracing::info!("{} answers again", self.name);
        }
    }

    fn failed(&self, error: &impl std::fmt::Display) {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if failures == FAILURES {
            tracing::error!(%error, "{} does not answer; roost goes on without it, and asks again every second", self.name);
        }
        // It has to stay above the limit, and must not come round to zero.
        self.failures.fetch_min(FAILURES * 2, Ordering::Relaxed);
        let pause = u64::try_from(PAUSE.as_millis()).unwrap_or(u64::MAX);
        self.closed_until.store(self.now() + pause, Ordering::Relaxed);
    }
}
