//! An edge: the follower sees the followee's tweets.

use crate::id::{FollowId, TweetId, UserId};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "follow")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub follower_id: UserId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub followee_id: UserId,
    /// Time-ordered, the key of the public lists.
    pub id: FollowId,
    pub created_at: i64,
    /// Where the follower reads the followee's tweets: 0 from `tweet` (pulled), 1 from `feed_entry` (pushed).
    pub pushed: i16,
    /// How far a Fill has come with a pulled edge; 0 when none has begun.
    pub filled_to: TweetId,
}

impl ActiveModelBehavior for ActiveModel {}
