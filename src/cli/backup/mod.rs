//! `roost backup` and `roost restore`: the database and the pictures of a server that keeps both on this machine.
//!
//! A backup is a folder: `roost.db`, `media/` with every picture that the database names, `SHA256SUMS` of all that, in the form
//! that `sha256sum --check` reads, and `manifest.json`. It has its name only when it is complete.

mod files;
mod make;
mod restore;

use std::path::{Path, PathBuf};

use anyhow::bail;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::db::{self, Engine};
use crate::media::Store;

pub use make::backup;
pub use restore::restore;

const DATABASE: &str = "roost.db";
const MEDIA: &str = "media";
const SUMS: &str = "SHA256SUMS";
const MANIFEST: &str = "manifest.json";

/// What a backup says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    /// The form of the folder.
    format: u32,
    /// The version of roost that made it.
    roost: String,
    /// Milliseconds since 1970.
    made_at: i64,
    pictures: Pictures,
}

const FORMAT: u32 = 1;

/// Where the pictures are.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Pictures {
    /// So many are in the backup.
    Copied(usize),
    /// They stayed where they are, at this address.
    LeftIn(String),
}

/// The file of the database.
///
/// # Errors
/// In words that name the right tool, when the database is on a server.
fn database_file(config: &Config, command: &str) -> anyhow::Result<PathBuf> {
    let url = config.database_url();
    let Some(file) = db::file_of(&url) else {
        let tools = match Engine::of(&url) {
            Some(Engine::Postgres) => "pg_dump --format=custom and pg_restore",
            _ => "mariadb-dump --single-transaction and mariadb",
        };
        bail!(
            "roost {command} is for a SQLite database. For {} use {tools}; README.md says how",
            config.masked_database_url()
        )
    };
    Ok(file)
}

/// The folder of the pictures; none if they are in a bucket. It is made if need be.
///
/// # Errors
/// When it cannot be used.
fn media_folder(config: &Config) -> anyhow::Result<Option<PathBuf>> {
    match Store::open(&config.media_url()) {
        Ok(Store::Folder { root, .. }) => Ok(Some(root)),
        Ok(Store::S3 { .. }) => Ok(None),
        Err(error) => Err(anyhow::Error::new(error).context("The setting media_url cannot be used")),
    }
}

fn url_of(file: &Path) -> String {
    format!("sqlite://{}", crate::config::percent_encode(&file.to_string_lossy()))
}
