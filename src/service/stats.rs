//! The counters of users. Their rows are also the locks: whoever changes an edge, a list of tweets or a counter locks the
//! rows of the users involved first, in ascending order (rule R1 in ARCHITECTURE.md).

use entity::{UserId, user_stats};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::cache::Change;
use crate::db::{Db, Transaction, padded};
use crate::error::Result;

/// Locks the rows of one or two users until the transaction ends, and returns those that exist in the order asked.
///
/// # Errors
/// Whatever the database says.
pub async fn lock<const N: usize>(tx: &Transaction, users: [UserId; N]) -> Result<[Option<user_stats::Model>; N]> {
    let rows = user_stats::Entity::find()
        .filter(user_stats::Column::UserId.is_in(users))
        .order_by_asc(user_stats::Column::UserId)
        .lock_exclusive()
        .all(tx)
        .await?;
    Ok(users.map(|user| rows.iter().find(|row| row.user_id == user).cloned()))
}

/// The same for any number of users; returns those that exist, in ascending order.
///
/// # Errors
/// Whatever the database says.
pub async fn lock_all(tx: &Transaction, users: &[UserId]) -> Result<Vec<user_stats::Model>> {
    Ok(user_stats::Entity::find()
        .filter(user_stats::Column::UserId.is_in(users.iter().copied()))
        .order_by_asc(user_stats::Column::UserId)
        .lock_exclusive()
        .all(tx)
        .await?)
}

/// Adds to one counter. The row is locked already.
///
/// # Errors
/// Whatever the database says.
pub async fn add(tx: &Transaction, user: UserId, counter: user_stats::Column, difference: i64) -> Result<()> {
    user_stats::Entity::update_many()
        .col_expr(counter, Expr::col(counter).add(difference))
        .filter(user_stats::Column::UserId.eq(user))
        .exec(tx)
        .await?;
    tx.changed(Change::UserStats(user));
    Ok(())
}

/// # Errors
/// Whatever the database says.
pub async fn by_ids(db: &impl ConnectionTrait, users: &[UserId]) -> Result<Vec<user_stats::Model>> {
    Ok(user_stats::Entity::find().filter(user_stats::Column::UserId.is_in(users.iter().copied())).all(db).await?)
}

/// The same through the caches, in the order asked.
///
/// # Errors
/// Whatever the database says.
pub async fn load(db: &Db, users: &[UserId]) -> Result<Vec<Option<user_stats::Model>>> {
    let caches = db.caches();
    caches.user_stats.get(caches.now(), users, |users| read(db, users)).await
}

async fn read(db: &Db, users: Vec<UserId>) -> Result<Vec<(UserId, Option<user_stats::Model>)>> {
    let found = by_ids(db.read(), &padded(&users)).await?;
    Ok(found.into_iter().map(|stats| (stats.user_id, Some(stats))).collect())
}
