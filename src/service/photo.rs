//! The photos of tweets.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use entity::{PhotoId, TweetId, photo};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::db::{Db, Transaction, marks, padded, sql};
use crate::error::{Error, Result, UserErrorCode};
use crate::media::{MediaName, Photo};
use crate::service::check::{self, Faults};
use crate::service::media;
use crate::service::tweet::VISIBLE;

/// How many photos a tweet may have.
const MOST: usize = 9;

/// A photo as somebody attaches it.
#[derive(Clone, Debug)]
pub struct NewPhoto {
    pub file: Bytes,
    pub alt_text: String,
}

/// A photo whose files are in the store already, and whom no row names yet.
pub struct Stored {
    name: MediaName,
    preview: MediaName,
    width: u32,
    height: u32,
    alt_text: String,
}

/// Looks at everything but the files.
///
/// # Errors
/// TOO_MANY for the field `photos`; what is wrong with each alt text.
pub fn check(photos: &[NewPhoto]) -> Result<()> {
    let mut faults = Faults::default();
    if photos.len() > MOST {
        let message = format!("A tweet may have at most {MOST} photos; these are {}.", photos.len());
        faults.keep::<()>(Err(Error::user(UserErrorCode::TooMany, "photos", message)))?;
    }
    for (place, photo) in photos.iter().enumerate() {
        faults.keep(check::alt_text(&photo.alt_text, format!("photos.{place}.altText")))?;
    }
    faults.finish()
}

/// Decodes, cleans and shrinks the files. Nothing is stored yet.
///
/// # Errors
/// What is wrong with each file; UNAVAILABLE when too many pictures are being worked on.
pub async fn develop(app: &App, photos: &[NewPhoto]) -> Result<Vec<Photo>> {
    let mut faults = Faults::default();
    let mut developed = Vec::new();
    if photos.len() > MOST {
        return Ok(developed); // `check` has refused them: no work for that
    }
    // One after the other, so that nine photos of one person do not keep everybody else waiting.
    for (place, photo) in photos.iter().enumerate() {
        let result = app.media.darkroom.photo(photo.file.clone()).await;
        let field = format!("photos.{place}.file");
        let checked = result.map_err(|error| media::fault(error, field, &format!("Photo {}", place + 1)));
        developed.extend(faults.keep(checked)?);
    }
    faults.finish()?;
    Ok(developed)
}

/// Puts developed photos into the store, all or none.
///
/// # Errors
/// When the store does not work.
pub async fn store(app: &App, developed: Vec<Photo>, photos: &[NewPhoto]) -> Result<Vec<Stored>> {
    let sizes: Vec<_> =
        developed.iter().map(|photo| (photo.full.width, photo.full.height, photo.preview.is_some())).collect();
    let pictures = developed.into_iter().flat_map(|photo| [Some(photo.full), photo.preview]).flatten().collect();
    let mut names = media::put(app, pictures).await?.into_iter();
    let mut stored = Vec::new();
    for ((width, height, has_preview), photo) in sizes.into_iter().zip(photos) {
        let Some(name) = names.next() else { break };
        let preview = if has_preview { names.next() } else { None }.unwrap_or(name);
        stored.push(Stored { name, preview, width, height, alt_text: photo.alt_text.trim().to_owned() });
    }
    Ok(stored)
}

/// Takes the files back, after a transaction that did not commit.
pub async fn discard(app: &App, photos: &[Stored]) {
    let names: Vec<MediaName> = photos.iter().flat_map(|photo| [photo.name, photo.preview]).collect();
    media::discard(app, &names).await;
}

/// Attaches photos to a tweet, as part of the transaction that makes it.
///
/// # Errors
/// Whatever the database says.
pub async fn attach(app: &App, tx: &Transaction, tweet: TweetId, photos: &[Stored]) -> Result<()> {
    let mut rows = Vec::new();
    for (place, stored) in photos.iter().enumerate() {
        rows.push(photo::ActiveModel {
            id: Set(PhotoId(app.ids.next())),
            tweet_id: Set(tweet),
            position: Set(i16::try_from(place).map_err(Error::internal)?),
            name: Set(stored.name.to_string()),
            preview: Set(stored.preview.to_string()),
            width: Set(i32::try_from(stored.width).map_err(Error::internal)?),
            height: Set(i32::try_from(stored.height).map_err(Error::internal)?),
            alt_text: Set(stored.alt_text.clone()),
        });
    }
    if !rows.is_empty() {
        photo::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Forgets the photos of a tweet, as part of the transaction that forgets the tweet. The files go after its commit.
///
/// # Errors
/// Whatever the database says.
pub async fn detach(app: &App, tx: &Transaction, tweet: TweetId) -> Result<()> {
    let theirs = photo::Entity::find().filter(photo::Column::TweetId.eq(tweet)).all(tx).await?;
    if theirs.is_empty() {
        return Ok(());
    }
    photo::Entity::delete_many().filter(photo::Column::TweetId.eq(tweet)).exec(tx).await?;
    media::trash(app, tx, theirs.into_iter().flat_map(|photo| [photo.name, photo.preview])).await
}

/// What tells the same photos from others, for idempotency keys: the hash and the alt text of each.
///
/// # Errors
/// None of its own.
pub async fn digests(photos: &[NewPhoto]) -> Result<Vec<(String, String)>> {
    let photos = photos.to_vec();
    let hash = |file: &[u8]| Sha256::digest(file).iter().map(|byte| format!("{byte:02x}")).collect();
    // Off the async threads: it may be tens of megabytes.
    let task = tokio::task::spawn_blocking(move || {
        photos.into_iter().map(|photo| (hash(&photo.file), photo.alt_text.trim().to_owned())).collect()
    });
    task.await.map_err(Error::internal)
}

/// The photos of the tweets, in their order.
///
/// # Errors
/// Whatever the database says.
pub async fn by_tweets(db: &impl ConnectionTrait, tweets: &[TweetId]) -> Result<Vec<photo::Model>> {
    let theirs = photo::Entity::find().filter(photo::Column::TweetId.is_in(tweets.iter().copied()));
    let ordered = theirs.order_by_asc(photo::Column::TweetId).order_by_asc(photo::Column::Position);
    Ok(ordered.all(db).await?)
}

/// Those of the photos whose tweets can be seen.
///
/// # Errors
/// Whatever the database says.
pub async fn by_ids(db: &impl ConnectionTrait, ids: &[PhotoId]) -> Result<Vec<photo::Model>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let list = marks(ids.len());
    let text =
        format!("SELECT p.* FROM photo p JOIN tweet t ON t.id = p.tweet_id WHERE p.id IN ({list}) AND {VISIBLE}");
    let statement = sql(db, &text, ids.iter().map(|id| (*id).into()));
    Ok(photo::Model::find_by_statement(statement).all(db).await?)
}

/// The photos of each of the tweets, through the caches.
///
/// # Errors
/// Whatever the database says.
pub async fn load(db: &Db, tweets: &[TweetId]) -> Result<Vec<Vec<Arc<photo::Model>>>> {
    let caches = db.caches();
    caches.photos.get(caches.now(), tweets, |tweets| read(db, tweets)).await
}

async fn read(db: &Db, tweets: Vec<TweetId>) -> Result<Vec<(TweetId, Vec<Arc<photo::Model>>)>> {
    let mut found: HashMap<TweetId, Vec<Arc<photo::Model>>> = HashMap::new();
    for photo in by_tweets(db.read(), &padded(&tweets)).await? {
        found.entry(photo.tweet_id).or_default().push(Arc::new(photo));
    }
    Ok(found.into_iter().collect())
}
