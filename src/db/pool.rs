//! Connections for statements that stand alone, and that are sent again when that is safe.

use std::future::Future;

use sea_orm::entity::prelude::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    TransactionOptions, TransactionTrait,
};

use super::breaks::Breaks;
use super::fault::Fault;
use super::{TRIES, pause};

/// A statement that lost a deadlock has done nothing, so it is sent again. If the connection broke, only a read is: a write
/// may have been done.
#[derive(Clone)]
pub struct Pool {
    connections: DatabaseConnection,
    reads: bool,
    pub(super) breaks: Breaks,
}

impl Pool {
    pub(super) fn reading(connections: DatabaseConnection, breaks: &Breaks) -> Self {
        Self { connections, reads: true, breaks: breaks.clone() }
    }

    pub(super) fn writing(connections: DatabaseConnection, breaks: &Breaks) -> Self {
        Self { connections, reads: false, breaks: breaks.clone() }
    }

    pub(super) async fn begin_with_options(&self, options: TransactionOptions) -> Result<DatabaseTransaction, DbErr> {
        self.connections.begin_with_options(options).await
    }

    /// Closes all connections.
    pub async fn close(&self) {
        // There is nothing that could go wrong, nor anything that could be done about it.
        drop(self.connections.close_by_ref().await);
    }

    async fn send<T, F>(&self, statement: impl Fn() -> F + Send) -> Result<T, DbErr>
    where
        F: Future<Output = Result<T, DbErr>> + Send,
    {
        for attempt in 1..TRIES {
            match statement().await {
                Err(error) if self.may_be_sent_again(&error) => pause(attempt).await,
                done => return done,
            }
        }
        statement().await
    }

    fn may_be_sent_again(&self, error: &DbErr) -> bool {
        match Fault::of(error) {
            Fault::Conflict => true,
            Fault::Lost => {
                self.breaks.note();
                self.reads
            }
            Fault::Away | Fault::Other => false,
        }
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        self.connections.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.send(|| self.connections.execute_raw(statement.clone())).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.send(|| self.connections.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.send(|| self.connections.query_one_raw(statement.clone())).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.send(|| self.connections.query_all_raw(statement.clone())).await
    }
}
