//! The administration of people: who may do it, finding anybody, and what only administrators do. The command line and the API
//! call the same functions; each leaves an entry in the log.

use entity::audit::Action;
use entity::user::{self, Role};
use entity::{SessionId, UserId};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, FromQueryResult, QueryFilter};

use crate::app::App;
use crate::cache::Change;
use crate::db::{Transaction, sql};
use crate::error::{Error, Result};
use crate::service::audit::{self, Actor, Entry};
use crate::service::check;
use crate::service::page::{self, Page, PageRequest};
use crate::service::user::SignUp;
use crate::service::{session, suspension, user as users};

/// # Errors
/// FORBIDDEN for everybody but administrators.
pub async fn require(app: &App, viewer: UserId) -> Result<Actor> {
    let found = user::Entity::find_by_id(viewer).one(app.db.read()).await?;
    match found {
        Some(user) if user.role == Role::Admin => Ok(Actor::Admin(viewer)),
        _ => Err(Error::Forbidden),
    }
}

/// Somebody as administrators see them.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Account {
    pub id: UserId,
    pub username: String,
    pub email: String,
    pub role: Role,
    pub created_at: i64,
    /// None when they are not suspended.
    pub is_leaving: Option<bool>,
}

const ACCOUNT: &str = "SELECT u.id, u.username, u.email, u.role, u.created_at, s.is_leaving
    FROM users u LEFT JOIN suspended s ON s.user_id = u.id";

/// Which people to list.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// How the username or the e-mail address begins, in any case.
    pub prefix: Option<String>,
    pub suspended_only: bool,
}

/// People, suspended ones included, latest sign-up first.
///
/// # Errors
/// Whatever the database says.
pub async fn accounts(app: &App, search: &Search, request: &PageRequest) -> Result<Page<Account>> {
    let db = app.db.read();
    let pattern = search.prefix.as_deref().map(|prefix| format!("{}%", escaped(&prefix.trim().to_lowercase())));
    page::read(request, async |slice| {
        if pattern.as_deref().is_some_and(|pattern| !users::is_comparable(pattern)) {
            return Ok(Vec::new());
        }
        let named =
            if pattern.is_some() { "(u.username LIKE ? ESCAPE '!' OR u.email LIKE ? ESCAPE '!')" } else { "1 = 1" };
        let suspended = if search.suspended_only { "s.user_id IS NOT NULL" } else { "1 = 1" };
        let text = format!("{ACCOUNT} WHERE {named} AND {suspended} {}", slice.sql("u.id"));
        let values = pattern.iter().flat_map(|pattern| [pattern.clone().into(), pattern.clone().into()]);
        Ok(Account::find_by_statement(sql(db, &text, values.chain(slice.bounds()))).all(db).await?)
    })
    .await
}

/// What a LIKE takes for itself: a username may have an underscore.
fn escaped(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

/// # Errors
/// Whatever the database says.
pub async fn account(app: &App, id: UserId) -> Result<Option<Account>> {
    let db = app.db.read();
    Ok(Account::find_by_statement(sql(db, &format!("{ACCOUNT} WHERE u.id = ?"), [id.into()])).one(db).await?)
}

/// Makes somebody's account for them.
///
/// # Errors
/// All that is wrong with what was typed.
pub async fn create(app: &App, actor: Actor, typed: &SignUp) -> Result<UserId> {
    let new = users::check(app, typed).await?;
    let hash = app.passwords.hash(typed.password.clone()).await?;
    let user = users::create(app, &new, &hash).await?;
    app.db.retry(|| tell(app, actor, Entry::new(Action::UserCreated).user(user.id))).await?;
    Ok(user.id)
}

async fn tell(app: &App, actor: Actor, entry: Entry) -> Result<()> {
    let tx = app.db.begin().await?;
    audit::record(app, &tx, actor, entry).await?;
    Ok(tx.commit().await?)
}

/// Makes somebody an administrator, or no longer one. Who is so already stays so.
///
/// # Errors
/// NOT_FOUND; NOT_YOURSELF for an administrator who would give up their own role.
pub async fn set_role(app: &App, actor: Actor, user: UserId, role: Role) -> Result<()> {
    actor.not_to_oneself(user, "You cannot change your own role.")?;
    app.db.retry(|| set_role_once(app, actor, user, role)).await
}

async fn set_role_once(app: &App, actor: Actor, user: UserId, role: Role) -> Result<()> {
    let tx = app.db.begin().await?;
    if staying(&tx, user).await?.role == role {
        return Ok(());
    }
    change(&tx, user, user::ActiveModel { role: Set(role), ..Default::default() }).await?;
    let action = if role == Role::Admin { Action::UserPromoted } else { Action::UserDemoted };
    audit::record(app, &tx, actor, Entry::new(action).user(user)).await?;
    Ok(tx.commit().await?)
}

/// Gives somebody another password and ends their sessions.
///
/// # Errors
/// NOT_FOUND, or what is wrong with the password.
pub async fn reset_password(app: &App, actor: Actor, user: UserId, password: String) -> Result<()> {
    check::password(&password, "password")?;
    let hash = app.passwords.hash(password).await?;
    let ended = app.db.retry(|| reset_password_once(app, actor, user, &hash)).await?;
    session::tell(app, &ended);
    Ok(())
}

async fn reset_password_once(app: &App, actor: Actor, user: UserId, hash: &str) -> Result<Vec<SessionId>> {
    let tx = app.db.begin().await?;
    staying(&tx, user).await?;
    change(&tx, user, user::ActiveModel { password_hash: Set(hash.to_owned()), ..Default::default() }).await?;
    let ended = session::end_all(&tx, user).await?;
    audit::record(app, &tx, actor, Entry::new(Action::PasswordReset).user(user)).await?;
    tx.commit().await?;
    Ok(ended)
}

/// Somebody who is not being deleted, locked.
async fn staying(tx: &Transaction, user: UserId) -> Result<user::Model> {
    let not_found = || Error::not_found("user", "userId");
    suspension::lock_staying(tx, &[user]).await.map_err(|error| match error {
        Error::User(_) => not_found(),
        other => other,
    })?;
    user::Entity::find_by_id(user).one(tx).await?.ok_or_else(not_found)
}

async fn change(tx: &Transaction, user: UserId, changed: user::ActiveModel) -> Result<()> {
    user::Entity::update_many().set(changed).filter(user::Column::Id.eq(user)).exec(tx).await?;
    tx.changed(Change::Person(user));
    Ok(())
}
