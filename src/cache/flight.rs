//! Reading through a shelf: what is not known is read, once for all who ask at the same time.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::shelf::{Moment, Pool, Shelf};
use super::weigh::Weigh;

/// How long to wait for what somebody else reads. They may be given up meanwhile, or held up by their own client.
const PATIENCE: Duration = Duration::from_millis(100);

/// What somebody else reads, with what ends when that has come to its end.
type Awaited<K> = (K, watch::Receiver<()>);

/// A shelf, and what is on its way to it.
pub struct Through<K, V> {
    pub shelf: Shelf<K, V>,
    /// What is being read, with what ends when that has come to its end.
    flights: Mutex<HashMap<K, watch::Receiver<()>>>,
}

impl<K: Clone + Eq + Hash, V: Clone + Default + Weigh> Through<K, V> {
    pub fn new(pool: &Arc<Pool>, part: usize) -> Self {
        Self { shelf: Shelf::new(pool, part), flights: Mutex::default() }
    }

    /// What is known or can be read, in the order of the keys; the default for what there is not. Without a moment the caches
    /// are passed by.
    ///
    /// # Errors
    /// What `read` answers.
    pub async fn get<E, F>(&self, now: Option<Moment>, keys: &[K], read: impl Fn(Vec<K>) -> F) -> Result<Vec<V>, E>
    where
        F: Future<Output = Result<Vec<(K, V)>, E>>,
    {
        let Some(now) = now else { return Box::pin(pass_by(keys, read)).await };
        let known = self.shelf.look(keys, now);
        if known.iter().all(Option::is_some) {
            return Ok(known.into_iter().flatten().collect());
        }
        // Boxed, for it is large and seldom needed, and whoever asks is to be small.
        Box::pin(self.complete(now, keys, known, read)).await
    }

    /// What is known, and the rest as it is read.
    async fn complete<E, F>(
        &self,
        now: Moment,
        keys: &[K],
        known: Vec<Option<V>>,
        read: impl Fn(Vec<K>) -> F,
    ) -> Result<Vec<V>, E>
    where
        F: Future<Output = Result<Vec<(K, V)>, E>>,
    {
        let missing: HashSet<K> =
            keys.iter().zip(&known).filter(|(_, value)| value.is_none()).map(|(key, _)| key.clone()).collect();
        let mut found = HashMap::new();
        let (flight, others) = self.board(missing);
        if !flight.keys.is_empty() {
            found.extend(self.fill(now, flight.keys.clone(), &read).await?);
        }
        drop(flight);
        let mut late = Vec::new();
        for (key, mut end) in others {
            // It ends by being dropped, whether anything came of it or not.
            drop(tokio::time::timeout(PATIENCE, end.changed()).await);
            match self.shelf.peek(&key, now) {
                Some(value) => drop(found.insert(key, value)),
                None => late.push(key),
            }
        }
        if !late.is_empty() {
            found.extend(self.fill(now, late, &read).await?);
        }
        let value = |(key, known): (&K, Option<V>)| known.or_else(|| found.get(key).cloned()).unwrap_or_default();
        Ok(keys.iter().zip(known).map(value).collect())
    }

    async fn fill<E, F>(&self, now: Moment, keys: Vec<K>, read: impl Fn(Vec<K>) -> F) -> Result<HashMap<K, V>, E>
    where
        F: Future<Output = Result<Vec<(K, V)>, E>>,
    {
        // Before the read: what is forgotten from now on may have been read as it was.
        let generations: Vec<u64> = keys.iter().map(|key| self.shelf.generation(key)).collect();
        let found: HashMap<K, V> = read(keys.clone()).await?.into_iter().collect();
        for (key, generation) in keys.into_iter().zip(generations) {
            let value = found.get(&key).cloned().unwrap_or_default();
            self.shelf.put(key, value, generation, now);
        }
        Ok(found)
    }

    /// Takes on what nobody reads, and says what to wait for.
    fn board(&self, missing: HashSet<K>) -> (Flight<'_, K, V>, Vec<Awaited<K>>) {
        let (end, ends) = watch::channel(());
        let (mut keys, mut others) = (Vec::new(), Vec::new());
        let mut flights = self.lock();
        for key in missing {
            match flights.get(&key) {
                Some(end) => others.push((key, end.clone())),
                None => {
                    flights.insert(key.clone(), ends.clone());
                    keys.push(key);
                }
            }
        }
        drop(flights);
        (Flight { through: self, keys, _end: end }, others)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, watch::Receiver<()>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is read of the keys, without any cache.
async fn pass_by<K, V, E, F>(keys: &[K], read: impl Fn(Vec<K>) -> F) -> Result<Vec<V>, E>
where
    K: Clone + Eq + Hash,
    V: Clone + Default,
    F: Future<Output = Result<Vec<(K, V)>, E>>,
{
    let found: HashMap<K, V> =
        if keys.is_empty() { HashMap::new() } else { read(keys.to_vec()).await?.into_iter().collect() };
    Ok(keys.iter().map(|key| found.get(key).cloned().unwrap_or_default()).collect())
}

/// What one reader has taken on. Given up half-way, it ends as well.
struct Flight<'a, K: Clone + Eq + Hash, V: Clone + Default + Weigh> {
    through: &'a Through<K, V>,
    keys: Vec<K>,
    _end: watch::Sender<()>,
}

impl<K: Clone + Eq + Hash, V: Clone + Default + Weigh> Drop for Flight<'_, K, V> {
    fn drop(&mut self) {
        let mut flights = self.through.lock();
        for key in &self.keys {
            flights.remove(key);
        }
    }
}
