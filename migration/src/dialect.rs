//! Plain SQL that every engine takes, but for the few words in which they differ.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::sqlx::mysql::MySqlDatabaseError;
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, RuntimeErr, Statement};

/// How a table is laid out.
#[derive(Clone, Copy)]
pub enum Layout {
    /// By an integer key, rows of any length.
    Rowid,
    /// The same, for numbers that change all the time: PostgreSQL leaves room on the page, so that a change stays on it.
    Counters,
    /// By a composite or textual key: without this, SQLite stores every row a second time in an index.
    Clustered,
}

/// Creates a table from `CREATE TABLE name (…)` in the types `BIGINT`, `INTEGER`, `SMALLINT`, `BOOLEAN`, `TEXT`, `VARCHAR`.
///
/// # Errors
/// Whatever the database says.
pub async fn create_table(manager: &SchemaManager<'_>, layout: Layout, sql: &str) -> Result<(), DbErr> {
    let sql = match (manager.get_database_backend(), layout) {
        // An alias of the rowid is spelled INTEGER PRIMARY KEY and no other way.
        (DbBackend::Sqlite, Layout::Rowid | Layout::Counters) => sql.replace("BIGINT", "INTEGER"),
        (DbBackend::Sqlite, Layout::Clustered) => format!("{sql} WITHOUT ROWID"),
        (DbBackend::Postgres, Layout::Counters) => format!("{sql} WITH (fillfactor = 50)"),
        (DbBackend::MySql, _) => {
            format!("{sql} ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE {}", collation(manager).await?)
        }
        _ => sql.to_owned(),
    };
    execute(manager, &sql).await
}

/// Runs one statement that every engine takes as it is.
///
/// # Errors
/// Whatever the database says.
pub async fn execute(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let sql = match manager.get_database_backend() {
        DbBackend::Postgres => by_bytes(sql),
        _ => sql.to_owned(),
    };
    match connection.execute_unprepared(&sql).await {
        Err(error) if !is_done_already(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Text is compared by its bytes on every engine: what ignores case is stored in lower case. `utf8mb4_bin` would ignore spaces at
/// the end, and the collations that do not have another name on MariaDB and on MySQL.
async fn collation(manager: &SchemaManager<'_>) -> Result<&'static str, DbErr> {
    let version = Statement::from_string(DbBackend::MySql, "SELECT VERSION()");
    let row = manager.get_connection().query_one_raw(version).await?;
    let version: String = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
    Ok(if version.contains("MariaDB") { "utf8mb4_nopad_bin" } else { "utf8mb4_0900_bin" })
}

/// The same for PostgreSQL, whose databases may have the collation of some language.
fn by_bytes(sql: &str) -> String {
    let words = sql.split(' ').map(|word| {
        let is_text = word == "TEXT" || (word.starts_with("VARCHAR(") && word.ends_with(')'));
        if is_text { format!("{word} COLLATE \"C\"") } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// MySQL commits after every change of a table. A migration that was broken off there begins anew, and finds the first of its
/// changes made: tables, columns and keys that are there already, or not any more.
fn is_done_already(error: &DbErr) -> bool {
    let DbErr::Exec(RuntimeErr::SqlxError(cause)) = error else { return false };
    let said = cause.as_database_error().and_then(|said| said.try_downcast_ref::<MySqlDatabaseError>());
    said.is_some_and(|said| matches!(said.number(), 1050 | 1051 | 1060 | 1061 | 1091))
}

/// The name of the lock: one for each database of a server. Its number on PostgreSQL, which has a space of numbers for each.
const LOCK: &str = "CONCAT('roost ', SHA1(DATABASE()))";
const LOCK_NUMBER: i64 = 0x726f_6f73_7400;

/// Waits until no other process changes the tables of this database, and keeps others waiting until `unlock` or the end of the
/// transaction. On SQLite the transaction alone does that.
///
/// # Errors
/// When the other one takes more than ten minutes, or whatever the database says.
pub async fn lock(tx: &DatabaseTransaction) -> Result<(), DbErr> {
    match tx.get_database_backend() {
        DbBackend::Postgres => {
            tx.execute_unprepared("SET LOCAL lock_timeout = '10min'").await?;
            tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK_NUMBER})")).await?;
        }
        DbBackend::MySql => {
            let lock = Statement::from_string(DbBackend::MySql, format!("SELECT COALESCE(GET_LOCK({LOCK}, 600), 0)"));
            let row = tx.query_one_raw(lock).await?;
            let has_it: i64 = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
            if has_it != 1 {
                return Err(DbErr::Custom("another process has been changing the tables for ten minutes".to_owned()));
            }
        }
        _ => (),
    }
    Ok(())
}

/// Lets the next one change the tables.
///
/// # Errors
/// Whatever the database says.
pub async fn unlock(tx: &DatabaseTransaction) -> Result<(), DbErr> {
    if tx.get_database_backend() == DbBackend::MySql {
        tx.execute_unprepared(&format!("DO RELEASE_LOCK({LOCK})")).await?;
    }
    Ok(())
}
