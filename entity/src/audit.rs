//! What administrators did: who, what, to whom or to which gate, when, and what it was before and after.

use crate::id::{AuditId, UserId};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditId,
    pub created_at: i64,
    pub origin: Origin,
    /// Null for the command line, and when the administrator has been deleted since.
    pub actor_id: Option<UserId>,
    pub action: Action,
    /// To whom it was done; null when it was done to nobody, and when they have been deleted since.
    pub user_id: Option<UserId>,
    pub gate: Option<String>,
    pub old_value: Option<String>,
    pub new_value: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

/// Numbers are stored: never change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Origin {
    #[sea_orm(num_value = 1)]
    CommandLine,
    #[sea_orm(num_value = 2)]
    Api,
}

/// Numbers are stored: never change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Action {
    #[sea_orm(num_value = 1)]
    UserCreated,
    #[sea_orm(num_value = 2)]
    UserSuspended,
    #[sea_orm(num_value = 3)]
    UserRestored,
    #[sea_orm(num_value = 4)]
    UserDeleted,
    #[sea_orm(num_value = 5)]
    UserPromoted,
    #[sea_orm(num_value = 6)]
    UserDemoted,
    #[sea_orm(num_value = 7)]
    PasswordReset,
    /// The percentage or the description.
    #[sea_orm(num_value = 8)]
    GateChanged,
    /// That somebody is named by a gate, or not any more.
    #[sea_orm(num_value = 9)]
    GateListChanged,
    #[sea_orm(num_value = 10)]
    DeadLettersRetried,
    #[sea_orm(num_value = 11)]
    DeadLettersDropped,
}
