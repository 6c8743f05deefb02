//! What went wrong with the database: whether the same may succeed a moment later, and how a person is told.

use sea_orm::sqlx::Error as SqlxError;
use sea_orm::sqlx::mysql::MySqlDatabaseError;
use sea_orm::sqlx::postgres::PgDatabaseError;
use sea_orm::{DbErr, RuntimeErr};

/// The kinds of failures, as far as trying again is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Lost a deadlock, could not be serialised, waited too long for a lock, found the database busy: nothing was done.
    Conflict,
    /// The connection knows the tables as they were before a migration: nothing was done.
    Outdated,
    /// The connection broke. What was not committed is not done; a commit may have been.
    Lost,
    /// There was no connection to be had.
    Away,
    /// Anything else: it would only fail again.
    Other,
}

impl Fault {
    pub fn of(error: &DbErr) -> Self {
        match error {
            DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
                Self::in_use(cause)
            }
            // Broken while it opened: that is as good as broken later.
            DbErr::Conn(RuntimeErr::SqlxError(cause)) if matches!(**cause, SqlxError::Io(_)) => Self::Lost,
            DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => Self::Away,
            _ => Self::Other,
        }
    }

    fn in_use(error: &SqlxError) -> Self {
        match Cause::of(error) {
            Cause::Broken => Self::Lost,
            // serialization_failure, deadlock_detected, lock_not_available.
            Cause::Postgres("40001" | "40P01" | "55P03") => Self::Conflict,
            // feature_not_supported: "cached plan must not change result type".
            Cause::Postgres("0A000") if error.to_string().contains("cached plan") => Self::Outdated,
            // The server is told to stop, has crashed, or is just starting; or the session was idle for too long.
            Cause::Postgres(code) if code.starts_with("57P") || code.starts_with("08") || code == "25P03" => Self::Lost,
            // ER_CHECKREAD, ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK.
            Cause::MySql(1020 | 1205 | 1213) => Self::Conflict,
            // ER_SERVER_SHUTDOWN, ER_CONNECTION_KILLED.
            Cause::MySql(1053 | 1927) => Self::Lost,
            Cause::Sqlite if is_busy(error) => Self::Conflict,
            _ => Self::Other,
        }
    }
}

/// Whose error it is, with its number there.
enum Cause<'a> {
    Broken,
    Postgres(&'a str),
    MySql(u16),
    Sqlite,
    Other,
}

impl<'a> Cause<'a> {
    fn of(error: &'a SqlxError) -> Self {
        let SqlxError::Database(said) = error else {
            let is_broken = matches!(error, SqlxError::Io(_) | SqlxError::WorkerCrashed);
            return if is_broken { Self::Broken } else { Self::Other };
        };
        if let Some(postgres) = said.try_downcast_ref::<PgDatabaseError>() {
            Self::Postgres(postgres.code())
        } else if let Some(mysql) = said.try_downcast_ref::<MySqlDatabaseError>() {
            Self::MySql(mysql.number())
        } else {
            Self::Sqlite
        }
    }
}

/// SQLite: BUSY and its two extended codes.
pub fn is_busy(error: &SqlxError) -> bool {
    let code = error.as_database_error().and_then(sea_orm::sqlx::error::DatabaseError::code);
    code.is_some_and(|code| ["5", "261", "517"].contains(&code.as_ref()))
}

/// Why a database cannot be opened, in plain words.
pub fn explain(error: &DbErr) -> String {
    let cause = match error {
        DbErr::Conn(RuntimeErr::SqlxError(cause)) => cause,
        other => return log_of(other),
    };
    match Cause::of(cause) {
        _ if matches!(**cause, SqlxError::PoolTimedOut) => "nothing answers there within 5 seconds".to_owned(),
        Cause::Broken => format!("it cannot be reached ({cause})"),
        Cause::Postgres("28P01" | "28000") | Cause::MySql(1044 | 1045 | 1698) => {
            "it refuses the user or the password".to_owned()
        }
        Cause::Postgres("3D000") | Cause::MySql(1049) => {
            "the server has no database of this name; create it first".to_owned()
        }
        Cause::Postgres("53300") | Cause::MySql(1040 | 1203) => "the server takes no more connections".to_owned(),
        _ => log_of(error),
    }
}

/// The error on one line.
pub fn log_of(error: &DbErr) -> String {
    error.to_string().lines().map(str::trim).collect::<Vec<_>>().join(" ")
}
