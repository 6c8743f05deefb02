//! Notifications, numbered for each recipient in the order of their commits.
//!
//! The recipient's `inbox` row is locked while a notification is added, so whoever sees number n sees all below it: a stream
//! can say "everything after n" and never skips or repeats one. Handlers look at the deed as it is now, since the messages of
//! doing and undoing may arrive in any order.

use entity::notification::{self, NotificationKind};
use entity::{UserId, inbox};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, QueryFilter,
    QuerySelect,
};

use crate::app::App;
use crate::db::sql;
use crate::error::{Error, Result};
use crate::service::follow;
use crate::service::page::{self, Page, PageRequest};

/// The most that is sent to somebody who comes back; whoever missed more reads the list again.
pub const REPLAY: usize = 1_000;

/// Makes the followee's notification of a follow agree with the edge. True if something was added.
///
/// # Errors
/// Whatever the database says.
pub async fn follow_changed(app: &App, tx: &DatabaseTransaction, follower: UserId, followee: UserId) -> Result<bool> {
    let Some(inbox) = inbox::Entity::find_by_id(followee).lock_exclusive().one(tx).await? else { return Ok(false) };
    let done = follow::edge(tx, follower, followee).await?.is_some();
    let known = notification::Entity::find()
        .filter(notification::Column::RecipientId.eq(followee))
        .filter(notification::Column::Kind.eq(NotificationKind::Followed))
        .filter(notification::Column::SubjectId.eq(followee.0))
        .filter(notification::Column::ActorId.eq(follower))
        .one(tx)
        .await?;
    match known {
        None if done => {
            add(app, tx, &inbox, NotificationKind::Followed, followee.0, follower).await?;
            Ok(true)
        }
        Some(known) if !done && !known.is_read && !known.is_withdrawn => {
            withdraw(tx, &inbox, &known).await?;
            Ok(false)
        }
        // Doing it again tells nobody again; what was read stays.
        _ => Ok(false),
    }
}

async fn add(
    app: &App,
    tx: &DatabaseTransaction,
    inbox: &inbox::Model,
    kind: NotificationKind,
    subject_id: i64,
    actor: UserId,
) -> Result<()> {
    let row = notification::ActiveModel {
        recipient_id: Set(inbox.user_id),
        seq: Set(inbox.last_seq + 1),
        kind: Set(kind),
        subject_id: Set(subject_id),
        actor_id: Set(actor),
        created_at: Set(app.clock.now()),
        is_read: Set(false),
        is_withdrawn: Set(false),
    };
    notification::Entity::insert(row).exec_without_returning(tx).await?;
    let numbers =
        inbox::ActiveModel { last_seq: Set(inbox.last_seq + 1), unread: Set(inbox.unread + 1), ..Default::default() };
    inbox::Entity::update_many().set(numbers).filter(inbox::Column::UserId.eq(inbox.user_id)).exec(tx).await?;
    Ok(())
}

/// Hides an unread notification. Its row stays, so that repeating the deed finds it.
async fn withdraw(tx: &DatabaseTransaction, inbox: &inbox::Model, known: &notification::Model) -> Result<()> {
    notification::Entity::update_many()
        .set(notification::ActiveModel { is_withdrawn: Set(true), ..Default::default() })
        .filter(notification::Column::RecipientId.eq(known.recipient_id))
        .filter(notification::Column::Seq.eq(known.seq))
        .exec(tx)
        .await?;
    inbox::Entity::update_many()
        .set(inbox::ActiveModel { unread: Set(inbox.unread - 1), ..Default::default() })
        .filter(inbox::Column::UserId.eq(inbox.user_id))
        .exec(tx)
        .await?;
    Ok(())
}

/// What a recipient sees of their notifications `n`.
const SHOWN: &str = "n.recipient_id = ? AND n.is_withdrawn = ?
    AND NOT EXISTS (SELECT 1 FROM suspended s WHERE s.user_id = n.actor_id)";

/// Newest first, by number.
///
/// # Errors
/// Whatever the database says.
pub async fn page(
    app: &App,
    recipient: UserId,
    unread_only: bool,
    request: &PageRequest,
) -> Result<Page<notification::Model>> {
    let db = app.db.read();
    page::read(request, async |slice| {
        let unread = if unread_only { "AND n.is_read = ?" } else { "" };
        let text = format!("SELECT n.* FROM notification n WHERE {SHOWN} {unread} {}", slice.sql("n.seq"));
        let values = [recipient.into(), false.into()].into_iter();
        let values = values.chain(unread_only.then_some(false.into())).chain(slice.bounds());
        Ok(notification::Model::find_by_statement(sql(db, &text, values)).all(db).await?)
    })
    .await
}

/// One of the recipient's notifications, by its number.
///
/// # Errors
/// Whatever the database says.
pub async fn by_seq(app: &App, recipient: UserId, seq: i64) -> Result<Option<notification::Model>> {
    let db = app.db.read();
    let text = format!("SELECT n.* FROM notification n WHERE {SHOWN} AND n.seq = ?");
    let values = [recipient.into(), false.into(), seq.into()];
    Ok(notification::Model::find_by_statement(sql(db, &text, values)).one(db).await?)
}

/// The numbers of a user's notifications.
///
/// # Errors
/// Whatever the database says.
pub async fn inbox(db: &impl ConnectionTrait, user: UserId) -> Result<inbox::Model> {
    let inbox = inbox::Entity::find_by_id(user).one(db).await?;
    Ok(inbox.unwrap_or(inbox::Model { user_id: user, last_seq: 0, unread: 0 }))
}

/// What was added after a number, oldest first.
///
/// # Errors
/// RESUBSCRIBE when that is more than is sent again.
pub async fn since(app: &App, recipient: UserId, seq: i64) -> Result<Vec<notification::Model>> {
    let db = app.db.read();
    let text = format!("SELECT n.* FROM notification n WHERE {SHOWN} AND n.seq > ? ORDER BY n.seq LIMIT ?");
    let values = [recipient.into(), false.into(), seq.into(), (REPLAY as u64 + 1).into()];
    let added = notification::Model::find_by_statement(sql(db, &text, values)).all(db).await?;
    if added.len() > REPLAY { Err(Error::Resubscribe) } else { Ok(added) }
}
