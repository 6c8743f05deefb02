//! What hangs on a tweet or comment that was deleted, on its way out: likes, comments, photos, unread notifications. A
//! batch a message.
//!
//! Nobody sees any of it from the deletion's commit on, and nothing can be added: whoever adds locks the subject first, as the
//! deletion did. So this only has to come to its end, at whatever time.

use entity::notification::NotificationKind;
use entity::{CommentId, Subject, TweetId, UserId, comment, tweet_stats};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::app::App;
use crate::bus::{Message, outbox};
use crate::cache::Change;
use crate::db::{Transaction, sql};
use crate::error::Result;
use crate::service::feed::{NO_END, batch_end};
use crate::service::{comment as comments, notification, photo, subject};

/// Removes the next batch of each kind, and posts the next step if there may be more.
///
/// # Errors
/// Whatever the database says.
pub async fn discard(app: &App, tx: &Transaction, subject: Subject, author: UserId) -> Result<()> {
    let mut is_done = true;
    if let Subject::Tweet(tweet) = subject {
        is_done &= discard_comments(app, tx, tweet, author).await?;
    }
    is_done &= discard_likes(app, tx, subject).await?;
    is_done &= withdraw(app, tx, author, NotificationKind::Liked, &[subject.id()]).await?;
    app.failpoints.pass("discard: removed").await;
    match subject {
        _ if !is_done => outbox::post(app, tx, Message::Discard { subject, author }).await,
        Subject::Tweet(tweet) => {
            photo::detach(app, tx, tweet).await?;
            tweet_stats::Entity::delete_by_id(tweet).exec(tx).await?;
            tx.changed(Change::Tweet(tweet));
            Ok(())
        }
        Subject::Comment(_) => Ok(()),
    }
}

/// True if none are left.
async fn discard_likes(app: &App, tx: &Transaction, subject: Subject) -> Result<bool> {
    let likes = "FROM liked WHERE subject_kind = ? AND subject_id = ?";
    let values = [subject.kind().into(), subject.id().into()];
    let rows = format!("SELECT user_id {likes} ORDER BY user_id");
    let end: Option<UserId> = batch_end(tx, &rows, values.clone(), app.config.feed_batch).await?;
    let through = end.unwrap_or(UserId(NO_END));
    let text = format!("DELETE {likes} AND user_id <= ?");
    tx.execute_raw(sql(tx, &text, values.into_iter().chain([through.into()]))).await?;
    Ok(end.is_none())
}

/// True if none are left. Comments that are liked get messages of their own.
async fn discard_comments(app: &App, tx: &Transaction, tweet: TweetId, author: UserId) -> Result<bool> {
    let size = app.config.feed_batch;
    let batch = comment::Entity::find()
        .filter(comment::Column::TweetId.eq(tweet))
        .order_by_asc(comment::Column::Id)
        .limit(u64::from(size))
        .all(tx)
        .await?;
    let ids: Vec<CommentId> = batch.iter().map(|comment| comment.id).collect();
    let stats = subject::lock_comments(tx, &ids).await?;
    let is_liked = |id| stats.iter().any(|stats| stats.comment_id == id && stats.like_count > 0);
    for comment in batch.iter().filter(|comment| is_liked(comment.id)) {
        let discard = Message::Discard { subject: Subject::Comment(comment.id), author: comment.author_id };
        outbox::post(app, tx, discard).await?;
    }
    comments::remove(tx, &ids).await?;
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    withdraw(app, tx, author, NotificationKind::Commented, &ids).await?;
    Ok(batch.len() < size as usize)
}

/// True if none are left.
async fn withdraw(
    app: &App,
    tx: &Transaction,
    recipient: UserId,
    kind: NotificationKind,
    subjects: &[i64],
) -> Result<bool> {
    let size = app.config.feed_batch;
    Ok(notification::withdraw_all(tx, recipient, kind, subjects, size).await? < size as usize)
}
