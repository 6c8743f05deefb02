//! What somebody leaves behind, kind by kind: the next batch of it is removed, and the number of rows returned.

use entity::liked::{self, SubjectKind};
use entity::{CommentId, Subject, TweetId, UserId, comment, feed_entry, gate_user, idempotency, inbox, notification};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::app::App;
use crate::bus::{Message, outbox};
use crate::db::Transaction;
use crate::error::Result;
use crate::service::{comment as comments, like, notification as notifications, subject};

/// Comments by them. Tweets are locked in ascending order, each before its comments.
pub async fn comments(app: &App, tx: &Transaction, user: UserId, most: u32) -> Result<usize> {
    let theirs = comment::Entity::find().filter(comment::Column::AuthorId.eq(user));
    let mut batch = theirs.order_by_asc(comment::Column::Id).limit(u64::from(most)).all(tx).await?;
    batch.sort_unstable_by_key(|comment| (comment.tweet_id, comment.id));
    for comment in &batch {
        let tweet = Subject::Tweet(comment.tweet_id);
        subject::lock(tx, tweet).await?;
        let is_there = subject::lock(tx, Subject::Comment(comment.id)).await?;
        match subject::owner_if_hidden(tx, tweet).await? {
            Some(owner) if is_there => comments::take_away(app, tx, comment, owner.author).await?,
            // Its tweet has gone, and it would have gone next.
            _ => {
                comments::remove(tx, &[comment.id]).await?;
                let discard = Message::Discard { subject: Subject::Comment(comment.id), author: user };
                outbox::post(app, tx, discard).await?;
            }
        }
    }
    Ok(batch.len())
}

/// Likes by them. Tweets are locked before comments, each kind in ascending order.
pub async fn likes(app: &App, tx: &Transaction, user: UserId, most: u32) -> Result<usize> {
    let theirs = liked::Entity::find().filter(liked::Column::UserId.eq(user));
    let theirs = theirs.order_by_asc(liked::Column::SubjectKind).order_by_asc(liked::Column::SubjectId);
    let batch = theirs.limit(u64::from(most)).all(tx).await?;
    let mut subjects: Vec<Subject> = batch.iter().map(subject_of).collect();
    subjects.sort_unstable();
    for subject in &subjects {
        let is_there = subject::lock(tx, *subject).await?;
        let owner = if is_there { subject::owner_if_hidden(tx, *subject).await? } else { None };
        match owner {
            Some(owner) if like::is_liked(tx, *subject, user).await? => {
                like::take_back(app, tx, user, *subject, owner).await?;
            }
            // What was liked is gone, and its likes are on their way out.
            _ => {
                liked::Entity::delete_by_id((subject.kind(), subject.id(), user)).exec(tx).await?;
            }
        }
    }
    Ok(subjects.len())
}

fn subject_of(like: &liked::Model) -> Subject {
    match like.subject_kind {
        SubjectKind::Tweet => Subject::Tweet(TweetId(like.subject_id)),
        SubjectKind::Comment => Subject::Comment(CommentId(like.subject_id)),
    }
}

/// What others were told of them, the hidden ones included.
pub async fn notifications_by(tx: &Transaction, user: UserId, most: u32) -> Result<usize> {
    let caused = notification::Entity::find().filter(notification::Column::ActorId.eq(user));
    let batch = caused.order_by_asc(notification::Column::RecipientId).limit(u64::from(most)).all(tx).await?;
    for recipients in batch.chunk_by(|one, two| one.recipient_id == two.recipient_id) {
        let Some(first) = recipients.first() else { continue };
        let seqs: Vec<i64> = recipients.iter().map(|row| row.seq).collect();
        notifications::remove(tx, first.recipient_id, &seqs).await?;
    }
    Ok(batch.len())
}

/// What they were told.
pub async fn notifications_for(tx: &Transaction, user: UserId, most: u32) -> Result<usize> {
    inbox::Entity::find_by_id(user).lock_exclusive().one(tx).await?;
    let theirs = notification::Entity::find().filter(notification::Column::RecipientId.eq(user));
    let batch = theirs.order_by_asc(notification::Column::Seq).limit(u64::from(most)).all(tx).await?;
    let seqs: Vec<i64> = batch.iter().map(|row| row.seq).collect();
    if !seqs.is_empty() {
        notifications::remove(tx, user, &seqs).await?;
    }
    Ok(seqs.len())
}

/// Their home feed.
pub async fn entries(tx: &Transaction, user: UserId, most: u32) -> Result<usize> {
    let theirs = feed_entry::Entity::find().filter(feed_entry::Column::UserId.eq(user));
    let batch = theirs.order_by_asc(feed_entry::Column::TweetId).limit(u64::from(most)).all(tx).await?;
    let tweets: Vec<TweetId> = batch.iter().map(|entry| entry.tweet_id).collect();
    if !tweets.is_empty() {
        feed_entry::Entity::delete_many()
            .filter(feed_entry::Column::UserId.eq(user))
            .filter(feed_entry::Column::TweetId.is_in(tweets))
            .exec(tx)
            .await?;
    }
    Ok(batch.len())
}

/// The idempotency keys that they used.
pub async fn keys(tx: &Transaction, user: UserId, most: u32) -> Result<usize> {
    let theirs = idempotency::Entity::find().filter(idempotency::Column::UserId.eq(user));
    let batch = theirs.order_by_asc(idempotency::Column::Key).limit(u64::from(most)).all(tx).await?;
    let keys: Vec<String> = batch.into_iter().map(|row| row.key).collect();
    let count = keys.len();
    if count > 0 {
        idempotency::Entity::delete_many()
            .filter(idempotency::Column::UserId.eq(user))
            .filter(idempotency::Column::Key.is_in(keys))
            .exec(tx)
            .await?;
    }
    Ok(count)
}

/// That gates name them. Their `user_stats` row is locked, so that none begins to.
pub async fn names(tx: &Transaction, user: UserId) -> Result<()> {
    gate_user::Entity::delete_many().filter(gate_user::Column::UserId.eq(user)).exec(tx).await?;
    Ok(())
}
