//! Whether settings can be used, each and together, before anything starts.

use super::text::{is_origin, mask};
use super::{Config, ConfigError, TrustedDocuments};
use crate::cache::shared::Memcached;

/// How the URL of a database begins.
const DATABASES: [&str; 5] = ["sqlite://", "postgres://", "postgresql://", "mysql://", "mariadb://"];

/// The most rows that one message may work on: their keys have to fit into one statement.
const LARGEST_BATCH: u32 = 10_000;

/// The longest name of a queue is one of 255 bytes, ours included.
const LONGEST_PREFIX: usize = 100;

type Checked = Result<(), ConfigError>;

fn fail(sentence: impl Into<String>) -> Checked {
    Err(ConfigError(sentence.into()))
}

impl Config {
    pub(super) fn check(&self) -> Checked {
        self.check_databases()?;
        self.check_services()?;
        self.check_web()?;
        self.check_least()?;
        self.check_most()
    }

    fn check_databases(&self) -> Checked {
        let url = self.database_url();
        if !DATABASES.iter().any(|scheme| url.starts_with(scheme)) || url::Url::parse(&url).is_err() {
            let sentence =
                "database_url has to begin with sqlite://, postgres:// or mysql:// (or mariadb://) and to be a URL";
            return fail(format!("{sentence}, but it is {:?}.", mask(&url)));
        }
        let Some(replica) = &self.database_replica_url else { return Ok(()) };
        let scheme = |url: &str| url::Url::parse(url).ok().map(|url| url.scheme().replace("postgresql", "postgres"));
        if url.starts_with("sqlite://") || scheme(replica) != scheme(&url) {
            return fail("database_replica_url has to be the URL of a server of the same kind as database_url.");
        }
        Ok(())
    }

    fn check_services(&self) -> Checked {
        if let Some(Err(error)) = self.memcached_url.as_deref().map(Memcached::new) {
            return fail(format!("memcached_url cannot be used: {error}."));
        }
        let is_key = |prefix: &str| prefix.bytes().all(|byte| byte.is_ascii_graphic());
        if self.memcached_url.is_some() && !is_key(&self.redis_prefix) {
            return fail("redis_prefix may have only visible ASCII characters, for Memcached's sake.");
        }
        if let Some(Err(error)) = self.redis_url.as_deref().map(::redis::Client::open) {
            return fail(format!("redis_url cannot be used: {error}."));
        }
        if let Some(Err(error)) = self.amqp_url.as_deref().map(str::parse::<lapin::uri::AMQPUri>) {
            return fail(format!("amqp_url cannot be used: {error}."));
        }
        for (key, prefix) in [("redis_prefix", &self.redis_prefix), ("queue_prefix", &self.queue_prefix)] {
            if prefix.is_empty() || prefix.len() > LONGEST_PREFIX {
                return fail(format!("{key} has to have 1 to {LONGEST_PREFIX} bytes, but it has {}.", prefix.len()));
            }
        }
        Ok(())
    }

    fn check_web(&self) -> Checked {
        if let Some(url) = &self.public_url
            && !["http://", "https://"]
                .iter()
                .any(|scheme| url.strip_prefix(scheme).is_some_and(|host| !host.is_empty()))
        {
            return fail(format!("public_url has to begin with http:// or https:// and a host, but it is {url:?}."));
        }
        if let Some(origin) = self.allowed_origins.iter().find(|origin| !is_origin(origin)) {
            let sentence = "allowed_origins has to hold origins such as https://app.example, but one is";
            return fail(format!("{sentence} {origin:?}."));
        }
        if self.metrics_token.as_deref() == Some("") {
            return fail("metrics_token is empty: set one that nobody guesses, or leave it out.");
        }
        if self.trusted_documents_mode == TrustedDocuments::Enforce && self.trusted_documents.is_none() {
            return fail("trusted_documents_mode is enforce, but there is no list: set trusted_documents.");
        }
        Ok(())
    }

    fn check_least(&self) -> Checked {
        for (key, value, least) in [
            ("feed_push_limit", self.feed_push_limit, 0),
            ("feed_batch", self.feed_batch.into(), 1),
            ("database_connections", self.database_connections.into(), 2),
            ("following_limit", self.following_limit, 1),
            ("worker_concurrency", self.worker_concurrency.into(), 1),
            ("worker_lease_seconds", self.worker_lease_seconds.into(), 1),
            ("queue_retry_milliseconds", self.queue_retry_milliseconds.into(), 1),
            ("queue_resend_seconds", self.queue_resend_seconds.into(), 1),
            ("argon2_memory_kib", self.argon2_memory_kib.into(), 8),
            ("argon2_passes", self.argon2_passes.into(), 1),
            ("request_seconds", self.request_seconds.into(), 1),
            ("ready_lag_seconds", self.ready_lag_seconds.into(), 1),
        ] {
            if value < least {
                return fail(format!("{key} has to be at least {least}, but it is {value}."));
            }
        }
        for (key, is_zero) in [
            ("media_photo_bytes", self.media_photo_bytes == 0),
            ("media_avatar_bytes", self.media_avatar_bytes == 0),
            ("media_pixels", self.media_pixels == 0),
            ("media_side", self.media_side == 0),
            ("media_seats", self.media_seats == 0),
            ("upload_bytes", self.upload_bytes == 0),
            ("answer_errors", self.answer_errors == 0),
            ("answer_error_chars", self.answer_error_chars == 0),
        ] {
            if is_zero {
                return fail(format!("{key} has to be at least 1, but it is 0."));
            }
        }
        if self.upload_memory_bytes < self.upload_bytes {
            return fail("upload_memory_bytes has to be at least upload_bytes: else no upload of that size fits.");
        }
        Ok(())
    }

    fn check_most(&self) -> Checked {
        for (key, value, most) in [
            ("feed_batch", self.feed_batch, LARGEST_BATCH),
            ("queue_retry_milliseconds", self.queue_retry_milliseconds, 60_000),
            ("argon2_memory_kib", self.argon2_memory_kib, 4 << 20),
            ("argon2_passes", self.argon2_passes, 100),
        ] {
            if value > most {
                return fail(format!("{key} has to be at most {most}, but it is {value}."));
            }
        }
        Ok(())
    }
}
