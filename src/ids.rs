//! 64-bit ids in the order of time, made by the application.
//!
//! The layout is Twitter's Snowflake: 41 bits of milliseconds since 2026, 10 bits of node, 12 bits of sequence. The
//! generator keeps its own clock as a hybrid logical clock does (Kulkarni et al., 2014): it never runs backwards, and it is
//! moved forward by an id that must be exceeded or by a full sequence, so that nobody ever waits.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::Clock;

/// 2026-01-01T00:00:00Z in milliseconds since 1970.
const EPOCH: i64 = 1_767_225_600_000;
const NODE_BITS: u32 = 10;
const SEQUENCE_BITS: u32 = 12;
const SEQUENCES: i64 = 1 << SEQUENCE_BITS;

/// How many processes can make ids at the same time.
pub const NODES: i16 = 1 << NODE_BITS;

/// Makes ids that are unique among all processes, as long as no two use the same node number.
#[derive(Clone)]
pub struct Ids {
    clock: Clock,
    node: Arc<AtomicI64>,
    last: Arc<Mutex<Tick>>,
}

/// The logical time of the last id.
#[derive(Clone, Copy, Default)]
struct Tick {
    millisecond: i64,
    sequence: i64,
}

impl Ids {
    pub fn new(clock: Clock) -> Self {
        Self { clock, node: Arc::default(), last: Arc::default() }
    }

    /// Sets the node number, from 0 to `NODES` - 1.
    pub fn set_node(&self, node: i16) {
        self.node.store(i64::from(node), Ordering::Relaxed);
    }

    /// The least id that could have been made at a time in milliseconds since 1970.
    pub fn floor(at: i64) -> i64 {
        (at - EPOCH).max(0) << (NODE_BITS + SEQUENCE_BITS)
    }

    /// An id greater than every id that this process made before.
    pub fn next(&self) -> i64 {
        self.next_after(0)
    }

    /// The same, and greater than `floor`, whoever made that one.
    pub fn next_after(&self, floor: i64) -> i64 {
        let now = (self.clock.now() - EPOCH).max(0);
        let floor = floor >> (NODE_BITS + SEQUENCE_BITS);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = if now > last.millisecond.max(floor) {
            Tick { millisecond: now, sequence: 0 }
        } else if floor >= last.millisecond {
            Tick { millisecond: floor + 1, sequence: 0 }
        } else if last.sequence + 1 == SEQUENCES {
            Tick { millisecond: last.millisecond + 1, sequence: 0 }
        } else {
            Tick { sequence: last.sequence + 1, ..*last }
        };
        let node = self.node.load(Ordering::Relaxed);
        (((last.millisecond << NODE_BITS) | node) << SEQUENCE_BITS) | last.sequence
    }
}
