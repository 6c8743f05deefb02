//! Marking notifications as read, and as unread again, under the lock of the inbox: so the number of unread ones stays exact.

use std::collections::BTreeSet;

use entity::{UserId, inbox, notification};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};

use super::{SHOWN, add_unread};
use crate::app::App;
use crate::db::{Transaction, marks, sql};
use crate::error::{Error, Result, UserErrorCode};
use crate::service::check::Faults;

/// How many one call may name, and how many it returns.
const MOST: usize = 100;

/// What somebody asks to be marked.
#[derive(Clone, Debug)]
pub struct Mark {
    /// The numbers of some; or what was wrong with their ids, to be told together with the rest.
    pub some: Option<Result<Vec<i64>>>,
    /// All up to this number, itself included.
    pub up_to: Option<i64>,
    pub read: bool,
}

/// What has come of it.
#[derive(Clone, Debug, Default)]
pub struct Marked {
    /// How many were not marked so before.
    pub count: u64,
    /// Those that were named, in that order; else the newest of those that changed.
    pub rows: Vec<notification::Model>,
}

/// Marks some by number, or all up to a number, or all.
///
/// # Errors
/// INVALID for both ways at once, or for unread without numbers; TOO_MANY; NOT_FOUND for a number that is not there.
pub async fn mark(app: &App, viewer: UserId, asked: &Mark) -> Result<Marked> {
    let mut faults = Faults::default();
    if asked.some.is_some() && asked.up_to.is_some() {
        let message = "Give the notifications or the cursor up to which to mark them, not both.";
        faults.keep::<()>(Err(Error::user(UserErrorCode::Invalid, None, message)))?;
    }
    if asked.some.is_none() && !asked.read {
        let message = "Only single notifications can be marked as unread: say which.";
        faults.keep::<()>(Err(Error::user(UserErrorCode::Invalid, "read", message)))?;
    }
    let some = match &asked.some {
        Some(some) => faults.keep(some.clone().and_then(few))?,
        None => None,
    };
    faults.finish()?;
    match some {
        Some(some) => app.db.retry(|| mark_some(app, viewer, &some, asked.read)).await,
        None => app.db.retry(|| mark_up_to(app, viewer, asked.up_to.unwrap_or(i64::MAX))).await,
    }
}

fn few(some: Vec<i64>) -> Result<Vec<i64>> {
    if some.len() <= MOST {
        return Ok(some);
    }
    let message = format!("At most {MOST} notifications at a time, but these are {}.", some.len());
    Err(Error::user(UserErrorCode::TooMany, "notificationIds", message))
}

async fn mark_some(app: &App, viewer: UserId, some: &[i64], read: bool) -> Result<Marked> {
    let tx = app.db.begin().await?;
    lock(&tx, viewer).await?;
    let distinct: BTreeSet<i64> = some.iter().copied().collect();
    if distinct.is_empty() {
        return Ok(Marked::default());
    }
    let text = format!("SELECT n.* FROM notification n WHERE {SHOWN} AND n.seq IN ({})", marks(distinct.len()));
    let values = [viewer.into(), false.into()].into_iter().chain(distinct.iter().map(|seq| (*seq).into()));
    let found = notification::Model::find_by_statement(sql(&tx, &text, values)).all(&tx).await?;
    if found.len() < distinct.len() {
        return Err(Error::not_found("notification", "notificationIds"));
    }
    let changed: Vec<i64> = found.iter().filter(|row| row.is_read != read).map(|row| row.seq).collect();
    let count = changed.len() as u64;
    set_read(&tx, viewer, changed, read).await?;
    add_unread(&tx, viewer, if read { -difference(count) } else { difference(count) }).await?;
    tx.commit().await?;
    let row = |seq: &i64| found.iter().find(|row| row.seq == *seq).cloned();
    let in_order = distinct_in_order(some);
    let rows = in_order.iter().filter_map(row).map(|row| notification::Model { is_read: read, ..row });
    Ok(Marked { count, rows: rows.collect() })
}

async fn mark_up_to(app: &App, viewer: UserId, up_to: i64) -> Result<Marked> {
    let tx = app.db.begin().await?;
    lock(&tx, viewer).await?;
    let text = format!(
        "SELECT n.* FROM notification n WHERE {SHOWN} AND n.is_read = ? AND n.seq <= ? ORDER BY n.seq DESC LIMIT ?"
    );
    let values = [viewer.into(), false.into(), false.into(), up_to.into(), (MOST as u64).into()];
    let newest = notification::Model::find_by_statement(sql(&tx, &text, values)).all(&tx).await?;
    // Those that are shown, as everywhere: what suspended people did comes back unread. Every row that is counted here
    // changes, so that all engines count alike.
    let text = "UPDATE notification SET is_read = ?
                WHERE recipient_id = ? AND seq <= ? AND is_read = ? AND is_withdrawn = ?
                AND NOT EXISTS (SELECT 1 FROM suspended s WHERE s.user_id = notification.actor_id)";
    let values = [true.into(), viewer.into(), up_to.into(), false.into(), false.into()];
    let count = tx.execute_raw(sql(&tx, text, values)).await?.rows_affected();
    add_unread(&tx, viewer, -difference(count)).await?;
    tx.commit().await?;
    let rows = newest.into_iter().map(|row| notification::Model { is_read: true, ..row }).collect();
    Ok(Marked { count, rows })
}

async fn lock(tx: &Transaction, viewer: UserId) -> Result<()> {
    let inbox = inbox::Entity::find_by_id(viewer).lock_exclusive().one(tx).await?;
    inbox.map(drop).ok_or(Error::Unauthenticated)
}

async fn set_read(tx: &Transaction, viewer: UserId, changed: Vec<i64>, read: bool) -> Result<()> {
    if !changed.is_empty() {
        notification::Entity::update_many()
            .set(notification::ActiveModel { is_read: Set(read), ..Default::default() })
            .filter(notification::Column::RecipientId.eq(viewer))
            .filter(notification::Column::Seq.is_in(changed))
            .exec(tx)
            .await?;
    }
    Ok(())
}

fn distinct_in_order(some: &[i64]) -> Vec<i64> {
    let mut seen = BTreeSet::new();
    some.iter().copied().filter(|seq| seen.insert(*seq)).collect()
}

fn difference(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
