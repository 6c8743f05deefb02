//! Batched reads: all keys of one type that a request asks for at the same time become one statement.
//!
//! Loaders live for one request, or for one event of a subscription, and answer every key that they are asked.

mod hydrate;
mod likeable;
mod photo;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_graphql::dataloader::{DataLoader, HashMapCache, Loader};
use async_graphql::runtime::Timer;
use entity::{TweetId, UserId, tweet, user_stats};
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::task::{FutureObj, Spawn, SpawnError};

use crate::app::App;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::service::user::Person;
use crate::service::{follow, stats, suspension, tweet as tweets, user};
use crate::trace::Trace;

pub use hydrate::{CommentWants, Prefetched, TweetWants, UserWants};

/// What lies between two users.
#[derive(Clone, Copy, Debug, Default)]
pub struct Relation {
    /// The first follows the second.
    pub follows: bool,
    /// The second follows the first.
    pub followed: bool,
}

type Batcher = DataLoader<Batches, HashMapCache>;

pub struct Loaders {
    app: App,
    /// Made when something is asked for: a page that is fetched at once needs none.
    batcher: Mutex<Option<Arc<Batcher>>>,
    prefetched: Mutex<Arc<Prefetched>>,
}

impl Loaders {
    pub fn new(app: App) -> Self {
        Self { app, batcher: Mutex::default(), prefetched: Mutex::new(Prefetched::nothing()) }
    }

    fn db(&self) -> &Db {
        &self.app.db
    }

    fn batcher(&self) -> Arc<Batcher> {
        let mut batcher = self.batcher.lock().unwrap_or_else(PoisonError::into_inner);
        let made = batcher.get_or_insert_with(|| {
            let batches = Batches { app: self.app.clone() };
            let batcher = DataLoader::with_cache(batches, Traced, Yield, HashMapCache::default());
            Arc::new(batcher.max_batch_size(usize::MAX))
        });
        Arc::clone(made)
    }

    /// # Errors
    /// Whatever the database says; so do all of these.
    pub async fn person(&self, id: UserId) -> Result<Option<Arc<Person>>> {
        match self.prefetched().people.get(&id) {
            Some(known) => Ok(known.clone()),
            None => self.one(PersonKey(id)).await,
        }
    }

    /// Whether somebody is there for everybody to see.
    pub async fn is_visible(&self, id: UserId) -> Result<bool> {
        Ok(self.one(VisibleKey(id)).await?.is_some())
    }

    pub async fn stats(&self, id: UserId) -> Result<Option<user_stats::Model>> {
        match self.prefetched().user_stats.get(&id) {
            Some(known) => Ok(known.clone()),
            None => self.one(StatsKey(id)).await,
        }
    }

    pub async fn tweet(&self, id: TweetId) -> Result<Option<Arc<tweet::Model>>> {
        self.one(TweetKey(id)).await
    }

    pub async fn relation(&self, user: UserId, other: UserId) -> Result<Relation> {
        match self.prefetched().relations.get(&(user, other)) {
            Some(known) => Ok(*known),
            None => Ok(self.one(RelationKey(user, other)).await?.unwrap_or_default()),
        }
    }

    /// Forgets what was read. To be called after every change, and after every event of a subscription.
    pub fn clear(&self) {
        *self.prefetched.lock().unwrap_or_else(PoisonError::into_inner) = Prefetched::nothing();
        *self.batcher.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn one<K, V>(&self, key: K) -> Result<Option<V>>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        V: Send + Sync + Clone + 'static,
        Batches: Loader<K, Value = Option<V>, Error = Error>,
    {
        // Boxed, for it is large, and the engine moves the futures of resolvers about.
        Ok(Box::pin(async move { self.batcher().load_one(key).await }).await?.flatten())
    }
}

/// Lets every field that is ready ask first. A timer would wait a millisecond a level, with an idle processor.
struct Yield;

impl Timer for Yield {
    fn delay(&self, _: Duration) -> BoxFuture<'static, ()> {
        tokio::task::yield_now().boxed()
    }
}

/// What is read and logged for a request is known to be part of it.
struct Traced;

impl Spawn for Traced {
    fn spawn_obj(&self, work: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        match Trace::current() {
            Some(trace) => drop(tokio::spawn(async move { trace.run(work).await })),
            None => drop(tokio::spawn(work)),
        }
        Ok(())
    }
}

struct Batches {
    app: App,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct PersonKey(UserId);
#[derive(Clone, PartialEq, Eq, Hash)]
struct VisibleKey(UserId);
#[derive(Clone, PartialEq, Eq, Hash)]
struct StatsKey(UserId);
#[derive(Clone, PartialEq, Eq, Hash)]
struct TweetKey(TweetId);
#[derive(Clone, PartialEq, Eq, Hash)]
struct RelationKey(UserId, UserId);

impl Loader<PersonKey> for Batches {
    type Value = Option<Arc<Person>>;
    type Error = Error;

    async fn load(&self, keys: &[PersonKey]) -> Result<HashMap<PersonKey, Self::Value>, Self::Error> {
        let ids: Vec<UserId> = keys.iter().map(|key| key.0).collect();
        Ok(answers(keys, user::load(&self.app.db, &ids).await?))
    }
}

impl Loader<VisibleKey> for Batches {
    type Value = Option<()>;
    type Error = Error;

    async fn load(&self, keys: &[VisibleKey]) -> Result<HashMap<VisibleKey, Self::Value>, Self::Error> {
        let ids: Vec<UserId> = keys.iter().map(|key| key.0).collect();
        let visible = suspension::load_visible(&self.app.db, &ids).await?;
        Ok(answers(keys, visible.into_iter().map(|is_visible| is_visible.then_some(()))))
    }
}

impl Loader<StatsKey> for Batches {
    type Value = Option<user_stats::Model>;
    type Error = Error;

    async fn load(&self, keys: &[StatsKey]) -> Result<HashMap<StatsKey, Self::Value>, Self::Error> {
        let ids: Vec<UserId> = keys.iter().map(|key| key.0).collect();
        Ok(answers(keys, stats::load(&self.app.db, &ids).await?))
    }
}

impl Loader<TweetKey> for Batches {
    type Value = Option<Arc<tweet::Model>>;
    type Error = Error;

    async fn load(&self, keys: &[TweetKey]) -> Result<HashMap<TweetKey, Self::Value>, Self::Error> {
        let ids: Vec<TweetId> = keys.iter().map(|key| key.0).collect();
        Ok(answers(keys, tweets::load(&self.app.db, &ids).await?))
    }
}

impl Loader<RelationKey> for Batches {
    type Value = Option<Relation>;
    type Error = Error;

    async fn load(&self, keys: &[RelationKey]) -> Result<HashMap<RelationKey, Self::Value>, Self::Error> {
        let mut others: HashMap<UserId, Vec<UserId>> = HashMap::new();
        for RelationKey(user, other) in keys {
            others.entry(*user).or_default().push(*other);
        }
        let mut relations = HashMap::new();
        for (user, others) in others {
            let loaded = follow::load(&self.app.db, user, &others).await?;
            let keys = others.into_iter().map(|other| RelationKey(user, other));
            relations
                .extend(keys.zip(loaded).map(|(key, (follows, followed))| (key, Some(Relation { follows, followed }))));
        }
        Ok(relations)
    }
}

/// The answers by their keys.
fn answers<K: Clone + Eq + Hash, V>(keys: &[K], answers: impl IntoIterator<Item = V>) -> HashMap<K, V> {
    keys.iter().cloned().zip(answers).collect()
}
