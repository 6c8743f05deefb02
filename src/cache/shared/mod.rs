//! Objects that all processes share, in Redis or in Memcached, behind what each has in its own memory.
//!
//! Nobody puts there what a commit has replaced. Whoever changes something first writes a tombstone in its place, when all
//! that the transaction needs is locked, and once more after the commit; whoever has read something from the database only
//! adds it where there is nothing, not even a tombstone, and only if it began to read less than `READ` ago. Tombstones last
//! longer than that. So a process that is killed right after its commit has left one, and one that is slow is refused.
//!
//! What everything depends on, such as suspensions, is in one more place: the epoch, a random number without which no object
//! is believed. It has a tombstone like any other. If a tombstone could not be written, what is there lasts for `LIFE` at most:
//! meanwhile this process passes the shared objects by, and others may show what was.

mod memcached;
mod object;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use redis::{Pipeline, RedisResult};

use super::Change;
use crate::redis::Redis;
pub use memcached::{Memcached, MemcachedError};
pub use object::Object;

/// For how many seconds an object, a tombstone and an epoch are there.
const LIFE: u32 = 30;
const TOMBSTONE: u32 = 10;
const EPOCH: u32 = 24 * 60 * 60;

/// What was read from the database longer ago is not added any more.
const READ: Duration = Duration::from_secs(5);

/// What stands in the place of something that is being changed. No object begins with it.
const DEAD: &[u8] = b"-";

/// Where the objects are.
#[derive(Clone)]
pub enum Store {
    Redis(Box<Redis>),
    Memcached(Memcached),
}

/// Cheap to clone: all clones share one connection.
#[derive(Clone)]
pub struct Level {
    store: Store,
    prefix: Arc<str>,
    start: Instant,
    /// Milliseconds since the start, until which a tombstone that could not be written may be missed.
    passed_by_until: Arc<AtomicU64>,
}

impl Level {
    pub fn new(store: Store, prefix: &str) -> Self {
        Self { store, prefix: prefix.into(), start: Instant::now(), passed_by_until: Arc::default() }
    }

    /// What is there of these keys, and else what is read; that is added for others.
    ///
    /// # Errors
    /// What `read` answers.
    pub async fn get<V, E, F>(&self, keys: Vec<V::Key>, read: impl Fn(Vec<V::Key>) -> F) -> Result<Vec<(V::Key, V)>, E>
    where
        V: Object,
        F: Future<Output = Result<Vec<(V::Key, V)>, E>>,
    {
        let begun = Instant::now();
        let Some((epoch, mut found)) = self.look::<V>(&keys).await else { return read(keys).await };
        let missing: Vec<V::Key> = keys.into_iter().filter(|key| !found.contains_key(key)).collect();
        if missing.is_empty() {
            return Ok(found.into_iter().collect());
        }
        let new = read(missing).await?;
        let pairs = new.iter().filter_map(|(key, object)| Some((self.place::<V>(*key), encode(&epoch, object)?)));
        let (level, pairs): (Self, Vec<_>) = (self.clone(), pairs.collect());
        // Nobody waits for it.
        tokio::spawn(async move {
            if begun.elapsed() < READ {
                level.store.add(pairs, LIFE).await;
            }
        });
        found.extend(new);
        Ok(found.into_iter().collect())
    }

    /// The epoch, and what there is of these keys. None if there is none, or the store does not answer.
    async fn look<V: Object>(&self, keys: &[V::Key]) -> Option<(String, HashMap<V::Key, V>)> {
        if self.now() < self.passed_by_until.load(Ordering::Acquire) {
            return None;
        }
        let mut places = vec![self.epoch()];
        places.extend(keys.iter().map(|key| self.place::<V>(*key)));
        let mut found = self.store.get(places).await?.into_iter();
        let Some(epoch) = found.next()? else {
            // A new one, unless somebody else is faster. What was there before is never believed again.
            let epoch = format!("{:016x}", rand::random::<u64>());
            self.store.add(vec![(self.epoch(), epoch.into_bytes())], EPOCH).await;
            return None;
        };
        let epoch = String::from_utf8(epoch).ok().filter(|epoch| epoch.as_bytes() != DEAD)?;
        let object = |(key, bytes): (&V::Key, Option<Vec<u8>>)| Some((*key, decode::<V>(&epoch, &bytes?, *key)?));
        let found = keys.iter().zip(found).filter_map(object).collect();
        Some((epoch, found))
    }

    /// Has nobody believe what is there of what is changed. To be called before the commit and after it.
    pub async fn bury(&self, changes: &[Change]) {
        let mut places: Vec<String> = changes.iter().flat_map(|change| self.places(*change)).collect();
        places.sort_unstable();
        places.dedup();
        if !places.is_empty() && !self.store.bury(places).await {
            let until = self.now().saturating_add(u64::from(LIFE + 1) * 1_000);
            self.passed_by_until.fetch_max(until, Ordering::AcqRel);
        }
    }

    /// What a change makes untrue. Nothing is kept of what there is not, so that what is made buries nothing.
    fn places(&self, change: Change) -> Vec<String> {
        match change {
            Change::Everything => vec![self.epoch()],
            Change::Person(user) => vec![self.place::<object::SharedPerson>(user)],
            Change::Buried { tweet, .. } => {
                vec![self.place::<object::SharedTweet>(tweet), self.place::<object::SharedComments>(tweet)]
            }
            Change::Comment { tweet, .. } => vec![self.place::<object::SharedComments>(tweet)],
            _ => Vec::new(),
        }
    }

    fn place<V: Object>(&self, key: V::Key) -> String {
        format!("{}:{}:{}", self.prefix, V::KIND, V::number(key))
    }

    fn epoch(&self) -> String {
        format!("{}:epoch", self.prefix)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// The epoch, and what is worth keeping of the object.
fn encode<V: Object>(epoch: &str, object: &V) -> Option<Vec<u8>> {
    serde_json::to_vec(&(epoch, object.parts())).ok()
}

/// None if it is of another epoch, a tombstone, or of a version that has it otherwise.
fn decode<V: Object>(epoch: &str, bytes: &[u8], key: V::Key) -> Option<V> {
    let (found, parts): (&str, V::Parts) = serde_json::from_slice(bytes).ok()?;
    (found == epoch).then(|| V::of(key, parts))
}

impl Store {
    /// What stands in these places; none if the store does not answer.
    async fn get(&self, places: Vec<String>) -> Option<Vec<Option<Vec<u8>>>> {
        match self {
            Self::Redis(redis) => {
                let mut question = redis::cmd("MGET");
                question.arg(places);
                redis.ask(async |mut redis| question.query_async(&mut redis).await).await
            }
            Self::Memcached(memcached) => memcached.get(places).await,
        }
    }

    /// Puts something where there is nothing.
    async fn add(&self, pairs: Vec<(String, Vec<u8>)>, seconds: u32) {
        match self {
            Self::Redis(redis) => {
                let mut pipe = redis::pipe();
                for (place, value) in pairs {
                    pipe.cmd("SET").arg(place).arg(value).arg("NX").arg("EX").arg(seconds).ignore();
                }
                send(redis, &pipe).await;
            }
            Self::Memcached(memcached) => memcached.add(pairs, seconds).await,
        }
    }

    /// Puts tombstones. False if that may not have been done.
    async fn bury(&self, places: Vec<String>) -> bool {
        match self {
            Self::Redis(redis) => {
                let mut pipe = redis::pipe();
                for place in &places {
                    pipe.cmd("SET").arg(place).arg(DEAD).arg("EX").arg(TOMBSTONE).ignore();
                }
                if send(redis, &pipe).await {
                    return true;
                }
                // A Redis that is full takes nothing more, but it forgets.
                let mut pipe = redis::pipe();
                pipe.cmd("DEL").arg(places).ignore();
                send(redis, &pipe).await;
                false
            }
            Self::Memcached(memcached) => memcached.bury(places, DEAD, TOMBSTONE).await,
        }
    }
}

async fn send(redis: &Redis, pipe: &Pipeline) -> bool {
    let sent = async |mut redis| -> RedisResult<()> { pipe.query_async(&mut redis).await };
    redis.ask(sent).await.is_some()
}
