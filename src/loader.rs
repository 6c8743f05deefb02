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
use async_graphql::runtime::{Timer, TokioSpawner};
use entity::{TweetId, UserId, tweet, user_stats};
use futures_util::future::{BoxFuture, FutureExt};

use crate::db::Db;
use crate::error::{Error, Result};
use crate::service::user::Person;
use crate::service::{follow, stats, suspension, tweet as tweets, user};

pub use hydrate::{CommentWants, Prefetched, TweetWants, UserWants};

/// What lies between two users.
#[derive(Clone, Copy, Debug, Default)]
pub struct Relation {
    /// The first follows the second.
    pub follows: bool,
    /// The second follows the first.
    pub followed: bool,
}

pub struct Loaders {
    batches: DataLoader<Batches, HashMapCache>,
    prefetched: Mutex<Arc<Prefetched>>,
}

impl Loaders {
    pub fn new(db: Db) -> Self {
        let batches = DataLoader::with_cache(Batches { db }, TokioSpawner::current(), Yield, HashMapCache::default());
        Self { batches: batches.max_batch_size(usize::MAX), prefetched: Mutex::default() }
    }

    fn db(&self) -> &Db {
        &self.batches.loader().db
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

    /// Forgets what was read. To be called after every change, and between the events of a subscription.
    pub fn clear(&self) {
        *self.prefetched.lock().unwrap_or_else(PoisonError::into_inner) = Arc::default();
        self.batches.clear::<PersonKey>();
        self.batches.clear::<VisibleKey>();
        self.batches.clear::<StatsKey>();
        self.batches.clear::<TweetKey>();
        self.batches.clear::<RelationKey>();
        self.batches.clear::<photo::PhotoKey>();
        self.batches.clear::<photo::PhotosKey>();
        self.clear_likeables();
    }

    async fn one<K, V>(&self, key: K) -> Result<Option<V>>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        V: Send + Sync + Clone + 'static,
        Batches: Loader<K, Value = Option<V>, Error = Error>,
    {
        Ok(self.batches.load_one(key).await?.flatten())
    }
}

/// Lets every field that is ready ask first. A timer would wait a millisecond a level, with an idle processor.
struct Yield;

impl Timer for Yield {
    fn delay(&self, _: Duration) -> BoxFuture<'static, ()> {
        tokio::task::yield_now().boxed()
    }
}

struct Batches {
    db: Db,
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
        Ok(answers(keys, user::load(&self.db, &ids).await?))
    }
}

impl Loader<VisibleKey> for Batches {
    type Value = Option<()>;
    type Error = Error;

    async fn load(&self, keys: &[VisibleKey]) -> Result<HashMap<VisibleKey, Self::Value>, Self::Error> {
        let ids: Vec<UserId> = keys.iter().map(|key| key.0).collect();
        let visible = suspension::load_visible(&self.db, &ids).await?;
        Ok(answers(keys, visible.into_iter().map(|is_visible| is_visible.then_some(()))))
    }
}

impl Loader<StatsKey> for Batches {
    type Value = Option<user_stats::Model>;
    type Error = Error;

    async fn load(&self, keys: &[StatsKey]) -> Result<HashMap<StatsKey, Self::Value>, Self::Error> {
        let ids: Vec<UserId> = keys.iter().map(|key| key.0).collect();
        Ok(answers(keys, stats::load(&self.db, &ids).await?))
    }
}

impl Loader<TweetKey> for Batches {
    type Value = Option<Arc<tweet::Model>>;
    type Error = Error;

    async fn load(&self, keys: &[TweetKey]) -> Result<HashMap<TweetKey, Self::Value>, Self::Error> {
        let ids: Vec<TweetId> = keys.iter().map(|key| key.0).collect();
        Ok(answers(keys, tweets::load(&self.db, &ids).await?))
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
            let loaded = follow::load(&self.db, user, &others).await?;
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
