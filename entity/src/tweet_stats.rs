//! The counters of a tweet and, for every like and comment, its lock row. They change all the time, the tweet never.

use crate::id::TweetId;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tweet_stats")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tweet_id: TweetId,
    pub like_count: i64,
    pub comment_count: i64,
}

impl ActiveModelBehavior for ActiveModel {}
