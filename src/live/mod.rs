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

use crate::cache::{Caches, Change};
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
    /// What other processes know of it is not so any more.
    Changed(Change),
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
    caches: Caches,
    link: Option<Link>,
}

/// How often listeners look for themselves while wakes of other processes may not get here.
pub const REREAD: Duration = Duration::from_secs(1);

impl Live {
    /// With Redis, what happens is told to all processes that share it, and what these caches are told is changed with it.
    pub fn new(redis: Option<&Redis>, caches: Caches) -> Self {
        let local = Self {
            inboxes: Topics::default(),
            tweets: Topics::default(),
            sessions: Topics::default(),
            work: Arc::default(),
            deliveries: broadcast::channel(BACKLOG).0,
            gaps: watch::channel(()).0,
            elsewhere: Arc::default(),
            caches,
            link: None,
        };
        let Some(redis) = redis else { return local };
        let link = Link::start(redis.clone(), local.clone());
        let told = link.clone();
        local.caches.tell_with(move |change| told.send(Event::Changed(change)));
        Self { link: Some(link), ..local }
    }

    /// Tells everybody who waits for it, here and elsewhere. To be called after the commit.
    pub fn tell(&self, event: Event) {
        self.dispatch(event);
        if let Some(link) = &self.link {
            link.send(event);
        }
    }

    /// Another process tells something. Whoever it wakes must not find in memory what was before, though the process whose
    /// change it was may be heard later than the one that tells of it.
    fn hear(&self, event: Event) {
        match event {
            Event::Changed(change) => self.caches.heard(change),
            Event::Delivered(Delivered { tweet, author, after, through, .. }) => {
                self.caches.heard(Change::Delivered { tweet, author, after, through });
            }
            Event::Tweet(tweet) => self.caches.apply(Change::Tweet(tweet)),
            Event::Session(session) => self.caches.apply(Change::Session(session)),
            Event::Hidden => self.caches.apply(Change::Everything),
            Event::Inbox(_) | Event::Posted => (),
        }
        self.dispatch(event);
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
            // The caches of this process know it already.
            Event::Changed(_) => (),
        }
    }

    /// Something may have been missed: everybody looks.
    pub fn gap(&self) {
        self.caches.forget_all();
        self.inboxes.wake_all();
        self.tweets.wake_all();
        self.sessions.wake_all();
        self.gaps.send_replace(());
    }

    /// Whether other processes do work whose wakes do not get here without Redis.
    pub fn work_is_elsewhere(&self, is_elsewhere: bool) {
        self.elsewhere.store(is_elsewhere, Ordering::Relaxed);
    }

    /// How many other processes may change the database. What those change who do not speak with us, nobody tells: nothing that
    /// is known then is so for long. Without Redis, a process that is alone knows it for so long as is said.
    pub fn others_are_there(&self, count: usize, span: Duration) {
        match &self.link {
            Some(link) => {
                if link.somebody_is_unheard(count) {
                    self.caches.close();
                }
            }
            None if count > 0 => self.caches.close(),
            None => self.caches.open(Some(span)),
        }
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
