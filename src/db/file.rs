//! What only a database in a file has: a copy of it can be made by ourselves, and looked through.

use std::path::{Path, PathBuf};

use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::{ConnectionTrait, DbErr};

use super::{Db, Engine, sql};

/// The file of a database; none if it is on a server.
pub fn file_of(url: &str) -> Option<PathBuf> {
    let options = || url.parse::<SqliteConnectOptions>().ok();
    let is_file = Engine::of(url) == Some(Engine::Sqlite);
    is_file.then(options)?.map(|options| options.get_filename().to_owned())
}

impl Db {
    /// Writes what is committed at this moment to a file that is not there yet. Whoever reads and writes goes on meanwhile.
    ///
    /// # Errors
    /// When there is no room, or the database is on a server.
    pub async fn copy_to(&self, file: &Path) -> Result<(), DbErr> {
        let path = file.to_string_lossy().into_owned();
        self.read.execute_raw(sql(&self.read, "VACUUM INTO ?", [path.into()])).await.map(drop)
    }

    /// Looks through the whole file, and says what is wrong with it; nothing if all is well.
    ///
    /// # Errors
    /// When it cannot be read at all.
    pub async fn faults(&self) -> Result<Vec<String>, DbErr> {
        let rows = self.read.query_all_raw(sql(&self.read, "PRAGMA integrity_check", [])).await?;
        let said: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
        Ok(said.into_iter().filter(|line| line != "ok").collect())
    }
}
