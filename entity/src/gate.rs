//! Which share of the users a feature is on for. Those who are named one by one are in `gate_user`.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "gate")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// 0 to 100.
    pub percent: i16,
    pub description: String,
}

impl ActiveModelBehavior for ActiveModel {}
