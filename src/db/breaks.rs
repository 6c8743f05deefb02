//! When a connection broke last. A server that is restarted breaks all of them, and whoever finds the first one broken knows it of
//! the others that were idle by then.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// An idle connection is asked whether it lives before it is used after so long, though none has broken.
const TEST_AFTER: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub struct Breaks {
    start: Instant,
    /// Milliseconds after the start; 0 if none has broken yet.
    last: Arc<AtomicU64>,
}

impl Breaks {
    pub fn new() -> Self {
        Self { start: Instant::now(), last: Arc::default() }
    }

    /// A connection has just broken.
    pub fn note(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.fetch_max(now.max(1), Ordering::Relaxed);
    }

    /// Whether a connection that was idle for so long may be broken.
    pub fn may_have_hit(&self, idle: Duration) -> bool {
        let last = self.last.load(Ordering::Relaxed);
        let since = self.start.elapsed().saturating_sub(Duration::from_millis(last));
        idle >= TEST_AFTER || (last > 0 && idle >= since)
    }
}
