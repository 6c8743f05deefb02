//! `roost backup`, while the server runs or not.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::files::{self, Sums};
use super::{DATABASE, FORMAT, MANIFEST, MEDIA, Manifest, Pictures, SUMS, database_file, media_folder, url_of};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{self, Db};
use crate::media::MediaName;
use crate::service::media;

/// How often the database is copied anew because pictures went between its copy and theirs.
const TRIES: u32 = 20;

/// # Errors
/// In plain words, when there is no database in a file, the folder is there already, or something cannot be read or written.
pub async fn backup(config: &Config, to: &Path) -> anyhow::Result<()> {
    let file = database_file(config, "backup")?;
    if !Db::is_made(&config.database_url()).await.map_err(|error| anyhow::anyhow!(db::explain(&error)))? {
        bail!("There is no database of roost at {}. Look at --data-dir", config.masked_database_url());
    }
    let unfinished = unfinished(to)?;
    refuse_what_is_there(to)?;
    let made = write(config, &file, &unfinished).await.and_then(|manifest| {
        refuse_what_is_there(to)?;
        fs::rename(&unfinished, to).with_context(|| format!("The backup cannot be named {}", to.display()))?;
        files::sync_folder(to.parent().unwrap_or(to));
        Ok(manifest)
    });
    if made.is_err() {
        drop(fs::remove_dir_all(&unfinished));
    }
    match made?.pictures {
        Pictures::Copied(count) => println!("Backed up to {}: the database and {count} pictures.", to.display()),
        Pictures::LeftIn(address) => {
            println!("Backed up to {}: the database. The pictures stay in {address}.", to.display());
        }
    }
    Ok(())
}

fn refuse_what_is_there(to: &Path) -> anyhow::Result<()> {
    if to.symlink_metadata().is_ok() {
        bail!("{} is there already: a backup gets a folder of its own", to.display());
    }
    Ok(())
}

/// Where the backup grows: beside its place, so that it needs only its name in the end.
fn unfinished(to: &Path) -> anyhow::Result<PathBuf> {
    let Some(name) = to.file_name() else { bail!("{} is no name for a folder", to.display()) };
    Ok(to.with_file_name(format!(".{}.unfinished-{}", name.to_string_lossy(), std::process::id())))
}

async fn write(config: &Config, file: &Path, to: &Path) -> anyhow::Result<Manifest> {
    fs::create_dir_all(to).with_context(|| format!("The folder {} cannot be made", to.display()))?;
    let db = Db::open(&url_of(file), 2).await.map_err(|error| anyhow::anyhow!(db::explain(&error)))?;
    let folder = media_folder(config)?;
    let mut sums = Sums::new();
    let copied = copy(&db, folder.as_deref(), to, &mut sums).await;
    db.close().await;
    copied?;
    let pictures = match folder {
        Some(_) => Pictures::Copied(sums.len()),
        None => Pictures::LeftIn(config.media_url()),
    };
    sums.insert(DATABASE.to_owned(), files::hash(&to.join(DATABASE))?);
    files::write_sums(&to.join(SUMS), &sums)?;
    let roost = env!("CARGO_PKG_VERSION").to_owned();
    let manifest = Manifest { format: FORMAT, roost, made_at: Clock::default().now(), pictures };
    files::write(&to.join(MANIFEST), &serde_json::to_string_pretty(&manifest)?)?;
    files::sync_folder(to);
    Ok(manifest)
}

/// Copies the database, and the pictures that the copy names: every one of them, though people post and delete meanwhile.
///
/// A picture is stored before the row that names it is committed, and removed after that row is gone. So what the copy of the
/// database names was there at its moment; it can only have gone since. Hence the pictures that are named now are copied first,
/// then the database, then the few that came in between. If one of these has gone as well, its row has, and the database is copied
/// again: with nothing to do in between but that, it has soon caught up.
async fn copy(db: &Db, folder: Option<&Path>, to: &Path, sums: &mut Sums) -> anyhow::Result<()> {
    let copy = to.join(DATABASE);
    let Some(folder) = folder else {
        db.copy_to(&copy).await?;
        return names_in(&copy).await.map(drop);
    };
    copy_pictures(folder, to, media::all_names(db.read()).await?, sums)?;
    for _ in 0..TRIES {
        db.copy_to(&copy).await?;
        let named = names_in(&copy).await?;
        let missing = copy_pictures(folder, to, named.clone(), sums)?;
        let still_named: HashSet<MediaName> = media::all_names(db.read()).await?.into_iter().collect();
        let (lost, gone): (Vec<_>, Vec<_>) = missing.into_iter().partition(|name| still_named.contains(name));
        if gone.is_empty() {
            for name in lost {
                tracing::warn!(%name, "the database names a picture that is not in the media store");
            }
            return forget_others(to, &named, sums);
        }
        fs::remove_file(&copy)?;
    }
    bail!("Pictures are deleted faster than the database can be copied. Try again when there is less to do")
}

/// Looks through the copy of the database, and returns the pictures that it names.
async fn names_in(copy: &Path) -> anyhow::Result<Vec<MediaName>> {
    let db = Db::open(&url_of(copy), 2).await?;
    let looked = async {
        if let Some(fault) = db.faults().await?.first() {
            bail!("The database is damaged: {fault}");
        }
        Ok(media::all_names(db.read()).await?)
    };
    let names = looked.await;
    db.close().await;
    names
}

/// Copies the pictures that are not copied yet, and returns those that are not there.
fn copy_pictures(folder: &Path, to: &Path, names: Vec<MediaName>, sums: &mut Sums) -> anyhow::Result<Vec<MediaName>> {
    let mut missing = Vec::new();
    for name in names {
        let place = format!("{MEDIA}/{name}");
        if sums.contains_key(&place) {
            continue;
        }
        match tokio::task::block_in_place(|| files::copy(&folder.join(name.to_string()), &to.join(&place)))? {
            Some(hash) => drop(sums.insert(place, hash)),
            None => missing.push(name),
        }
    }
    Ok(missing)
}

/// What was deleted while the backup was made is not kept in it.
fn forget_others(to: &Path, named: &[MediaName], sums: &mut Sums) -> anyhow::Result<()> {
    let named: HashSet<String> = named.iter().map(|name| format!("{MEDIA}/{name}")).collect();
    let others: Vec<String> = sums.keys().filter(|place| !named.contains(*place)).cloned().collect();
    for place in others {
        fs::remove_file(to.join(&place))?;
        sums.remove(&place);
    }
    Ok(())
}
