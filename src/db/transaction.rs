//! A transaction that knows whether its commit may have happened.

use std::ops::Deref;
use std::sync::Arc;

use sea_orm::entity::prelude::async_trait;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use super::fault::Fault;
use crate::error::Error;

/// Rolled back when it is dropped without a commit.
pub struct Transaction(DatabaseTransaction);

/// Why a commit failed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Nothing was changed.
    #[error(transparent)]
    RolledBack(DbErr),
    /// The database may have committed before it could say so. To run the transaction again might do everything twice.
    #[error("the connection broke during a commit, and nobody knows whether it happened: {0}")]
    Unknown(DbErr),
}

impl Transaction {
    pub(super) fn new(transaction: DatabaseTransaction) -> Self {
        Self(transaction)
    }

    /// # Errors
    /// When nothing was changed, or when that is not known.
    pub async fn commit(self) -> Result<(), CommitError> {
        self.0.commit().await.map_err(|error| match Fault::of(&error) {
            Fault::Lost => CommitError::Unknown(error),
            _ => CommitError::RolledBack(error),
        })
    }
}

impl From<CommitError> for Error {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::RolledBack(error) => error.into(),
            unknown @ CommitError::Unknown(_) => Self::Internal(Arc::new(unknown.into())),
        }
    }
}

impl Deref for Transaction {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.0
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.0.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.0.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.0.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.0.query_all_raw(statement).await
    }
}
