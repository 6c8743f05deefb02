//! What an idempotency key of a user made, for 24 hours.

use crate::id::UserId;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    #[sea_orm(primary_key, auto_increment = false, column_name = "idempotency_key")]
    pub key: String,
    /// SHA-256 of the input, in hexadecimal.
    pub input_hash: String,
    /// The id of what was made.
    pub result_id: i64,
    pub created_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
