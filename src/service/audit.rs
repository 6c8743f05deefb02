//! The log of the administration. An entry is written in the transaction of what it tells.

use entity::audit::{self, Action, Origin};
use entity::{AuditId, UserId};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, FromQueryResult};

use crate::app::App;
use crate::db::{Transaction, sql};
use crate::error::{Error, Result, UserErrorCode};
use crate::service::page::{self, Page, PageRequest};

/// Who administers: both ways lead to the same functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Whoever may run `roost` on the machine.
    CommandLine,
    Admin(UserId),
}

impl Actor {
    /// # Errors
    /// NOT_YOURSELF when an administrator would do this to themselves.
    pub fn not_to_oneself(self, user: UserId, message: &str) -> Result<()> {
        if self == Self::Admin(user) {
            return Err(Error::user(UserErrorCode::NotYourself, "userId", message));
        }
        Ok(())
    }
}

/// What was done.
#[derive(Clone, Debug)]
pub struct Entry {
    action: Action,
    user: Option<UserId>,
    gate: Option<String>,
    old: Option<String>,
    new: Option<String>,
}

impl Entry {
    pub fn new(action: Action) -> Self {
        Self { action, user: None, gate: None, old: None, new: None }
    }

    pub fn user(self, user: UserId) -> Self {
        Self { user: Some(user), ..self }
    }

    pub fn gate(self, gate: &str) -> Self {
        Self { gate: Some(gate.to_owned()), ..self }
    }

    pub fn values(self, old: Option<String>, new: Option<String>) -> Self {
        Self { old, new, ..self }
    }
}

/// Adds an entry as part of the caller's transaction.
///
/// # Errors
/// Whatever the database says.
pub async fn record(app: &App, tx: &Transaction, actor: Actor, entry: Entry) -> Result<()> {
    let (origin, actor_id) = match actor {
        Actor::CommandLine => (Origin::CommandLine, None),
        Actor::Admin(id) => (Origin::Api, Some(id)),
    };
    let row = audit::ActiveModel {
        id: Set(AuditId(app.ids.next())),
        created_at: Set(app.clock.now()),
        origin: Set(origin),
        actor_id: Set(actor_id),
        action: Set(entry.action),
        user_id: Set(entry.user),
        gate: Set(entry.gate),
        old_value: Set(entry.old),
        new_value: Set(entry.new),
    };
    audit::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// The log, newest first: all of it, or that of one gate.
///
/// # Errors
/// Whatever the database says.
pub async fn page(app: &App, gate: Option<&str>, request: &PageRequest) -> Result<Page<audit::Model>> {
    let db = app.db.read();
    page::read(request, async |slice| {
        let of = if gate.is_some() { "a.gate = ?" } else { "1 = 1" };
        let text = format!("SELECT a.* FROM audit a WHERE {of} {}", slice.sql("a.id"));
        let values = gate.map(Into::into).into_iter().chain(slice.bounds());
        Ok(audit::Model::find_by_statement(sql(db, &text, values)).all(db).await?)
    })
    .await
}

/// # Errors
/// Whatever the database says.
pub async fn by_id(app: &App, id: AuditId) -> Result<Option<audit::Model>> {
    Ok(audit::Entity::find_by_id(id).one(app.db.read()).await?)
}

/// Takes somebody out of the log who leaves for good. What was done stays in it.
///
/// # Errors
/// Whatever the database says.
pub async fn forget(tx: &Transaction, user: UserId) -> Result<()> {
    for text in
        ["UPDATE audit SET user_id = NULL WHERE user_id = ?", "UPDATE audit SET actor_id = NULL WHERE actor_id = ?"]
    {
        tx.execute_raw(sql(tx, text, [user.into()])).await?;
    }
    Ok(())
}
