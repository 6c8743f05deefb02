//! A database that counts the steps of its statements, so that a bound on their work is tested without a clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use roost::error::Result;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sea_orm::{ConnectionTrait, DatabaseConnection, SqlxSqliteConnector, TransactionTrait};

/// The machine reports after so many steps.
const STRIDE: i32 = 10;

pub struct Meter {
    pub db: DatabaseConnection,
    steps: Arc<AtomicU64>,
}

impl Meter {
    /// An empty database in memory, without foreign keys: rows of one table can be made alone.
    pub async fn new() -> Self {
        let steps = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&steps);
        let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let pool = pool.after_connect(move |connection, _| {
            let counted = Arc::clone(&counted);
            Box::pin(async move {
                connection.lock_handle().await?.set_progress_handler(STRIDE, move || {
                    counted.fetch_add(STRIDE.unsigned_abs().into(), Ordering::Relaxed);
                    true
                });
                Ok(())
            })
        });
        let options = SqliteConnectOptions::new().in_memory(true).foreign_keys(false);
        let db = SqlxSqliteConnector::from_sqlx_sqlite_pool(pool.connect_with(options).await.unwrap());
        let tx = db.begin().await.unwrap();
        migration::up(&tx).await.unwrap();
        tx.commit().await.unwrap();
        Self { db, steps }
    }

    /// Makes rows: an `INSERT INTO … SELECT … FROM n` gets the numbers `i` from 1 to `count`.
    pub async fn fill(&self, insert: &str, select: &str, count: u32) {
        let numbers = format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})");
        let text = format!("INSERT INTO {insert} {numbers} SELECT {select} FROM n");
        self.db.execute_unprepared(&text).await.unwrap();
    }

    /// What comes of some work, and how many steps of the machine it took, to the nearest ten.
    pub async fn steps<T>(&self, work: impl Future<Output = Result<T>>) -> (T, u64) {
        let before = self.steps.load(Ordering::Relaxed);
        let done = work.await.unwrap();
        (done, self.steps.load(Ordering::Relaxed) - before)
    }
}
