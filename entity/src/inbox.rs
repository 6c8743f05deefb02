//! The notifications of a user in two numbers, and the lock row that numbers them in commit order.

use crate::id::UserId;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "inbox")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    pub last_seq: i64,
    pub unread: i64,
}

impl ActiveModelBehavior for ActiveModel {}
