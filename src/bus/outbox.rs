//! The outbox: messages as rows, written in the transaction of their cause.
//!
//! A worker leases rows for some seconds. A row goes in the same transaction as the work that it asked for, and only if the
//! lease still holds; so whatever is killed at whatever moment, the work is done once. Rows are never found by "id greater
//! than the last": ids are not in the order of commits.

use std::collections::BTreeSet;

use entity::{MessageId, outbox};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter};

use super::Message;
use crate::app::App;
use crate::clock::SECOND;
use crate::config::Config;
use crate::db::{Db, Transaction, skip_locked, sql};
use crate::error::{Error, Result};
use crate::trace::Trace;

/// A message is given up after so many failures of its handler.
pub const TRIES: i32 = 5;

/// Posts a message as part of the caller's transaction. Call `app.bus.wake()` after the commit.
///
/// # Errors
/// Whatever the database says.
pub async fn post(app: &App, tx: &impl ConnectionTrait, message: Message) -> Result<()> {
    let now = app.clock.now();
    let row = outbox::ActiveModel {
        id: Set(MessageId(app.ids.next())),
        payload: Set(message.to_json()?),
        attempts: Set(0),
        due_at: Set(now),
        leased_by: Set(0),
        leased_until: Set(0),
        created_at: Set(now),
        trace: Set(Trace::current_id()),
    };
    outbox::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Which messages can be taken.
const DUE: &str = "due_at <= ? AND leased_until <= ?";

/// The same in two parts, each in the order of an index, so that what others have leased is not looked at: those whose lease ran
/// out, and those that nobody has taken.
const LEASE_RAN_OUT: &str = "leased_until > 0 AND leased_until <= ? AND due_at <= ? ORDER BY leased_until, due_at, id";
const UNTAKEN: &str = "leased_until = 0 AND due_at <= ? ORDER BY due_at, id";

/// Takes up to `most` messages that are due and that nobody works on: those first whose lease ran out, then the oldest.
///
/// # Errors
/// Whatever the database says.
pub async fn lease(app: &App, most: u32) -> Result<Vec<outbox::Model>> {
    let now = app.clock.now();
    let look = format!("SELECT 1 FROM outbox WHERE {DUE} LIMIT 1");
    let read = app.db.read();
    if read.query_one_raw(sql(read, &look, [now.into(), now.into()])).await?.is_none() {
        return Ok(Vec::new());
    }
    app.db.retry(|| lease_once(app, most, now)).await
}

async fn lease_once(app: &App, most: u32, now: i64) -> Result<Vec<outbox::Model>> {
    let tx = app.db.begin().await?;
    let mut due = free(&tx, LEASE_RAN_OUT, &[now, now], most).await?;
    let room = most.saturating_sub(u32::try_from(due.len()).unwrap_or(most));
    due.extend(free(&tx, UNTAKEN, &[now], room).await?);
    if due.is_empty() {
        return Ok(due);
    }
    // A number for this lease alone, so that one that ran out is never mistaken for the next.
    let leased_by = rand::random_range(1..i64::MAX);
    let leased_until = now + i64::from(app.config.worker_lease_seconds) * SECOND;
    let lease =
        outbox::ActiveModel { leased_by: Set(leased_by), leased_until: Set(leased_until), ..Default::default() };
    let chosen = outbox::Column::Id.is_in(due.iter().map(|message| message.id));
    outbox::Entity::update_many().set(lease).filter(chosen).exec(&tx).await?;
    tx.commit().await?;
    due.sort_unstable_by_key(|message| message.id);
    for message in &mut due {
        (message.leased_by, message.leased_until) = (leased_by, leased_until);
    }
    Ok(due)
}

/// Workers that look at the same time share the messages out instead of waiting for each other.
async fn free(tx: &Transaction, which: &str, times: &[i64], most: u32) -> Result<Vec<outbox::Model>> {
    let text = format!("SELECT * FROM outbox WHERE {which} LIMIT ? {}", skip_locked(tx));
    let values = times.iter().map(|time| (*time).into()).chain([u64::from(most).into()]);
    Ok(outbox::Model::find_by_statement(sql(tx, &text, values)).all(tx).await?)
}

/// Removes a handled message as part of the transaction that handled it.
///
/// # Errors
/// When the lease ran out and somebody else has the message now: the transaction must not commit.
pub async fn finish(tx: &impl ConnectionTrait, message: &outbox::Model) -> Result<()> {
    let gone = outbox::Entity::delete_many()
        .filter(outbox::Column::Id.eq(message.id))
        .filter(outbox::Column::LeasedBy.eq(message.leased_by))
        .exec(tx)
        .await?;
    if gone.rows_affected == 1 { Ok(()) } else { Err(Error::internal("the lease on the message ran out")) }
}

/// Puts a message back whose handler failed: to be tried again later, or among the dead letters after the last try.
///
/// # Errors
/// Whatever the database says; the message then comes back when its lease runs out.
pub async fn fail(app: &App, message: &outbox::Model, error: &str) -> Result<()> {
    let attempts = message.attempts + 1;
    if attempts >= TRIES {
        return super::dead_letter::bury(app, message, attempts, error).await;
    }
    let again = outbox::ActiveModel {
        attempts: Set(attempts),
        due_at: Set(app.clock.now() + back_off(&app.config, attempts)),
        leased_by: Set(0),
        leased_until: Set(0),
        ..Default::default()
    };
    outbox::Entity::update_many()
        .set(again)
        .filter(outbox::Column::Id.eq(message.id))
        .filter(outbox::Column::LeasedBy.eq(message.leased_by))
        .exec(app.db.write())
        .await?;
    Ok(())
}

/// Gives back what was leased but not begun, so that the next worker need not wait for the lease to run out.
///
/// # Errors
/// Whatever the database says.
pub async fn release(app: &App, message: &outbox::Model) -> Result<()> {
    let free = outbox::ActiveModel { leased_by: Set(0), leased_until: Set(0), ..Default::default() };
    outbox::Entity::update_many()
        .set(free)
        .filter(outbox::Column::Id.eq(message.id))
        .filter(outbox::Column::LeasedBy.eq(message.leased_by))
        .exec(app.db.write())
        .await?;
    Ok(())
}

/// Gives back everything, for when nobody can be working on any of it.
///
/// # Errors
/// Whatever the database says.
pub async fn release_all(db: &Db) -> Result<()> {
    let free = outbox::ActiveModel { leased_by: Set(0), leased_until: Set(0), ..Default::default() };
    outbox::Entity::update_many().set(free).filter(outbox::Column::LeasedUntil.ne(0)).exec(db.write()).await?;
    Ok(())
}

/// Keeps rows away from the relay whose messages the broker has: until they are handled, or for so long that the broker must
/// have lost them.
///
/// # Errors
/// Whatever the database says; the messages are then sent twice, which is as good as once.
pub async fn sent(app: &App, rows: &[&outbox::Model]) -> Result<()> {
    let leases: BTreeSet<i64> = rows.iter().map(|row| row.leased_by).collect();
    let until = app.clock.now() + i64::from(app.config.queue_resend_seconds) * SECOND;
    outbox::Entity::update_many()
        .set(outbox::ActiveModel { leased_until: Set(until), ..Default::default() })
        .filter(outbox::Column::Id.is_in(rows.iter().map(|row| row.id)))
        .filter(outbox::Column::LeasedBy.is_in(leases))
        .exec(app.db.write())
        .await?;
    Ok(())
}

/// Whether a message is still to be handled. The broker may deliver one again that was.
///
/// # Errors
/// Whatever the database says.
pub async fn is_due(app: &App, id: MessageId) -> Result<bool> {
    Ok(outbox::Entity::find_by_id(id).one(app.db.read()).await?.is_some())
}

/// Removes a message that the broker delivered, as part of the transaction that handled it. False if somebody else has
/// handled it meanwhile: then the transaction must not commit.
///
/// # Errors
/// Whatever the database says.
pub async fn handled(tx: &impl ConnectionTrait, id: MessageId) -> Result<bool> {
    Ok(outbox::Entity::delete_by_id(id).exec(tx).await?.rows_affected == 1)
}

/// Milliseconds until the next try: by default 1 s, 4 s, 16 s, 64 s.
pub fn back_off(config: &Config, attempts: i32) -> i64 {
    let exponent = u32::try_from(attempts - 1).unwrap_or(0).min(8);
    i64::from(config.queue_retry_milliseconds) * 4_i64.pow(exponent)
}
