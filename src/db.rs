//! The database: one place that opens it, begins transactions, and knows in which words the engines differ.

use std::future::Future;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use migration::{Migrator, MigratorTrait};
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, RuntimeErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
};

use crate::error::{Error, Result};

/// How often a transaction is tried that lost a deadlock or found the database busy.
const TRIES: u32 = 8;

/// How long a request waits for a free connection. Short, so that an overloaded server says so and does not pile up.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// How often, and how long apart, a database file is opened that other processes are just making.
const CONNECT_TRIES: u32 = 100;
const CONNECT_PAUSE: Duration = Duration::from_millis(50);

/// How many connections read from SQLite at the same time. Its readers never wait for the writer (WAL).
const SQLITE_READERS: u32 = 8;

/// The two sides of the database. On SQLite there is one connection that writes, so that writers queue up in the process
/// instead of meeting in the file.
#[derive(Clone)]
pub struct Db {
    write: DatabaseConnection,
    read: DatabaseConnection,
    statements: Arc<AtomicU64>,
}

impl Db {
    /// Opens the database at a URL such as `sqlite:///var/lib/roost/roost.db`, which is created if it is not there.
    ///
    /// # Errors
    /// When the URL cannot be read or the database cannot be reached.
    pub async fn open(url: &str) -> Result<Self, DbErr> {
        let statements = Arc::new(AtomicU64::new(0));
        let with = |mode: &str| format!("{url}{}mode={mode}", if url.contains('?') { '&' } else { '?' });
        let write = connect(&with("rwc"), 1, &statements).await?;
        let read = connect(&with("ro"), SQLITE_READERS, &statements).await?;
        Ok(Self { write, read, statements })
    }

    /// Whether there is a database with our tables at a URL. Nothing is made.
    ///
    /// # Errors
    /// When what is there cannot be read.
    pub async fn is_made(url: &str) -> Result<bool, DbErr> {
        let file =
            SqliteConnectOptions::from_str(url).map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?;
        if !file.get_filename().exists() {
            return Ok(false);
        }
        let mut options = ConnectOptions::new(format!("{url}{}mode=ro", if url.contains('?') { '&' } else { '?' }));
        let db = Database::connect(options.sqlx_logging(false).to_owned()).await?;
        let is_made = migration::SchemaManager::new(&db).has_table("users").await?;
        db.close().await?;
        Ok(is_made)
    }

    /// Brings the tables up to date, all or nothing. Of two processes that try, one waits.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn migrate(&self) -> Result<(), DbErr> {
        let tx = self.write.begin_with_options(immediate()).await?;
        Migrator::up(&tx, None).await?;
        tx.commit().await
    }

    /// For reads outside a transaction: each statement sees what was committed when it began.
    pub fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    /// For a single statement that writes.
    pub fn write(&self) -> &DatabaseConnection {
        &self.write
    }

    /// Begins a transaction that may write. It is rolled back when it is dropped without a commit.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.write.begin_with_options(immediate()).await
    }

    /// Runs a whole transaction, again when it lost against another one through no fault of its own.
    ///
    /// # Errors
    /// What the transaction itself answers, or the last failure when all tries are used up.
    pub async fn retry<T, F>(&self, transaction: impl Fn() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        for attempt in 1..TRIES {
            match transaction().await {
                Err(error) if is_transient(&error) => {
                    let most = 5 << attempt;
                    tokio::time::sleep(Duration::from_millis(rand::random_range(most / 2..most))).await;
                }
                done => return done,
            }
        }
        transaction().await
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

    /// How many statements were sent so far, those inside transactions included.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }
}

/// A statement in plain SQL, its parameters written as `?`.
pub fn sql(db: &impl ConnectionTrait, text: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    let backend = db.get_database_backend();
    let text = if backend == DbBackend::Postgres { number_parameters(text) } else { text.to_owned() };
    Statement::from_sql_and_values(backend, text, values)
}

/// `?, ?, ?` for a list of so many values.
pub fn marks(count: usize) -> String {
    let mut marks = "?, ".repeat(count);
    marks.truncate(marks.len().saturating_sub(2));
    marks
}

/// What follows an INSERT that leaves a row alone which is already there. Nothing else is forgiven (INSERT IGNORE would).
pub fn on_conflict_nothing(db: &impl ConnectionTrait, key: &str) -> String {
    match db.get_database_backend() {
        DbBackend::MySql => format!("ON DUPLICATE KEY UPDATE {key} = {key}"),
        _ => "ON CONFLICT DO NOTHING".to_owned(),
    }
}

/// Postgres numbers its parameters. No statement of ours has a question mark of another kind.
fn number_parameters(text: &str) -> String {
    let mut numbered = String::with_capacity(text.len() + 16);
    for (index, part) in text.split('?').enumerate() {
        if index > 0 {
            numbered.push_str(&format!("${index}"));
        }
        numbered.push_str(part);
    }
    numbered
}

async fn connect(url: &str, connections: u32, statements: &Arc<AtomicU64>) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .pragma("journal_mode", "WAL")
                // A commit is on the disk before it is acknowledged; NORMAL would lose the last ones with the power.
                .pragma("synchronous", "FULL")
                .busy_timeout(ACQUIRE_TIMEOUT)
        });
    let mut db = connect_patiently(options).await?;
    let statements = Arc::clone(statements);
    db.set_metric_callback(move |_| {
        statements.fetch_add(1, Ordering::Relaxed);
    });
    Ok(db)
}

/// Turning a new file to WAL fails at once while another process does the same: SQLite does not wait for that by itself.
async fn connect_patiently(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    for _ in 1..CONNECT_TRIES {
        match Database::connect(options.clone()).await {
            Err(DbErr::Conn(RuntimeErr::SqlxError(error))) if is_busy(&error) => {
                tokio::time::sleep(CONNECT_PAUSE).await;
            }
            done => return done,
        }
    }
    Database::connect(options).await
}

/// SQLite takes its write lock at once: a transaction that reads first and then writes would fail instead of waiting.
fn immediate() -> TransactionOptions {
    TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() }
}

/// Deadlocks, serialization failures and busy databases: the same transaction may well succeed a moment later.
fn is_transient(error: &Error) -> bool {
    let Error::Internal(cause) = error else { return false };
    let Some(DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) =
        cause.downcast_ref::<DbErr>()
    else {
        return false;
    };
    is_busy(cause)
}

/// SQLite: BUSY and its two extended codes.
fn is_busy(error: &sea_orm::sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sea_orm::sqlx::error::DatabaseError::code);
    code.is_some_and(|code| ["5", "261", "517"].contains(&code.as_ref()))
}
