//! Whether there is a database at all, before something is made where nothing should be.

use std::str::FromStr;

use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::{ConnectOptions, Database, DbErr, RuntimeErr};

use super::Engine;

/// Whether there is a database with our tables at a URL. Nothing is made.
///
/// # Errors
/// When what is there cannot be reached or read.
pub async fn is_made(url: &str) -> Result<bool, DbErr> {
    let mut url = url.to_owned();
    if Engine::of(&url) == Some(Engine::Sqlite) {
        let file =
            SqliteConnectOptions::from_str(&url).map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?;
        if !file.get_filename().exists() {
            return Ok(false);
        }
        url.push_str(if url.contains('?') { "&mode=ro" } else { "?mode=ro" });
    }
    let db = Database::connect(ConnectOptions::new(url).sqlx_logging(false).to_owned()).await?;
    let is_made = migration::SchemaManager::new(&db).has_table("users").await;
    db.close().await?;
    is_made
}
