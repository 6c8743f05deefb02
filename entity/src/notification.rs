//! Something that somebody did to a user. Withdrawn ones stay, hidden, so that repeating the deed tells nobody again.

use crate::id::{TweetId, UserId};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notification")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub recipient_id: UserId,
    /// Counts up by one per recipient, in commit order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    pub kind: NotificationKind,
    /// What makes it one of a kind: the tweet or comment that was liked, the comment that was written, for a follow the
    /// recipient.
    pub subject_id: i64,
    /// The tweet that it is about: what was liked or commented, or what the liked comment stands under.
    pub tweet_id: Option<TweetId>,
    pub actor_id: UserId,
    pub created_at: i64,
    pub is_read: bool,
    pub is_withdrawn: bool,
}

impl ActiveModelBehavior for ActiveModel {}

/// Numbers are stored: never change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum NotificationKind {
    #[sea_orm(num_value = 1)]
    Liked,
    #[sea_orm(num_value = 2)]
    Commented,
    #[sea_orm(num_value = 3)]
    Followed,
}
