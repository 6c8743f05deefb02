//! A person with a log-in. What others see of them is in `profile`, what is counted in `user_stats`.

use crate::id::UserId;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserId,
    /// Lower case, unique.
    pub username: String,
    /// Lower case, unique.
    pub email: String,
    /// Argon2id in PHC string format.
    pub password_hash: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
    #[sea_orm(has_one)]
    pub profile: HasOne<super::profile::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
