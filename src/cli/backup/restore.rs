//! `roost restore`: from a backup to a place where nothing is yet.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::files::{self, Sums};
use super::{DATABASE, FORMAT, MANIFEST, MEDIA, Manifest, Pictures, SUMS, database_file, media_folder, url_of};
use crate::bus::outbox;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::media::MediaName;
use crate::service::{media, node};

const MOVE_AWAY: &str = "move it away first, for nothing is overwritten";

/// # Errors
/// In plain words, when there is something already, a server runs, or the backup is not whole. Nothing is left behind then.
pub async fn restore(config: &Config, from: &Path) -> anyhow::Result<()> {
    let file = database_file(config, "restore")?;
    let manifest = read_manifest(from)?;
    refuse_a_server(config, &file).await?;
    if let Some(name) = files::first_in(&config.data_dir)? {
        bail!("{} is not empty, there is {name}: {MOVE_AWAY}", config.data_dir.display());
    }
    if file.symlink_metadata().is_ok() {
        bail!("{} is there already: {MOVE_AWAY}", file.display());
    }
    let sums = tokio::task::block_in_place(|| check_sums(from))?;
    let is_new = !config.data_dir.exists();
    fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("The folder {} cannot be made", config.data_dir.display()))?;
    let folder = folder(config, &manifest)?;
    let copied = copy(from, folder.as_deref(), &manifest, &sums, &file).await;
    if copied.is_err() {
        take_back(folder.as_deref(), &sums);
        if is_new {
            drop(fs::remove_dir(&config.data_dir));
        }
    }
    copied?;
    println!("Restored from {}. The server can be started.", from.display());
    if let Pictures::LeftIn(address) = &manifest.pictures {
        println!("The pictures are not part of the backup: media_url has to be {address}.");
    }
    Ok(())
}

fn read_manifest(from: &Path) -> anyhow::Result<Manifest> {
    let file = from.join(MANIFEST);
    let text = fs::read_to_string(&file).with_context(|| format!("{} is no backup of roost", from.display()))?;
    let manifest: Manifest =
        serde_json::from_str(&text).with_context(|| format!("{} cannot be understood", file.display()))?;
    if manifest.format != FORMAT {
        bail!("The backup was made by roost {} in a form that this version does not know", manifest.roost);
    }
    Ok(manifest)
}

/// One that uses the database, or that listens where this one would.
async fn refuse_a_server(config: &Config, file: &Path) -> anyhow::Result<()> {
    if file.exists() && is_in_use(file).await {
        bail!("A server or a command of roost runs on {}: stop it first", file.display());
    }
    if let Err(error) = TcpListener::bind(config.listen)
        && error.kind() == ErrorKind::AddrInUse
    {
        bail!("Something listens on {}: if it is roost, stop it first", config.listen);
    }
    Ok(())
}

async fn is_in_use(file: &Path) -> bool {
    let url = url_of(file);
    if !matches!(Db::is_made(&url).await, Ok(true)) {
        return false;
    }
    let Ok(db) = Db::open(&url, 2).await else { return false };
    let in_use = node::any_at_work(&db, Clock::default().now()).await;
    db.close().await;
    in_use.unwrap_or(false)
}

/// Whether every file is as it was when the backup was made.
fn check_sums(from: &Path) -> anyhow::Result<Sums> {
    let sums = files::read_sums(&from.join(SUMS))?;
    for (path, hash) in &sums {
        let name = path.strip_prefix("media/").map(str::parse::<MediaName>);
        if path != DATABASE && !matches!(name, Some(Ok(_))) {
            bail!("{SUMS} names {path}, which is no file of a backup");
        }
        if files::hash(&from.join(path))? != *hash {
            bail!("{} is not as it was when the backup was made", from.join(path).display());
        }
    }
    if !sums.contains_key(DATABASE) {
        bail!("{SUMS} does not name {DATABASE}");
    }
    Ok(sums)
}

/// Where the pictures go, if the backup has them.
fn folder(config: &Config, manifest: &Manifest) -> anyhow::Result<Option<PathBuf>> {
    if let Pictures::LeftIn(_) = manifest.pictures {
        return Ok(None);
    }
    let Some(folder) = media_folder(config)? else {
        bail!("The backup has pictures, but media_url is no folder. Restore to one, and copy them from there")
    };
    if let Some(name) = files::first_in(&folder)? {
        bail!("{} is not empty, there is {name}: {MOVE_AWAY}", folder.display());
    }
    Ok(Some(folder))
}

/// The pictures first, the database last: until it has its name, there is nothing that a server would serve.
async fn copy(from: &Path, folder: Option<&Path>, manifest: &Manifest, sums: &Sums, file: &Path) -> anyhow::Result<()> {
    let unfinished = file.with_extension(format!("unfinished-{}", std::process::id()));
    let copied = async {
        for (name, folder) in names(sums).flat_map(|name| folder.map(|folder| (name, folder))) {
            tokio::task::block_in_place(|| files::copy(&from.join(MEDIA).join(name), &folder.join(name)))?;
        }
        tokio::task::block_in_place(|| files::copy(&from.join(DATABASE), &unfinished))?;
        check_database(&unfinished, manifest, sums).await?;
        fs::rename(&unfinished, file).with_context(|| format!("The database cannot be named {}", file.display()))
    };
    let copied = copied.await;
    if copied.is_err() {
        drop(fs::remove_file(&unfinished));
    }
    files::sync_folder(file.parent().unwrap_or(file));
    copied
}

/// The pictures of a backup.
fn names(sums: &Sums) -> impl Iterator<Item = &str> {
    sums.keys().filter_map(|path| path.strip_prefix(MEDIA)?.strip_prefix('/'))
}

/// Removes what was copied, and nothing else.
fn take_back(folder: Option<&Path>, sums: &Sums) {
    let Some(folder) = folder else { return };
    for name in names(sums) {
        let file = folder.join(name);
        drop(fs::remove_file(&file));
        drop(file.parent().map(fs::remove_dir));
    }
    drop(fs::remove_dir(folder));
}

/// Whether this version can use the database, and every picture that it names is there.
async fn check_database(database: &Path, manifest: &Manifest, sums: &Sums) -> anyhow::Result<()> {
    let db = Db::open(&url_of(database), 2).await?;
    let checked = async {
        if let Some(fault) = db.faults().await?.first() {
            bail!("The database of the backup is damaged: {fault}");
        }
        let by = &manifest.roost;
        let migrated = db.migrate().await;
        migrated.with_context(|| format!("This version cannot use the database, which roost {by} has made"))?;
        // What the server of that time was doing then, nobody does now.
        outbox::release_all(&db).await?;
        node::release_all(&db).await?;
        for name in media::all_names(db.read()).await? {
            if matches!(manifest.pictures, Pictures::Copied(_)) && !sums.contains_key(&format!("{MEDIA}/{name}")) {
                tracing::warn!(%name, "the database names a picture that is not in the backup");
            }
        }
        Ok(())
    };
    let checked = checked.await;
    db.close().await;
    checked
}
