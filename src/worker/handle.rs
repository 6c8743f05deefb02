//! One message: one transaction, at whose end the message is gone.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use entity::{MessageId, Subject, outbox};
use futures_util::FutureExt;

use crate::app::App;
use crate::bus::{self, Lane, Message};
use crate::db::{Transaction, is_unreachable};
use crate::error::{Error, Result};
use crate::live::Event;
use crate::metrics::Outcome;
use crate::service::deletion;
use crate::service::discard::discard;
use crate::service::feed::{backfill, deliver, threshold};
use crate::service::media;
use crate::service::notification::{self, Deed};
use crate::trace::Trace;

/// Does what an outbox row asks for. If that fails, the message is put back for later, or among the dead letters.
///
/// # Errors
/// When it could not even be put back.
pub async fn handle(app: &App, row: &outbox::Model) -> Result<()> {
    Trace::of_message(row.id, row.trace.as_deref()).run(handle_row(app, row)).await
}

async fn handle_row(app: &App, row: &outbox::Model) -> Result<()> {
    let message = match Message::from_json(&row.payload) {
        Ok(message) => message,
        Err(error) => {
            tracing::error!(error = error.log(), "the message cannot be read: to the dead letters");
            return bus::dead_letter::bury(app, row, row.attempts + 1, &error.log()).await;
        }
    };
    app.failpoints.pass("worker: leased").await;
    match perform(app, message, Claim::Lease(row)).await {
        Ok(()) => Ok(()),
        // It counts no try: the message could have been anything.
        Err(error) if is_unreachable(&error) => bus::outbox::release(app, row).await,
        Err(error) => {
            let attempt = row.attempts + 1;
            tracing::warn!(asked = ?message, attempt, error = error.log(), "the handler failed");
            bus::outbox::fail(app, row, &error.log()).await
        }
    }
}

/// By what right a message is handled.
#[derive(Clone, Copy)]
pub enum Claim<'a> {
    /// Its outbox row is leased.
    Lease(&'a outbox::Model),
    /// The broker delivered it.
    Delivery(MessageId),
}

/// Does what a message asks for in one transaction, at whose end its outbox row is gone, and tells those who wait for it.
///
/// # Errors
/// Whatever the handler says. Nothing has been done then.
pub async fn perform(app: &App, message: Message, claim: Claim<'_>) -> Result<()> {
    // A panic is a defect, but of this message's handler: it must not end the worker, which has others to do.
    let begun = Instant::now();
    let done = AssertUnwindSafe(app.db.retry(|| once(app, message, claim))).catch_unwind().await;
    let done = done.unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
    let (took, lane) = (begun.elapsed(), Lane::of(message).name());
    app.metrics.handled(lane, if done.is_ok() { Outcome::Done } else { Outcome::Failed }, took);
    let events = done?;
    tracing::debug!(asked = ?message, milliseconds = took.as_secs_f64() * 1e3, "handled");
    app.failpoints.pass("worker: committed").await;
    for event in events {
        app.live.tell(event);
    }
    Ok(())
}

fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::internal(format!("the handler panicked: {}", text.unwrap_or("no reason given")))
}

async fn once(app: &App, message: Message, claim: Claim<'_>) -> Result<Vec<Event>> {
    if message == Message::EmptyTrash {
        // Outside the transaction: the store may be slow, and on SQLite everybody who writes would wait for it.
        media::empty_trash(app).await?;
    }
    let tx = app.db.begin().await?;
    let wakes = step(app, &tx, message).await?;
    app.failpoints.pass("worker: before the row goes").await;
    match claim {
        Claim::Lease(row) => bus::outbox::finish(&tx, row).await?,
        // Delivered twice, and the other one was quicker.
        Claim::Delivery(id) if !bus::outbox::handled(&tx, id).await? => return Ok(Vec::new()),
        Claim::Delivery(_) => (),
    }
    app.failpoints.pass("worker: before commit").await;
    tx.commit().await?;
    Ok(wakes)
}

async fn step(app: &App, tx: &Transaction, message: Message) -> Result<Vec<Event>> {
    let mut wakes = Vec::new();
    match message {
        Message::Deliver { tweet, after } => {
            wakes.extend(deliver::deliver(app, tx, tweet, after).await?.map(Event::Delivered));
        }
        Message::Retract { tweet, pulled, after } => deliver::retract(app, tx, tweet, pulled, after).await?,
        Message::Fill { follower, followee, from } => backfill::fill(app, tx, follower, followee, from).await?,
        Message::Purge { follower, followee, after } => backfill::purge(app, tx, follower, followee, after).await?,
        Message::Demote { followee, after } => threshold::demote(app, tx, followee, after).await?,
        Message::FollowChanged { follower, followee } => {
            wakes.extend(told(app, tx, Deed::Follow { recipient: followee, actor: follower }).await?);
        }
        Message::LikeChanged { subject, tweet, recipient, actor } => {
            wakes.extend(told(app, tx, Deed::Like { subject, tweet, recipient, actor }).await?);
            if let Subject::Tweet(tweet) = subject {
                wakes.push(Event::Tweet(tweet));
            }
        }
        Message::CommentChanged { comment, tweet, recipient, actor } => {
            wakes.extend(told(app, tx, Deed::Comment { comment, tweet, recipient, actor }).await?);
            wakes.push(Event::Tweet(tweet));
        }
        Message::Discard { subject, author } => {
            discard(app, tx, subject, author).await?;
            if let Subject::Tweet(tweet) = subject {
                wakes.push(Event::Tweet(tweet));
            }
        }
        Message::UserHidden { .. } => wakes.push(Event::Hidden),
        Message::DeleteUser { user } => deletion::go_on(app, tx, user).await?,
        // Done already; what is left is to remove the message.
        Message::EmptyTrash => (),
    }
    Ok(wakes)
}

/// Makes the notification of a deed agree with it, and says whom to tell.
async fn told(app: &App, tx: &Transaction, deed: Deed) -> Result<Option<Event>> {
    let is_new = notification::agree(app, tx, deed).await?;
    Ok(is_new.then_some(Event::Inbox(deed.recipient())))
}
