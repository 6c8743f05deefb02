//! Connections, and what is agreed with each engine when one opens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::sqlx::pool::PoolConnectionMetadata;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{Connection, Error as SqlxError, Executor};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr, RuntimeErr};

use super::Engine;
use super::breaks::Breaks;
use super::fault::is_busy;

/// How long a request waits for a free connection. Short, so that an overloaded server says so and does not pile up.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// The same for a replica, in whose place the primary can be asked.
const REPLICA_TIMEOUT: Duration = Duration::from_secs(1);

/// How often, and how long apart, a database file is opened that other processes are just making.
const CONNECT_TRIES: u32 = 100;
const CONNECT_PAUSE: Duration = Duration::from_millis(50);

/// An idle connection to a server is closed after so long, and every one some time, so that none is forgotten by what lies between.
const IDLE: Duration = Duration::from_secs(10 * 60);
const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Every statement after a lock has to see what the previous holder committed (rule R4), whatever the server's default is.
/// Whoever waits for a lock, or holds one and does nothing, does so for a bounded time.
const POSTGRES_SESSION: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = warning";

/// The same; and a text that does not fit is refused, not cut. What stands in `/*M! */` is for MariaDB only.
const MYSQL_SESSION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET SESSION innodb_lock_wait_timeout = 5, sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')
    /*M! , idle_transaction_timeout = 60 */";

/// Opens a pool whose statements are counted.
///
/// # Errors
/// When the URL cannot be read or the database cannot be reached.
pub async fn connect(
    engine: Engine,
    url: &str,
    connections: u32,
    statements: &Arc<AtomicU64>,
    breaks: &Breaks,
) -> Result<DatabaseConnection, DbErr> {
    let options = of_engine(engine, url, connections, breaks);
    let db =
        if engine == Engine::Sqlite { connect_patiently(options).await? } else { Database::connect(options).await? };
    Ok(counted(db, statements))
}

/// The same for a replica: the first connection is opened when it is needed.
///
/// # Errors
/// When the URL cannot be read.
pub async fn connect_replica(
    engine: Engine,
    url: &str,
    connections: u32,
    statements: &Arc<AtomicU64>,
    breaks: &Breaks,
) -> Result<DatabaseConnection, DbErr> {
    let mut options = of_engine(engine, url, connections, breaks);
    options.connect_lazy(true).acquire_timeout(REPLICA_TIMEOUT);
    Ok(counted(Database::connect(options).await?, statements))
}

fn counted(mut db: DatabaseConnection, statements: &Arc<AtomicU64>) -> DatabaseConnection {
    let statements = Arc::clone(statements);
    db.set_metric_callback(move |_| {
        statements.fetch_add(1, Ordering::Relaxed);
    });
    db
}

fn of_engine(engine: Engine, url: &str, connections: u32, breaks: &Breaks) -> ConnectOptions {
    match engine {
        Engine::Sqlite => sqlite(url, connections),
        Engine::Postgres => postgres(url, connections, breaks.clone()),
        Engine::MySql => mysql(url, connections, breaks.clone()),
    }
}

fn options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    options
}

fn sqlite(url: &str, connections: u32) -> ConnectOptions {
    let mut options = options(url, connections);
    options.test_before_acquire(false).idle_timeout(None).max_lifetime(None).map_sqlx_sqlite_opts(|sqlite| {
        sqlite
            .pragma("journal_mode", "WAL")
            // A commit is on the disk before it is acknowledged; NORMAL would lose the last ones with the power.
            .pragma("synchronous", "FULL")
            .busy_timeout(ACQUIRE_TIMEOUT)
    });
    options
}

fn postgres(url: &str, connections: u32, breaks: Breaks) -> ConnectOptions {
    let mut options = server(url, connections);
    options
        .map_sqlx_postgres_opts(|postgres| postgres.application_name("roost"))
        .map_sqlx_postgres_pool_opts(|pool| {
            pool.after_connect(|connection, _| Box::pin(async { connection.execute(POSTGRES_SESSION).await.map(drop) }))
        })
        .map_sqlx_postgres_before_acquire(move |connection, idle| {
            Box::pin(is_usable(connection, breaks.clone(), idle))
        });
    options
}

fn mysql(url: &str, connections: u32, breaks: Breaks) -> ConnectOptions {
    let url = url.strip_prefix("mariadb://").map_or_else(|| url.to_owned(), |rest| format!("mysql://{rest}"));
    let mut options = server(&url, connections);
    options
        .map_sqlx_mysql_pool_opts(|pool| {
            pool.after_connect(|connection, _| Box::pin(async { connection.execute(MYSQL_SESSION).await.map(drop) }))
        })
        .map_sqlx_mysql_before_acquire(move |connection, idle| Box::pin(is_usable(connection, breaks.clone(), idle)));
    options
}

fn server(url: &str, connections: u32) -> ConnectOptions {
    let mut options = options(url, connections);
    options.test_before_acquire(false).idle_timeout(IDLE).max_lifetime(LIFETIME);
    options
}

/// Asks an idle connection whether it lives, if there is reason to doubt that. One that is of no use is replaced.
async fn is_usable<C: Connection>(
    connection: &mut C,
    breaks: Breaks,
    idle: PoolConnectionMetadata,
) -> Result<bool, SqlxError> {
    if breaks.may_be_outdated(idle.age) {
        return Ok(false);
    }
    if breaks.may_have_broken(idle.idle_for) {
        connection.ping().await?;
    }
    Ok(true)
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

/// Whether there is a file, with something in it, where a URL of SQLite says.
pub fn is_file(url: &str) -> bool {
    let options = url.parse::<SqliteConnectOptions>();
    options.is_ok_and(|options| std::fs::metadata(options.get_filename()).is_ok_and(|file| file.len() > 0))
}
