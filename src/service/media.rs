//! The files of the media store, as far as rows name them.
//!
//! A file is put before the transaction that names it, and removed after the one that forgets it: what can be seen is always
//! there. Forgotten names wait in `media_trash`, so that no crash loses them; what a crash leaves between a put and its
//! commit is named nowhere, and the sweep finds it by that.

use std::collections::HashSet;
use std::time::SystemTime;

use chrono::DateTime;
use entity::media_trash;
use futures_util::future::{join_all, ready};
use futures_util::{StreamExt, TryStreamExt, stream};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::app::App;
use crate::bus::{Message, outbox};
use crate::clock::HOUR;
use crate::db::{Transaction, marks, sql};
use crate::error::{Error, Result, UserErrorCode};
use crate::media::{MediaError, MediaName, Picture};

/// How old a file is before the sweep believes that nobody is about to name it. A request lasts ten seconds at most.
const FRESH: i64 = HOUR;
/// How many files are asked for at a time, and how many removed.
const BATCH: usize = 500;
const AT_ONCE: usize = 8;

/// What is wrong with a picture that somebody sent as `field`; `what` begins the sentence that tells them.
pub fn fault(error: MediaError, field: String, what: &str) -> Error {
    let code = match error {
        MediaError::Unsupported | MediaError::TooManyPixels { .. } => UserErrorCode::UnsupportedMedia,
        MediaError::TooManyBytes { .. } => UserErrorCode::TooLong,
        MediaError::Busy => return Error::Unavailable,
        MediaError::Failed(cause) => return Error::internal(format!("a picture could not be worked on: {cause}")),
    };
    Error::user_at(code, field, format!("{what}: {error}."))
}

/// Puts pictures into the store, all or none, and returns their names in the same order.
///
/// # Errors
/// UNAVAILABLE when the store does not work: why is in the log.
pub async fn put(app: &App, pictures: Vec<Picture>) -> Result<Vec<MediaName>> {
    let files: Vec<_> =
        pictures.into_iter().map(|picture| (MediaName::new(rand::random(), picture.format), picture.bytes)).collect();
    let names: Vec<MediaName> = files.iter().map(|(name, _)| *name).collect();
    let puts = files.into_iter().map(|(name, bytes)| app.media.store.put(name, bytes));
    // Each to its end: one that is given up half-way might still appear after the others were removed.
    for put in join_all(puts).await {
        if let Err(error) = put {
            discard(app, &names).await;
            tracing::error!(error = Error::from(error).log(), "a picture could not be stored");
            return Err(Error::Unavailable);
        }
    }
    app.failpoints.pass("media: stored").await;
    Ok(names)
}

/// Removes files whose transaction did not commit. What cannot be removed, or was committed after all, is left to the sweep.
pub async fn discard(app: &App, names: &[MediaName]) {
    if let Err(error) = remove_unnamed(app, names).await {
        tracing::warn!(error = error.log(), "stored pictures could not be taken back; the sweep will remove them");
    }
}

/// Marks files for removal as part of the transaction that forgets their names. Call `app.bus.wake()` after the commit.
///
/// # Errors
/// Whatever the database says.
pub async fn trash(app: &App, tx: &Transaction, names: impl IntoIterator<Item = String>) -> Result<()> {
    // A small photo is its own preview.
    let names: HashSet<String> = names.into_iter().collect();
    if names.is_empty() {
        return Ok(());
    }
    let rows = names.into_iter().map(|name| media_trash::ActiveModel { name: Set(name) });
    media_trash::Entity::insert_many(rows).exec_without_returning(tx).await?;
    outbox::post(app, tx, Message::EmptyTrash).await
}

/// Removes the files that are marked for it, then the marks. May be repeated, and done by several at once.
///
/// # Errors
/// Whatever the database or the store says.
pub async fn empty_trash(app: &App) -> Result<()> {
    loop {
        let rows = media_trash::Entity::find().limit(BATCH as u64).all(app.db.read()).await?;
        if rows.is_empty() {
            return Ok(());
        }
        remove(app, rows.iter().filter_map(|row| row.name.parse().ok()).collect()).await?;
        app.failpoints.pass("media: removed").await;
        let done = media_trash::Column::Name.is_in(rows.into_iter().map(|row| row.name));
        media_trash::Entity::delete_many().filter(done).exec(app.db.write()).await?;
    }
}

/// Removes what crashes left behind: files older than an hour that nothing names. Returns how many.
///
/// # Errors
/// Whatever the database or the store says.
pub async fn sweep(app: &App) -> Result<usize> {
    let Some(cutoff) = DateTime::from_timestamp_millis(app.clock.now() - FRESH) else { return Ok(0) };
    empty_trash(app).await?;
    let mut removed = app.media.store.remove_unfinished(SystemTime::from(cutoff)).await?;
    let old = app.media.store.list().try_filter(|file| ready(file.modified < cutoff)).map_ok(|file| file.name);
    let mut batches = old.try_chunks(BATCH);
    while let Some(batch) = batches.try_next().await.map_err(|error| error.1)? {
        removed += remove_unnamed(app, &batch).await?;
    }
    Ok(removed)
}

/// Every name that stands in a row.
///
/// # Errors
/// Whatever the database says.
pub async fn all_names(db: &impl ConnectionTrait) -> Result<Vec<MediaName>> {
    let text = "SELECT name FROM photo UNION SELECT preview FROM photo
                UNION SELECT avatar FROM profile WHERE avatar IS NOT NULL";
    let rows = db.query_all_raw(sql(db, text, [])).await?;
    let names: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
    Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
}

/// Removes those of the files that no row names, and returns how many.
async fn remove_unnamed(app: &App, names: &[MediaName]) -> Result<usize> {
    if names.is_empty() {
        return Ok(0);
    }
    let named = named(app.db.read(), names).await?;
    let unnamed: Vec<MediaName> = names.iter().filter(|name| !named.contains(&name.to_string())).copied().collect();
    let count = unnamed.len();
    remove(app, unnamed).await?;
    Ok(count)
}

/// Those of the names that stand in a row.
async fn named(db: &impl ConnectionTrait, names: &[MediaName]) -> Result<HashSet<String>> {
    let list = marks(names.len());
    let text = format!(
        "SELECT name FROM photo WHERE name IN ({list})
         UNION SELECT preview FROM photo WHERE preview IN ({list})
         UNION SELECT avatar FROM profile WHERE avatar IN ({list})"
    );
    let once = || names.iter().map(|name| name.to_string().into());
    let rows = db.query_all_raw(sql(db, &text, once().chain(once()).chain(once()))).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
}

async fn remove(app: &App, names: Vec<MediaName>) -> Result<()> {
    let removed = stream::iter(names).map(|name| app.media.store.delete(name)).buffer_unordered(AT_ONCE);
    Ok(removed.try_collect().await?)
}
