//! What can be liked, a tweet or a comment: its counters, which are its lock row as well, and whose it is.
//!
//! Whoever likes, comments or deletes locks the row first. It is there as long as the thing is, so it decides existence; the
//! number of rows that a statement changed does not, since MySQL's drivers count the untouched ones. The order of locks:
//! `user_stats`, `tweet_stats`, `comment_stats`, `inbox`.

use entity::{
    CommentId, Subject, TweetId, UserId, comment as comment_row, comment_stats, tweet as tweet_row, tweet_stats,
};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::db::{Db, Transaction, padded};
use crate::error::Result;
use crate::service::{comment, tweet};

/// Whose a subject is, and which tweet it is or stands under.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    pub author: UserId,
    pub tweet: TweetId,
}

/// Locks the subject until the transaction ends. False if there is none.
///
/// # Errors
/// Whatever the database says.
pub async fn lock(tx: &Transaction, subject: Subject) -> Result<bool> {
    Ok(match subject {
        Subject::Tweet(id) => tweet_stats::Entity::find_by_id(id).lock_exclusive().one(tx).await?.is_some(),
        Subject::Comment(id) => comment_stats::Entity::find_by_id(id).lock_exclusive().one(tx).await?.is_some(),
    })
}

/// Locks several comments in ascending order, and returns the counters of those that exist.
///
/// # Errors
/// Whatever the database says.
pub async fn lock_comments(tx: &Transaction, ids: &[CommentId]) -> Result<Vec<comment_stats::Model>> {
    Ok(comment_stats::Entity::find()
        .filter(comment_stats::Column::CommentId.is_in(ids.iter().copied()))
        .order_by_asc(comment_stats::Column::CommentId)
        .lock_exclusive()
        .all(tx)
        .await?)
}

/// Whose it is; none if it is not there for anybody to see.
///
/// # Errors
/// Whatever the database says.
pub async fn owner(db: &impl ConnectionTrait, subject: Subject) -> Result<Option<Owner>> {
    Ok(match subject {
        Subject::Tweet(id) => {
            let found = tweet::by_ids(db, &[id]).await?.pop();
            found.map(|tweet| Owner { author: tweet.author_id, tweet: id })
        }
        Subject::Comment(id) => {
            let found = comment::by_ids(db, &[id]).await?.pop();
            found.map(|comment| Owner { author: comment.author_id, tweet: comment.tweet_id })
        }
    })
}

/// The same whether anybody can see it or not.
///
/// # Errors
/// Whatever the database says.
pub async fn owner_if_hidden(db: &impl ConnectionTrait, subject: Subject) -> Result<Option<Owner>> {
    Ok(match subject {
        Subject::Tweet(id) => {
            let found = tweet_row::Entity::find_by_id(id).one(db).await?;
            found.map(|tweet| Owner { author: tweet.author_id, tweet: id })
        }
        Subject::Comment(id) => {
            let found = comment_row::Entity::find_by_id(id).one(db).await?;
            found.map(|comment| Owner { author: comment.author_id, tweet: comment.tweet_id })
        }
    })
}

/// Makes the counters of a new tweet.
///
/// # Errors
/// Whatever the database says.
pub async fn start_tweet(tx: &Transaction, id: TweetId) -> Result<()> {
    let row = tweet_stats::ActiveModel { tweet_id: Set(id), like_count: Set(0), comment_count: Set(0) };
    tweet_stats::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Makes the counter of a new comment.
///
/// # Errors
/// Whatever the database says.
pub async fn start_comment(tx: &Transaction, id: CommentId) -> Result<()> {
    let row = comment_stats::ActiveModel { comment_id: Set(id), like_count: Set(0) };
    comment_stats::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Adds to the number of likes. The subject is locked already.
///
/// # Errors
/// Whatever the database says.
pub async fn add_likes(tx: &Transaction, subject: Subject, difference: i64) -> Result<()> {
    use comment_stats::Column::{CommentId, LikeCount};
    match subject {
        Subject::Tweet(id) => return add(tx, id, tweet_stats::Column::LikeCount, difference).await,
        Subject::Comment(id) => {
            comment_stats::Entity::update_many()
                .col_expr(LikeCount, Expr::col(LikeCount).add(difference))
                .filter(CommentId.eq(id))
                .exec(tx)
                .await?
        }
    };
    Ok(())
}

/// Adds to a counter of a tweet, which is locked already.
///
/// # Errors
/// Whatever the database says.
pub async fn add(tx: &Transaction, id: TweetId, counter: tweet_stats::Column, difference: i64) -> Result<()> {
    tweet_stats::Entity::update_many()
        .col_expr(counter, Expr::col(counter).add(difference))
        .filter(tweet_stats::Column::TweetId.eq(id))
        .exec(tx)
        .await?;
    Ok(())
}

/// # Errors
/// Whatever the database says.
pub async fn tweet_stats(db: &impl ConnectionTrait, ids: &[TweetId]) -> Result<Vec<tweet_stats::Model>> {
    let ids = ids.iter().copied();
    Ok(tweet_stats::Entity::find().filter(tweet_stats::Column::TweetId.is_in(ids)).all(db).await?)
}

/// # Errors
/// Whatever the database says.
pub async fn comment_stats(db: &impl ConnectionTrait, ids: &[CommentId]) -> Result<Vec<comment_stats::Model>> {
    let ids = ids.iter().copied();
    Ok(comment_stats::Entity::find().filter(comment_stats::Column::CommentId.is_in(ids)).all(db).await?)
}

/// The same through the caches, in the order asked.
///
/// # Errors
/// Whatever the database says.
pub async fn load_tweet_stats(db: &Db, ids: &[TweetId]) -> Result<Vec<Option<tweet_stats::Model>>> {
    let caches = db.caches();
    caches.tweet_stats.get(caches.now(), ids, |ids| read_tweet_stats(db, ids)).await
}

async fn read_tweet_stats(db: &Db, ids: Vec<TweetId>) -> Result<Vec<(TweetId, Option<tweet_stats::Model>)>> {
    let found = tweet_stats(db.read(), &padded(&ids)).await?;
    Ok(found.into_iter().map(|stats| (stats.tweet_id, Some(stats))).collect())
}

/// The same of comments.
///
/// # Errors
/// Whatever the database says.
pub async fn load_comment_stats(db: &Db, ids: &[CommentId]) -> Result<Vec<Option<comment_stats::Model>>> {
    let caches = db.caches();
    caches.comment_stats.get(caches.now(), ids, |ids| read_comment_stats(db, ids)).await
}

async fn read_comment_stats(db: &Db, ids: Vec<CommentId>) -> Result<Vec<(CommentId, Option<comment_stats::Model>)>> {
    let found = comment_stats(db.read(), &padded(&ids)).await?;
    Ok(found.into_iter().map(|stats| (stats.comment_id, Some(stats))).collect())
}
