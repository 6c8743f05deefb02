//! The database: one place that opens it, begins transactions, and knows in which words the engines differ.

mod breaks;
mod connect;
mod engine;
mod fault;
mod file;
mod pool;
mod sql;
mod transaction;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, TransactionOptions};

use crate::cache::Caches;
use crate::error::{Error, Result};
use breaks::Breaks;
use connect::{connect, connect_replica};
use fault::{Fault, log_of};

pub use engine::Engine;
pub use fault::explain;
pub use file::file_of;
pub use pool::{Connections, Pool};
pub use sql::{bind_limit, marks, on_conflict_nothing, padded, random, skip_locked, sql};
pub use transaction::{CommitError, Transaction};

/// How often a transaction is tried that lost a deadlock, found the database busy, or whose connection broke.
const TRIES: u32 = 8;

/// How many connections read from SQLite at the same time. Its readers never wait for the writer (WAL).
const SQLITE_READERS: u32 = 8;

/// The two sides of the database. On SQLite there is one connection that writes, so that writers queue up in the process
/// instead of meeting in the file; a server has one pool for both.
#[derive(Clone)]
pub struct Db {
    write: Pool,
    read: Pool,
    replica: Option<Pool>,
    caches: Caches,
    statements: Arc<AtomicU64>,
}

impl Db {
    /// Opens the database at a URL such as `sqlite:///var/lib/roost/roost.db` (a file, which is created if it is not there) or
    /// `postgres://roost@host/roost`, with at most so many connections to a server.
    ///
    /// # Errors
    /// When the URL cannot be read or the database cannot be reached.
    pub async fn open(url: &str, connections: u32) -> Result<Self, DbErr> {
        let (statements, breaks) = (Arc::new(AtomicU64::new(0)), Breaks::new());
        let engine = Engine::of(url).ok_or_else(|| DbErr::Custom("this is no URL of a database".to_owned()))?;
        if engine != Engine::Sqlite {
            let pool = connect(engine, url, connections, &statements, &breaks).await?;
            let read = Pool::reading(pool.clone(), &breaks);
            let write = Pool::writing(pool, &breaks);
            return Ok(Self { read, write, replica: None, caches: Caches::new(0, None), statements });
        }
        let with = |mode: &str| format!("{url}{}mode={mode}", if url.contains('?') { '&' } else { '?' });
        let write = Pool::writing(connect(engine, &with("rwc"), 1, &statements, &breaks).await?, &breaks);
        let read = connect(engine, &with("ro"), SQLITE_READERS, &statements, &breaks).await?;
        let read = Pool::reading(read, &breaks);
        Ok(Self { write, read, replica: None, caches: Caches::new(0, None), statements })
    }

    /// Opens a replica of the database. It need not answer yet.
    ///
    /// # Errors
    /// When the URL cannot be read.
    pub async fn attach_replica(&mut self, url: &str, connections: u32) -> Result<(), DbErr> {
        let breaks = Breaks::new();
        let engine = Engine::of(url).ok_or_else(|| DbErr::Custom("this is no URL of a database".to_owned()))?;
        let replica = connect_replica(engine, url, connections, &self.statements, &breaks).await?;
        self.replica = Some(Pool::of_replica(replica, &self.read, breaks));
        Ok(())
    }

    /// Has what is read kept in memory, and what is changed forgotten there.
    pub fn attach_caches(&mut self, caches: Caches) {
        self.caches = caches;
    }

    /// What is known of the database without asking it.
    pub fn caches(&self) -> &Caches {
        &self.caches
    }

    /// The same database, but what it reads outside transactions comes from the replica and may be some time old. None if there
    /// is no replica, or none that answers.
    pub fn lagging(&self) -> Option<Self> {
        let replica = self.replica.as_ref().filter(|replica| !replica.is_passed_by())?;
        Some(Self { read: replica.clone(), caches: self.caches.passed_by(), ..self.clone() })
    }

    /// Whether there is a database with our tables at a URL. Nothing is made.
    ///
    /// # Errors
    /// When the URL cannot be read, the database cannot be reached, or what is there is none.
    pub async fn is_made(url: &str) -> Result<bool, DbErr> {
        let engine = Engine::of(url).ok_or_else(|| DbErr::Custom("this is no URL of a database".to_owned()))?;
        let mut url = url.to_owned();
        if engine == Engine::Sqlite {
            if !connect::is_file(&url) {
                return Ok(false);
            }
            url.push_str(if url.contains('?') { "&mode=ro" } else { "?mode=ro" });
        }
        let db = connect(engine, &url, 1, &Arc::default(), &Breaks::new()).await?;
        let is_made = migration::SchemaManager::new(&db).has_table("users").await?;
        db.close().await?;
        Ok(is_made)
    }

    /// Brings the tables up to date. Of two processes that try, one waits. All or nothing, but on MySQL, which commits after
    /// every change of a table: there the next attempt goes on where this one ended.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn migrate(&self) -> Result<(), DbErr> {
        let tx = self.write.begin(immediate()).await?;
        migration::up(&tx).await?;
        tx.commit().await
    }

    /// For reads outside a transaction: each statement sees what was committed when it began.
    pub fn read(&self) -> &Pool {
        &self.read
    }

    /// For a single statement that writes.
    pub fn write(&self) -> &Pool {
        &self.write
    }

    /// Begins a transaction that may write. It is rolled back when it is dropped without a commit.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        Ok(Transaction::new(self.write.begin(immediate()).await?, self.caches.clone()))
    }

    /// Runs a whole transaction, again when it lost against another one through no fault of its own, or when its connection
    /// broke before the commit. One whose commit may have happened is never run again.
    ///
    /// # Errors
    /// What the transaction itself answers, or the last failure when all tries are used up.
    pub async fn retry<T, F>(&self, transaction: impl Fn() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        for attempt in 1..TRIES {
            match transaction().await {
                Err(error) if self.may_run_again(&error) => pause(attempt).await,
                done => return done,
            }
        }
        transaction().await
    }

    fn may_run_again(&self, error: &Error) -> bool {
        let Error::Internal(cause) = error else { return false };
        let Some(fault) = cause.downcast_ref::<DbErr>().map(Fault::of) else { return false };
        match fault {
            Fault::Conflict => (),
            Fault::Outdated => self.write.breaks.note_changed(),
            Fault::Lost => self.write.breaks.note_broken(),
            Fault::Away | Fault::Other => return false,
        }
        true
    }

    /// Asks both sides for an answer.
    ///
    /// # Errors
    /// When the database cannot be read from or written to.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.read.execute_unprepared("SELECT 1").await?;
        self.write.execute_unprepared("SELECT 1").await?;
        Ok(())
    }

    /// Closes all connections. What is under way is finished; nothing can be begun any more.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    /// The time of the database's own clock in milliseconds since 1970; none on SQLite, which has ours.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn clock(&self) -> Result<Option<i64>, DbErr> {
        let Some(text) = sql::clock(&self.read) else { return Ok(None) };
        let row = self.read.query_one_raw(sql(&self.read, text, [])).await?;
        row.map(|row| row.try_get_by_index(0)).transpose()
    }

    /// How many connections there are, pool by pool. A server has one pool for reading and writing.
    pub fn connections(&self) -> Vec<Connections> {
        let pools = match self.read.get_database_backend() {
            DbBackend::Sqlite => vec![("write", &self.write), ("read", &self.read)],
            _ => vec![("shared", &self.write)],
        };
        let replica = self.replica.iter().map(|replica| ("replica", replica));
        pools.into_iter().chain(replica).map(|(name, pool)| pool.connections(name)).collect()
    }

    /// How many statements were sent so far, those inside transactions included.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }
}

/// SQLite takes its write lock at once: a transaction that reads first and then writes would fail instead of waiting.
fn immediate() -> TransactionOptions {
    TransactionOptions {
        sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate),
        ..Default::default()
    }
}

/// Some milliseconds, more with every attempt. At random, so that those who met once do not meet again.
async fn pause(attempt: u32) {
    let most = 5 << attempt;
    tokio::time::sleep(Duration::from_millis(rand::random_range(most / 2..most))).await;
}

/// Whether the database was not there to answer, or went away, which is no fault of what was asked.
pub fn is_unreachable(error: &Error) -> bool {
    match error {
        Error::Unavailable => true,
        Error::Internal(cause) => {
            let fault = cause.downcast_ref::<DbErr>().map(Fault::of);
            matches!(fault, Some(Fault::Away | Fault::Lost)) || cause.is::<CommitError>()
        }
        _ => false,
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if Fault::of(&error) == Fault::Away {
            tracing::warn!(error = log_of(&error), "there was no connection to the database");
            return Self::Unavailable;
        }
        Self::Internal(Arc::new(error.into()))
    }
}
