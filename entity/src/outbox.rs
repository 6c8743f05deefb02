//! A message that was committed with its cause and has not been handled yet.

use crate::id::MessageId;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MessageId,
    /// A tagged, versioned message in JSON.
    pub payload: String,
    /// How often a handler has failed on it.
    pub attempts: i32,
    /// Not before this time.
    pub due_at: i64,
    /// Who works on it, until when; 0 when nobody does.
    pub leased_by: i64,
    pub leased_until: i64,
    pub created_at: i64,
    /// The id of the request that caused it, if one did.
    pub trace: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
