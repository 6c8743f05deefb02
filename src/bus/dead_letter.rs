//! Messages that were given up, kept with the reason until a person retries or drops them.

use entity::{MessageId, dead_letter, outbox};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter};

use super::rabbit::Letter;
use crate::app::App;
use crate::db::Transaction;
use crate::error::Result;

/// As much of an error as is kept, in characters.
const LONGEST: usize = 2_000;

/// Moves a message out of the outbox, with the reason why nobody tries it again.
///
/// # Errors
/// Whatever the database says; the message then stays where it is.
pub async fn bury(app: &App, message: &outbox::Model, attempts: i32, error: &str) -> Result<()> {
    app.db.retry(|| bury_once(app, message, attempts, error)).await
}

async fn bury_once(app: &App, message: &outbox::Model, attempts: i32, error: &str) -> Result<()> {
    let tx = app.db.begin().await?;
    super::outbox::finish(&tx, message).await?;
    let row = dead_letter::ActiveModel {
        id: Set(message.id),
        payload: Set(message.payload.clone()),
        attempts: Set(attempts),
        error: Set(error.chars().take(LONGEST).collect()),
        created_at: Set(message.created_at),
        died_at: Set(app.clock.now()),
        trace: Set(message.trace.clone()),
    };
    dead_letter::Entity::insert(row).exec_without_returning(&tx).await?;
    Ok(tx.commit().await?)
}

/// Keeps a message that the broker gives up, in place of its outbox row. One without a row was handled, or kept, before.
///
/// # Errors
/// Whatever the database says.
pub async fn keep(app: &App, letter: &Letter) -> Result<()> {
    app.db.retry(|| keep_once(app, letter)).await
}

async fn keep_once(app: &App, letter: &Letter) -> Result<()> {
    let tx = app.db.begin().await?;
    if !super::outbox::handled(&tx, letter.id).await? {
        return Ok(());
    }
    let unexplained = "it was delivered too often without an answer: whatever handled it ended each time";
    let row = dead_letter::ActiveModel {
        id: Set(letter.id),
        payload: Set(letter.payload.clone()),
        attempts: Set(letter.attempts),
        error: Set(letter.error.clone().unwrap_or_else(|| unexplained.to_owned())),
        created_at: Set(letter.created_at),
        died_at: Set(app.clock.now()),
        trace: Set(letter.trace.clone()),
    };
    dead_letter::Entity::insert(row).exec_without_returning(&tx).await?;
    Ok(tx.commit().await?)
}

/// Puts dead letters back into the queue as part of the caller's transaction, some or all, and returns how many. Call
/// `app.bus.wake()` after the commit.
///
/// # Errors
/// Whatever the database says.
pub async fn retry(app: &App, tx: &Transaction, some: Option<&[MessageId]>) -> Result<u64> {
    let letters = dead_letter::Entity::find().filter(chosen(some)).all(tx).await?;
    let mut retried = 0;
    for letter in &letters {
        if dead_letter::Entity::delete_by_id(letter.id).exec(tx).await?.rows_affected == 0 {
            continue; // somebody else was faster
        }
        retried += 1;
        let row = outbox::ActiveModel {
            id: Set(letter.id),
            payload: Set(letter.payload.clone()),
            attempts: Set(0),
            due_at: Set(app.clock.now()),
            leased_by: Set(0),
            leased_until: Set(0),
            created_at: Set(letter.created_at),
            trace: Set(letter.trace.clone()),
        };
        outbox::Entity::insert(row).exec_without_returning(tx).await?;
    }
    Ok(retried)
}

/// Forgets dead letters as part of the caller's transaction, some or all, and returns how many.
///
/// # Errors
/// Whatever the database says.
pub async fn drop_letters(tx: &Transaction, some: Option<&[MessageId]>) -> Result<u64> {
    Ok(dead_letter::Entity::delete_many().filter(chosen(some)).exec(tx).await?.rows_affected)
}

fn chosen(some: Option<&[MessageId]>) -> Condition {
    let all = Condition::all();
    match some {
        Some(ids) => all.add(dead_letter::Column::Id.is_in(ids.iter().copied())),
        None => all,
    }
}
