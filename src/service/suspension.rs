//! Suspension: somebody and everything of theirs is there for nobody, from the commit on and until they are restored.
//!
//! It is one row in a set that every read looks into, so that both ways take effect at once and nothing has to be undone. The
//! row is written under the lock of the user's `user_stats` row. Whoever does something takes that lock first and looks
//! whether they still may (`lock_active`), so that nobody's deed commits after their suspension.

use entity::audit::Action;
use entity::{SessionId, UserId, suspended, user_stats};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::app::App;
use crate::bus::{Message, outbox};
use crate::cache::Change;
use crate::db::{Db, Transaction, marks, padded, sql};
use crate::error::{Error, Result, UserErrorCode};
use crate::service::audit::{self, Actor, Entry};
use crate::service::{credentials, session, stats};

/// Suspends somebody and ends their sessions. Who is suspended already stays so.
///
/// # Errors
/// NOT_FOUND, also for somebody who is being deleted; NOT_YOURSELF.
pub async fn suspend(app: &App, actor: Actor, user: UserId) -> Result<()> {
    actor.not_to_oneself(user, "You cannot suspend yourself.")?;
    let ended = app.db.retry(|| suspend_once(app, actor, user)).await?;
    session::tell(app, &ended);
    app.bus.wake();
    Ok(())
}

async fn suspend_once(app: &App, actor: Actor, user: UserId) -> Result<Vec<SessionId>> {
    let tx = app.db.begin().await?;
    if lock(&tx, user).await? {
        return Ok(Vec::new());
    }
    let ended = hide(app, &tx, user, false).await?;
    audit::record(app, &tx, actor, Entry::new(Action::UserSuspended).user(user)).await?;
    tx.commit().await?;
    Ok(ended)
}

/// Restores somebody with everything that is theirs. Who is not suspended stays so.
///
/// # Errors
/// NOT_FOUND, also for somebody who is being deleted.
pub async fn restore(app: &App, actor: Actor, user: UserId) -> Result<()> {
    app.db.retry(|| restore_once(app, actor, user)).await?;
    app.bus.wake();
    Ok(())
}

async fn restore_once(app: &App, actor: Actor, user: UserId) -> Result<()> {
    let tx = app.db.begin().await?;
    if !lock(&tx, user).await? {
        return Ok(());
    }
    suspended::Entity::delete_by_id(user).exec(&tx).await?;
    tx.changed(Change::Everything);
    audit::record(app, &tx, actor, Entry::new(Action::UserRestored).user(user)).await?;
    Ok(tx.commit().await?)
}

/// Locks somebody who is to be administered, and says whether they are suspended.
async fn lock(tx: &Transaction, user: UserId) -> Result<bool> {
    let [Some(_)] = stats::lock(tx, [user]).await? else { return Err(Error::not_found("user", "userId")) };
    match among(tx, &[user]).await?.pop() {
        Some(row) if row.is_leaving => Err(Error::not_found("user", "userId")),
        found => Ok(found.is_some()),
    }
}

/// Hides somebody whose `user_stats` row is locked, and ends their sessions: tell them so after the commit.
///
/// # Errors
/// Whatever the database says.
pub async fn hide(app: &App, tx: &Transaction, user: UserId, is_leaving: bool) -> Result<Vec<SessionId>> {
    suspended::Entity::delete_by_id(user).exec(tx).await?;
    let row = suspended::ActiveModel { user_id: Set(user), is_leaving: Set(is_leaving) };
    suspended::Entity::insert(row).exec_without_returning(tx).await?;
    tx.changed(Change::Everything);
    outbox::post(app, tx, Message::UserHidden { user }).await?;
    session::end_all(tx, user).await
}

/// Locks the row of somebody who is about to do something, and makes sure that they still may.
///
/// # Errors
/// UNAUTHENTICATED when they have been suspended or deleted since they were asked who they are.
pub async fn lock_active(tx: &Transaction, user: UserId) -> Result<user_stats::Model> {
    let [Some(stats)] = stats::lock(tx, [user]).await? else { return Err(Error::Unauthenticated) };
    if among(tx, &[user]).await?.is_empty() { Ok(stats) } else { Err(Error::Unauthenticated) }
}

/// Locks the rows of people whom something is about to name, and makes sure that none of them is leaving.
///
/// # Errors
/// NOT_FOUND when one of them is gone.
pub async fn lock_staying(tx: &Transaction, users: &[UserId]) -> Result<()> {
    if users.is_empty() {
        return Ok(());
    }
    let there = stats::lock_all(tx, users).await?;
    let is_leaving = among(tx, users).await?.iter().any(|row| row.is_leaving);
    if is_leaving || users.iter().any(|user| there.iter().all(|stats| stats.user_id != *user)) {
        return Err(Error::not_found("user", None));
    }
    Ok(())
}

/// Those of the users who are suspended, or being deleted.
///
/// # Errors
/// Whatever the database says.
pub async fn among(db: &impl ConnectionTrait, users: &[UserId]) -> Result<Vec<suspended::Model>> {
    Ok(suspended::Entity::find().filter(suspended::Column::UserId.is_in(users.iter().copied())).all(db).await?)
}

/// Those of the users who are there for everybody to see.
///
/// # Errors
/// Whatever the database says.
pub async fn visible(db: &impl ConnectionTrait, users: &[UserId]) -> Result<Vec<UserId>> {
    let text = format!(
        "SELECT u.id FROM users u WHERE u.id IN ({}) AND NOT EXISTS (
             SELECT 1 FROM suspended s WHERE s.user_id = u.id)",
        marks(users.len())
    );
    let rows = db.query_all_raw(sql(db, &text, users.iter().map(|user| (*user).into()))).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// What a log-in with the right password is told. Somebody who is being deleted is not there any more.
pub fn refusal(row: &suspended::Model) -> Error {
    if row.is_leaving {
        return credentials::wrong(None);
    }
    Error::user(UserErrorCode::WrongCredentials, None, "This account has been suspended.")
}

/// Whether each of them is there for everybody to see, through the caches.
///
/// # Errors
/// Whatever the database says.
pub async fn load_visible(db: &Db, users: &[UserId]) -> Result<Vec<bool>> {
    let caches = db.caches();
    caches.visible.get(caches.now(), users, |users| read_visible(db, users)).await
}

async fn read_visible(db: &Db, users: Vec<UserId>) -> Result<Vec<(UserId, bool)>> {
    Ok(visible(db.read(), &padded(&users)).await?.into_iter().map(|user| (user, true)).collect())
}
