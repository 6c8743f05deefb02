//! Memcached: the few words in which we speak to it, each call under the same short time and breaker as those to Redis.

use std::sync::Arc;

use memcache::exp::{AsyncMetaClient, Get, Set, Ttl};
use tokio::sync::OnceCell;
use url::Url;

use crate::breaker::{Breaker, TIMEOUT};

/// Connections that are kept to each server.
const IDLE: usize = 16;

/// Cheap to clone: all clones share their connections.
#[derive(Clone)]
pub struct Memcached {
    servers: Arc<[String]>,
    /// Made with the first call: the names of the servers are looked up then.
    client: Arc<OnceCell<AsyncMetaClient>>,
    breaker: Arc<Breaker>,
}

/// Why a URL names no Memcached.
#[derive(Debug, thiserror::Error)]
#[error("it has to be memcache:// and the hosts with their ports, with commas between them")]
pub struct MemcachedError;

impl Memcached {
    /// # Errors
    /// When this is no URL of servers, such as `memcache://one:11211,other:11211`. Nothing is connected yet.
    pub fn new(url: &str) -> Result<Self, MemcachedError> {
        let hosts = url.strip_prefix("memcache://").ok_or(MemcachedError)?.trim_end_matches('/');
        let servers = hosts.split(',').map(server).collect::<Result<Arc<[String]>, MemcachedError>>()?;
        Ok(Self { servers, client: Arc::default(), breaker: Arc::new(Breaker::new("Memcached")) })
    }

    /// Whether the servers answer now.
    pub async fn answers(&self) -> bool {
        self.get(vec!["roost".to_owned()]).await.is_some()
    }

    async fn client(&self) -> memcache::exp::Result<&AsyncMetaClient> {
        let connect = || {
            let builder = AsyncMetaClient::builder().io_timeout(Some(TIMEOUT)).connect_timeout(Some(TIMEOUT));
            builder.max_idle(IDLE).connect_multiple_async(self.servers.iter().cloned())
        };
        self.client.get_or_try_init(connect).await
    }

    pub(super) async fn get(&self, places: Vec<String>) -> Option<Vec<Option<Vec<u8>>>> {
        let asked = async {
            let found = self.client().await?.run_many(places.iter().map(Get::new)).await?;
            found.into_iter().map(|found| Ok(found?.value)).collect::<memcache::exp::Result<Vec<_>>>()
        };
        self.breaker.ask(asked).await
    }

    pub(super) async fn add(&self, pairs: Vec<(String, Vec<u8>)>, seconds: u32) {
        self.store(pairs.iter().map(|(place, value)| Set::new(place, value).ttl(Ttl::secs(seconds)).add())).await;
    }

    /// False if that may not have been done.
    pub(super) async fn bury(&self, places: Vec<String>, value: &[u8], seconds: u32) -> bool {
        self.store(places.iter().map(|place| Set::new(place, value).ttl(Ttl::secs(seconds)))).await
    }

    async fn store(&self, all: impl Iterator<Item = Set>) -> bool {
        let asked = async {
            for stored in self.client().await?.run_many(all).await? {
                stored?;
            }
            Ok::<(), memcache::exp::Error>(())
        };
        self.breaker.ask(asked).await.is_some()
    }
}

/// A host and a port, and nothing else.
fn server(text: &str) -> Result<String, MemcachedError> {
    let url = Url::parse(&format!("memcache://{text}")).map_err(|_unreadable| MemcachedError)?;
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) if text == format!("{host}:{port}") => Ok(text.to_owned()),
        _ => Err(MemcachedError),
    }
}
