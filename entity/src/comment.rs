//! What somebody says under a tweet. It goes with its row: nothing but likes hangs on it.

use crate::id::{CommentId, TweetId, UserId};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "comment")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CommentId,
    pub tweet_id: TweetId,
    pub author_id: UserId,
    pub content: String,
    pub created_at: i64,
    /// Null until the comment was changed.
    pub edited_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
