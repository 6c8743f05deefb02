//! Connections for statements that stand alone, and that are sent again when that is safe.

use std::future::Future;
use std::time::Duration;

use sea_orm::entity::prelude::async_trait;
use sea_orm::sqlx::{self, Database};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    TransactionOptions, TransactionTrait,
};

use super::breaks::Breaks;
use super::fault::{Fault, log_of};
use super::{TRIES, pause};

/// For how long a replica that did not answer is passed by.
const PASSED_BY: Duration = Duration::from_secs(10);

/// A statement that lost a deadlock has done nothing, so it is sent again. If the connection broke, only a read is: a write
/// may have been done.
#[derive(Clone)]
pub struct Pool {
    connections: DatabaseConnection,
    /// Of a replica: where to ask instead when it does not answer.
    primary: Option<DatabaseConnection>,
    reads: bool,
    pub(super) breaks: Breaks,
}

/// The connections of a pool.
#[derive(Clone, Copy, Debug)]
pub struct Connections {
    pub pool: &'static str,
    pub open: u32,
    /// Those that nobody uses just now.
    pub idle: u32,
    /// As many as there may be.
    pub most: u32,
}

impl Pool {
    pub(super) fn reading(connections: DatabaseConnection, breaks: &Breaks) -> Self {
        Self { connections, primary: None, reads: true, breaks: breaks.clone() }
    }

    /// Reads from a replica, and from the primary when that does not answer.
    pub(super) fn of_replica(replica: DatabaseConnection, primary: &Self, breaks: Breaks) -> Self {
        Self { connections: replica, primary: Some(primary.connections.clone()), reads: true, breaks }
    }

    pub(super) fn writing(connections: DatabaseConnection, breaks: &Breaks) -> Self {
        Self { connections, primary: None, reads: false, breaks: breaks.clone() }
    }

    /// Begins a transaction, in a task of its own that goes on when whoever asked is given up: sqlx would otherwise put a
    /// connection back that has begun one without knowing it, and nobody would ever commit the statements that come next.
    pub(super) async fn begin(&self, options: TransactionOptions) -> Result<DatabaseTransaction, DbErr> {
        let connections = self.connections.clone();
        let begun = tokio::spawn(async move { connections.begin_with_options(options).await });
        begun.await.map_err(|error| DbErr::Custom(format!("no transaction could be begun: {error}")))?
    }

    /// Whether this is a replica that has not answered lately.
    pub(super) fn is_passed_by(&self) -> bool {
        self.primary.is_some() && self.breaks.broke_within(PASSED_BY)
    }

    /// How many connections there are, under a name for them.
    pub(super) fn connections(&self, pool: &'static str) -> Connections {
        let (open, idle, most) = match self.get_database_backend() {
            DbBackend::Postgres => numbers(self.connections.get_postgres_connection_pool()),
            DbBackend::MySql => numbers(self.connections.get_mysql_connection_pool()),
            _ => numbers(self.connections.get_sqlite_connection_pool()),
        };
        Connections { pool, open, idle: u32::try_from(idle).unwrap_or(open).min(open), most }
    }

    /// Closes all connections.
    pub async fn close(&self) {
        // There is nothing that could go wrong, nor anything that could be done about it.
        drop(self.connections.close_by_ref().await);
    }

    async fn send<'a, T, F>(&'a self, statement: impl Fn(&'a DatabaseConnection) -> F + Send) -> Result<T, DbErr>
    where
        F: Future<Output = Result<T, DbErr>> + Send,
    {
        if let Some(primary) = self.primary.as_ref().filter(|_| self.is_passed_by()) {
            return statement(primary).await;
        }
        for attempt in 1..TRIES {
            match (statement(&self.connections).await, &self.primary) {
                (Err(error), Some(primary)) if matches!(Fault::of(&error), Fault::Lost | Fault::Away) => {
                    tracing::warn!(error = log_of(&error), "the replica does not answer; the primary is asked instead");
                    self.breaks.note_broken();
                    return statement(primary).await;
                }
                (Err(error), _) if self.may_be_sent_again(&error) => pause(attempt).await,
                (done, _) => return done,
            }
        }
        statement(&self.connections).await
    }

    fn may_be_sent_again(&self, error: &DbErr) -> bool {
        match Fault::of(error) {
            Fault::Conflict => true,
            Fault::Outdated => {
                self.breaks.note_changed();
                true
            }
            Fault::Lost => {
                self.breaks.note_broken();
                self.reads
            }
            Fault::Away | Fault::Other => false,
        }
    }
}

/// Open, idle, and at most.
fn numbers<D: Database>(pool: &sqlx::Pool<D>) -> (u32, usize, u32) {
    (pool.size(), pool.num_idle(), pool.options().get_max_connections())
}

#[async_trait::async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        self.connections.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.send(|db| db.execute_raw(statement.clone())).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.send(|db| db.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.send(|db| db.query_one_raw(statement.clone())).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.send(|db| db.query_all_raw(statement.clone())).await
    }
}
