//! Which process uses which node number in the ids that it makes.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "node")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i16,
    /// A random number of the process.
    pub owner: i64,
    pub leased_until: i64,
}

impl ActiveModelBehavior for ActiveModel {}
