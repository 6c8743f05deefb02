//! The administration: what only administrators read is a field of `Query.admin`, what they change a mutation that begins with
//! `admin`. Everybody else is told FORBIDDEN, at either.

mod audit;
mod gate;
mod queue;
mod user;

use async_graphql::{Context, Object, SimpleObject};

use super::ContextExt;
use super::cursor::Kind;
use super::page::PageArgs;
use crate::error::{Error, Result};
use crate::service::admin::{self, Search};
use crate::service::audit::Actor;
use crate::service::counters::{self, Finding};
use crate::service::{self};

pub use audit::AuditEntry;
use audit::{AuditConnection, AuditEdge};
pub use gate::{Gate, GateMutation};
pub use queue::{DeadLetter, QueueMutation};
use queue::{DeadLetterConnection, DeadLetterEdge, Queue};
pub use user::{Account, UserMutation};
use user::{AccountConnection, AccountEdge};

/// Who administers here.
///
/// # Errors
/// UNAUTHENTICATED when nobody is logged in, FORBIDDEN when it is no administrator.
async fn actor(ctx: &Context<'_>) -> Result<Actor> {
    // Boxed, for it is large, and the engine moves the futures of resolvers about.
    Box::pin(admin::require(ctx.app(), ctx.viewer()?.user)).await
}

/// Whether an administrator is asking.
///
/// # Errors
/// Whatever the database says.
pub async fn is_asking(ctx: &Context<'_>) -> Result<bool> {
    match actor(ctx).await {
        Ok(_) => Ok(true),
        Err(Error::Unauthenticated | Error::Forbidden) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What only administrators may read.
pub struct Admin;

/// What only administrators may read.
#[Object]
impl Admin {
    /// Everybody, latest sign-up first; suspended people and those who are being deleted as well.
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How the username or the e-mail address begins, in any letter case.")] search: Option<String>,
        #[graphql(desc = "How many from the beginning: 0 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<AccountConnection> {
        let request = PageArgs { first, after, last, before }.request(ctx, Kind::Accounts)?;
        let search = Search { prefix: search, suspended_only: false };
        let page = admin::accounts(ctx.app(), &search, &request).await?;
        Ok(AccountConnection::new(page, AccountEdge::new))
    }

    /// Those who are suspended or being deleted, latest sign-up first.
    async fn suspended_users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning: 0 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<AccountConnection> {
        let request = PageArgs { first, after, last, before }.request(ctx, Kind::Accounts)?;
        let search = Search { prefix: None, suspended_only: true };
        let page = admin::accounts(ctx.app(), &search, &request).await?;
        Ok(AccountConnection::new(page, AccountEdge::new))
    }

    /// Every gate, in the order of their names.
    async fn gates(&self, ctx: &Context<'_>) -> Result<Vec<Gate>> {
        let gates = service::gate::read(ctx.app().db.read()).await?;
        Ok(gates.all().cloned().map(Gate).collect())
    }

    /// One gate by its name.
    async fn gate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The gate's name.")] name: String,
    ) -> Option<Result<Gate>> {
        let gates = service::gate::read(ctx.app().db.read()).await;
        gates.map(|gates| gates.get(&name).cloned().map(Gate)).transpose()
    }

    /// The background work.
    async fn queue(&self, ctx: &Context<'_>) -> Result<Queue> {
        Ok(Queue(service::queue::overview(ctx.app()).await?))
    }

    /// Messages that were given up after several tries, latest posted first.
    async fn dead_letters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning: 0 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<DeadLetterConnection> {
        let request = PageArgs { first, after, last, before }.request(ctx, Kind::DeadLetters)?;
        let page = service::queue::page(ctx.app(), &request).await?;
        Ok(DeadLetterConnection::new(page, DeadLetterEdge::new))
    }

    /// Every counter that is not what counting gives; of more than 100 the first 100. Counts everything, so it takes a while.
    async fn wrong_counters(&self, ctx: &Context<'_>) -> Result<Vec<WrongCounter>> {
        let found = counters::verify(ctx.app()).await?;
        Ok(found.into_iter().take(100).map(WrongCounter::from).collect())
    }

    /// What administrators did, latest first.
    async fn audit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning: 0 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<AuditConnection> {
        let request = PageArgs { first, after, last, before }.request(ctx, Kind::Audit)?;
        let page = service::audit::page(ctx.app(), None, &request).await?;
        Ok(AuditConnection::new(page, AuditEdge::new))
    }
}

/// A counter that is not what counting gives.
#[derive(SimpleObject)]
struct WrongCounter {
    /// Of what and of whom, e.g. `followers of user 1`.
    counter: String,
    /// What is stored; null if the whole row is missing.
    stored: Option<i64>,
    /// What counting gives.
    counted: i64,
}

impl From<Finding> for WrongCounter {
    fn from(Finding { counter, id, stored, counted }: Finding) -> Self {
        Self { counter: format!("{counter} {id}"), stored, counted }
    }
}

#[derive(Default)]
pub struct AdminQuery;

#[Object]
impl AdminQuery {
    /// What only administrators may read: FORBIDDEN for everybody else.
    async fn admin(&self, ctx: &Context<'_>) -> Option<Result<Admin>> {
        Some(actor(ctx).await.map(|_| Admin))
    }
}

/// The account that an administrator has just changed, as it is now.
async fn account(ctx: &Context<'_>, user: entity::UserId) -> Result<Option<Account>> {
    ctx.loaders().clear();
    Ok(admin::account(ctx.app(), user).await?.map(Account))
}
