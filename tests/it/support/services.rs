//! The services that the tests share, named by the environment: each test has names of its own in them.

use roost::bus::rabbit::Rabbit;
use roost::config::Config;

use super::database::wait;

/// Names in RabbitMQ, Redis and Memcached that nobody else has. What is in RabbitMQ goes with it; the others are told to forget
/// by themselves.
pub struct Names {
    amqp_url: Option<String>,
    prefix: String,
}

impl Names {
    /// Has the configuration use what the environment names.
    pub fn for_config(config: &mut Config) -> Self {
        let prefix = format!("test-{:016x}", rand::random::<u64>());
        config.amqp_url = amqp_url();
        config.redis_url = redis_url();
        config.memcached_url = memcached_url();
        config.queue_prefix.clone_from(&prefix);
        config.redis_prefix.clone_from(&prefix);
        // Nobody can move the broker's clock.
        if config.amqp_url.is_some() {
            config.queue_retry_milliseconds = 10;
        }
        Self { amqp_url: config.amqp_url.clone(), prefix }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        let Some(url) = self.amqp_url.clone() else { return };
        let prefix = self.prefix.clone();
        wait(async move {
            let waits = vec![10, 40, 160, 640];
            let Ok(link) = Rabbit::new(&url, &prefix, waits).unwrap().link().await else { return };
            drop(link.delete_all().await);
        });
    }
}

/// The Redis that the tests share, if this run has one.
pub fn redis_url() -> Option<String> {
    url("ROOST_TEST_REDIS_URL")
}

/// The Memcached that the tests share, if this run has one.
pub fn memcached_url() -> Option<String> {
    url("ROOST_TEST_MEMCACHED_URL")
}

/// The RabbitMQ that the tests share, if this run has one.
pub fn amqp_url() -> Option<String> {
    url("ROOST_TEST_AMQP_URL")
}

/// An address of the S3 server that the tests share where nobody else keeps anything, if this run has one. Its keys are in the
/// environment, as roost wants them.
pub fn s3_url() -> Option<String> {
    let url = url("ROOST_TEST_S3_URL")?;
    Some(url.replacen('?', &format!("/test-{:016x}?", rand::random::<u64>()), 1))
}

fn url(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|url| !url.is_empty())
}
