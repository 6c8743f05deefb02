//! Deleting somebody for good, with all that is theirs.
//!
//! At the commit they are suspended for good and their sessions end; so nobody sees anything of them any more, and they do
//! nothing any more. What is left goes in the background, a batch a message. A step looks at what there is and takes the next
//! of it, through the same services as everybody's deeds, so that the counters of others stay exact; it has no place to go on
//! at and may be killed, repeated or run twice at once. The user's own row goes last: then the username and the e-mail address
//! are free again.
//!
//! The order matters. Tweets first: they are retracted from the feeds of the followers, so the edges have to stay until the
//! last tweet's row is gone, and `Retract` posts the next step then. Deeds before notifications: undoing one may still make a
//! notification change.

mod belongings;

use entity::audit::Action;
use entity::{SessionId, UserId, follow, inbox, profile, suspended, tweet, user, user_stats};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::app::App;
use crate::bus::{Message, outbox};
use crate::cache::Change;
use crate::db::Transaction;
use crate::error::{Error, Result};
use crate::service::audit::{self, Actor, Entry};
use crate::service::credentials::{self, Proven};
use crate::service::{follow as follows, media, session, stats, suspension, tweet as tweets};

/// How many tweets, comments, likes or edges one step takes at most: each costs several statements, and on SQLite everybody
/// who writes waits for the step.
const DEEDS: u32 = 50;

/// Deletes somebody, for good. Once more for somebody who is being deleted, should that have come to a stop.
///
/// # Errors
/// NOT_FOUND; NOT_YOURSELF.
pub async fn delete(app: &App, actor: Actor, user: UserId) -> Result<()> {
    actor.not_to_oneself(user, "You cannot delete yourself here: use deleteAccount, with your password.")?;
    begin(app, user, Wish::Of(actor)).await
}

/// The same by themselves. The log of the administration says nothing of it.
///
/// # Errors
/// WRONG_CREDENTIALS or UNAUTHENTICATED when the password was changed, or the session ended, since the password was verified.
pub async fn leave(app: &App, by: Proven<'_>) -> Result<()> {
    begin(app, by.user, Wish::Own(by)).await
}

/// Whose wish a deletion is.
#[derive(Clone, Copy)]
enum Wish<'a> {
    Of(Actor),
    Own(Proven<'a>),
}

async fn begin(app: &App, user: UserId, wish: Wish<'_>) -> Result<()> {
    let ended = app.db.retry(|| begin_once(app, user, wish)).await?;
    session::tell(app, &ended);
    app.bus.wake();
    Ok(())
}

async fn begin_once(app: &App, user: UserId, wish: Wish<'_>) -> Result<Vec<SessionId>> {
    let tx = app.db.begin().await?;
    if let Wish::Own(by) = wish {
        credentials::lock_by(app, &tx, by, "password").await?;
    }
    let [Some(_)] = stats::lock(&tx, [user]).await? else { return Err(Error::not_found("user", "userId")) };
    let is_leaving = is_leaving(&tx, user).await?;
    let ended = if is_leaving { Vec::new() } else { suspension::hide(app, &tx, user, true).await? };
    if let (Wish::Of(actor), false) = (wish, is_leaving) {
        audit::record(app, &tx, actor, Entry::new(Action::UserDeleted).user(user)).await?;
    }
    resume(app, &tx, user).await?;
    app.failpoints.pass("deletion: before commit").await;
    tx.commit().await?;
    app.failpoints.pass("deletion: after commit").await;
    Ok(ended)
}

async fn is_leaving(tx: &Transaction, user: UserId) -> Result<bool> {
    Ok(suspension::among(tx, &[user]).await?.iter().any(|row| row.is_leaving))
}

/// Posts the next step, and once more what has to come before it, in case a message was dropped by hand.
async fn resume(app: &App, tx: &Transaction, user: UserId) -> Result<()> {
    let dead = tweet::Column::DeletedAt.is_not_null();
    let dead = tweet::Entity::find().filter(tweet::Column::AuthorId.eq(user)).filter(dead);
    for tweet in dead.limit(u64::from(app.config.feed_batch)).all(tx).await? {
        outbox::post(app, tx, Message::Retract { tweet: tweet.id, pulled: false, after: UserId(0) }).await?;
    }
    outbox::post(app, tx, Message::DeleteUser { user }).await
}

/// Posts the next step for everybody who is being deleted: a message that was given up or dropped may have ended it.
///
/// # Errors
/// Whatever the database says.
pub async fn resume_all(app: &App) -> Result<usize> {
    let leaving = suspended::Entity::find().filter(suspended::Column::IsLeaving.eq(true)).all(app.db.read()).await?;
    for row in &leaving {
        app.db.retry(|| resume_once(app, row.user_id)).await?;
    }
    app.bus.wake();
    Ok(leaving.len())
}

async fn resume_once(app: &App, user: UserId) -> Result<()> {
    let tx = app.db.begin().await?;
    resume(app, &tx, user).await?;
    Ok(tx.commit().await?)
}

/// The last row of a tweet has gone. If it was the author's last and they are leaving, the next step can be taken.
///
/// # Errors
/// Whatever the database says.
pub async fn tweet_is_gone(app: &App, tx: &Transaction, author: UserId) -> Result<()> {
    // Locked first: of two tweets that go at once the second sees that the first is gone, and whoever begins to leave now sees
    // that this one is.
    stats::lock(tx, [author]).await?;
    if !is_leaving(tx, author).await? {
        return Ok(());
    }
    let left = tweet::Entity::find().filter(tweet::Column::AuthorId.eq(author)).one(tx).await?;
    if left.is_none() { outbox::post(app, tx, Message::DeleteUser { user: author }).await } else { Ok(()) }
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// There was nothing of this kind.
    Nothing,
    /// A batch was removed: there may be more.
    Some,
    /// Somebody else has to come to an end first, and will post the next step.
    Wait,
}

impl Step {
    fn of(rows: usize) -> Self {
        if rows == 0 { Self::Nothing } else { Self::Some }
    }
}

/// Removes the next batch of whatever there is, and posts the next step.
///
/// # Errors
/// Whatever the database says.
pub async fn go_on(app: &App, tx: &Transaction, user: UserId) -> Result<()> {
    if !is_leaving(tx, user).await? {
        return Ok(());
    }
    let step = next(app, tx, user).await?;
    app.failpoints.pass("deletion: a step").await;
    match step {
        Step::Some => outbox::post(app, tx, Message::DeleteUser { user }).await,
        Step::Wait => Ok(()),
        Step::Nothing => finish(app, tx, user).await,
    }
}

async fn next(app: &App, tx: &Transaction, user: UserId) -> Result<Step> {
    let (most, deeds) = (app.config.feed_batch, app.config.feed_batch.min(DEEDS));
    let mut step = delete_tweets(app, tx, user, deeds).await?;
    if step == Step::Nothing {
        step = Step::of(belongings::comments(app, tx, user, deeds).await?);
    }
    if step == Step::Nothing {
        step = Step::of(belongings::likes(app, tx, user, deeds).await?);
    }
    if step == Step::Nothing {
        step = Step::of(sever(app, tx, user, deeds).await?);
    }
    if step == Step::Nothing {
        step = Step::of(belongings::notifications_by(tx, user, most).await?);
    }
    if step == Step::Nothing {
        step = Step::of(belongings::notifications_for(tx, user, most).await?);
    }
    if step == Step::Nothing {
        step = Step::of(belongings::entries(tx, user, most).await?);
    }
    if step == Step::Nothing {
        step = Step::of(belongings::keys(tx, user, most).await?);
    }
    Ok(step)
}

async fn delete_tweets(app: &App, tx: &Transaction, user: UserId, most: u32) -> Result<Step> {
    let theirs = || tweet::Entity::find().filter(tweet::Column::AuthorId.eq(user));
    let living = || theirs().filter(tweet::Column::DeletedAt.is_null()).order_by_asc(tweet::Column::Id);
    if living().one(tx).await?.is_none() {
        return Ok(if theirs().one(tx).await?.is_some() { Step::Wait } else { Step::Nothing });
    }
    stats::lock(tx, [user]).await?;
    for tweet in living().limit(u64::from(most)).all(tx).await? {
        tweets::bury(app, tx, user, tweet.id).await?;
    }
    Ok(Step::Some)
}

/// Removes edges in both directions. Nothing has to be purged for it: the followers' feeds have no tweet of theirs any more,
/// and their own feed goes as a whole.
async fn sever(app: &App, tx: &Transaction, user: UserId, most: u32) -> Result<usize> {
    let edges = || {
        let either = Condition::any().add(follow::Column::FollowerId.eq(user)).add(follow::Column::FolloweeId.eq(user));
        follow::Entity::find().filter(either)
    };
    let chosen = edges().order_by_asc(follow::Column::Id).limit(u64::from(most)).all(tx).await?;
    let mut people: Vec<UserId> = chosen.iter().flat_map(|edge| [edge.follower_id, edge.followee_id]).collect();
    people.dedup();
    stats::lock_all(tx, &people).await?;
    for edge in &chosen {
        // Looked at again under the lock: two who leave at once have one edge between them.
        if follows::edge(tx, edge.follower_id, edge.followee_id).await?.is_some() {
            follows::sever(app, tx, edge.follower_id, edge.followee_id).await?;
        }
    }
    Ok(chosen.len())
}

/// Nothing hangs on the user any more: the user goes.
async fn finish(app: &App, tx: &Transaction, user: UserId) -> Result<()> {
    stats::lock(tx, [user]).await?;
    // Once more under the lock of the inbox: who would tell them something finds no inbox from now on.
    if belongings::notifications_for(tx, user, app.config.feed_batch).await? > 0 {
        return outbox::post(app, tx, Message::DeleteUser { user }).await;
    }
    if let Some(profile) = profile::Entity::find_by_id(user).lock_exclusive().one(tx).await? {
        media::trash(app, tx, profile.avatar).await?;
    }
    belongings::names(tx, user).await?;
    session::end_all(tx, user).await?;
    audit::forget(tx, user).await?;
    profile::Entity::delete_by_id(user).exec(tx).await?;
    inbox::Entity::delete_by_id(user).exec(tx).await?;
    user::Entity::delete_by_id(user).exec(tx).await?;
    suspended::Entity::delete_by_id(user).exec(tx).await?;
    user_stats::Entity::delete_by_id(user).exec(tx).await?;
    tx.changed(Change::Everything);
    app.failpoints.pass("deletion: the user").await;
    Ok(())
}
