//! Messages that were given up, kept with the reason until a person retries or drops them.

use entity::{MessageId, dead_letter, outbox};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, Value,
};

use super::rabbit::Letter;
use crate::app::App;
use crate::db::{on_conflict_nothing, sql};
use crate::error::Result;

/// As much of an error as is kept, in characters.
const LONGEST: usize = 2_000;

/// What waits in the queue, and what was given up.
pub struct Overview {
    pub waiting: u64,
    /// The oldest first.
    pub dead: Vec<dead_letter::Model>,
}

/// # Errors
/// Whatever the database says.
pub async fn overview(app: &App) -> Result<Overview> {
    let waiting = outbox::Entity::find().count(app.db.read()).await?;
    let dead = dead_letter::Entity::find().order_by_asc(dead_letter::Column::Id).all(app.db.read()).await?;
    Ok(Overview { waiting, dead })
}

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
    };
    dead_letter::Entity::insert(row).exec_without_returning(&tx).await?;
    Ok(tx.commit().await?)
}

/// Keeps a message that the broker gives up. One that is here already stays as it is.
///
/// # Errors
/// Whatever the database says.
pub async fn keep(app: &App, letter: &Letter) -> Result<()> {
    let unexplained = "it was delivered too often without an answer: the process that handled it ended every time";
    let text = format!(
        "INSERT INTO dead_letter (id, payload, attempts, error, created_at, died_at) VALUES (?, ?, ?, ?, ?, ?) {}",
        on_conflict_nothing(app.db.write(), "id")
    );
    let values: [Value; 6] = [
        letter.id.into(),
        letter.payload.clone().into(),
        letter.attempts.into(),
        letter.error.clone().unwrap_or_else(|| unexplained.to_owned()).into(),
        letter.created_at.into(),
        app.clock.now().into(),
    ];
    app.db.write().execute_raw(sql(app.db.write(), &text, values)).await?;
    Ok(())
}

/// Puts dead letters back into the queue, all of them or one, and returns how many.
///
/// # Errors
/// Whatever the database says.
pub async fn retry(app: &App, id: Option<MessageId>) -> Result<usize> {
    let retried = app.db.retry(|| retry_once(app, id)).await?;
    app.bus.wake();
    Ok(retried)
}

async fn retry_once(app: &App, id: Option<MessageId>) -> Result<usize> {
    let tx = app.db.begin().await?;
    let letters = dead_letter::Entity::find()
        .filter(id.map_or(dead_letter::Column::Id.gt(0), |id| dead_letter::Column::Id.eq(id)))
        .all(&tx)
        .await?;
    let mut retried = 0;
    for letter in &letters {
        if dead_letter::Entity::delete_by_id(letter.id).exec(&tx).await?.rows_affected == 0 {
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
        };
        outbox::Entity::insert(row).exec_without_returning(&tx).await?;
    }
    tx.commit().await?;
    Ok(retried)
}

/// Forgets dead letters, all of them or one, and returns how many.
///
/// # Errors
/// Whatever the database says.
pub async fn drop_letters(app: &App, id: Option<MessageId>) -> Result<u64> {
    let chosen = id.map_or(dead_letter::Column::Id.gt(0), |id| dead_letter::Column::Id.eq(id));
    Ok(dead_letter::Entity::delete_many().filter(chosen).exec(app.db.write()).await?.rows_affected)
}
