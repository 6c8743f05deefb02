//! What happens now, told to those who listen. Listeners are only woken; what they are to see, they read from the database.
//!
//! In one process that is all. Several processes tell each other through Redis (`link`); while that is away, and without
//! it, listeners look for themselves once a second.

mod link;
mod peers;
mod topics;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use entity::{SessionId, TweetId, UserId};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, broadcast, watch};

use crate::redis::Redis;
use link::Link;
pub use topics::{Topic, Topics};

/// How many batches a process may fall behind in telling its listeners before they are told to read again.
const BACKLOG: usize = 4_096;

/// A batch of a delivery has been committed: the tweet is in the feeds of the pushed followers `after` < id <= `through`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    pub tweet: TweetId,
    pub author: UserId,
    pub after: UserId,
    pub through: UserId,
    /// The first batch of the tweet also stands for the author and the pulled followers.
    pub first: bool,
}

/// Something that was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Somebody's notifications have changed.
    Inbox(UserId),
    /// The counts of a tweet have changed, or it is gone.
    Tweet(TweetId),
    /// A session has ended.
    Session(SessionId),
    Delivered(Delivered),
    /// Somebody was suspended, and everything of theirs with them.
    Hidden,
    /// There is work, posted by a process that does none.
    Posted,
}

#[derive(Clone)]
pub struct Live {
    pub inboxes: Topics<UserId>,
    pub tweets: Topics<TweetId>,
    pub sessions: Topics<SessionId>,
    /// The workers of this process.
    pub work: Arc<Notify>,
    deliveries: broadcast::Sender<Delivered>,
    /// Changes when something may have been missed.
    gaps: watch::Sender<()>,
    elsewhere: Arc<AtomicBool>,
    link: Option<Link>,
}

/// How often listeners look for themselves while wakes of other processes may not get here.
pub const REREAD: Duration = Duration::from_secs(1);

impl Live {
    /// With Redis, what happens is told to all processes that share it.
    pub fn new(redis: Option<&Redis>) -> Self {
        let local = Self {
            inboxes: Topics::default(),
            tweets: Topics::default(),
            sessions: Topics::default(),
            work: Arc::default(),
            deliveries: broadcast::channel(BACKLOG).0,
            gaps: watch::channel(()).0,
            elsewhere: Arc::default(),
            link: None,
        };
        let link = redis.map(|redis| Link::start(redis.clone(), local.clone()));
        Self { link, ..local }
    }

    /// Tells everybody who waits for it, here and elsewhere. To be called after the commit.
    pub fn tell(&self, event: Event) {
        self.dispatch(event);
        if let Some(link) = &self.link {
            link.send(event);
        }
    }

    /// There is work: for the workers of this process, or for those of all.
    pub fn wake_workers(&self, of_all: bool) {
        if of_all {
            self.tell(Event::Posted);
        } else {
            self.dispatch(Event::Posted);
        }
    }

    fn dispatch(&self, event: Event) {
        match event {
            Event::Inbox(user) => self.inboxes.wake(user),
            Event::Tweet(tweet) => self.tweets.wake(tweet),
            Event::Session(session) => self.sessions.wake(session),
            // Nobody listens: nobody has to be told.
            Event::Delivered(batch) => drop(self.deliveries.send(batch)),
            Event::Hidden => {
                self.tweets.wake_all();
                self.sessions.wake_all();
            }
            Event::Posted => self.work.notify_one(),
        }
    }

    /// Something may have been missed: everybody looks.
    pub fn gap(&self) {
        self.inboxes.wake_all();
        self.tweets.wake_all();
        self.sessions.wake_all();
        self.gaps.send_replace(());
    }

    /// Whether other processes do work whose wakes do not get here without Redis.
    pub fn work_is_elsewhere(&self, is_elsewhere: bool) {
        self.elsewhere.store(is_elsewhere, Ordering::Relaxed);
    }

    /// Whether listeners have to look once a second, woken or not.
    pub fn must_look(&self) -> bool {
        match &self.link {
            Some(link) => !link.is_up(),
            None => self.elsewhere.load(Ordering::Relaxed),
        }
    }

    /// Waits for a wake, or for the next time to look.
    pub async fn wait(&self, wake: impl Future<Output = ()>) {
        if self.must_look() {
            // Whether it was woken or not, the listener looks next.
            drop(tokio::time::timeout(REREAD, wake).await);
        } else {
            wake.await;
        }
    }

    /// Every batch from now on, of all authors.
    pub fn deliveries(&self) -> broadcast::Receiver<Delivered> {
        self.deliveries.subscribe()
    }

    /// Changes when batches may have been missed.
    pub fn gaps(&self) -> watch::Receiver<()> {
        self.gaps.subscribe()
    }

    /// Sends what has still to be told, and takes leave of the other processes.
    pub async fn close(&self) {
        if let Some(link) = &self.link {
            link.close().await;
        }
    }
}
