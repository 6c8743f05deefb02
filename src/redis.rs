//! Redis, which processes share: an accelerator and a messenger, never the truth.
//!
//! Every call has a short time of its own, and after a few failures in a row none is made for a second: whoever asks goes on
//! without, at once. So a Redis that is away, slow or full makes answers slower, never wrong.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig, PubSub};
use redis::{Client, RedisResult};

use crate::breaker::{Breaker, TIMEOUT};

/// Cheap to clone: all clones share one connection.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    /// Made with the first call, since it needs a runtime.
    manager: Arc<OnceLock<ConnectionManager>>,
    breaker: Arc<Breaker>,
    prefix: Arc<str>,
}

impl Redis {
    /// # Errors
    /// When this is no URL of a Redis. Nothing is connected yet.
    pub fn new(url: &str, prefix: &str) -> RedisResult<Self> {
        let (manager, breaker) = (Arc::default(), Arc::new(Breaker::new("Redis")));
        Ok(Self { client: Client::open(url)?, manager, breaker, prefix: prefix.into() })
    }

    /// The name under which we keep something, apart from other installations.
    pub fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// What Redis says; nothing if it does not say it in time, or has not for a while.
    pub async fn ask<T, F>(&self, question: impl FnOnce(ConnectionManager) -> F) -> Option<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let asked = async { question(self.manager()?).await };
        self.breaker.ask(asked).await
    }

    /// Whether the last calls were answered. True before the first.
    pub fn is_well(&self) -> bool {
        self.breaker.is_well()
    }

    /// A connection of its own for listening.
    ///
    /// # Errors
    /// When Redis cannot be reached.
    pub async fn listener(&self) -> RedisResult<PubSub> {
        self.client.get_async_pubsub().await
    }

    fn manager(&self) -> RedisResult<ConnectionManager> {
        if let Some(manager) = self.manager.get() {
            return Ok(manager.clone());
        }
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(TIMEOUT))
            .set_max_delay(Duration::from_millis(500));
        let manager = ConnectionManager::new_lazy_with_config(self.client.clone(), config)?;
        Ok(self.manager.get_or_init(|| manager).clone())
    }
}
