//! The counters of a user and, for every change of edges, tweets or counters, the lock row of that user.

use crate::id::{TweetId, UserId};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_stats")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    pub tweet_count: i64,
    pub follower_count: i64,
    pub following_count: i64,
    /// The greatest id that a tweet of this user ever had: the next one is greater.
    pub last_tweet_id: TweetId,
}

impl ActiveModelBehavior for ActiveModel {}
