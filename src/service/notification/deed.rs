//! What one person does to another, and whether it has been done as things are now.

use entity::notification::{self, NotificationKind};
use entity::{CommentId, Subject, TweetId, UserId, comment, tweet};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

use crate::db::Transaction;
use crate::error::Result;
use crate::service::{follow, like};

/// A deed that may have been undone since.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    Like { subject: Subject, tweet: TweetId, recipient: UserId, actor: UserId },
    Comment { comment: CommentId, tweet: TweetId, recipient: UserId, actor: UserId },
    Follow { recipient: UserId, actor: UserId },
}

impl Deed {
    pub fn kind(self) -> NotificationKind {
        match self {
            Self::Like { .. } => NotificationKind::Liked,
            Self::Comment { .. } => NotificationKind::Commented,
            Self::Follow { .. } => NotificationKind::Followed,
        }
    }

    pub fn recipient(self) -> UserId {
        match self {
            Self::Like { recipient, .. } | Self::Comment { recipient, .. } | Self::Follow { recipient, .. } => {
                recipient
            }
        }
    }

    pub fn actor(self) -> UserId {
        match self {
            Self::Like { actor, .. } | Self::Comment { actor, .. } | Self::Follow { actor, .. } => actor,
        }
    }

    /// What makes it one of a kind, together with kind, recipient and actor.
    pub fn subject_id(self) -> i64 {
        match self {
            Self::Like { subject, .. } => subject.id(),
            Self::Comment { comment, .. } => comment.0,
            Self::Follow { recipient, .. } => recipient.0,
        }
    }

    pub fn tweet(self) -> Option<TweetId> {
        match self {
            Self::Like { tweet, .. } | Self::Comment { tweet, .. } => Some(tweet),
            Self::Follow { .. } => None,
        }
    }

    /// Whether it stands: it was done, has not been undone, and what it was done to has not been deleted. Suspensions do not
    /// count: they come and go, and hide when read.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn stands(self, tx: &Transaction) -> Result<bool> {
        Ok(match self {
            Self::Like { subject, tweet, actor, .. } => {
                like::is_liked(tx, subject, actor).await?
                    && match subject {
                        Subject::Tweet(_) => true,
                        Subject::Comment(id) => comment_lives(tx, id).await?,
                    }
                    && tweet_lives(tx, tweet).await?
            }
            Self::Comment { comment, tweet, .. } => comment_lives(tx, comment).await? && tweet_lives(tx, tweet).await?,
            Self::Follow { recipient, actor } => follow::edge(tx, actor, recipient).await?.is_some(),
        })
    }
}

async fn comment_lives(tx: &Transaction, id: CommentId) -> Result<bool> {
    Ok(comment::Entity::find_by_id(id).count(tx).await? > 0)
}

async fn tweet_lives(tx: &Transaction, id: TweetId) -> Result<bool> {
    Ok(tweet::Entity::find_by_id(id).filter(tweet::Column::DeletedAt.is_null()).count(tx).await? > 0)
}

/// What the notification's deed was done to: a tweet or comment of the recipient; nothing for a follow.
pub fn subject(row: &notification::Model) -> Option<Subject> {
    let tweet = row.tweet_id?;
    match row.kind {
        NotificationKind::Liked if row.subject_id != tweet.0 => Some(Subject::Comment(CommentId(row.subject_id))),
        NotificationKind::Liked | NotificationKind::Commented => Some(Subject::Tweet(tweet)),
        NotificationKind::Followed => None,
    }
}

/// The comment that the recipient is told of.
pub fn comment(row: &notification::Model) -> Option<CommentId> {
    (row.kind == NotificationKind::Commented).then_some(CommentId(row.subject_id))
}
