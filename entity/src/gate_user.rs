//! For whom a gate is open, or closed, whatever its percentage.

use crate::id::UserId;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "gate_user")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub gate: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    pub is_allowed: bool,
}

impl ActiveModelBehavior for ActiveModel {}
