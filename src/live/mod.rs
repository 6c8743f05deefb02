//! What happens now, told to those who listen: in this process. Listeners are only woken; what they are to see, they read
//! from the database.

mod topics;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use entity::{SessionId, TweetId, UserId};
use tokio::sync::broadcast;

pub use topics::{Topic, Topics};

/// How many batches a process may fall behind in telling its listeners before they are told to read again.
const BACKLOG: usize = 4_096;

/// A batch of a delivery has been committed: the tweet is in the feeds of the pushed followers `after` < id <= `through`.
#[derive(Clone, Copy, Debug)]
pub struct Delivered {
    pub tweet: TweetId,
    pub author: UserId,
    pub after: UserId,
    pub through: UserId,
    /// The first batch of the tweet also stands for the author and the pulled followers.
    pub first: bool,
}

#[derive(Clone)]
pub struct Live {
    /// Woken when somebody's notifications have changed.
    pub inboxes: Topics<UserId>,
    /// Woken when the counts of a tweet have changed, or when it is gone.
    pub tweets: Topics<TweetId>,
    /// Woken when a session has ended.
    pub sessions: Topics<SessionId>,
    deliveries: broadcast::Sender<Delivered>,
    elsewhere: Arc<AtomicBool>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            inboxes: Topics::default(),
            tweets: Topics::default(),
            sessions: Topics::default(),
            deliveries: broadcast::channel(BACKLOG).0,
            elsewhere: Arc::default(),
        }
    }
}

/// How often listeners look for themselves when the worker is another process, whose wakes do not get here.
pub const REREAD: Duration = Duration::from_secs(1);

impl Live {
    /// The worker is another process: from now on listeners look once a second, woken or not.
    pub fn work_is_elsewhere(&self) {
        self.elsewhere.store(true, Ordering::Relaxed);
    }

    pub fn is_work_elsewhere(&self) -> bool {
        self.elsewhere.load(Ordering::Relaxed)
    }

    /// Waits for a wake, or for the next time to look.
    pub async fn wait(&self, wake: impl Future<Output = ()>) {
        if self.is_work_elsewhere() {
            // Whether it was woken or not, the listener looks next.
            drop(tokio::time::timeout(REREAD, wake).await);
        } else {
            wake.await;
        }
    }

    pub fn delivered(&self, batch: Delivered) {
        // Nobody listens: nobody has to be told.
        drop(self.deliveries.send(batch));
    }

    /// Every batch from now on, of all authors.
    pub fn deliveries(&self) -> broadcast::Receiver<Delivered> {
        self.deliveries.subscribe()
    }
}
