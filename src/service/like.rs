//! Likes, of tweets and comments alike.

use std::collections::HashSet;
use std::sync::Arc;

use entity::liked::{self, SubjectKind};
use entity::{LikeId, Subject, TweetId, UserId};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter};

use crate::app::App;
use crate::bus::{Message, outbox};
use crate::cache::{Change, Newest};
use crate::db::{Db, Transaction, padded, sql};
use crate::error::{Error, Result};
use crate::service::page::{self, Page, PageRequest};
use crate::service::subject::{self, Owner};
use crate::service::suspension;

/// How many of the tweets that somebody likes are kept.
const KEPT: usize = 64;

/// Likes something; what is liked already stays as it is.
///
/// # Errors
/// NOT_FOUND.
pub async fn like(app: &App, viewer: UserId, subject: Subject) -> Result<()> {
    app.db.retry(|| set_once(app, viewer, subject, true)).await?;
    app.bus.wake();
    Ok(())
}

/// Takes a like back; what is not liked stays as it is.
///
/// # Errors
/// NOT_FOUND.
pub async fn unlike(app: &App, viewer: UserId, subject: Subject) -> Result<()> {
    app.db.retry(|| set_once(app, viewer, subject, false)).await?;
    app.bus.wake();
    Ok(())
}

async fn set_once(app: &App, viewer: UserId, subject: Subject, wanted: bool) -> Result<()> {
    let tx = app.db.begin().await?;
    suspension::lock_active(&tx, viewer).await?;
    let is_there = subject::lock(&tx, subject).await?;
    // Looked for after the lock, so that a deletion has either not begun or is seen.
    let owner = if is_there { subject::owner(&tx, subject).await? } else { None };
    let Some(owner) = owner else { return Err(Error::not_found("tweet or comment", "subjectId")) };
    if is_liked(&tx, subject, viewer).await? == wanted {
        return Ok(());
    }
    if wanted {
        let row = liked::ActiveModel {
            subject_kind: Set(subject.kind()),
            subject_id: Set(subject.id()),
            user_id: Set(viewer),
            id: Set(LikeId(app.ids.next())),
            created_at: Set(app.clock.now()),
        };
        liked::Entity::insert(row).exec_without_returning(&tx).await?;
        tx.changed(Change::Liked { user: viewer, subject });
        subject::add_likes(&tx, subject, 1).await?;
        outbox::post(app, &tx, changed(viewer, subject, owner)).await?;
    } else {
        take_back(app, &tx, viewer, subject, owner).await?;
    }
    app.failpoints.pass("like: before commit").await;
    tx.commit().await?;
    app.failpoints.pass("like: after commit").await;
    Ok(())
}

/// Removes a like and posts what follows from it. The subject is locked.
///
/// # Errors
/// Whatever the database says.
pub async fn take_back(app: &App, tx: &Transaction, user: UserId, subject: Subject, owner: Owner) -> Result<()> {
    liked::Entity::delete_by_id((subject.kind(), subject.id(), user)).exec(tx).await?;
    tx.changed(Change::Liked { user, subject });
    subject::add_likes(tx, subject, -1).await?;
    outbox::post(app, tx, changed(user, subject, owner)).await
}

fn changed(actor: UserId, subject: Subject, owner: Owner) -> Message {
    Message::LikeChanged { subject, tweet: owner.tweet, recipient: owner.author, actor }
}

/// # Errors
/// Whatever the database says.
pub async fn is_liked(tx: &Transaction, subject: Subject, user: UserId) -> Result<bool> {
    Ok(liked::Entity::find_by_id((subject.kind(), subject.id(), user)).one(tx).await?.is_some())
}

/// Those of the subjects of one kind that a user likes, in one statement.
///
/// # Errors
/// Whatever the database says.
pub async fn liked_by(db: &impl ConnectionTrait, user: UserId, kind: SubjectKind, ids: &[i64]) -> Result<Vec<i64>> {
    let liked = liked::Entity::find()
        .filter(liked::Column::SubjectKind.eq(kind))
        .filter(liked::Column::SubjectId.is_in(ids.iter().copied()))
        .filter(liked::Column::UserId.eq(user))
        .all(db)
        .await?;
    Ok(liked.into_iter().map(|liked| liked.subject_id).collect())
}

/// One row of the list of those who like something.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Liker {
    /// The key of the list.
    pub id: LikeId,
    pub user_id: UserId,
    pub created_at: i64,
}

/// Who likes it, newest like first.
///
/// # Errors
/// Whatever the database says.
pub async fn likers(app: &App, subject: Subject, request: &PageRequest) -> Result<Page<Liker>> {
    let db = app.db.read();
    page::read(request, async |slice| {
        let text = format!(
            "SELECT l.id, l.user_id, l.created_at FROM liked l WHERE l.subject_kind = ? AND l.subject_id = ?
             AND NOT EXISTS (SELECT 1 FROM suspended s WHERE s.user_id = l.user_id) {}",
            slice.sql("l.id")
        );
        let values = [subject.kind().into(), subject.id().into()].into_iter().chain(slice.bounds());
        Ok(Liker::find_by_statement(sql(db, &text, values)).all(db).await?)
    })
    .await
}

/// Whether a user likes each of the subjects, through the caches.
///
/// # Errors
/// Whatever the database says.
pub async fn load(db: &Db, user: UserId, subjects: &[Subject]) -> Result<Vec<bool>> {
    let caches = db.caches();
    let newest = if caches.now().is_some() && subjects.iter().any(|subject| matches!(subject, Subject::Tweet(_))) {
        caches.liked_tweets.get(caches.now(), &[user], |_| read_newest(db, user)).await?.pop()
    } else {
        None
    };
    let known = |subject: &Subject| match subject {
        Subject::Tweet(tweet) => newest.as_ref()?.has(*tweet),
        Subject::Comment(_) => None,
    };
    let known: Vec<Option<bool>> = subjects.iter().map(known).collect();
    let others = subjects.iter().zip(&known).filter(|(_, known)| known.is_none());
    let keys: Vec<(UserId, Subject)> = others.map(|(subject, _)| (user, *subject)).collect();
    let mut others = caches.likes.get(caches.now(), &keys, |keys| read(db, user, keys)).await?.into_iter();
    Ok(known.into_iter().map(|known| known.or_else(|| others.next()).unwrap_or_default()).collect())
}

/// The newest of the tweets that a user likes: pages mostly show what is new, and nobody likes much of it.
async fn read_newest(db: &Db, user: UserId) -> Result<Vec<(UserId, Arc<Newest>)>> {
    let text = "SELECT subject_id FROM liked WHERE user_id = ? AND subject_kind = ? ORDER BY subject_id DESC LIMIT ?";
    let values = [user.into(), SubjectKind::Tweet.into(), (KEPT as u64).into()];
    let rows = db.read().query_all_raw(sql(db.read(), text, values)).await?;
    let ids: Vec<TweetId> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
    let is_all = ids.len() < KEPT;
    Ok(vec![(user, Arc::new(Newest::new(ids, is_all)))])
}

async fn read(db: &Db, user: UserId, keys: Vec<(UserId, Subject)>) -> Result<Vec<((UserId, Subject), bool)>> {
    let mut found = Vec::new();
    for kind in [SubjectKind::Tweet, SubjectKind::Comment] {
        let ids: Vec<i64> = keys.iter().filter(|key| key.1.kind() == kind).map(|key| key.1.id()).collect();
        if ids.is_empty() {
            continue;
        }
        let liked: HashSet<i64> = liked_by(db.read(), user, kind, &padded(&ids)).await?.into_iter().collect();
        let liked = keys.iter().filter(|key| key.1.kind() == kind && liked.contains(&key.1.id()));
        found.extend(liked.map(|key| (*key, true)));
    }
    Ok(found)
}
