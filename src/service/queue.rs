//! The queue of the background work, as its administrators see it: what waits, and what was given up.

use entity::audit::Action;
use entity::{MessageId, dead_letter, outbox};
use sea_orm::{ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryOrder};

use crate::app::App;
use crate::bus;
use crate::db::sql;
use crate::error::Result;
use crate::service::audit::{self, Actor, Entry};
use crate::service::page::{self, Page, PageRequest};

/// What waits, and what was given up, in numbers.
#[derive(Clone, Copy, Debug)]
pub struct Overview {
    pub waiting: u64,
    /// When the message was posted that waits longest.
    pub oldest: Option<i64>,
    pub dead: u64,
}

/// # Errors
/// Whatever the database says.
pub async fn overview(app: &App) -> Result<Overview> {
    let db = app.db.read();
    let row = db.query_one_raw(sql(db, "SELECT MIN(created_at) FROM outbox", [])).await?;
    Ok(Overview {
        waiting: outbox::Entity::find().count(db).await?,
        oldest: row.map(|row| row.try_get_by_index(0)).transpose()?.flatten(),
        dead: dead_letter::Entity::find().count(db).await?,
    })
}

/// # Errors
/// Whatever the database says.
pub async fn dead_letter(app: &App, id: MessageId) -> Result<Option<dead_letter::Model>> {
    Ok(dead_letter::Entity::find_by_id(id).one(app.db.read()).await?)
}

/// Everything that was given up, oldest first.
///
/// # Errors
/// Whatever the database says.
pub async fn dead_letters(app: &App) -> Result<Vec<dead_letter::Model>> {
    Ok(dead_letter::Entity::find().order_by_asc(dead_letter::Column::Id).all(app.db.read()).await?)
}

/// The same in pages, newest first.
///
/// # Errors
/// Whatever the database says.
pub async fn page(app: &App, request: &PageRequest) -> Result<Page<dead_letter::Model>> {
    let db = app.db.read();
    page::read(request, async |slice| {
        let text = format!("SELECT d.* FROM dead_letter d WHERE 1 = 1 {}", slice.sql("d.id"));
        Ok(dead_letter::Model::find_by_statement(sql(db, &text, slice.bounds())).all(db).await?)
    })
    .await
}

/// Puts dead letters back into the queue, some or all, and returns how many.
///
/// # Errors
/// Whatever the database says.
pub async fn retry(app: &App, actor: Actor, some: Option<&[MessageId]>) -> Result<u64> {
    let retried = app.db.retry(|| retry_once(app, actor, some)).await?;
    app.bus.wake();
    Ok(retried)
}

async fn retry_once(app: &App, actor: Actor, some: Option<&[MessageId]>) -> Result<u64> {
    let tx = app.db.begin().await?;
    let retried = bus::dead_letter::retry(app, &tx, some).await?;
    if retried > 0 {
        audit::record(app, &tx, actor, entry(Action::DeadLettersRetried, retried)).await?;
    }
    tx.commit().await?;
    Ok(retried)
}

/// Forgets dead letters, some or all, and returns how many.
///
/// # Errors
/// Whatever the database says.
pub async fn drop_letters(app: &App, actor: Actor, some: Option<&[MessageId]>) -> Result<u64> {
    app.db.retry(|| drop_once(app, actor, some)).await
}

async fn drop_once(app: &App, actor: Actor, some: Option<&[MessageId]>) -> Result<u64> {
    let tx = app.db.begin().await?;
    let dropped = bus::dead_letter::drop_letters(&tx, some).await?;
    if dropped > 0 {
        audit::record(app, &tx, actor, entry(Action::DeadLettersDropped, dropped)).await?;
    }
    tx.commit().await?;
    Ok(dropped)
}

fn entry(action: Action, messages: u64) -> Entry {
    Entry::new(action).values(Some(messages.to_string()), None)
}
