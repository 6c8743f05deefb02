//! A transaction that knows what it changes, and whether its commit may have happened.

use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::entity::prelude::async_trait;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use super::fault::Fault;
use crate::cache::{Caches, Change};
use crate::error::Error;

/// Rolled back when it is dropped without a commit.
pub struct Transaction {
    inner: DatabaseTransaction,
    caches: Caches,
    changes: Mutex<Vec<Change>>,
}

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
    pub(super) fn new(inner: DatabaseTransaction, caches: Caches) -> Self {
        Self { inner, caches, changes: Mutex::default() }
    }

    /// Says what is changed by this transaction. The caches of all processes will hear of it.
    pub fn changed(&self, change: Change) {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).push(change);
    }

    /// When this returns, nobody in this process is shown what was there before.
    ///
    /// # Errors
    /// When nothing was changed, or when that is not known.
    pub async fn commit(self) -> Result<(), CommitError> {
        let Self { inner, caches, changes } = self;
        let changes = changes.into_inner().unwrap_or_else(PoisonError::into_inner);
        if changes.is_empty() {
            return commit(inner).await;
        }
        // In a task of its own: whoever gives up during the commit does not keep the caches from hearing of it.
        let committed = tokio::spawn(async move {
            caches.before(&changes).await;
            let done = commit(inner).await;
            match &done {
                Ok(()) => caches.committed(&changes).await,
                Err(CommitError::Unknown(_)) => caches.perhaps_committed(changes).await,
                Err(CommitError::RolledBack(_)) => (),
            }
            done
        });
        committed.await.unwrap_or_else(|error| Err(CommitError::Unknown(DbErr::Custom(error.to_string()))))
    }
}

async fn commit(inner: DatabaseTransaction) -> Result<(), CommitError> {
    inner.commit().await.map_err(|error| match Fault::of(&error) {
        Fault::Lost => CommitError::Unknown(error),
        _ => CommitError::RolledBack(error),
    })
}

impl From<CommitError> for Error {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::RolledBack(error) => error.into(),
            unknown @ CommitError::Unknown(_) => Self::Internal(Arc::new(unknown.into())),
        }
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.inner.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.inner.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.inner.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.inner.query_all_raw(statement).await
    }
}
