//! SQL in the words of each engine. Services write plain SQL with `?`; the few words that differ stand here.

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

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

/// Keys for a list of marks, the last one repeated until their number is a power of two: every other number would be a
/// statement of its own to prepare.
pub fn padded<K: Copy>(keys: &[K]) -> Vec<K> {
    let mut padded = keys.to_vec();
    if let Some(last) = keys.last() {
        padded.resize(keys.len().next_power_of_two(), *last);
    }
    padded
}

/// How many values one statement may have.
pub fn bind_limit(db: &impl ConnectionTrait) -> usize {
    match db.get_database_backend() {
        DbBackend::Sqlite => 32_766,
        _ => 65_535,
    }
}

/// What follows an INSERT that leaves a row alone which is already there. Nothing else is forgiven (INSERT IGNORE would).
pub fn on_conflict_nothing(db: &impl ConnectionTrait, key: &str) -> String {
    match db.get_database_backend() {
        DbBackend::MySql => format!("ON DUPLICATE KEY UPDATE {key} = {key}"),
        _ => "ON CONFLICT DO NOTHING".to_owned(),
    }
}

/// What ends a SELECT that locks its rows and leaves out those that others have locked. SQLite has one writer anyway.
pub fn skip_locked(db: &impl ConnectionTrait) -> &'static str {
    match db.get_database_backend() {
        DbBackend::Sqlite => "",
        _ => "FOR UPDATE SKIP LOCKED",
    }
}

/// A random number, to order by.
pub fn random(db: &impl ConnectionTrait) -> &'static str {
    match db.get_database_backend() {
        DbBackend::MySql => "RAND()",
        _ => "RANDOM()",
    }
}

/// Asks for the database's clock in milliseconds since 1970.
pub(super) fn clock(db: &impl ConnectionTrait) -> Option<&'static str> {
    match db.get_database_backend() {
        DbBackend::Postgres => Some("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"),
        DbBackend::MySql => Some("SELECT CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)"),
        _ => None,
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
