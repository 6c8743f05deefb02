//! A tweet. A deleted one stays until its feed entries have been taken back.

use crate::id::{TweetId, UserId};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tweet")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TweetId,
    pub author_id: UserId,
    pub content: String,
    pub created_at: i64,
    pub deleted_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
