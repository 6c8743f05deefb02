//! Node numbers: which process puts which 10 bits into the ids that it makes. They are leased in the database.

use entity::node;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, SqlErr};

use crate::app::App;
use crate::clock::{MINUTE, SECOND};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::ids::NODES;

/// How long a process that died keeps its number from others.
const LEASE: i64 = 2 * MINUTE;
/// How often a number has to be leased again, in milliseconds.
pub const RENEW_EVERY: i64 = 20 * SECOND;

/// This process, as the leases know it.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    owner: i64,
}

impl Node {
    #[expect(clippy::new_without_default, reason = "every call makes another one")]
    pub fn new() -> Self {
        Self { owner: rand::random_range(1..i64::MAX) }
    }
}

/// Leases the number that this process has already, else the lowest free one.
///
/// # Errors
/// When all numbers are taken, or whatever the database says.
pub async fn lease(app: &App) -> Result<()> {
    // Whoever is too late for a number finds it taken and looks for the next.
    let number = loop {
        if let Some(number) = app.db.retry(|| lease_once(app)).await? {
            break number;
        }
    };
    app.ids.set_node(number);
    Ok(())
}

/// None if somebody else took the number between the look and the lease.
async fn lease_once(app: &App) -> Result<Option<i16>> {
    let now = app.clock.now();
    let owner = app.node.owner;
    let tx = app.db.begin().await?;
    let held =
        node::Entity::find().filter(node::Column::LeasedUntil.gt(now)).order_by_asc(node::Column::Id).all(&tx).await?;
    let ours = held.iter().find(|node| node.owner == owner).map(|node| node.id);
    let free = || (0..NODES).find(|number| held.iter().all(|node| node.id != *number));
    let number = ours.or_else(free).ok_or_else(|| Error::internal("more than 1,024 processes use this database"))?;
    let free = node::Column::LeasedUntil.lte(now).or(node::Column::Owner.eq(owner));
    node::Entity::delete_many().filter(node::Column::Id.eq(number)).filter(free).exec(&tx).await?;
    let row = node::ActiveModel { id: Set(number), owner: Set(owner), leased_until: Set(now + LEASE) };
    match node::Entity::insert(row).exec_without_returning(&tx).await {
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => return Ok(None),
        done => done?,
    };
    tx.commit().await?;
    Ok(Some(number))
}

/// Gives the number back when the process ends. The row stays, so that others see that somebody was here.
///
/// # Errors
/// Whatever the database says; the lease then runs out by itself.
pub async fn release(app: &App) -> Result<()> {
    node::Entity::update_many()
        .set(node::ActiveModel { leased_until: Set(app.clock.now()), ..Default::default() })
        .filter(node::Column::Owner.eq(app.node.owner))
        .exec(app.db.write())
        .await?;
    Ok(())
}

/// Whether any process has a number on a database that nobody here has opened otherwise.
///
/// # Errors
/// Whatever the database says.
pub async fn any_at_work(db: &Db, now: i64) -> Result<bool> {
    let held = node::Entity::find().filter(node::Column::LeasedUntil.gt(now)).one(db.read()).await?;
    Ok(held.is_some())
}

/// Gives all numbers back, for when no process can have one.
///
/// # Errors
/// Whatever the database says.
pub async fn release_all(db: &Db) -> Result<()> {
    let free = node::ActiveModel { leased_until: Set(0), ..Default::default() };
    node::Entity::update_many().set(free).filter(node::Column::LeasedUntil.ne(0)).exec(db.write()).await?;
    Ok(())
}

/// What one look at the leases of others has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Others {
    /// Who has had which number last.
    seen: Vec<(i16, i64)>,
    /// How many of them may be at work now.
    pub at_work: usize,
}

/// Looks for other processes on this database, those that have come and gone since the last look included.
///
/// # Errors
/// Whatever the database says.
pub async fn others(app: &App) -> Result<Others> {
    let now = app.clock.now();
    let others = node::Entity::find().filter(node::Column::Owner.ne(app.node.owner)).order_by_asc(node::Column::Id);
    let others = others.all(app.db.read()).await?;
    let at_work = others.iter().filter(|node| node.leased_until > now).count();
    Ok(Others { seen: others.into_iter().map(|node| (node.id, node.owner)).collect(), at_work })
}
