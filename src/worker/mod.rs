//! The worker: takes messages from the queue and does what they ask for. Only it publishes to `live`.

mod handle;
mod maintenance;

use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::bus::outbox;
use crate::error::Result;

/// How long a worker waits before it looks again, when nobody in its process has told it that something was posted.
const POLL: Duration = Duration::from_millis(250);
/// The same after the database has failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Works until it is stopped; what is under way is finished then.
pub async fn run(app: App, stop: CancellationToken) {
    let maintenance = tokio::spawn(maintenance::run(app.clone(), stop.clone()));
    while !stop.is_cancelled() {
        let wait = match work(&app, app.config.worker_concurrency.saturating_mul(4), &stop).await {
            Ok(0) => POLL,
            Ok(_) => continue,
            Err(error) => {
                tracing::error!(error = error.log(), "the worker cannot reach the queue; it tries again");
                PAUSE
            }
        };
        tokio::select! {
            () = app.bus.posted() => (),
            () = tokio::time::sleep(wait) => (),
            () = stop.cancelled() => (),
        }
    }
    drop(maintenance.await);
}

/// Works until nothing is due.
///
/// # Errors
/// When the queue cannot be read.
pub async fn drain(app: &App) -> Result<()> {
    while step(app, app.config.worker_concurrency.saturating_mul(4)).await? > 0 {}
    Ok(())
}

/// Handles up to so many messages that are due, and returns how many there were.
///
/// # Errors
/// When the queue cannot be read.
pub async fn step(app: &App, most: u32) -> Result<usize> {
    work(app, most, &CancellationToken::new()).await
}

/// Takes some messages and handles them, several at a time. Returns how many were taken.
async fn work(app: &App, most: u32, stop: &CancellationToken) -> Result<usize> {
    let messages = outbox::lease(app, most).await?;
    let taken = messages.len();
    stream::iter(messages)
        .for_each_concurrent(app.config.worker_concurrency as usize, async |message| {
            let done = if stop.is_cancelled() {
                outbox::release(app, &message).await
            } else {
                handle::handle(app, &message).await
            };
            if let Err(error) = done {
                // The message comes back when its lease runs out.
                tracing::error!(message = %message.id, error = error.log(), "a message could not be put back");
            }
        })
        .await;
    Ok(taken)
}
