//! A cache of at most so many bytes, which strangers cannot empty.
//!
//! What is new stands on trial, in a quarter of the room; what is asked for again gets into the rest. So a flood of things
//! that are used once, which anybody may send, drives out nothing but what is on trial itself.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Values by text, shared between threads.
pub struct Cache<V> {
    rooms: Mutex<Rooms<V>>,
}

struct Rooms<V> {
    trial: Room<V>,
    kept: Room<V>,
}

impl<V: Clone> Cache<V> {
    /// With room for so many bytes, as those who put something in count them.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let trial = bytes / 4;
        Self { rooms: Mutex::new(Rooms { trial: Room::new(trial), kept: Room::new(bytes - trial) }) }
    }

    pub fn get(&self, key: &str) -> Option<V> {
        let mut rooms = self.lock();
        if let Some(value) = rooms.kept.used(key) {
            return Some(value);
        }
        let (key, entry) = rooms.trial.take(key)?;
        let value = entry.value.clone();
        rooms.kept.put(key, entry.value, entry.bytes);
        Some(value)
    }

    /// What is larger than a quarter of the cache is not kept.
    pub fn put(&self, key: &str, value: V, bytes: usize) {
        let mut rooms = self.lock();
        if rooms.kept.used(key).is_none() {
            rooms.trial.put(key.into(), value, bytes);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Rooms<V>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The least recently used goes first.
struct Room<V> {
    most: usize,
    held: usize,
    /// How often something was used: the time, as it were.
    uses: u64,
    entries: HashMap<Arc<str>, Entry<V>>,
    by_use: BTreeMap<u64, Arc<str>>,
}

struct Entry<V> {
    value: V,
    bytes: usize,
    used: u64,
}

impl<V: Clone> Room<V> {
    fn new(most: usize) -> Self {
        Self { most, held: 0, uses: 0, entries: HashMap::new(), by_use: BTreeMap::new() }
    }

    fn used(&mut self, key: &str) -> Option<V> {
        let entry = self.entries.get_mut(key)?;
        let key = self.by_use.remove(&entry.used)?;
        self.uses += 1;
        entry.used = self.uses;
        self.by_use.insert(self.uses, key);
        Some(entry.value.clone())
    }

    fn take(&mut self, key: &str) -> Option<(Arc<str>, Entry<V>)> {
        let (key, entry) = self.entries.remove_entry(key)?;
        self.by_use.remove(&entry.used);
        self.held -= entry.bytes;
        Some((key, entry))
    }

    fn put(&mut self, key: Arc<str>, value: V, bytes: usize) {
        drop(self.take(&key));
        if bytes > self.most {
            return;
        }
        self.uses += 1;
        self.held += bytes;
        self.by_use.insert(self.uses, Arc::clone(&key));
        self.entries.insert(key, Entry { value, bytes, used: self.uses });
        while self.held > self.most {
            let Some((_, oldest)) = self.by_use.pop_first() else { return };
            drop(self.take(&oldest));
        }
    }
}
