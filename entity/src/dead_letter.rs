//! A message that was given up: kept until somebody retries or drops it.

use crate::id::MessageId;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dead_letter")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MessageId,
    pub payload: String,
    pub attempts: i32,
    pub error: String,
    /// When the message was posted.
    pub created_at: i64,
    pub died_at: i64,
    /// The id of the request that caused it, if one did.
    pub trace: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
