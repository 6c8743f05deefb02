//! The counter of a comment and, for every like, its lock row.

use crate::id::CommentId;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "comment_stats")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub comment_id: CommentId,
    pub like_count: i64,
}

impl ActiveModelBehavior for ActiveModel {}
