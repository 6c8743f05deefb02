//! What is known of one kind of thing, in the memory that all kinds share.
//!
//! Every kind has a part of its own, and beyond it whatever the others leave: so what is asked for most gets most, and nothing is
//! ever pushed out altogether.
//!
//! A hit takes a lock that is held for some instructions, and waits for nothing. A fill is refused if anything of its shard
//! was forgotten since the fill began: so a reader whose snapshot is old never puts back what a commit has replaced. What is
//! used stays longest (second chance): a key that comes to the front of the queue and was asked for since goes to its end.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hash};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;

use super::weigh::Weigh;

const SHARDS: usize = 32;

/// For how many milliseconds something is believed. Everything that roost changes is forgotten at its commit; this is for
/// what somebody changes by hand in the database.
const LONGEST: u64 = 5 * 60_000;

/// A reading of the caches' own clock, in milliseconds.
pub type Moment = u64;

/// The memory that shelves share, in bytes.
pub struct Pool {
    most: usize,
    held: AtomicUsize,
}

impl Pool {
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, held: AtomicUsize::new(0) })
    }

    fn is_full(&self) -> bool {
        self.held.load(Ordering::Relaxed) > self.most
    }
}

pub struct Shelf<K, V> {
    pool: Arc<Pool>,
    shards: Box<[Mutex<Shard<K, V>>]>,
    hasher: RandomState,
}

struct Shard<K, V> {
    /// What it may hold when the pool is full.
    most: usize,
    held: usize,
    /// How often something was forgotten here.
    generation: u64,
    hits: u64,
    misses: u64,
    /// No client chooses a key: they are ids that were found, and digests.
    entries: HashMap<K, Entry<V>, RandomState>,
    /// Keys with the number of their entry. That of an entry which is gone or was replaced means nothing.
    order: VecDeque<(K, u64)>,
    entered: u64,
}

struct Entry<V> {
    value: V,
    since: Moment,
    number: u64,
    bytes: usize,
    is_used: bool,
}

impl<K: Clone + Eq + Hash, V: Clone + Weigh> Shelf<K, V> {
    /// With a part of the pool of its own, in 64ths.
    pub fn new(pool: &Arc<Pool>, part: usize) -> Self {
        let most = pool.most / 64 * part / SHARDS;
        let shard = || {
            let (entries, order) = (HashMap::default(), VecDeque::new());
            Mutex::new(Shard { most, held: 0, generation: 0, hits: 0, misses: 0, entries, order, entered: 0 })
        };
        let shards = std::iter::repeat_with(shard).take(SHARDS).collect();
        let pool = Arc::clone(pool);
        Self { pool, shards, hasher: RandomState::default() }
    }

    /// What is known, in the order of the keys.
    pub fn look(&self, keys: &[K], now: Moment) -> Vec<Option<V>> {
        keys.iter().map(|key| self.look_at(key, now)).collect()
    }

    /// The same for one.
    pub fn look_at(&self, key: &K, now: Moment) -> Option<V> {
        let mut shard = self.shard(key);
        let found = shard.get(key, now);
        if found.is_some() {
            shard.hits += 1;
        } else {
            shard.misses += 1;
        }
        found
    }

    /// The same, not counted.
    pub fn peek(&self, key: &K, now: Moment) -> Option<V> {
        self.shard(key).get(key, now)
    }

    /// To be asked for before the read whose result is to be put here.
    pub fn generation(&self, key: &K) -> u64 {
        self.shard(key).generation
    }

    /// Puts what was read since `generation` was asked for, unless something was forgotten meanwhile.
    pub fn put(&self, key: K, value: V, generation: u64, since: Moment) {
        let mut shard = self.shard(&key);
        if shard.generation == generation {
            shard.put(&self.pool, key, value, since);
        }
    }

    /// Whatever is read now or was read before is not believed.
    pub fn forget(&self, key: &K) {
        let mut shard = self.shard(key);
        shard.generation += 1;
        shard.remove(&self.pool, key);
    }

    pub fn forget_all(&self) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard.generation += 1;
            self.pool.held.fetch_sub(shard.held, Ordering::Relaxed);
            (shard.entries, shard.order, shard.held) = (HashMap::default(), VecDeque::new(), 0);
        }
    }

    /// How often something was there and how often not, and how many bytes are held.
    pub fn counts(&self) -> [u64; 3] {
        self.shards.iter().map(lock).fold([0; 3], |[hits, misses, held], shard| {
            [hits + shard.hits, misses + shard.misses, held + shard.held as u64]
        })
    }

    fn shard(&self, key: &K) -> MutexGuard<'_, Shard<K, V>> {
        #[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
        let place = self.hasher.hash_one(key) as usize % SHARDS;
        #[expect(clippy::indexing_slicing, reason = "there are so many shards")]
        lock(&self.shards[place])
    }
}

fn lock<T>(shard: &Mutex<T>) -> MutexGuard<'_, T> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Clone + Eq + Hash, V: Clone + Weigh> Shard<K, V> {
    fn get(&mut self, key: &K, now: Moment) -> Option<V> {
        let entry = self.entries.get_mut(key)?;
        if now.saturating_sub(entry.since) > LONGEST {
            return None;
        }
        entry.is_used = true;
        Some(entry.value.clone())
    }

    fn put(&mut self, pool: &Pool, key: K, value: V, since: Moment) {
        self.remove(pool, &key);
        let bytes = value.heap() + size_of::<(K, Entry<V>)>() + size_of::<(K, u64)>();
        if bytes > self.most {
            return;
        }
        self.entered += 1;
        self.held += bytes;
        pool.held.fetch_add(bytes, Ordering::Relaxed);
        self.order.push_back((key.clone(), self.entered));
        self.entries.insert(key, Entry { value, since, number: self.entered, bytes, is_used: false });
        while self.held > self.most && pool.is_full() {
            let Some((key, number)) = self.order.pop_front() else { return };
            match self.entries.get_mut(&key).filter(|entry| entry.number == number) {
                Some(entry) if entry.is_used => {
                    entry.is_used = false;
                    self.order.push_back((key, number));
                }
                Some(_) => self.remove(pool, &key),
                None => (),
            }
        }
        // What was once much takes no more room than what is there now.
        if self.entries.capacity() > 4 * self.entries.len() + 64 {
            self.entries.shrink_to(2 * self.entries.len());
            self.order.shrink_to(2 * self.entries.len());
        }
        if self.order.len() > 2 * self.entries.len() + 16 {
            let entries = &self.entries;
            self.order.retain(|(key, number)| entries.get(key).is_some_and(|entry| entry.number == *number));
        }
    }

    fn remove(&mut self, pool: &Pool, key: &K) {
        if let Some(entry) = self.entries.remove(key) {
            self.held -= entry.bytes;
            pool.held.fetch_sub(entry.bytes, Ordering::Relaxed);
        }
    }
}
