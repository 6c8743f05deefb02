//! One typed configuration, checked before anything starts.
//!
//! In rising order: defaults, the file `roost.toml`, environment variables `ROOST_…`, command-line flags. The keys are flat,
//! so that `feed_push_limit` in the file is `ROOST_FEED_PUSH_LIMIT` in the environment.

mod check;
mod text;

pub use text::percent_encode;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

use crate::clock::SECOND;
use crate::limit::address::Proxies;
use crate::limit::document::DocumentLimits;
use crate::limit::rate::{Action, Quota, Rules};
use text::{explain, keys, mask};

/// Environment variables that are ours but no configuration key.
const NOT_KEYS: [&str; 2] = ["config", "failpoint"];

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the HTTP server listens. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Holds the SQLite database and the media. Made if it is not there.
    pub data_dir: PathBuf,
    /// How browsers reach the server, e.g. `https://social.example`. Unset: `http://` and the address it listens on.
    pub public_url: Option<String>,
    /// `sqlite:///path/to/file.db`, `postgres://user:password@host/name` or `mysql://user:password@host/name` (MariaDB as
    /// well). Unset: `roost.db` in the data directory.
    pub database_url: Option<String>,
    /// A replica of the database on a server, for what people read who are not logged in.
    pub database_replica_url: Option<String>,
    /// How many connections to a database server this process may have. A file needs no such limit.
    pub database_connections: u32,
    /// `redis://host:6379/0`, shared by all processes. Unset: what Redis is for is done in the process.
    pub redis_url: Option<String>,
    /// What our keys in Redis and Memcached begin with, so that several installations can share them.
    pub redis_prefix: String,
    /// `amqp://user:password@host:5672/vhost`. Unset: the outbox is the queue.
    pub amqp_url: Option<String>,
    /// What the names of our queues begin with, so that several installations can share a broker.
    pub queue_prefix: String,
    /// How long a message waits whose handler has failed for the first time; then four times as long, and so on.
    pub queue_retry_milliseconds: u32,
    /// After how many seconds a message that RabbitMQ took and nobody has handled is sent again.
    pub queue_resend_seconds: u32,
    /// `memcache://host:11211`, or several servers with commas between them: the objects that all processes share. Unset: they
    /// are in Redis, if there is one.
    pub memcached_url: Option<String>,
    /// Where pictures are kept: a folder's path, `file:///path` or `s3://bucket/prefix?region=…&endpoint=…`, with
    /// `public=https://…` if browsers find them there. Unset: `media` in the data directory.
    pub media_url: Option<String>,
    /// The largest photo and the largest avatar that are taken, in bytes.
    pub media_photo_bytes: usize,
    pub media_avatar_bytes: usize,
    /// The largest picture that is decoded, in pixels, and its longest side.
    pub media_pixels: u64,
    pub media_side: u32,
    /// How many pictures are worked on at the same time. Each may take eleven bytes of memory a pixel.
    pub media_seats: usize,
    /// How much one request may upload, and how much of all uploads is held in memory at the same time, in bytes.
    pub upload_bytes: usize,
    pub upload_memory_bytes: usize,
    /// What is logged, in the syntax of tracing's EnvFilter, e.g. `info` or `roost=debug,warn`.
    pub log: String,
    /// Whether a line of the log is text for people or JSON for programs.
    pub log_format: LogFormat,
    /// Where metrics and health are served apart from the API, to whoever can connect there. Unset: nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Who sends this as a bearer token may ask for the metrics where the API is. Unset: only who asks from this machine.
    pub metrics_token: Option<String>,
    /// How long a message may have been due until the server says that it is behind.
    pub ready_lag_seconds: u32,
    /// Whether GraphiQL is served on `/`.
    pub graphiql: bool,
    /// Whether the schema may be asked for.
    pub introspection: bool,
    /// Origins besides the public URL's whose pages may open sockets and read answers, e.g. `https://app.example`. In the
    /// environment with commas between them.
    #[serde(deserialize_with = "text::list")]
    pub allowed_origins: Vec<String>,
    /// How many operations one request may have as a JSON array; 0 takes no arrays.
    pub batch_limit: usize,
    /// What one document may have at most, see `limit::document`.
    pub document_bytes: usize,
    pub document_tokens: usize,
    pub document_depth: usize,
    pub document_aliases: usize,
    pub document_directives: usize,
    pub document_fragments: usize,
    pub document_selections: usize,
    pub document_cost: u64,
    /// How long a query or mutation may take.
    pub request_seconds: u32,
    /// How many errors an answer has at most, and how many characters the message of each.
    pub answer_errors: usize,
    pub answer_error_chars: usize,
    /// How much memory parsed documents may take, and the texts of automatic persisted queries; 0 takes none of those.
    pub document_cache_bytes: usize,
    pub persisted_query_bytes: usize,
    /// A file with the documents that clients have been built with, and whether others are executed as well.
    pub trusted_documents: Option<PathBuf>,
    pub trusted_documents_mode: TrustedDocuments,
    /// How much memory what was read from the database may take; 0 keeps none of it.
    pub cache_bytes: usize,
    /// Authors with more followers than this are not copied into home feeds but merged in when a feed is read.
    pub feed_push_limit: i64,
    /// How many followers one fan-out message serves, and how many tweets one backfill message copies.
    pub feed_batch: u32,
    /// How many people one user may follow.
    pub following_limit: i64,
    /// How many messages a worker handles at the same time.
    pub worker_concurrency: u32,
    /// For how many seconds a worker owns a message that it took. When the worker is killed, the message waits so long.
    pub worker_lease_seconds: u32,
    /// The memory in KiB and the passes that hashing a password takes. The default is OWASP's recommendation for argon2id.
    pub argon2_memory_kib: u32,
    pub argon2_passes: u32,
    /// Whether there are limits on how often somebody may do something.
    pub rate_limit: bool,
    /// These limits, as `30, 300/3h`: so many at once, and then so many in a time.
    pub rate_operations: Quota,
    pub rate_anonymous_operations: Quota,
    pub rate_tweets: Quota,
    pub rate_comments_and_likes: Quota,
    pub rate_follows: Quota,
    pub rate_uploads: Quota,
    pub rate_sign_ups: Quota,
    pub rate_log_ins: Quota,
    pub rate_log_ins_by_address: Quota,
    /// The longest time for which wrong passwords close an account to an address, in seconds.
    pub rate_log_in_delay_seconds: u32,
    /// The proxies in front of the server, whose `X-Forwarded-For` is believed: `10.0.0.0/8, ::1`.
    pub trusted_proxies: Proxies,
}

impl Default for Config {
    fn default() -> Self {
        let document = DocumentLimits::default();
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            data_dir: PathBuf::from("data"),
            public_url: None,
            database_url: None,
            database_replica_url: None,
            database_connections: 16,
            redis_url: None,
            redis_prefix: "roost".to_owned(),
            amqp_url: None,
            queue_prefix: "roost".to_owned(),
            queue_retry_milliseconds: 1_000,
            queue_resend_seconds: 900,
            memcached_url: None,
            media_url: None,
            media_photo_bytes: 10 << 20,
            media_avatar_bytes: 5 << 20,
            media_pixels: 50_000_000,
            media_side: 20_000,
            media_seats: 2,
            upload_bytes: 64 << 20,
            upload_memory_bytes: 256 << 20,
            log: "info".to_owned(),
            log_format: LogFormat::Text,
            metrics_listen: None,
            metrics_token: None,
            ready_lag_seconds: 60,
            graphiql: true,
            introspection: true,
            allowed_origins: Vec::new(),
            batch_limit: 0,
            document_bytes: document.max_bytes,
            document_tokens: document.max_tokens,
            document_depth: document.max_depth,
            document_aliases: document.max_aliases,
            document_directives: document.max_directives,
            document_fragments: document.max_fragments,
            document_selections: document.max_selections,
            document_cost: document.max_cost,
            request_seconds: 10,
            answer_errors: 10,
            answer_error_chars: 200,
            document_cache_bytes: 16 << 20,
            persisted_query_bytes: 16 << 20,
            trusted_documents: None,
            trusted_documents_mode: TrustedDocuments::Prefer,
            cache_bytes: 64 << 20,
            feed_push_limit: 10_000,
            feed_batch: 1_000,
            following_limit: 5_000,
            worker_concurrency: 4,
            worker_lease_seconds: 10,
            argon2_memory_kib: 19 * 1024,
            argon2_passes: 2,
            rate_limit: true,
            rate_operations: Action::Operations.quota(),
            rate_anonymous_operations: Action::AnonymousOperations.quota(),
            rate_tweets: Action::Tweets.quota(),
            rate_comments_and_likes: Action::CommentsAndLikes.quota(),
            rate_follows: Action::Follows.quota(),
            rate_uploads: Action::Uploads.quota(),
            rate_sign_ups: Action::SignUps.quota(),
            rate_log_ins: Action::LogIns.quota(),
            rate_log_ins_by_address: Action::LogInsByAddress.quota(),
            rate_log_in_delay_seconds: 900,
            trusted_proxies: Proxies::default(),
        }
    }
}

/// Whether documents that are on no list are executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrustedDocuments {
    Prefer,
    Enforce,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Flags {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<bool>,
}

/// A setting that cannot be used, in one plain sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl Config {
    /// Reads the file (`roost.toml` in the working directory if it is there, unless another one is named), the environment
    /// and the flags, and checks the result.
    ///
    /// # Errors
    /// When the named file is not there, a key is unknown, or a value cannot be used.
    pub fn load(file: Option<&Path>, flags: &Flags) -> Result<Self, ConfigError> {
        if let Some(file) = file.filter(|file| !file.is_file()) {
            return Err(ConfigError(format!("There is no configuration file at {}.", file.display())));
        }
        let keys = keys();
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        let file = file.unwrap_or(Path::new("roost.toml"));
        if file.is_file() {
            // Exact: figment would otherwise look in the folders above as well.
            figment = figment.merge(Toml::file_exact(file));
        }
        let config: Self = figment
            .merge(Env::prefixed("ROOST_").filter(move |key| keys.contains(&key.as_str().to_lowercase())))
            .merge(Serialized::defaults(flags))
            .extract()
            .map_err(|error| ConfigError(explain(&error)))?;
        config.check()?;
        Ok(config)
    }

    /// `ROOST_` variables that mean nothing to us: most likely misspelt.
    pub fn unknown_variables() -> Vec<String> {
        let keys = keys();
        std::env::vars_os()
            .filter_map(|(name, _)| name.into_string().ok())
            .filter(|name| {
                name.strip_prefix("ROOST_").map(str::to_lowercase).is_some_and(|key| {
                    !keys.contains(&key) && !NOT_KEYS.contains(&key.as_str()) && !key.starts_with("test_")
                })
            })
            .collect()
    }

    /// The effective configuration as TOML, passwords inside URLs masked.
    pub fn masked(&self) -> String {
        let shown = Self {
            database_url: self.database_url.as_deref().map(mask),
            database_replica_url: self.database_replica_url.as_deref().map(mask),
            redis_url: self.redis_url.as_deref().map(mask),
            amqp_url: self.amqp_url.as_deref().map(mask),
            memcached_url: self.memcached_url.as_deref().map(mask),
            media_url: self.media_url.as_deref().map(mask),
            metrics_token: self.metrics_token.as_ref().map(|_| "****".to_owned()),
            ..self.clone()
        };
        let Ok(serde_json::Value::Object(map)) = serde_json::to_value(shown) else { return String::new() };
        map.into_iter()
            .map(|(key, value)| if value.is_null() { format!("# {key} =\n") } else { format!("{key} = {value}\n") })
            .collect()
    }

    /// The URL of the database.
    pub fn database_url(&self) -> String {
        let default = || format!("sqlite://{}", percent_encode(&self.data_dir.join("roost.db").to_string_lossy()));
        self.database_url.clone().unwrap_or_else(default)
    }

    /// The same to be shown: without its password.
    pub fn masked_database_url(&self) -> String {
        mask(&self.database_url())
    }

    /// Where pictures are kept.
    pub fn media_url(&self) -> String {
        self.media_url.clone().unwrap_or_else(|| self.data_dir.join("media").display().to_string())
    }

    /// How browsers reach the server, without a slash at the end.
    pub fn public_url(&self) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("http://{}", self.listen)).trim_end_matches('/').to_owned()
    }

    /// How often somebody may do something.
    pub fn rate_rules(&self) -> Rules {
        let quota = |action| match action {
            Action::Operations => self.rate_operations,
            Action::AnonymousOperations => self.rate_anonymous_operations,
            Action::Tweets => self.rate_tweets,
            Action::CommentsAndLikes => self.rate_comments_and_likes,
            Action::Follows => self.rate_follows,
            Action::Uploads => self.rate_uploads,
            Action::SignUps => self.rate_sign_ups,
            Action::LogIns => self.rate_log_ins,
            Action::LogInsByAddress => self.rate_log_ins_by_address,
        };
        Rules {
            quotas: Action::ALL.map(|action| (action, quota(action))).to_vec(),
            longest_delay: i64::from(self.rate_log_in_delay_seconds) * SECOND,
        }
    }
}
