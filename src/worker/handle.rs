//! One message: one transaction, at whose end the message is gone.

use entity::outbox;
use sea_orm::DatabaseTransaction;

use crate::app::App;
use crate::bus::{self, Message};
use crate::error::Result;
use crate::live::Delivered;
use crate::service::feed::{backfill, deliver, threshold};
use crate::service::{media, notification};

/// Whom to wake once the work is committed.
enum Wake {
    Nobody,
    Feeds(Delivered),
    Inbox(entity::UserId),
}

/// Does what a message asks for. If that fails, the message is put back for later, or among the dead letters.
///
/// # Errors
/// When it could not even be put back.
pub async fn handle(app: &App, row: &outbox::Model) -> Result<()> {
    let message = match Message::from_json(&row.payload) {
        Ok(message) => message,
        Err(error) => {
            tracing::error!(message = %row.id, error = error.log(), "the message cannot be read: to the dead letters");
            return bus::dead_letter::bury(app, row, row.attempts + 1, &error.log()).await;
        }
    };
    match app.db.retry(|| once(app, row, message)).await {
        Ok(wake) => {
            app.failpoints.pass("worker: committed").await;
            match wake {
                Wake::Nobody => (),
                Wake::Feeds(batch) => app.live.delivered(batch),
                Wake::Inbox(user) => app.live.inboxes.wake(user),
            }
            Ok(())
        }
        Err(error) => {
            let attempt = row.attempts + 1;
            tracing::warn!(message = %row.id, ?message, attempt, error = error.log(), "the handler failed");
            bus::outbox::fail(app, row, &error.log()).await
        }
    }
}

async fn once(app: &App, row: &outbox::Model, message: Message) -> Result<Wake> {
    if message == Message::EmptyTrash {
        // Outside the transaction: the store may be slow, and on SQLite everybody who writes would wait for it.
        media::empty_trash(app).await?;
    }
    let tx = app.db.begin().await?;
    let wake = step(app, &tx, message).await?;
    app.failpoints.pass("worker: before the row goes").await;
    bus::outbox::finish(&tx, row).await?;
    app.failpoints.pass("worker: before commit").await;
    tx.commit().await?;
    Ok(wake)
}

async fn step(app: &App, tx: &DatabaseTransaction, message: Message) -> Result<Wake> {
    match message {
        Message::Deliver { tweet, after } => {
            let delivered = deliver::deliver(app, tx, tweet, after).await?;
            return Ok(delivered.map_or(Wake::Nobody, Wake::Feeds));
        }
        Message::Retract { tweet, pulled, after } => deliver::retract(app, tx, tweet, pulled, after).await?,
        Message::Fill { follower, followee, from } => backfill::fill(app, tx, follower, followee, from).await?,
        Message::Purge { follower, followee, after } => backfill::purge(app, tx, follower, followee, after).await?,
        Message::Demote { followee, after } => threshold::demote(app, tx, followee, after).await?,
        Message::FollowChanged { follower, followee } => {
            if notification::follow_changed(app, tx, follower, followee).await? {
                return Ok(Wake::Inbox(followee));
            }
        }
        // Done already; what is left is to remove the message.
        Message::EmptyTrash => (),
    }
    Ok(Wake::Nobody)
}
