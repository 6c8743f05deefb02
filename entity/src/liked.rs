//! Who likes what: tweets and comments alike.

use crate::id::{CommentId, LikeId, TweetId, UserId};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "liked")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject_kind: SubjectKind,
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// Time-ordered, the key of the public list.
    pub id: LikeId,
    pub created_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}

/// Numbers are stored: never change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum SubjectKind {
    #[sea_orm(num_value = 1)]
    Tweet,
    #[sea_orm(num_value = 2)]
    Comment,
}

/// What can be liked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Tweet(TweetId),
    Comment(CommentId),
}

impl Subject {
    pub fn kind(self) -> SubjectKind {
        match self {
            Self::Tweet(_) => SubjectKind::Tweet,
            Self::Comment(_) => SubjectKind::Comment,
        }
    }

    /// Unique among all subjects: every id comes from the same generator.
    pub fn id(self) -> i64 {
        match self {
            Self::Tweet(id) => id.0,
            Self::Comment(id) => id.0,
        }
    }
}
