//! The worker: takes messages from the queue and does what they ask for. Only it publishes to `live`.

mod consume;
mod handle;
mod maintenance;
mod relay;

use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::bus::rabbit::Source;
use crate::bus::{Lane, Queue, outbox};
use crate::error::Result;

/// How long a worker waits before it looks again, when nobody in its process has told it that something was posted.
const POLL: Duration = Duration::from_millis(250);
/// How long what is under way may take to end when the worker is stopped. What is not done by then is given back.
const GRACE: Duration = Duration::from_secs(7);
/// How long a worker waits after the database has failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Works until it is stopped; what is under way is finished then.
pub async fn run(app: App, stop: CancellationToken) {
    let maintenance = tokio::spawn(maintenance::run(app.clone(), stop.clone()));
    match app.bus.queue.clone() {
        Queue::Embedded => embedded(app, stop).await,
        Queue::Rabbit(rabbit) => {
            let relaying = relay::run(app.clone(), &rabbit, stop.clone());
            let sources = Lane::ALL.map(Source::Lane).into_iter().chain([Source::Dead]);
            let consuming = sources.map(|source| consume::run(app.clone(), &rabbit, source, stop.clone()));
            futures_util::join!(relaying, futures_util::future::join_all(consuming));
        }
    }
    drop(maintenance.await);
}

async fn embedded(app: App, stop: CancellationToken) {
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
}

/// Returns when the worker was stopped and what was under way has had its time.
async fn given_up(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(GRACE).await;
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
    match &app.bus.queue {
        Queue::Embedded => work(app, most, &CancellationToken::new()).await,
        Queue::Rabbit(rabbit) => consume::step(app, rabbit, most).await,
    }
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
                tokio::select! {
                    done = handle::handle(app, &message) => done,
                    () = given_up(stop) => outbox::release(app, &message).await,
                }
            };
            if let Err(error) = done {
                // The message comes back when its lease runs out.
                tracing::error!(id = %message.id, error = error.log(), "a message could not be put back");
            }
        })
        .await;
    Ok(taken)
}
