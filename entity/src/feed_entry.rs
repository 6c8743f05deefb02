//! A candidate for a home feed, never the truth: a read joins the edge and the living tweet.

use crate::id::{TweetId, UserId};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "feed_entry")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub tweet_id: TweetId,
    pub author_id: UserId,
}

impl ActiveModelBehavior for ActiveModel {}
