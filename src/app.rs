//! Everything that a request or a message needs, built here and only here, for the server, the command line and the tests.

use std::ops::Deref;
use std::sync::Arc;

use sea_orm::DbErr;

use crate::auth::password::Passwords;
use crate::bus::{Bus, Lane};
use crate::cache::Caches;
use crate::cache::shared::{Level, Memcached, Store};
use crate::clock::{Clock, SECOND};
use crate::config::Config;
use crate::db::{self, Db};
use crate::error::{Error, Result};
use crate::failpoint::Failpoints;
use crate::graphql;
use crate::ids::Ids;
use crate::limit::rate::Rates;
use crate::live::Live;
use crate::media::Media;
use crate::metrics::Metrics;
use crate::redis::Redis;
use crate::service::gate::GateCache;
use crate::service::health::Health;
use crate::service::node::Node;

/// How far our clock and the database's may be apart, in milliseconds. The ids of a process whose clock is far ahead would drag
/// those of all others along.
const MOST_APART: i64 = 5 * SECOND;

/// Cheap to clone and small to hold, as every request and every socket does: all clones share one state.
#[derive(Clone)]
pub struct App(Arc<Parts>);

#[derive(Clone)]
pub struct Parts {
    pub config: Arc<Config>,
    pub db: Db,
    pub bus: Bus,
    pub live: Live,
    pub redis: Option<Redis>,
    pub memcached: Option<Memcached>,
    pub media: Media,
    pub passwords: Passwords,
    pub rates: Rates,
    pub gates: GateCache,
    pub clock: Clock,
    pub ids: Ids,
    pub node: Node,
    pub metrics: Metrics,
    pub health: Health,
    pub failpoints: Failpoints,
}

impl App {
    /// Opens the database, brings its tables up to date, opens the media store and takes a node number for the ids.
    ///
    /// # Errors
    /// When the database cannot be opened or changed, or the media store's address is wrong.
    pub async fn new(config: Config) -> Result<Self> {
        let mut db = Db::open(&config.database_url(), config.database_connections).await.map_err(unusable)?;
        db.migrate().await.map_err(unusable)?;
        let clock = Clock::default();
        let redis = match &config.redis_url {
            Some(url) => Some(Redis::new(url, &config.redis_prefix).map_err(Error::internal)?),
            None => None,
        };
        compare_clocks(&clock, &db).await?;
        if let Some(url) = &config.database_replica_url {
            db.attach_replica(url, config.database_connections).await.map_err(unusable)?;
        }
        let memcached = match &config.memcached_url {
            Some(url) => Some(Memcached::new(url).map_err(Error::internal)?),
            None => None,
        };
        let store = shared_store(&config, memcached.as_ref(), redis.as_ref());
        let level = store.map(|store| Level::new(store, &config.redis_prefix));
        let caches = Caches::new(config.cache_bytes, level);
        db.attach_caches(caches.clone());
        let live = Live::new(redis.as_ref(), caches);
        let app = Self(Arc::new(Parts {
            db,
            bus: Bus::new(&config, live.clone()).map_err(Error::internal)?,
            live,
            media: Media::open(&config)?,
            passwords: Passwords::new(&config)?,
            rates: match &redis {
                _ if !config.rate_limit => Rates::off(clock.clone()),
                Some(redis) => Rates::shared(config.rate_rules(), clock.clone(), redis.clone()),
                None => Rates::in_process(config.rate_rules(), clock.clone()),
            },
            gates: GateCache::default(),
            ids: Ids::new(clock.clone()),
            node: Node::new(),
            health: Health::default(),
            metrics: Metrics::new(graphql::roots(), &Lane::ALL.map(Lane::name)),
            clock,
            failpoints: Failpoints::from_env(),
            redis,
            memcached,
            config: Arc::new(config),
        }));
        crate::service::node::lease(&app).await?;
        Ok(app)
    }

    /// The same for somebody to whom an answer may be some time old; none if there is no replica of the database.
    pub fn lagging(&self) -> Option<Self> {
        self.db.lagging().map(|db| Self(Arc::new(Parts { db, ..Parts::clone(self) })))
    }

    /// Gives back what the process holds in the database, and leaves it. What is not given back runs out by itself.
    pub async fn close(&self) {
        self.live.close().await;
        if let Err(error) = crate::service::node::release(self).await {
            tracing::warn!(error = error.log(), "the node number could not be given back");
        }
        self.db.close().await;
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Where objects are that all processes share.
fn shared_store(config: &Config, memcached: Option<&Memcached>, redis: Option<&Redis>) -> Option<Store> {
    match memcached {
        _ if config.cache_bytes == 0 => None,
        Some(memcached) => Some(Store::Memcached(memcached.clone())),
        None => redis.cloned().map(|redis| Store::Redis(Box::new(redis))),
    }
}

fn unusable(error: DbErr) -> Error {
    Error::internal(db::explain(&error))
}

/// # Errors
/// When the clocks are too far apart, or whatever the database says.
async fn compare_clocks(clock: &Clock, db: &Db) -> Result<()> {
    let before = clock.now();
    let Some(theirs) = db.clock().await? else { return Ok(()) };
    // It was read at some time in between.
    let apart = (before - theirs).max(theirs - clock.now());
    if apart <= MOST_APART {
        return Ok(());
    }
    Err(Error::internal(format!(
        "its clock and this machine's are {} seconds apart, and may be at most 5; set them by NTP",
        apart / SECOND
    )))
}
