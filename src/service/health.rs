//! Whether roost can do its work, and what it has to do without.

use std::time::Duration;

use tokio::time::timeout;

use super::backlog::{Backlog, backlog};
use crate::app::App;
use crate::clock::SECOND;
use crate::error::Error;
use crate::recent::Recent;

/// How long anything that is asked for may take. Whoever asks us waits as long.
const PATIENCE: Duration = Duration::from_secs(2);
/// For how long an answer is good. It takes several statements, or somebody else's server.
const BACKLOG_GOOD_FOR: Duration = Duration::from_secs(1);
const OTHERS_GOOD_FOR: Duration = Duration::from_secs(5);

/// What was found out lately.
#[derive(Clone)]
pub struct Health {
    backlog: Recent<Option<Backlog>>,
    memcached: Recent<bool>,
    broker: Recent<bool>,
    media: Recent<bool>,
}

impl Default for Health {
    fn default() -> Self {
        let other = || Recent::new(OTHERS_GOOD_FOR);
        Self { backlog: Recent::new(BACKLOG_GOOD_FOR), memcached: other(), broker: other(), media: other() }
    }
}

/// What does not work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Without it nothing can be answered.
    pub down: Vec<&'static str>,
    /// Without it everything is answered, but later, or without pictures.
    pub degraded: Vec<&'static str>,
}

/// Asks everything that roost uses whether it answers.
pub async fn faults(app: &App) -> Faults {
    let mut faults = Faults::default();
    let (database, others) = tokio::join!(database_answers(app), others_answer(app));
    faults.degraded.extend(others.into_iter().filter(|(_, answers)| *answers == Some(false)).map(|(name, _)| name));
    if !database {
        faults.down.push("database");
        return faults;
    }
    let limit = i64::from(app.config.ready_lag_seconds) * SECOND;
    if lately(app).await.is_some_and(|backlog| backlog.lag() > limit) {
        faults.degraded.push("lag");
    }
    faults
}

/// How far the background work is behind, as of a second ago at most; none if the database does not say it.
pub async fn lately(app: &App) -> Option<Backlog> {
    let ask = || async {
        let asked = timeout(PATIENCE, backlog(app)).await.unwrap_or_else(|_| Err(Error::Timeout));
        asked.inspect_err(|error| tracing::warn!(error = error.log(), "the backlog cannot be read")).ok()
    };
    app.health.backlog.get(ask).await
}

async fn database_answers(app: &App) -> bool {
    match timeout(PATIENCE, app.db.ping()).await {
        Ok(Ok(())) => return true,
        Ok(Err(error)) => tracing::error!(%error, "not ready: the database does not answer"),
        Err(_elapsed) => tracing::error!("not ready: the database does not answer within {PATIENCE:?}"),
    }
    false
}

/// Whether everything but the database answers; none for what there is not.
pub async fn others_answer(app: &App) -> [(&'static str, Option<bool>); 4] {
    let (memcached, broker, media) = tokio::join!(memcached_answers(app), broker_answers(app), media_answers(app));
    [("redis", redis_answers(app)), ("memcached", memcached), ("rabbitmq", broker), ("media", media)]
}

fn redis_answers(app: &App) -> Option<bool> {
    // It is spoken to several times a second.
    Some(app.redis.as_ref()?.is_well())
}

async fn memcached_answers(app: &App) -> Option<bool> {
    let memcached = app.memcached.as_ref()?;
    Some(app.health.memcached.get(|| memcached.answers()).await)
}

async fn broker_answers(app: &App) -> Option<bool> {
    let rabbit = app.bus.rabbit()?;
    Some(app.health.broker.get(|| async { timeout(PATIENCE, rabbit.answers()).await.unwrap_or(false) }).await)
}

async fn media_answers(app: &App) -> Option<bool> {
    let ask = || async {
        match timeout(PATIENCE, app.media.store.probe()).await {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => tracing::warn!(error = Error::from(error).log(), "the media store does not answer"),
            Err(_elapsed) => tracing::warn!("the media store does not answer within {PATIENCE:?}"),
        }
        false
    };
    Some(app.health.media.get(ask).await)
}
