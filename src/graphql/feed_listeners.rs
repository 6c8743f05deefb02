//! Who listens to a home feed in this process, and the task that tells them.
//!
//! A batch of a delivery is one question to the database for all listeners together, not one for each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use entity::{TweetId, UserId, tweet};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::app::App;
use crate::clock::MINUTE;
use crate::error::Result;
use crate::ids::Ids;
use crate::live::{Delivered, REREAD};
use crate::service::feed::live;

/// How many tweets may wait for a listener to read them. One that is slower is ended and told to read again.
const BUFFER: usize = 256;
/// How many listeners have an event made of a tweet at the same time: each takes a good deal of memory meanwhile.
const TURNS: usize = 64;
/// How far back listeners look whose worker is another process: a delivery may take so long.
const LOOK_BACK: i64 = MINUTE;

/// The user, and a number for each of their listeners.
type Key = (UserId, u64);

struct Entry {
    /// Tweets before this one are no news for the listener.
    since: TweetId,
    tweets: mpsc::Sender<Arc<tweet::Model>>,
}

#[derive(Default)]
struct Registry {
    entries: BTreeMap<Key, Entry>,
    next: u64,
}

/// With the last of these the task ends that tells the listeners.
#[derive(Clone)]
pub struct FeedListeners {
    told: Told,
    _end: Arc<DropGuard>,
}

/// What the task has of it.
#[derive(Clone)]
struct Told {
    app: App,
    registry: Arc<Mutex<Registry>>,
    turns: Arc<Semaphore>,
}

impl FeedListeners {
    /// Starts the task.
    pub fn start(app: &App) -> Self {
        let told = Told { app: app.clone(), registry: Arc::default(), turns: Arc::new(Semaphore::new(TURNS)) };
        let end = CancellationToken::new();
        // Without a runtime there is nothing to listen to: the schema is only printed.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let telling = tell(told.clone(), app.live.deliveries());
            runtime.spawn(end.clone().run_until_cancelled_owned(telling));
        }
        Self { told, _end: Arc::new(end.drop_guard()) }
    }

    /// From now on, every tweet that comes into this user's feed.
    pub fn listen(&self, user: UserId) -> Listener {
        let (tweets, receiver) = mpsc::channel(BUFFER);
        let since = TweetId(Ids::floor(self.told.app.clock.now()));
        let mut registry = self.told.lock();
        registry.next += 1;
        let key = (user, registry.next);
        registry.entries.insert(key, Entry { since, tweets });
        Listener {
            key,
            tweets: receiver,
            registry: Arc::clone(&self.told.registry),
            turns: Arc::clone(&self.told.turns),
        }
    }
}

impl Told {
    fn lock(&self) -> MutexGuard<'_, Registry> {
        lock(&self.registry)
    }

    fn users(&self, batch: &Delivered) -> Vec<UserId> {
        let registry = self.lock();
        let in_batch = |user: &UserId| batch.first || (batch.after < *user && *user <= batch.through);
        let users: BTreeSet<UserId> = registry.entries.keys().map(|(user, _)| *user).filter(in_batch).collect();
        users.into_iter().collect()
    }

    fn send(&self, user: UserId, tweet: &Arc<tweet::Model>) {
        let mut registry = self.lock();
        let theirs = registry.entries.range((user, 0)..=(user, u64::MAX));
        let full: Vec<Key> = theirs
            .filter(|(_, entry)| entry.tweets.try_send(Arc::clone(tweet)).is_err())
            .map(|(key, _)| *key)
            .collect();
        for key in full {
            // Without a sender the listener's stream ends once it has read what is there.
            registry.entries.remove(&key);
        }
    }

    async fn tell(&self, batch: &Delivered) -> Result<()> {
        let users = self.users(batch);
        if users.is_empty() {
            return Ok(());
        }
        if let Some((tweet, audience)) = live::audience(&self.app, batch, &users).await? {
            let tweet = Arc::new(tweet);
            for user in audience {
                self.send(user, &tweet);
            }
        }
        Ok(())
    }

    async fn reread(&self) -> Result<()> {
        let horizon = TweetId(Ids::floor(self.app.clock.now() - LOOK_BACK));
        let mut since: BTreeMap<UserId, TweetId> = BTreeMap::new();
        for ((user, _), entry) in &self.lock().entries {
            since.entry(*user).and_modify(|since| *since = entry.since.min(*since)).or_insert(entry.since);
        }
        for (user, since) in since {
            for tweet in live::recent(&self.app, user, since.max(horizon)).await? {
                self.send(user, &tweet);
            }
        }
        Ok(())
    }

    /// Ends every stream: what they would have been told is lost, and they have to read again.
    fn end_all(&self) {
        self.lock().entries.clear();
    }
}

fn lock(registry: &Mutex<Registry>) -> MutexGuard<'_, Registry> {
    registry.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn tell(listeners: Told, mut deliveries: broadcast::Receiver<Delivered>) {
    let mut look = tokio::time::interval(REREAD);
    let mut gaps = listeners.app.live.gaps();
    loop {
        let told = tokio::select! {
            batch = deliveries.recv() => match batch {
                Ok(batch) => listeners.tell(&batch).await,
                Err(RecvError::Lagged(batches)) => {
                    tracing::warn!(batches, "live feeds fell behind; their listeners are told to read again");
                    listeners.end_all();
                    Ok(())
                }
                Err(RecvError::Closed) => return,
            },
            Ok(()) = gaps.changed() => listeners.reread().await,
            _ = look.tick() => {
                if listeners.app.live.must_look() { listeners.reread().await } else { Ok(()) }
            }
        };
        if let Err(error) = told {
            tracing::error!(
                error = error.log(),
                "live feeds could not be read; their listeners are told to read again"
            );
            listeners.end_all();
        }
    }
}

/// One stream's end of it.
pub struct Listener {
    key: Key,
    tweets: mpsc::Receiver<Arc<tweet::Model>>,
    registry: Arc<Mutex<Registry>>,
    turns: Arc<Semaphore>,
}

impl Listener {
    /// A tweet that has been waiting to be read, if there is one. It may be in the feed no longer.
    pub fn waiting(&mut self) -> Option<Arc<tweet::Model>> {
        self.tweets.try_recv().ok()
    }

    /// The next tweet; none when the listener was too slow and has to read again.
    pub async fn next(&mut self) -> Option<Arc<tweet::Model>> {
        self.tweets.recv().await
    }

    /// Waits until it may make an event of a tweet. Its turn ends when this is dropped.
    pub async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.turns).acquire_owned().await.ok()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        lock(&self.registry).entries.remove(&self.key);
    }
}
