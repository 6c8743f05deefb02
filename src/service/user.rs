//! People: making them and finding them.

use std::sync::Arc;

use entity::{UserId, inbox, profile, user, user_stats};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, SqlErr};

use crate::app::App;
use crate::cache::Change;
pub use crate::cache::Person;
use crate::db::{Db, padded, sql};
use crate::error::{Error, Result, UserErrorCode};
use crate::service::check::{self, Faults};

/// What somebody types to sign up.
#[derive(Clone, Debug)]
pub struct SignUp {
    pub username: String,
    pub email: String,
    pub password: String,
    pub nickname: Option<String>,
}

/// Somebody new, checked and in the stored form.
#[derive(Clone, Debug)]
pub struct NewUser {
    pub username: String,
    pub email: String,
    pub nickname: Option<String>,
}

/// Checks all of it before anything costly is done.
///
/// # Errors
/// All that is wrong with it, taken names included.
pub async fn check(app: &App, typed: &SignUp) -> Result<NewUser> {
    let mut faults = Faults::default();
    let username = faults.keep(check::username(&typed.username))?;
    let email = faults.keep(check::email(&typed.email))?;
    faults.keep(check::password(&typed.password, "password"))?;
    let nickname = match typed.nickname.as_deref() {
        Some(nickname) => faults.keep(check::nickname(nickname))?,
        None => None,
    };
    faults.keep(free(app.db.read(), username.as_deref(), email.as_deref()).await)?;
    faults.finish()?;
    Ok(NewUser { username: username.unwrap_or_default(), email: email.unwrap_or_default(), nickname })
}

/// Makes the user with their profile, counters and inbox.
///
/// # Errors
/// TAKEN when the username or the e-mail address belongs to somebody.
pub async fn create(app: &App, new: &NewUser, password_hash: &str) -> Result<user::Model> {
    app.db.retry(|| create_once(app, new, password_hash)).await
}

async fn create_once(app: &App, new: &NewUser, password_hash: &str) -> Result<user::Model> {
    let tx = app.db.begin().await?;
    free(&tx, Some(&new.username), Some(&new.email)).await?;
    let user = user::Model {
        id: UserId(app.ids.next()),
        username: new.username.clone(),
        email: new.email.clone(),
        password_hash: password_hash.to_owned(),
        created_at: app.clock.now(),
        role: user::Role::Person,
    };
    let row: user::ActiveModel = user.clone().into();
    match user::Entity::insert(row).exec_without_returning(&tx).await {
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
            // Somebody was faster, between our look and our insert.
            drop(tx);
            free(app.db.write(), Some(&new.username), Some(&new.email)).await?;
            return Err(error.into());
        }
        done => done?,
    };
    let profile = profile::ActiveModel {
        user_id: Set(user.id),
        nickname: Set(new.nickname.clone()),
        bio: Set(String::new()),
        avatar: Set(None),
    };
    profile::Entity::insert(profile).exec_without_returning(&tx).await?;
    let stats = user_stats::ActiveModel {
        user_id: Set(user.id),
        tweet_count: Set(0),
        follower_count: Set(0),
        following_count: Set(0),
        last_tweet_id: Set(Default::default()),
    };
    user_stats::Entity::insert(stats).exec_without_returning(&tx).await?;
    let inbox = inbox::ActiveModel { user_id: Set(user.id), last_seq: Set(0), unread: Set(0) };
    inbox::Entity::insert(inbox).exec_without_returning(&tx).await?;
    // It may have been asked for before.
    tx.changed(Change::Person(user.id));
    tx.changed(Change::UserStats(user.id));
    tx.commit().await?;
    Ok(user)
}

/// # Errors
/// TAKEN for each of the two that belongs to somebody.
pub async fn free(db: &impl ConnectionTrait, username: Option<&str>, email: Option<&str>) -> Result<()> {
    let mut either = Condition::any();
    if let Some(username) = username {
        either = either.add(user::Column::Username.eq(username));
    }
    if let Some(email) = email {
        either = either.add(user::Column::Email.eq(email));
    }
    if either.is_empty() {
        return Ok(());
    }
    let mut faults = Faults::default();
    let holders = user::Entity::find().filter(either).all(db).await?;
    if holders.iter().any(|holder| Some(holder.username.as_str()) == username) {
        faults.keep::<()>(Err(taken("username", "This username is taken.")))?;
    }
    if holders.iter().any(|holder| Some(holder.email.as_str()) == email) {
        faults.keep::<()>(Err(email_is_taken()))?;
    }
    faults.finish()
}

/// What is said of somebody else's e-mail address.
pub fn email_is_taken() -> Error {
    taken("email", "There is an account with this e-mail address.")
}

fn taken(field: &'static str, message: &str) -> Error {
    Error::user(UserErrorCode::Taken, field, message)
}

/// By username or e-mail address, in any case.
///
/// # Errors
/// Whatever the database says.
pub async fn by_login(app: &App, login: &str) -> Result<Option<user::Model>> {
    let login = login.trim().to_lowercase();
    if !is_comparable(&login) {
        return Ok(None); // no text that PostgreSQL could compare
    }
    let either = Condition::any().add(user::Column::Username.eq(&login)).add(user::Column::Email.eq(&login));
    Ok(user::Entity::find().filter(either).one(app.db.read()).await?)
}

/// By username, in any case.
///
/// # Errors
/// Whatever the database says.
pub async fn by_username(db: &impl ConnectionTrait, username: &str) -> Result<Option<UserId>> {
    if !is_comparable(username) {
        return Ok(None);
    }
    let user = user::Entity::find().filter(user::Column::Username.eq(username.to_lowercase())).one(db).await?;
    Ok(user.map(|user| user.id))
}

/// Whether this is text that every engine can compare: PostgreSQL takes no null characters, which nobody's name has.
pub fn is_comparable(text: &str) -> bool {
    !text.contains('\0')
}

/// The same, if they are there for everybody to see.
///
/// # Errors
/// Whatever the database says.
pub async fn visible_by_username(db: &impl ConnectionTrait, username: &str) -> Result<Option<UserId>> {
    if !is_comparable(username) {
        return Ok(None);
    }
    let text = "SELECT u.id FROM users u WHERE u.username = ?
                AND NOT EXISTS (SELECT 1 FROM suspended s WHERE s.user_id = u.id)";
    let row = db.query_one_raw(sql(db, text, [username.to_lowercase().into()])).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// Users with their profiles, in one statement.
///
/// # Errors
/// Whatever the database says.
pub async fn by_ids(db: &impl ConnectionTrait, ids: &[UserId]) -> Result<Vec<Person>> {
    let found = user::Entity::find()
        .filter(user::Column::Id.is_in(ids.iter().copied()))
        .find_also_related(profile::Entity)
        .all(db)
        .await?;
    Ok(found.into_iter().filter_map(|(user, profile)| Some((user, profile?))).collect())
}

/// The same through the caches, in the order asked, and without the hashes of their passwords.
///
/// # Errors
/// Whatever the database says.
pub async fn load(db: &Db, ids: &[UserId]) -> Result<Vec<Option<Arc<Person>>>> {
    let caches = db.caches();
    caches.people.get(caches.now(), ids, |ids| caches.shared(ids, |ids| read(db, ids))).await
}

async fn read(db: &Db, ids: Vec<UserId>) -> Result<Vec<(UserId, Option<Arc<Person>>)>> {
    let mut found = by_ids(db.read(), &padded(&ids)).await?;
    found.iter_mut().for_each(|(user, _)| user.password_hash = String::new());
    Ok(found.into_iter().map(|person| (person.0.id, Some(Arc::new(person)))).collect())
}
