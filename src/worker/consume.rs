//! From RabbitMQ to the handlers.
//!
//! Whenever a connection, a channel or a consumer ends, for whatever reason, it is made again: for ever. A message is
//! acknowledged after its work is committed, or after the broker has confirmed it elsewhere: for a later try, or among the
//! dead letters. A database that is away counts no try: the message is held, and with it the next ones, until it is back.

use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use lapin::message::Delivery;
use lapin::options::BasicAckOptions;
use tokio_util::sync::CancellationToken;

use super::handle::{Claim, perform};
use super::{PAUSE, given_up, relay};
use crate::app::App;
use crate::bus::outbox::{self, TRIES};
use crate::bus::rabbit::{BrokerError, Letter, Link, Rabbit, Route, Source};
use crate::bus::{Lane, Message, dead_letter};
use crate::db::is_unreachable;
use crate::error::{Error, Result};
use crate::trace::Trace;

/// How long a consumer is idle before it asks whether messages wait for it all the same: RabbitMQ 3.10 forgets a consumer that
/// comes at the moment at which its queue is deleted, and says nothing.
const QUIET: Duration = Duration::from_secs(5);

/// Takes messages from one source until it is stopped.
pub async fn run(app: App, rabbit: &Rabbit, source: Source, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let Err(error) = consume(&app, rabbit, source, &stop).await else { return };
        tracing::error!(?source, error = error.log(), "RabbitMQ has to be connected to again");
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => (),
            () = stop.cancelled() => (),
        }
    }
}

/// Until it is stopped, and what is under way is done.
async fn consume(app: &App, rabbit: &Rabbit, source: Source, stop: &CancellationToken) -> Result<()> {
    let link = tokio::select! {
        link = rabbit.link() => link.map_err(Error::internal)?,
        () = stop.cancelled() => return Ok(()),
    };
    let most = u16::try_from(app.config.worker_concurrency).unwrap_or(u16::MAX);
    let mut deliveries = link.consume(source, most).await.map_err(Error::internal)?;
    let mut at_work = FuturesUnordered::new();
    let mut passed_by = false;
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(done) = at_work.next() => done?,
            delivery = deliveries.next() => {
                let delivery = delivery.ok_or(BrokerError::Ended).map_err(Error::internal)?;
                let delivery = delivery.map_err(Error::internal)?;
                at_work.push(take(app, &link, source, delivery, stop));
                passed_by = false;
            }
            () = tokio::time::sleep(QUIET), if at_work.is_empty() => {
                let waits = link.ready(source).await.map_err(Error::internal)? > 0;
                // Twice: what came this instant is on its way.
                if waits && passed_by {
                    return Err(Error::internal(BrokerError::Forgotten));
                }
                passed_by = waits;
            }
        }
    }
    let ending = async {
        while let Some(done) = at_work.next().await {
            done?;
        }
        Ok(())
    };
    tokio::select! {
        done = ending => done,
        // What is not acknowledged goes back into its queue once this channel is closed.
        () = given_up(stop) => Ok(()),
    }
}

/// Handles one delivery, whatever it is; again and again while the database is away.
///
/// # Errors
/// When the broker does not take the answer: it delivers the message again.
async fn take(app: &App, link: &Link, source: Source, delivery: Delivery, stop: &CancellationToken) -> Result<()> {
    loop {
        let done = match source {
            Source::Lane(lane) => handle(app, link, lane, &delivery).await,
            Source::Dead => dead_letter::keep(app, &Letter::from(&delivery, Route::Dead)).await,
        };
        match done {
            Err(error) if is_unreachable(&error) => {
                tracing::error!(error = error.log(), "the database is away; messages are held until it is back");
            }
            done => break done?,
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => (),
            // The broker gives it to somebody else once this channel is closed.
            () = stop.cancelled() => return Ok(()),
        }
    }
    app.failpoints.pass("consume: before the acknowledgement").await;
    delivery.ack(BasicAckOptions::default()).await.map(drop).map_err(Error::internal)
}

async fn handle(app: &App, link: &Link, lane: Lane, delivery: &Delivery) -> Result<()> {
    app.failpoints.pass("consume: taken").await;
    let letter = Letter::from(delivery, Route::Now(lane));
    let trace = Trace::of_message(letter.id, letter.trace.as_deref());
    trace.run(handle_letter(app, link, lane, letter)).await
}

async fn handle_letter(app: &App, link: &Link, lane: Lane, letter: Letter) -> Result<()> {
    if !outbox::is_due(app, letter.id).await? {
        tracing::debug!("the message was handled before");
        return Ok(());
    }
    let message = match Message::from_json(&letter.payload) {
        Ok(message) => message,
        Err(error) => {
            tracing::error!(error = error.log(), "the message cannot be read: to the dead letters");
            return give_up(link, letter, &error).await;
        }
    };
    match perform(app, message, Claim::Delivery(letter.id)).await {
        Ok(()) => Ok(()),
        Err(error) if is_unreachable(&error) => Err(error),
        Err(error) => {
            let attempt = letter.attempts + 1;
            tracing::warn!(asked = ?message, attempt, error = error.log(), "the handler failed");
            if attempt >= TRIES {
                return give_up(link, letter, &error).await;
            }
            pass_on(link, Letter { attempts: attempt, route: Route::Later(lane, attempt), ..letter }).await
        }
    }
}

async fn give_up(link: &Link, letter: Letter, error: &Error) -> Result<()> {
    let attempts = letter.attempts + 1;
    pass_on(link, Letter { attempts, error: Some(error.log()), route: Route::Dead, ..letter }).await
}

/// The message is in another queue when this returns.
async fn pass_on(link: &Link, letter: Letter) -> Result<()> {
    match link.send(std::slice::from_ref(&letter)).await.map_err(Error::internal)?.as_slice() {
        [true] => Ok(()),
        _ => Err(Error::internal("RabbitMQ refused a message that is to be tried again")),
    }
}

/// Sends what is posted, and handles up to so many messages that are there now. Returns how many were sent or handled.
///
/// # Errors
/// When the database or the broker fails.
pub async fn step(app: &App, rabbit: &Rabbit, most: u32) -> Result<usize> {
    let mut link = rabbit.kept.lock().await;
    // One that was kept may have ended since.
    let is_old = link.is_some();
    let done = step_on(app, rabbit, &mut link, most).await;
    if done.is_ok() {
        return done;
    }
    *link = None;
    if is_old { step_on(app, rabbit, &mut link, most).await } else { done }
}

async fn step_on(app: &App, rabbit: &Rabbit, link: &mut Option<Link>, most: u32) -> Result<usize> {
    let never = CancellationToken::new();
    let mut done = relay::relay(app, rabbit, link, &never).await?;
    let Some(link) = link else { return Ok(done) };
    for source in Lane::ALL.map(Source::Lane).into_iter().chain([Source::Dead]) {
        for _ in 0..most {
            let Some(delivery) = link.get(source).await.map_err(Error::internal)? else { break };
            take(app, link, source, delivery, &never).await?;
            done += 1;
        }
    }
    Ok(done)
}
