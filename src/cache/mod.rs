//! What this process knows of the database, to be had without asking it. Never the truth: an answer with all of it gone is the
//! same.
//!
//! A transaction says what it changes (`Change`), and its commit has that forgotten before it returns, here and then, through
//! the live bus, in the other processes. A fill is refused if something was forgotten since its read began. While news of other
//! processes may not get here, the caches are passed by: neither read nor filled. Three things are never mixed: something, its
//! counts, and what the viewer has to do with it.

mod change;
mod flight;
mod recent;
mod sessions;
pub mod shared;
mod shelf;
mod tip;
mod weigh;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use entity::{
    CommentId, Subject, TweetId, UserId, comment, comment_stats, photo, profile, tweet, tweet_stats, user, user_stats,
};

pub use change::Change;
use flight::Through;
use recent::{Event, Recent};
use sessions::Sessions;
use shared::{Level, Object};
pub use shelf::{Moment, Pool, Shelf};
pub use tip::{Age, LONGEST, Newest, Tip};

/// A user with the profile. What is cached has no password hash.
pub type Person = (user::Model, profile::Model);

/// The newest comments under a tweet, newest first.
#[derive(Clone, Debug, Default)]
pub struct NewestComments {
    pub comments: Arc<[Arc<comment::Model>]>,
}

/// What passes the changes on to other processes.
type Outlet = Box<dyn Fn(Change) + Send + Sync>;

/// Cheap to clone: all clones share one memory.
#[derive(Clone)]
pub struct Caches {
    shared: Arc<Shared>,
    /// Whether this clone is for reads of a replica, which know nothing and are not to be known.
    is_passed_by: bool,
}

/// Everything, by kind.
pub struct Shared {
    pub people: Through<UserId, Option<Arc<Person>>>,
    /// Whether somebody is there for everybody to see.
    pub visible: Through<UserId, bool>,
    pub user_stats: Through<UserId, Option<user_stats::Model>>,
    /// Those that can be seen, as the comments.
    pub tweets: Through<TweetId, Option<Arc<tweet::Model>>>,
    pub tweet_stats: Through<TweetId, Option<tweet_stats::Model>>,
    pub photos: Through<TweetId, Vec<Arc<photo::Model>>>,
    /// Those that can be seen if their tweet can.
    pub comments: Through<CommentId, Option<Arc<comment::Model>>>,
    pub newest_comments: Through<TweetId, NewestComments>,
    pub comment_stats: Through<CommentId, Option<comment_stats::Model>>,
    pub likes: Through<(UserId, Subject), bool>,
    /// The newest of the tweets that a user likes.
    pub liked_tweets: Through<UserId, Arc<Newest>>,
    /// Of one user and another: whether the first follows the second, and the second the first.
    pub relations: Through<(UserId, UserId), (bool, bool)>,
    /// The newest living tweets of an author.
    pub timelines: Through<UserId, Arc<Newest>>,
    pub tips: Shelf<UserId, Arc<Tip>>,
    pub sessions: Sessions,
    recent: Recent,
    is_on: bool,
    start: Instant,
    /// The end of the time for which it is sure that all news gets here.
    open_until: AtomicU64,
    /// What all processes have in common.
    level: Option<Level>,
    outlet: OnceLock<Outlet>,
    /// How many changes were told to other processes, and how many they have told.
    told: AtomicU64,
    heard: AtomicU64,
}

/// For as long as nothing else is heard.
const ALWAYS: u64 = u64::MAX;

/// After a commit of which nobody knows whether it happened: it may happen within this time.
const LATE: Duration = Duration::from_secs(2);

impl Caches {
    /// With room for so many bytes in all, none for none, and perhaps with what all processes share behind it. They are closed
    /// at first.
    pub fn new(bytes: usize, level: Option<Level>) -> Self {
        let pool = &Pool::new(bytes);
        let shared = Shared {
            people: Through::new(pool, 7),
            visible: Through::new(pool, 1),
            user_stats: Through::new(pool, 1),
            tweets: Through::new(pool, 11),
            tweet_stats: Through::new(pool, 3),
            photos: Through::new(pool, 2),
            comments: Through::new(pool, 1),
            newest_comments: Through::new(pool, 8),
            comment_stats: Through::new(pool, 1),
            likes: Through::new(pool, 1),
            liked_tweets: Through::new(pool, 7),
            relations: Through::new(pool, 1),
            timelines: Through::new(pool, 2),
            tips: Shelf::new(pool, 13),
            sessions: Sessions::new(pool, 5),
            recent: Recent::default(),
            is_on: bytes > 0,
            start: Instant::now(),
            open_until: AtomicU64::new(0),
            level,
            outlet: OnceLock::new(),
            told: AtomicU64::new(0),
            heard: AtomicU64::new(0),
        };
        Self { shared: Arc::new(shared), is_passed_by: false }
    }

    /// The same, for reads that may be some time behind.
    #[must_use]
    pub fn passed_by(&self) -> Self {
        Self { is_passed_by: true, ..self.clone() }
    }

    /// What time it is for the caches; none if they are to be passed by.
    pub fn now(&self) -> Option<Moment> {
        if self.is_passed_by || !self.shared.is_on {
            return None;
        }
        let now = self.clock();
        (now < self.shared.open_until.load(Ordering::Acquire)).then_some(now)
    }

    /// Whether anything that is read may be kept.
    pub fn keep(&self) -> bool {
        self.now().is_some() || (self.level.is_some() && !self.is_passed_by)
    }

    fn clock(&self) -> Moment {
        u64::try_from(self.shared.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// From now on news gets here, and for so long at least if nothing more is heard; without end if none is given. What was
    /// known before is forgotten if the caches were closed.
    pub fn open(&self, span: Option<Duration>) {
        let now = self.clock();
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let until = span.map_or(ALWAYS, |span| now.saturating_add(millis(span)));
        if now >= self.shared.open_until.load(Ordering::Acquire) {
            self.forget_all();
        }
        self.shared.open_until.store(until, Ordering::Release);
    }

    /// News may not get here until `open` is called.
    pub fn close(&self) {
        self.shared.open_until.store(0, Ordering::Release);
        self.forget_all();
    }

    /// What the processes share of these keys, and else what is read.
    ///
    /// # Errors
    /// What `read` answers.
    pub async fn shared<V, E, F>(
        &self,
        keys: Vec<V::Key>,
        read: impl Fn(Vec<V::Key>) -> F,
    ) -> Result<Vec<(V::Key, V)>, E>
    where
        V: Object,
        F: Future<Output = Result<Vec<(V::Key, V)>, E>>,
    {
        match self.level.as_ref().filter(|_| !self.is_passed_by) {
            Some(level) => level.get(keys, read).await,
            None => read(keys).await,
        }
    }

    /// Something is about to be committed, and all that it needs is locked.
    pub async fn before(&self, changes: &[Change]) {
        if let Some(level) = &self.level {
            level.bury(changes).await;
        }
    }

    /// Has every change passed on.
    pub fn tell_with(&self, outlet: impl Fn(Change) + Send + Sync + 'static) {
        // There is one live bus.
        drop(self.shared.outlet.set(Box::new(outlet)));
    }

    /// Something was committed here.
    pub async fn committed(&self, changes: &[Change]) {
        if let Some(level) = &self.level {
            level.bury(changes).await;
        }
        for change in changes {
            self.apply(*change);
        }
        let Some(outlet) = self.shared.outlet.get() else { return };
        self.shared.told.fetch_add(changes.len() as u64, Ordering::Relaxed);
        // Deliveries are told by whoever makes them, for those who listen as well.
        for change in changes.iter().filter(|change| !matches!(change, Change::Delivered { .. })) {
            outlet(*change);
        }
    }

    /// Something may have been committed here, or may be later.
    pub async fn perhaps_committed(&self, changes: Vec<Change>) {
        self.committed(&changes).await;
        let caches = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(LATE).await;
            caches.committed(&changes).await;
        });
    }

    /// Something was committed elsewhere.
    pub fn heard(&self, change: Change) {
        self.apply(change);
        self.shared.heard.fetch_add(1, Ordering::Relaxed);
    }

    /// How many changes were told to other processes, and how many they have told this one.
    pub fn news(&self) -> [u64; 2] {
        [&self.shared.told, &self.shared.heard].map(|count| count.load(Ordering::Relaxed))
    }

    /// How many events of feeds there have been. What is read from now on shows them.
    pub fn events(&self) -> u64 {
        self.shared.recent.count()
    }

    /// What has become of a tip.
    pub fn age(&self, tip: &Tip) -> Age {
        tip.catch_up(&self.shared.recent)
    }

    /// Forgets what a change makes untrue.
    pub fn apply(&self, change: Change) {
        let all = &self.shared;
        match change {
            Change::Everything => self.forget_all(),
            Change::Person(user) => {
                all.people.shelf.forget(&user);
                all.visible.shelf.forget(&user);
            }
            Change::UserStats(user) => all.user_stats.shelf.forget(&user),
            Change::Session(session) => all.sessions.end(session),
            Change::Tweeted { tweet, author } => {
                self.forget_tweet(tweet, author);
                all.recent.push(Event::Own { tweet, author });
            }
            Change::Buried { tweet, author } => self.forget_tweet(tweet, author),
            Change::Tweet(tweet) => self.forget_all_of(tweet),
            Change::Comment { comment, tweet } => {
                all.comments.shelf.forget(&comment);
                all.comment_stats.shelf.forget(&comment);
                all.newest_comments.shelf.forget(&tweet);
                all.tweet_stats.shelf.forget(&tweet);
            }
            Change::CommentStats(comment) => all.comment_stats.shelf.forget(&comment),
            Change::Liked { user, subject } => {
                all.likes.shelf.forget(&(user, subject));
                match subject {
                    Subject::Tweet(tweet) => {
                        all.liked_tweets.shelf.forget(&user);
                        all.tweet_stats.shelf.forget(&tweet);
                    }
                    Subject::Comment(comment) => all.comment_stats.shelf.forget(&comment),
                }
            }
            Change::Edge { follower, followee } => {
                all.relations.shelf.forget(&(follower, followee));
                all.relations.shelf.forget(&(followee, follower));
                all.user_stats.shelf.forget(&follower);
                all.user_stats.shelf.forget(&followee);
                all.recent.push(Event::Edges(follower));
            }
            Change::Pushed { follower } => all.recent.push(Event::Edges(follower)),
            Change::Demoted { followee } => all.recent.push(Event::Demoted(followee)),
            Change::Delivered { tweet, author, after, through } => {
                all.recent.push(Event::Delivered { tweet, author, after, through });
            }
        }
    }

    fn forget_tweet(&self, tweet: TweetId, author: UserId) {
        self.forget_all_of(tweet);
        self.shared.timelines.shelf.forget(&author);
        self.shared.user_stats.shelf.forget(&author);
    }

    fn forget_all_of(&self, tweet: TweetId) {
        let all = &self.shared;
        all.tweets.shelf.forget(&tweet);
        all.tweet_stats.shelf.forget(&tweet);
        all.photos.shelf.forget(&tweet);
        all.newest_comments.shelf.forget(&tweet);
    }

    /// As if nothing had ever been read.
    pub fn forget_all(&self) {
        let all = &self.shared;
        all.recent.forget_all();
        all.people.shelf.forget_all();
        all.visible.shelf.forget_all();
        all.user_stats.shelf.forget_all();
        all.tweets.shelf.forget_all();
        all.tweet_stats.shelf.forget_all();
        all.photos.shelf.forget_all();
        all.comments.shelf.forget_all();
        all.newest_comments.shelf.forget_all();
        all.comment_stats.shelf.forget_all();
        all.likes.shelf.forget_all();
        all.liked_tweets.shelf.forget_all();
        all.relations.shelf.forget_all();
        all.timelines.shelf.forget_all();
        all.tips.forget_all();
        all.sessions.forget_all();
    }

    /// By kind: how often something was there, how often it was not, and how many bytes are held.
    pub fn counts(&self) -> [(&'static str, [u64; 3]); 15] {
        let all = &self.shared;
        [
            ("people", all.people.shelf.counts()),
            ("visible", all.visible.shelf.counts()),
            ("user_stats", all.user_stats.shelf.counts()),
            ("tweets", all.tweets.shelf.counts()),
            ("tweet_stats", all.tweet_stats.shelf.counts()),
            ("photos", all.photos.shelf.counts()),
            ("comments", all.comments.shelf.counts()),
            ("newest_comments", all.newest_comments.shelf.counts()),
            ("comment_stats", all.comment_stats.shelf.counts()),
            ("likes", all.likes.shelf.counts()),
            ("liked_tweets", all.liked_tweets.shelf.counts()),
            ("relations", all.relations.shelf.counts()),
            ("timelines", all.timelines.shelf.counts()),
            ("feeds", all.tips.counts()),
            ("sessions", all.sessions.counts()),
        ]
    }
}

impl std::ops::Deref for Caches {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}
