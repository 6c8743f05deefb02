//! Sessions by the hash of their token.
//!
//! A session ends by its id, which is not the key. So every session has, by its id, a place among some numbers that grow when
//! one of that place ends: what was read when the number was another one is not believed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use entity::{SessionId, session};

use super::shelf::{Moment, Pool, Shelf};

const PLACES: usize = 4_096;

pub struct Sessions {
    shelf: Shelf<Arc<str>, (Arc<session::Model>, u64)>,
    /// How often a session of each place has ended; and of all.
    ends: Box<[AtomicU64]>,
    all_ends: AtomicU64,
}

impl Sessions {
    pub fn new(pool: &Arc<Pool>, part: usize) -> Self {
        let ends = std::iter::repeat_with(AtomicU64::default).take(PLACES).collect();
        Self { shelf: Shelf::new(pool, part), ends, all_ends: AtomicU64::new(0) }
    }

    /// Whether it still lasts is for the caller's clock to say.
    pub fn get(&self, token_hash: &str, now: Moment) -> Option<Arc<session::Model>> {
        let found = self.shelf.look_at(&token_hash.into(), now);
        found.filter(|(session, ends)| self.place(session.id) == *ends).map(|(session, _)| session)
    }

    /// To be asked for before the read whose result is to be put here.
    pub fn generation(&self) -> u64 {
        self.all_ends.load(Ordering::Acquire)
    }

    /// Puts what was read since `generation` was asked for, unless any session has ended meanwhile.
    pub fn put(&self, session: Arc<session::Model>, generation: u64, since: Moment) {
        let key: Arc<str> = session.token_hash.as_str().into();
        let (ends, shard) = (self.place(session.id), self.shelf.generation(&key));
        // An end after this moves the number that was just read.
        if self.generation() == generation {
            self.shelf.put(key, (session, ends), shard, since);
        }
    }

    /// It has ended, or is not what it was.
    pub fn end(&self, id: SessionId) {
        // In this order: `put` looks at them in the other.
        self.all_ends.fetch_add(1, Ordering::AcqRel);
        if let Some(ends) = self.ends.get(place(id)) {
            ends.fetch_add(1, Ordering::AcqRel);
        }
    }

    pub fn forget_all(&self) {
        self.all_ends.fetch_add(1, Ordering::AcqRel);
        self.shelf.forget_all();
    }

    pub fn counts(&self) -> [u64; 3] {
        self.shelf.counts()
    }

    fn place(&self, id: SessionId) -> u64 {
        self.ends.get(place(id)).map_or(0, |ends| ends.load(Ordering::Acquire))
    }
}

fn place(SessionId(id): SessionId) -> usize {
    // Ids of one process differ in their time, in the upper bits, and then in their number, in the lowest.
    let mixed = (id ^ (id >> 22)).unsigned_abs();
    usize::try_from(mixed % PLACES as u64).unwrap_or(0)
}
