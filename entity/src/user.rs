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
    pub role: Role,
    #[sea_orm(has_one)]
    pub profile: HasOne<super::profile::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// Numbers are stored: never change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Role {
    #[sea_orm(num_value = 0)]
    Person,
    /// May see and change everything that `Query.admin` and the mutations named admin… offer.
    #[sea_orm(num_value = 1)]
    Admin,
}
