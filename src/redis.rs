//! Redis, which processes share: an accelerator and a messenger, never the truth.
//!
//! Every call has a short time of its own, and after a few failures in a row none is made for a second: whoever asks goes on
//! without, at once. So a Redis that is away, slow or full makes answers slower, never wrong.

use std::future::Future;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use redis::aio::{ConnectionManager, ConnectionManagerConfig, PubSub};
use redis::{Client, RedisResult};

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_millis(150);
/// After so many failures in a row no call is made for a while.
const FAILURES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

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
        let (manager, breaker) = (Arc::default(), Arc::new(Breaker::new()));
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
        if !self.breaker.lets_through() {
            return None;
        }
        let asked = match self.manager() {
            Ok(manager) => tokio::time::timeout(TIMEOUT, question(manager)).await,
            Err(error) => Ok(Err(error)),
        };
        match asked {
            Ok(Ok(answer)) => {
                self.breaker.worked();
                Some(answer)
            }
            Ok(Err(error)) => {
                self.breaker.failed(&error);
                None
            }
            Err(_elapsed) => {
                self.breaker.failed(&format!("no answer within {TIMEOUT:?}"));
                None
            }
        }
    }

    /// Whether the last calls were answered. True before the first.
    pub fn is_well(&self) -> bool {
        self.breaker.failures.load(Ordering::Relaxed) < FAILURES
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

/// Keeps calls away from a Redis that does not answer.
struct Breaker {
    started: Instant,
    failures: AtomicU32,
    /// Milliseconds since the start, until which no call is made.
    closed_until: AtomicU64,
}

impl Breaker {
    fn new() -> Self {
        Self { started: Instant::now(), failures: AtomicU32::new(0), closed_until: AtomicU64::new(0) }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// While calls fail, one a second.
    fn lets_through(&self) -> bool {
        if self.failures.load(Ordering::Relaxed) < FAILURES {
            return true;
        }
        let (now, until) = (self.now(), self.closed_until.load(Ordering::Relaxed));
        let next = now + u64::try_from(PAUSE.as_millis()).unwrap_or(u64::MAX);
        now >= until && self.closed_until.compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn worked(&self) {
        if self.failures.swap(0, Ordering::Relaxed) >= FAILURES {
            tracing::info!("Redis answers again");
        }
    }

    fn failed(&self, error: &impl std::fmt::Display) {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if failures == FAILURES {
            tracing::error!(%error, "Redis does not answer; roost goes on without it, and asks again every second");
        }
        // It has to stay above the limit, and must not come round to zero.
        self.failures.fetch_min(FAILURES * 2, Ordering::Relaxed);
        let pause = u64::try_from(PAUSE.as_millis()).unwrap_or(u64::MAX);
        self.closed_until.store(self.now() + pause, Ordering::Relaxed);
    }
}
