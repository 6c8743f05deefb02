//! Everything that a request or a message needs, built here and only here, for the server, the command line and the tests.

use std::sync::Arc;

use crate::auth::password::Passwords;
use crate::bus::Bus;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::error::Result;
use crate::failpoint::Failpoints;
use crate::ids::Ids;
use crate::limit::rate::Rates;
use crate::live::Live;
use crate::media::Media;
use crate::service::gate::GateCache;
use crate::service::node::Node;

/// Cheap to clone: all clones share one state.
#[derive(Clone)]
pub struct App {
    pub config: Arc<Config>,
    pub db: Db,
    pub bus: Bus,
    pub live: Live,
    pub media: Media,
    pub passwords: Passwords,
    pub rates: Rates,
    pub gates: GateCache,
    pub clock: Clock,
    pub ids: Ids,
    pub node: Node,
    pub failpoints: Failpoints,
}

impl App {
    /// Opens the database, brings its tables up to date, opens the media store and takes a node number for the ids.
    ///
    /// # Errors
    /// When the database cannot be opened or changed, or the media store's address is wrong.
    pub async fn new(config: Config) -> Result<Self> {
        let db = Db::open(&config.database_url()).await?;
        db.migrate().await?;
        let clock = Clock::default();
        let app = Self {
            db,
            bus: Bus::default(),
            live: Live::default(),
            media: Media::open(&config)?,
            passwords: Passwords::new(&config)?,
            rates: if config.rate_limit {
                Rates::in_process(config.rate_rules(), clock.clone())
            } else {
                Rates::off(clock.clone())
            },
            gates: GateCache::default(),
            ids: Ids::new(clock.clone()),
            node: Node::new(),
            clock,
            failpoints: Failpoints::from_env(),
            config: Arc::new(config),
        };
        crate::service::node::lease(&app).await?;
        Ok(app)
    }

    /// Gives back what the process holds in the database. What is not given back runs out by itself.
    pub async fn close(&self) {
        if let Err(error) = crate::service::node::release(self).await {
            tracing::warn!(error = error.log(), "the node number could not be given back");
        }
    }
}
