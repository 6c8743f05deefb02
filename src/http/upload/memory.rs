//! How much of all uploads is in memory, so that many at a time cannot fill it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The allowance of all requests together. Clones share it.
#[derive(Clone)]
pub struct Memory {
    held: Arc<AtomicUsize>,
    most: usize,
}

impl Memory {
    pub fn new(most: usize) -> Self {
        Self { held: Arc::default(), most }
    }

    pub fn share(&self) -> Share {
        Share { memory: self.clone(), received: AtomicUsize::new(0) }
    }
}

/// What one request holds of it, until it is dropped.
pub struct Share {
    memory: Memory,
    received: AtomicUsize,
}

impl Share {
    /// Counts bytes that have come; false if that is more than there is.
    pub fn take(&self, bytes: usize) -> bool {
        self.received.fetch_add(bytes, Ordering::Relaxed);
        let before = self.memory.held.fetch_add(bytes, Ordering::Relaxed);
        before.saturating_add(bytes) <= self.memory.most
    }

    /// How many bytes have come in all.
    pub fn received(&self) -> usize {
        self.received.load(Ordering::Relaxed)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.memory.held.fetch_sub(*self.received.get_mut(), Ordering::Relaxed);
    }
}
