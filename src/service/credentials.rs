//! Password and e-mail address: what only somebody who knows the password may change.
//!
//! Passwords are verified outside of transactions, since that takes long. So each transaction here is told what hash was
//! verified, and looks under the user's lock whether that still is the password: of two changes at once, one succeeds.

use entity::{SessionId, UserId, user};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, SqlErr};

use crate::app::App;
use crate::cache::Change;
use crate::db::Transaction;
use crate::error::{Error, Result, UserErrorCode};
use crate::service::{session, stats};

/// Somebody who has given the right password.
#[derive(Clone, Copy, Debug)]
pub struct Proven<'a> {
    pub user: UserId,
    /// By which they ask.
    pub session: SessionId,
    /// The hash that the password was verified against.
    pub password_hash: &'a str,
}

/// The stored hash of a user's password, if there is such a user.
///
/// # Errors
/// Whatever the database says.
pub async fn password_hash(app: &App, user: UserId) -> Result<Option<String>> {
    let found = user::Entity::find_by_id(user).one(app.db.read()).await?;
    Ok(found.map(|user| user.password_hash))
}

/// Locks a user until the transaction ends.
///
/// # Errors
/// WRONG_CREDENTIALS for the field named when the password is another one by now.
pub async fn lock(
    tx: &Transaction,
    user: UserId,
    password_hash: &str,
    field: Option<&'static str>,
) -> Result<user::Model> {
    let [stats] = stats::lock(tx, [user]).await?;
    let found = match stats {
        Some(_) => user::Entity::find_by_id(user).one(tx).await?,
        None => None,
    };
    found.filter(|user| user.password_hash == password_hash).ok_or_else(|| wrong(field))
}

/// What is said of a wrong password.
pub fn wrong(field: Option<&'static str>) -> Error {
    let message = match field {
        Some(_) => "This is not the password.",
        None => "The login or the password is wrong.",
    };
    Error::user(UserErrorCode::WrongCredentials, field, message)
}

/// Changes the password, and ends every other session.
///
/// # Errors
/// WRONG_CREDENTIALS or UNAUTHENTICATED when somebody else was faster to change it.
pub async fn change_password(app: &App, by: Proven<'_>, new_hash: &str) -> Result<()> {
    let ended = app.db.retry(|| change_password_once(app, by, new_hash)).await?;
    session::tell(app, &ended);
    Ok(())
}

async fn change_password_once(app: &App, by: Proven<'_>, new_hash: &str) -> Result<Vec<SessionId>> {
    let tx = app.db.begin().await?;
    let changed = user::ActiveModel { password_hash: Set(new_hash.to_owned()), ..Default::default() };
    lock_by(app, &tx, by, "oldPassword").await?;
    user::Entity::update_many().set(changed).filter(user::Column::Id.eq(by.user)).exec(&tx).await?;
    let ended = session::end_others(&tx, by.user, by.session).await?;
    tx.commit().await?;
    Ok(ended)
}

/// Changes the e-mail address, which is in the stored form.
///
/// # Errors
/// TAKEN when it is somebody else's; WRONG_CREDENTIALS or UNAUTHENTICATED when the password was changed meanwhile.
pub async fn change_email(app: &App, by: Proven<'_>, email: &str) -> Result<()> {
    app.db.retry(|| change_email_once(app, by, email)).await
}

async fn change_email_once(app: &App, by: Proven<'_>, email: &str) -> Result<()> {
    let tx = app.db.begin().await?;
    lock_by(app, &tx, by, "password").await?;
    free_for(&tx, by.user, email).await?;
    let changed = user::ActiveModel { email: Set(email.to_owned()), ..Default::default() };
    match user::Entity::update_many().set(changed).filter(user::Column::Id.eq(by.user)).exec(&tx).await {
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
            // Somebody was faster, between our look and our update.
            drop(tx);
            free_for(app.db.write(), by.user, email).await?;
            return Err(error.into());
        }
        done => done?,
    };
    tx.changed(Change::Person(by.user));
    Ok(tx.commit().await?)
}

/// # Errors
/// TAKEN when the address belongs to somebody else.
pub async fn free_for(db: &impl ConnectionTrait, user: UserId, email: &str) -> Result<()> {
    let held = user::Entity::find().filter(user::Column::Email.eq(email)).filter(user::Column::Id.ne(user));
    match held.one(db).await? {
        Some(_) => Err(super::user::email_is_taken()),
        None => Ok(()),
    }
}

/// Locks the user, whose session has to last: the change of a password elsewhere may have ended it.
///
/// # Errors
/// WRONG_CREDENTIALS for the field named, or UNAUTHENTICATED.
pub async fn lock_by(app: &App, tx: &Transaction, by: Proven<'_>, field: &'static str) -> Result<()> {
    lock(tx, by.user, by.password_hash, Some(field)).await?;
    session::own(app, tx, by.user, by.session).await?.map(drop).ok_or(Error::Unauthenticated)
}
