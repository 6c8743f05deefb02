//! What has to be done from time to time and that nobody waits for. Several workers may do it at once; no harm is done.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::error::Result;
use crate::service::feed::{sweep, threshold};
use crate::service::{deletion, idempotency, media, session};

const EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// Soon after the start, so that a server which is restarted every day does it as well, but not while it starts.
const FIRST: Duration = Duration::from_secs(10 * 60);

/// Once a day, until it is stopped.
pub async fn run(app: App, stop: CancellationToken) {
    let mut interval = tokio::time::interval_at(Instant::now() + FIRST, EVERY);
    loop {
        tokio::select! {
            _ = interval.tick() => (),
            () = stop.cancelled() => return,
        }
        // It may take long, and can be broken off anywhere: each of its steps is a transaction.
        let done = tokio::select! {
            done = once(&app) => done,
            () = stop.cancelled() => return,
        };
        if let Err(error) = done {
            tracing::error!(error = error.log(), "the nightly maintenance failed; it is tried again tomorrow");
        }
    }
}

async fn once(app: &App) -> Result<()> {
    let keys = idempotency::sweep(app).await?;
    let entries = sweep::sweep(app).await?;
    let edges = threshold::promote(app).await?;
    tracing::info!(keys, entries, edges, "maintenance: forgot old idempotency keys, swept entries, promoted edges");
    let sessions = session::sweep(app).await?;
    tracing::info!(sessions, "maintenance: forgot expired sessions");
    let leaving = deletion::resume_all(app).await?;
    tracing::info!(leaving, "maintenance: went on with deleting people");
    let files = media::sweep(app).await?;
    tracing::info!(files, "maintenance: removed pictures that nothing names");
    Ok(())
}
