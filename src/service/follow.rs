//! Who follows whom.
//!
//! An edge is born pulled: the followee's past is read from their tweets until a Fill has copied it into the feed. So the
//! past is there at the commit of a follow, and a backfill that is late costs speed, never an answer.

use std::collections::HashSet;

use entity::{FollowId, TweetId, UserId, follow, user_stats};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
};

use crate::app::App;
use crate::bus::{Message, outbox};
use crate::cache::Change;
use crate::db::{Db, Transaction, padded, sql};
use crate::error::{Error, Result, UserErrorCode};
use crate::service::feed::threshold::Threshold;
use crate::service::page::{self, Page, PageRequest};
use crate::service::{stats, suspension};

/// Makes an edge; one that is there already stays as it is.
///
/// # Errors
/// NOT_YOURSELF, NOT_FOUND, or TOO_MANY when the follower follows as many people as one may.
pub async fn follow(app: &App, follower: UserId, followee: UserId) -> Result<()> {
    if follower == followee {
        return Err(Error::user(UserErrorCode::NotYourself, "userId", "You cannot follow yourself."));
    }
    app.db.retry(|| follow_once(app, follower, followee)).await?;
    app.bus.wake();
    Ok(())
}

async fn follow_once(app: &App, follower: UserId, followee: UserId) -> Result<()> {
    let tx = app.db.begin().await?;
    let [mine, theirs] = lock_both(&tx, follower, followee).await?;
    // Under the lock, not by the number of inserted rows: MySQL's drivers count a row that was there already.
    if edge(&tx, follower, followee).await?.is_some() {
        return Ok(());
    }
    let limit = app.config.following_limit;
    if mine.following_count >= limit {
        let message = format!("You follow {limit} people already, and that is as many as one may.");
        return Err(Error::user(UserErrorCode::TooMany, None, message));
    }
    let row = follow::ActiveModel {
        follower_id: Set(follower),
        followee_id: Set(followee),
        id: Set(FollowId(app.ids.next())),
        created_at: Set(app.clock.now()),
        pushed: Set(0),
        filled_to: Set(TweetId(0)),
    };
    follow::Entity::insert(row).exec_without_returning(&tx).await?;
    tx.changed(Change::Edge { follower, followee });
    stats::add(&tx, follower, user_stats::Column::FollowingCount, 1).await?;
    stats::add(&tx, followee, user_stats::Column::FollowerCount, 1).await?;
    let followers = theirs.follower_count + 1;
    if !Threshold::now(app, &tx).await?.is_pulled(followee, followers) {
        outbox::post(app, &tx, Message::Fill { follower, followee, from: TweetId(0) }).await?;
    } else if followers == app.config.feed_push_limit + 1 {
        outbox::post(app, &tx, Message::Demote { followee, after: UserId(0) }).await?;
    }
    outbox::post(app, &tx, Message::FollowChanged { follower, followee }).await?;
    app.failpoints.pass("follow: before commit").await;
    tx.commit().await?;
    app.failpoints.pass("follow: after commit").await;
    Ok(())
}

/// Locks follower and followee, who have to be there for each other to see.
async fn lock_both(tx: &Transaction, follower: UserId, followee: UserId) -> Result<[user_stats::Model; 2]> {
    let [Some(mine), Some(theirs)] = stats::lock(tx, [follower, followee]).await? else {
        return Err(Error::not_found("user", "userId"));
    };
    let hidden = suspension::among(tx, &[follower, followee]).await?;
    if hidden.iter().any(|hidden| hidden.user_id == follower) {
        return Err(Error::Unauthenticated);
    }
    if hidden.is_empty() { Ok([mine, theirs]) } else { Err(Error::not_found("user", "userId")) }
}

/// Removes an edge; one that is not there is no fault.
///
/// # Errors
/// NOT_YOURSELF or NOT_FOUND.
pub async fn unfollow(app: &App, follower: UserId, followee: UserId) -> Result<()> {
    if follower == followee {
        return Err(Error::user(UserErrorCode::NotYourself, "userId", "You cannot unfollow yourself."));
    }
    app.db.retry(|| unfollow_once(app, follower, followee)).await?;
    app.bus.wake();
    Ok(())
}

async fn unfollow_once(app: &App, follower: UserId, followee: UserId) -> Result<()> {
    let tx = app.db.begin().await?;
    lock_both(&tx, follower, followee).await?;
    if edge(&tx, follower, followee).await?.is_none() {
        return Ok(());
    }
    sever(app, &tx, follower, followee).await?;
    outbox::post(app, &tx, Message::Purge { follower, followee, after: TweetId(0) }).await?;
    app.failpoints.pass("unfollow: before commit").await;
    tx.commit().await?;
    app.failpoints.pass("unfollow: after commit").await;
    Ok(())
}

/// Removes an edge between two whose `user_stats` rows are locked. What it brought into the feed is the caller's concern.
///
/// # Errors
/// Whatever the database says.
pub async fn sever(app: &App, tx: &Transaction, follower: UserId, followee: UserId) -> Result<()> {
    follow::Entity::delete_by_id((follower, followee)).exec(tx).await?;
    tx.changed(Change::Edge { follower, followee });
    stats::add(tx, follower, user_stats::Column::FollowingCount, -1).await?;
    stats::add(tx, followee, user_stats::Column::FollowerCount, -1).await?;
    outbox::post(app, tx, Message::FollowChanged { follower, followee }).await
}

/// # Errors
/// Whatever the database says.
pub async fn edge(db: &impl ConnectionTrait, follower: UserId, followee: UserId) -> Result<Option<follow::Model>> {
    Ok(follow::Entity::find_by_id((follower, followee)).one(db).await?)
}

/// The same, locked until the transaction ends.
///
/// # Errors
/// Whatever the database says.
pub async fn lock_edge(tx: &Transaction, follower: UserId, followee: UserId) -> Result<Option<follow::Model>> {
    Ok(follow::Entity::find_by_id((follower, followee)).lock_exclusive().one(tx).await?)
}

/// All edges between one user and others, in both directions, in one statement.
///
/// # Errors
/// Whatever the database says.
pub async fn between(db: &impl ConnectionTrait, user: UserId, others: &[UserId]) -> Result<Vec<(UserId, UserId)>> {
    let others = others.iter().copied();
    let either = Condition::any()
        .add(follow::Column::FollowerId.eq(user).and(follow::Column::FolloweeId.is_in(others.clone())))
        .add(follow::Column::FolloweeId.eq(user).and(follow::Column::FollowerId.is_in(others)));
    let edges = follow::Entity::find().filter(either).all(db).await?;
    Ok(edges.into_iter().map(|edge| (edge.follower_id, edge.followee_id)).collect())
}

/// One row of a list of followers or followees.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Edge {
    /// The key of the list.
    pub id: FollowId,
    /// The user at the other end.
    pub user_id: UserId,
    pub created_at: i64,
}

/// Who follows this user, newest follow first.
///
/// # Errors
/// Whatever the database says.
pub async fn followers(app: &App, user: UserId, request: &PageRequest) -> Result<Page<Edge>> {
    edges(app, user, request, "follower_id", "followee_id").await
}

/// Whom this user follows, newest follow first.
///
/// # Errors
/// Whatever the database says.
pub async fn following(app: &App, user: UserId, request: &PageRequest) -> Result<Page<Edge>> {
    edges(app, user, request, "followee_id", "follower_id").await
}

async fn edges(app: &App, user: UserId, request: &PageRequest, other: &str, own: &str) -> Result<Page<Edge>> {
    let db = app.db.read();
    page::read(request, async |slice| {
        let text = format!(
            "SELECT f.id, f.{other} AS user_id, f.created_at FROM follow f WHERE f.{own} = ?
             AND NOT EXISTS (SELECT 1 FROM suspended s WHERE s.user_id = f.{other}) {}",
            slice.sql("f.id")
        );
        let values = std::iter::once(user.into()).chain(slice.bounds());
        Ok(Edge::find_by_statement(sql(db, &text, values)).all(db).await?)
    })
    .await
}

/// Of a user and each of the others, through the caches: whether the user follows them, and they the user.
///
/// # Errors
/// Whatever the database says.
pub async fn load(db: &Db, user: UserId, others: &[UserId]) -> Result<Vec<(bool, bool)>> {
    let caches = db.caches();
    let keys: Vec<(UserId, UserId)> = others.iter().map(|other| (user, *other)).collect();
    caches.relations.get(caches.now(), &keys, |keys| read(db, user, keys)).await
}

async fn read(db: &Db, user: UserId, keys: Vec<(UserId, UserId)>) -> Result<Vec<((UserId, UserId), (bool, bool))>> {
    let others: Vec<UserId> = keys.iter().map(|(_, other)| *other).collect();
    let edges: HashSet<(UserId, UserId)> = between(db.read(), user, &padded(&others)).await?.into_iter().collect();
    let relation = |other| (edges.contains(&(user, other)), edges.contains(&(other, user)));
    Ok(keys.into_iter().map(|key| (key, relation(key.1))).collect())
}
