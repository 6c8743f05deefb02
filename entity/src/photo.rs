//! A picture of a tweet. The files themselves are in the media store, under the names that stand here.

use crate::id::{PhotoId, TweetId};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "photo")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PhotoId,
    pub tweet_id: TweetId,
    /// Counts up from 0 in the order in which they were attached.
    pub position: i16,
    pub name: String,
    /// The same as `name` if the photo is small enough to be its own preview.
    pub preview: String,
    /// In pixels, as the height.
    pub width: i32,
    pub height: i32,
    pub alt_text: String,
}

impl ActiveModelBehavior for ActiveModel {}
