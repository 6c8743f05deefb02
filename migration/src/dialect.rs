//! Plain SQL that every engine takes, but for the few words in which they differ.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// How a table is laid out on SQLite. The other engines do not ask.
#[derive(Clone, Copy)]
pub enum Layout {
    /// By an integer key, rows of any length.
    Rowid,
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
        (DbBackend::Sqlite, Layout::Rowid) => sql.replace("BIGINT", "INTEGER"),
        (DbBackend::Sqlite, Layout::Clustered) => format!("{sql} WITHOUT ROWID"),
        // Text is compared by its bytes, as on the others: what ignores case is stored in lower case.
        (DbBackend::MySql, _) => format!("{sql} ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"),
        _ => sql.to_owned(),
    };
    execute(manager, &sql).await
}

/// Runs one statement that every engine takes as it is.
///
/// # Errors
/// Whatever the database says.
pub async fn execute(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    manager.get_connection().execute_unprepared(sql).await?;
    Ok(())
}
