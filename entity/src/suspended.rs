//! Users of whom nobody sees anything for now: a set, so that restoring somebody is one row.

use crate::id::UserId;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "suspended")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// Being deleted: nobody restores them.
    pub is_leaving: bool,
}

impl ActiveModelBehavior for ActiveModel {}
