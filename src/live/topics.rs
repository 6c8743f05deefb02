//! Topics that can be waited for. A wake is never lost and never counted: two before anybody looks are one.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

type Wakers<K> = HashMap<K, watch::Sender<()>>;

#[derive(Clone)]
pub struct Topics<K> {
    wakers: Arc<Mutex<Wakers<K>>>,
}

impl<K> Default for Topics<K> {
    fn default() -> Self {
        Self { wakers: Arc::default() }
    }
}

impl<K: Copy + Eq + Hash> Topics<K> {
    pub fn wake(&self, key: K) {
        if let Some(waker) = self.lock().get(&key) {
            waker.send_replace(());
        }
    }

    /// Lets every listener look, for the rare change that may concern any of them.
    pub fn wake_all(&self) {
        for waker in self.lock().values() {
            waker.send_replace(());
        }
    }

    pub fn listen(&self, key: K) -> Topic<K> {
        let woken = self.lock().entry(key).or_insert_with(|| watch::channel(()).0).subscribe();
        Topic { key, woken, topics: self.clone() }
    }

    /// What is listened to.
    pub fn keys(&self) -> Vec<K> {
        self.lock().keys().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Wakers<K>> {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One listener. The topic is forgotten with the last of them.
pub struct Topic<K: Copy + Eq + Hash> {
    key: K,
    woken: watch::Receiver<()>,
    topics: Topics<K>,
}

impl<K: Copy + Eq + Hash> Topic<K> {
    /// Returns when the topic was woken since the last call, or since it is listened to.
    pub async fn woken(&mut self) {
        if self.woken.changed().await.is_err() {
            // The sender lives as long as this listener is counted.
            std::future::pending::<()>().await;
        }
    }
}

impl<K: Copy + Eq + Hash> Drop for Topic<K> {
    fn drop(&mut self) {
        let mut wakers = self.topics.lock();
        // This listener's own receiver is still counted.
        if wakers.get(&self.key).is_some_and(|waker| waker.receiver_count() <= 1) {
            wakers.remove(&self.key);
        }
    }
}
