//! Log-ins. 30 days without a request or 180 days in all end one; a user has at most 50.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use entity::{SessionId, UserId, session};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::cache::Change;
use crate::clock::{DAY, HOUR};
use crate::db::Transaction;
use crate::error::{Error, Result};
use crate::live::Event;
use crate::service::{credentials, suspension};

const IDLE: i64 = 30 * DAY;
const ABSOLUTE: i64 = 180 * DAY;
const MOST: usize = 50;
/// `last_seen_at` is written no more often than this, so that reads stay reads.
const SEEN_EVERY: i64 = HOUR;
const USER_AGENT: usize = 400;
/// How often it is looked which sessions have ended that somebody listens to, and after how many at a time.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const LOOK_AT: usize = 1_000;

/// A session that is to be started.
pub struct NewSession<'a> {
    pub user: UserId,
    /// The hash that the password was verified against.
    pub password_hash: &'a str,
    pub token_hash: &'a str,
    pub user_agent: Option<&'a str>,
}

/// Starts a session, and ends the user's oldest ones beyond the 50th.
///
/// # Errors
/// WRONG_CREDENTIALS when the password has been changed since it was verified, or the user is suspended.
pub async fn start(app: &App, new: &NewSession<'_>) -> Result<SessionId> {
    app.db.retry(|| start_once(app, new)).await
}

async fn start_once(app: &App, new: &NewSession<'_>) -> Result<SessionId> {
    let tx = app.db.begin().await?;
    // A change of the password either comes first and is seen here, or comes later and ends this session.
    credentials::lock(&tx, new.user, new.password_hash, None).await?;
    if let Some(suspended) = suspension::among(&tx, &[new.user]).await?.first() {
        return Err(suspension::refusal(suspended));
    }
    let now = app.clock.now();
    let id = SessionId(app.ids.next());
    let row = session::ActiveModel {
        id: Set(id),
        user_id: Set(new.user),
        token_hash: Set(new.token_hash.to_owned()),
        user_agent: Set(new.user_agent.map(|agent| agent.chars().take(USER_AGENT).collect())),
        created_at: Set(now),
        last_seen_at: Set(now),
    };
    session::Entity::insert(row).exec_without_returning(&tx).await?;
    let theirs = session::Entity::find()
        .filter(session::Column::UserId.eq(new.user))
        .order_by_desc(session::Column::Id)
        .all(&tx)
        .await?;
    let ended: Vec<SessionId> = theirs
        .iter()
        .enumerate()
        .filter(|(place, session)| *place >= MOST || expires_at(session) <= now)
        .map(|(_, session)| session.id)
        .collect();
    if !ended.is_empty() {
        session::Entity::delete_many().filter(session::Column::Id.is_in(ended.iter().copied())).exec(&tx).await?;
        changed(&tx, &ended);
    }
    tx.commit().await?;
    tell(app, &ended);
    Ok(id)
}

/// The session of a token, unless it ended or expired.
///
/// # Errors
/// Whatever the database says.
pub async fn by_token_hash(app: &App, token_hash: &str) -> Result<Option<Arc<session::Model>>> {
    let found = find(app, token_hash).await?;
    let Some(found) = found.filter(|session| app.clock.now() < expires_at(session)) else { return Ok(None) };
    seen(app, found.id, found.last_seen_at).await?;
    Ok(Some(found))
}

async fn find(app: &App, token_hash: &str) -> Result<Option<Arc<session::Model>>> {
    let caches = app.db.caches();
    let now = caches.now();
    if let Some(found) = now.and_then(|now| caches.sessions.get(token_hash, now)) {
        return Ok(Some(found));
    }
    let generation = caches.sessions.generation();
    let found = session::Entity::find().filter(session::Column::TokenHash.eq(token_hash)).one(app.db.read()).await?;
    let found = found.map(Arc::new);
    if let (Some(now), Some(found)) = (now, &found) {
        caches.sessions.put(Arc::clone(found), generation, now);
    }
    Ok(found)
}

/// Something is asked by a session which was seen last at the time given. Returns what that time is now.
///
/// # Errors
/// Whatever the database says.
pub async fn seen(app: &App, id: SessionId, last: i64) -> Result<i64> {
    let now = app.clock.now();
    if now - last < SEEN_EVERY {
        return Ok(last);
    }
    session::Entity::update_many()
        .set(session::ActiveModel { last_seen_at: Set(now), ..Default::default() })
        .filter(session::Column::Id.eq(id))
        .exec(app.db.write())
        .await?;
    app.db.caches().sessions.end(id);
    Ok(now)
}

/// The sessions of a user that last, latest first.
///
/// # Errors
/// Whatever the database says.
pub async fn of(app: &App, user: UserId) -> Result<Vec<session::Model>> {
    let theirs = session::Entity::find().filter(session::Column::UserId.eq(user)).filter(lasting(app));
    Ok(theirs.order_by_desc(session::Column::Id).limit(MOST as u64).all(app.db.read()).await?)
}

/// One of them.
///
/// # Errors
/// Whatever the database says.
pub async fn own(app: &App, db: &impl ConnectionTrait, user: UserId, id: SessionId) -> Result<Option<session::Model>> {
    let theirs = session::Entity::find_by_id(id).filter(session::Column::UserId.eq(user));
    Ok(theirs.filter(lasting(app)).one(db).await?)
}

fn lasting(app: &App) -> Condition {
    let now = app.clock.now();
    Condition::all().add(session::Column::LastSeenAt.gt(now - IDLE)).add(session::Column::CreatedAt.gt(now - ABSOLUTE))
}

/// Returns when a session has ended, which it may have before. Poll one and the same future: dropping it loses a wake.
pub async fn ended(app: &App, id: SessionId) {
    // First listen, then look: an end in between is seen by both.
    let mut topic = app.live.sessions.listen(id);
    loop {
        // A database that does not answer ends no session.
        // Boxed, so that it takes room only while it looks: there are as many of these as sockets.
        if matches!(Box::pin(which_last(app, &[id])).await, Ok(lasting) if lasting.is_empty()) {
            return;
        }
        topic.woken().await;
    }
}

/// Wakes those who wait for the end of a session that has expired, or was ended by another process. One statement for all
/// sessions that somebody listens to, and none when nobody does.
pub async fn watch(app: App, stop: CancellationToken) {
    let mut interval = interval(LOOK_EVERY);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => (),
            () = stop.cancelled() => return,
        }
        for some in app.live.sessions.keys().chunks(LOOK_AT) {
            match which_last(&app, some).await {
                Ok(lasting) => {
                    let ended: Vec<SessionId> = some.iter().copied().filter(|id| !lasting.contains(id)).collect();
                    tell(&app, &ended);
                }
                Err(error) => tracing::warn!(error = error.log(), "it could not be looked which sessions have ended"),
            }
        }
    }
}

async fn which_last(app: &App, ids: &[SessionId]) -> Result<HashSet<SessionId>> {
    let theirs = session::Entity::find().filter(session::Column::Id.is_in(ids.iter().copied())).filter(lasting(app));
    let lasting: Vec<SessionId> =
        theirs.select_only().column(session::Column::Id).into_tuple().all(app.db.read()).await?;
    Ok(lasting.into_iter().collect())
}

/// Ends a session. One that has ended already stays so.
///
/// # Errors
/// Whatever the database says.
pub async fn end(app: &App, id: SessionId) -> Result<()> {
    app.db.retry(|| end_once(app, id)).await?;
    tell(app, &[id]);
    Ok(())
}

/// False if it had ended already.
async fn end_once(app: &App, id: SessionId) -> Result<bool> {
    let tx = app.db.begin().await?;
    let deleted = session::Entity::delete_by_id(id).exec(&tx).await?;
    changed(&tx, &[id]);
    tx.commit().await?;
    Ok(deleted.rows_affected > 0)
}

fn changed(tx: &Transaction, ended: &[SessionId]) {
    for id in ended {
        tx.changed(Change::Session(*id));
    }
}

/// Ends a session of one's own.
///
/// # Errors
/// NOT_FOUND when it has ended already, or is somebody else's.
pub async fn revoke(app: &App, user: UserId, id: SessionId) -> Result<()> {
    let not_found = || Error::not_found("session", "sessionId");
    own(app, app.db.read(), user, id).await?.ok_or_else(not_found)?;
    let is_ended = app.db.retry(|| end_once(app, id)).await?;
    tell(app, &[id]);
    // Of two who end it at once, one did.
    if is_ended { Ok(()) } else { Err(not_found()) }
}

/// Ends all sessions of a user but one, as part of a transaction after whose commit `tell` has to follow.
///
/// # Errors
/// Whatever the database says.
pub async fn end_others(tx: &Transaction, user: UserId, kept: SessionId) -> Result<Vec<SessionId>> {
    let others = Condition::all().add(session::Column::UserId.eq(user)).add(session::Column::Id.ne(kept));
    let found = session::Entity::find().filter(others.clone());
    let ended = found.select_only().column(session::Column::Id).into_tuple().all(tx).await?;
    session::Entity::delete_many().filter(others).exec(tx).await?;
    changed(tx, &ended);
    Ok(ended)
}

/// Ends all sessions of a user, as part of a transaction after whose commit `tell` has to follow.
///
/// # Errors
/// Whatever the database says.
pub async fn end_all(tx: &Transaction, user: UserId) -> Result<Vec<SessionId>> {
    end_others(tx, user, SessionId(0)).await
}

/// Tells those who listen that sessions have ended.
pub fn tell(app: &App, ended: &[SessionId]) {
    for id in ended {
        app.live.tell(Event::Session(*id));
    }
}

/// Forgets the sessions that have expired, and returns how many.
///
/// # Errors
/// Whatever the database says.
pub async fn sweep(app: &App) -> Result<u64> {
    let expired = lasting(app).not();
    Ok(session::Entity::delete_many().filter(expired).exec(app.db.write()).await?.rows_affected)
}

fn expires_at(session: &session::Model) -> i64 {
    (session.last_seen_at + IDLE).min(session.created_at + ABSOLUTE)
}
