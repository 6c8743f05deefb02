//! What one connection tells of the others: a server that is restarted breaks all that were open by then; and what one has prepared
//! for tables that were changed since, all have that are as old.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// An idle connection is asked whether it lives before it is used after so long, though none has broken.
const TEST_AFTER: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub struct Breaks {
    start: Instant,
    /// When a connection broke last, and when the tables were found changed, in milliseconds after the start. 0 if never.
    broken: Arc<AtomicU64>,
    changed: Arc<AtomicU64>,
}

impl Breaks {
    pub fn new() -> Self {
        Self { start: Instant::now(), broken: Arc::default(), changed: Arc::default() }
    }

    /// A connection has just broken.
    pub fn note_broken(&self) {
        self.broken.fetch_max(self.now(), Ordering::Relaxed);
    }

    /// A connection has just been found to know the tables as they were.
    pub fn note_changed(&self) {
        self.changed.fetch_max(self.now(), Ordering::Relaxed);
    }

    /// Whether a connection that was idle for so long may be broken.
    pub fn may_have_broken(&self, idle: Duration) -> bool {
        idle >= TEST_AFTER || self.lies_within(&self.broken, idle)
    }

    /// Whether a connection has broken lately.
    pub fn broke_within(&self, span: Duration) -> bool {
        self.lies_within(&self.broken, span)
    }

    /// Whether a connection of this age may know the tables as they were.
    pub fn may_be_outdated(&self, age: Duration) -> bool {
        self.lies_within(&self.changed, age)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
    }

    fn lies_within(&self, moment: &AtomicU64, span: Duration) -> bool {
        let moment = moment.load(Ordering::Relaxed);
        moment > 0 && span >= self.start.elapsed().saturating_sub(Duration::from_millis(moment))
    }
}
