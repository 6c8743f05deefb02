//! Log-ins. 30 days without a request or 180 days in all end one; a user has at most 50.

use entity::{SessionId, UserId, session};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::app::App;
use crate::clock::{DAY, HOUR};
use crate::error::Result;
use crate::live::Event;

const IDLE: i64 = 30 * DAY;
const ABSOLUTE: i64 = 180 * DAY;
const MOST: usize = 50;
/// `last_seen_at` is written no more often than this, so that reads stay reads.
const SEEN_EVERY: i64 = HOUR;
const USER_AGENT: usize = 400;

/// Starts a session, and ends the user's oldest ones beyond the 50th.
///
/// # Errors
/// Whatever the database says.
pub async fn start(app: &App, user: UserId, token_hash: &str, user_agent: Option<&str>) -> Result<SessionId> {
    app.db.retry(|| start_once(app, user, token_hash, user_agent)).await
}

async fn start_once(app: &App, user: UserId, token_hash: &str, user_agent: Option<&str>) -> Result<SessionId> {
    let now = app.clock.now();
    let id = SessionId(app.ids.next());
    let tx = app.db.begin().await?;
    let row = session::ActiveModel {
        id: Set(id),
        user_id: Set(user),
        token_hash: Set(token_hash.to_owned()),
        user_agent: Set(user_agent.map(|agent| agent.chars().take(USER_AGENT).collect())),
        created_at: Set(now),
        last_seen_at: Set(now),
    };
    session::Entity::insert(row).exec_without_returning(&tx).await?;
    let theirs = session::Entity::find()
        .filter(session::Column::UserId.eq(user))
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
    }
    tx.commit().await?;
    for ended in ended {
        app.live.tell(Event::Session(ended));
    }
    Ok(id)
}

/// The session of a token, unless it ended or expired.
///
/// # Errors
/// Whatever the database says.
pub async fn by_token_hash(app: &App, token_hash: &str) -> Result<Option<session::Model>> {
    let found = session::Entity::find().filter(session::Column::TokenHash.eq(token_hash)).one(app.db.read()).await?;
    let now = app.clock.now();
    let Some(found) = found.filter(|session| now < expires_at(session)) else { return Ok(None) };
    if now - found.last_seen_at >= SEEN_EVERY {
        session::Entity::update_many()
            .set(session::ActiveModel { last_seen_at: Set(now), ..Default::default() })
            .filter(session::Column::Id.eq(found.id))
            .exec(app.db.write())
            .await?;
    }
    Ok(Some(found))
}

/// Whether a session still lasts.
///
/// # Errors
/// Whatever the database says.
pub async fn lasts(app: &App, id: SessionId) -> Result<bool> {
    let found = session::Entity::find_by_id(id).one(app.db.read()).await?;
    Ok(found.is_some_and(|session| app.clock.now() < expires_at(&session)))
}

/// Returns when a session has ended, which it may have before. Poll one and the same future: dropping it loses a wake.
pub async fn ended(app: &App, id: SessionId) {
    // First listen, then look: an end in between is seen by both.
    let mut topic = app.live.sessions.listen(id);
    loop {
        // A database that does not answer ends no session.
        if matches!(lasts(app, id).await, Ok(false)) {
            return;
        }
        app.live.wait(topic.woken()).await;
    }
}

/// Ends a session. One that has ended already stays so.
///
/// # Errors
/// Whatever the database says.
pub async fn end(app: &App, id: SessionId) -> Result<()> {
    session::Entity::delete_by_id(id).exec(app.db.write()).await?;
    app.live.tell(Event::Session(id));
    Ok(())
}

fn expires_at(session: &session::Model) -> i64 {
    (session.last_seen_at + IDLE).min(session.created_at + ABSOLUTE)
}
