//! From the outbox to RabbitMQ.

use std::time::Duration;

use entity::outbox;
use tokio_util::sync::CancellationToken;

use super::{PAUSE, POLL, given_up};
use crate::app::App;
use crate::bus::rabbit::{Letter, Link, Rabbit};
use crate::bus::{Lane, Message, outbox as rows};
use crate::error::{Error, Result};

/// How many rows are sent at a time.
const BATCH: u32 = 256;

/// Sends what is posted, until it is stopped. A broker that is away is tried again and again, while the rows wait.
pub async fn run(app: App, rabbit: &Rabbit, stop: CancellationToken) {
    let mut link = None;
    while !stop.is_cancelled() {
        let wait = match relay(&app, rabbit, &mut link, &stop).await {
            Ok(0) => POLL,
            Ok(_) => Duration::ZERO,
            Err(error) => {
                tracing::error!(error = error.log(), "messages cannot be handed to RabbitMQ; they wait");
                link = None;
                PAUSE
            }
        };
        tokio::select! {
            () = app.bus.posted(), if !wait.is_zero() && wait != PAUSE => (),
            () = tokio::time::sleep(wait) => (),
            () = stop.cancelled() => (),
        }
    }
}

/// Sends a batch of rows, and says of those that the broker confirms that it has them. Returns how many there were.
///
/// # Errors
/// When the database or the broker fails. What was not confirmed is sent again.
pub async fn relay(app: &App, rabbit: &Rabbit, link: &mut Option<Link>, stop: &CancellationToken) -> Result<usize> {
    // The broker first: rows that were leased for nothing would wait for the end of their lease.
    let link = match link {
        Some(link) => link,
        None => link.insert(tokio::select! {
            link = rabbit.link() => link.map_err(Error::internal)?,
            () = stop.cancelled() => return Ok(0),
        }),
    };
    let leased = rows::lease(app, BATCH).await?;
    if leased.is_empty() {
        return Ok(0);
    }
    app.failpoints.pass("relay: leased").await;
    let letters: Vec<Letter> = leased.iter().map(|row| Letter::of(row, lane(row))).collect();
    let sent = tokio::select! {
        sent = link.send(&letters) => sent.map_err(Error::internal),
        () = given_up(stop) => Err(Error::internal("the worker stopped before RabbitMQ had confirmed")),
    };
    let confirmed = match sent {
        Ok(confirmed) => confirmed,
        Err(error) => {
            release(app, &leased).await?;
            return Err(error);
        }
    };
    app.failpoints.pass("relay: confirmed").await;
    let (sent, refused): (Vec<_>, Vec<_>) = leased.iter().zip(confirmed).partition(|(_, confirmed)| *confirmed);
    let rows = |part: Vec<(_, bool)>| part.into_iter().map(|(row, _)| row).collect::<Vec<&outbox::Model>>();
    let (sent, refused) = (rows(sent), rows(refused));
    if !sent.is_empty() {
        app.db.retry(|| rows::sent(app, &sent)).await?;
    }
    app.failpoints.pass("relay: sent").await;
    if refused.is_empty() {
        return Ok(leased.len());
    }
    for row in &refused {
        rows::release(app, row).await?;
    }
    Err(Error::internal(format!("RabbitMQ refused {} of {} messages", refused.len(), leased.len())))
}

async fn release(app: &App, leased: &[outbox::Model]) -> Result<()> {
    for row in leased {
        rows::release(app, row).await?;
    }
    Ok(())
}

/// What cannot be read goes any way: whoever takes it makes it a dead letter.
fn lane(row: &outbox::Model) -> Lane {
    Message::from_json(&row.payload).map_or(Lane::Bulk, Lane::of)
}
