//! Notifications, numbered for each recipient in the order of their commits.
//!
//! The recipient's `inbox` row is locked while a notification is added, so whoever sees number n sees all below it: a stream
//! can say "everything after n" and never skips or repeats one. Handlers look at the deed as it is now, since the messages of
//! doing and undoing may arrive in any order.

mod deed;
mod mark;

use entity::notification::{self, NotificationKind};
use entity::{UserId, inbox};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait,
    QueryFilter, QuerySelect,
};

use crate::app::App;
use crate::db::{Transaction, sql};
use crate::error::{Error, Result};
use crate::service::page::{self, Page, PageRequest};
use crate::service::{stats, suspension};

pub use deed::{Deed, comment, subject};
pub use mark::{Mark, Marked, mark};

/// The most that is sent to somebody who comes back; whoever missed more reads the list again.
pub const REPLAY: usize = 1_000;

/// Makes the recipient's notification agree with the deed as it is now. True if something was added.
///
/// Doing a thing again tells nobody again, and what was read stays. Nobody is told of what they did themselves.
///
/// # Errors
/// Whatever the database says.
pub async fn agree(app: &App, tx: &Transaction, deed: Deed) -> Result<bool> {
    let recipient = deed.recipient();
    if deed.actor() == recipient {
        return Ok(false);
    }
    let Some(inbox) = inbox::Entity::find_by_id(recipient).lock_exclusive().one(tx).await? else { return Ok(false) };
    let stands = deed.stands(tx).await?;
    let known = notification::Entity::find()
        .filter(notification::Column::RecipientId.eq(recipient))
        .filter(notification::Column::Kind.eq(deed.kind()))
        .filter(notification::Column::SubjectId.eq(deed.subject_id()))
        .filter(notification::Column::ActorId.eq(deed.actor()))
        .one(tx)
        .await?;
    match known {
        None if stands => {
            add(app, tx, &inbox, deed).await?;
            return Ok(true);
        }
        // Somebody who leaves for good does nothing again: nothing of them need be remembered.
        Some(known) if !stands && is_leaving(tx, deed.actor()).await? => remove(tx, recipient, &[known.seq]).await?,
        Some(known) if !stands && !known.is_read && !known.is_withdrawn => {
            withdraw(tx, recipient, &[known.seq]).await?;
        }
        _ => (),
    }
    Ok(false)
}

async fn add(app: &App, tx: &Transaction, inbox: &inbox::Model, deed: Deed) -> Result<()> {
    let row = notification::ActiveModel {
        recipient_id: Set(inbox.user_id),
        seq: Set(inbox.last_seq + 1),
        kind: Set(deed.kind()),
        subject_id: Set(deed.subject_id()),
        tweet_id: Set(deed.tweet()),
        actor_id: Set(deed.actor()),
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

/// Withdraws the unread notifications of one kind about some subjects, at most so many at a time, and returns how many.
///
/// # Errors
/// Whatever the database says.
pub async fn withdraw_all(
    tx: &Transaction,
    recipient: UserId,
    kind: NotificationKind,
    subjects: &[i64],
    most: u32,
) -> Result<usize> {
    if inbox::Entity::find_by_id(recipient).lock_exclusive().one(tx).await?.is_none() {
        return Ok(0);
    }
    let unread = notification::Entity::find()
        .filter(notification::Column::RecipientId.eq(recipient))
        .filter(notification::Column::Kind.eq(kind))
        .filter(notification::Column::SubjectId.is_in(subjects.iter().copied()))
        .filter(notification::Column::IsRead.eq(false))
        .filter(notification::Column::IsWithdrawn.eq(false))
        .limit(u64::from(most))
        .all(tx)
        .await?;
    let seqs: Vec<i64> = unread.iter().map(|row| row.seq).collect();
    if !seqs.is_empty() {
        withdraw(tx, recipient, &seqs).await?;
    }
    Ok(seqs.len())
}

/// Hides unread notifications. Their rows stay, so that repeating a deed finds them. The inbox is locked already.
async fn withdraw(tx: &Transaction, recipient: UserId, seqs: &[i64]) -> Result<()> {
    notification::Entity::update_many()
        .set(notification::ActiveModel { is_withdrawn: Set(true), ..Default::default() })
        .filter(notification::Column::RecipientId.eq(recipient))
        .filter(notification::Column::Seq.is_in(seqs.iter().copied()))
        .exec(tx)
        .await?;
    add_unread(tx, recipient, -i64::try_from(seqs.len()).unwrap_or(i64::MAX)).await
}

/// Whether somebody is being deleted, or has been.
async fn is_leaving(tx: &Transaction, user: UserId) -> Result<bool> {
    Ok(suspension::among(tx, &[user]).await?.iter().any(|row| row.is_leaving)
        || stats::by_ids(tx, &[user]).await?.is_empty())
}

/// Removes notifications for good, read or not, hidden or not.
///
/// # Errors
/// Whatever the database says.
pub async fn remove(tx: &Transaction, recipient: UserId, seqs: &[i64]) -> Result<()> {
    inbox::Entity::find_by_id(recipient).lock_exclusive().one(tx).await?;
    let chosen = || {
        Condition::all()
            .add(notification::Column::RecipientId.eq(recipient))
            .add(notification::Column::Seq.is_in(seqs.iter().copied()))
    };
    let unread = notification::Entity::find()
        .filter(chosen())
        .filter(notification::Column::IsRead.eq(false))
        .filter(notification::Column::IsWithdrawn.eq(false))
        .count(tx)
        .await?;
    notification::Entity::delete_many().filter(chosen()).exec(tx).await?;
    add_unread(tx, recipient, -i64::try_from(unread).unwrap_or(i64::MAX)).await
}

/// Adds to the number of unread notifications. The inbox is locked already.
async fn add_unread(tx: &Transaction, user: UserId, difference: i64) -> Result<()> {
    inbox::Entity::update_many()
        .col_expr(inbox::Column::Unread, Expr::col(inbox::Column::Unread).add(difference))
        .filter(inbox::Column::UserId.eq(user))
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

/// How many notifications somebody has not read, of those that they are shown. The inbox counts them all; what is taken off
/// are those by people who are suspended just now, found from that small set and not from the list.
///
/// # Errors
/// Whatever the database says.
pub async fn unread(db: &impl ConnectionTrait, user: UserId) -> Result<i64> {
    let text = "SELECT i.unread - (
                    SELECT COUNT(*) FROM suspended s CROSS JOIN notification n
                    WHERE n.actor_id = s.user_id AND n.recipient_id = i.user_id AND n.is_read = ? AND n.is_withdrawn = ?)
                FROM inbox i WHERE i.user_id = ?";
    let row = db.query_one_raw(sql(db, text, [false.into(), false.into(), user.into()])).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0))
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
