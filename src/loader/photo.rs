//! Photos, one by one and by their tweets.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use entity::{PhotoId, TweetId, photo};

use super::{Batches, Loaders, answers};
use crate::error::{Error, Result};
use crate::service::photo as photos;

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct PhotoKey(PhotoId);
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct PhotosKey(TweetId);

impl Loaders {
    pub async fn photo(&self, id: PhotoId) -> Result<Option<Arc<photo::Model>>> {
        self.one(PhotoKey(id)).await
    }

    /// In the order in which they were attached.
    pub async fn photos(&self, tweet: TweetId) -> Result<Vec<Arc<photo::Model>>> {
        match self.prefetched().photos.get(&tweet) {
            Some(known) => Ok(known.clone()),
            None => Ok(self.one(PhotosKey(tweet)).await?.unwrap_or_default()),
        }
    }
}

impl Loader<PhotoKey> for Batches {
    type Value = Option<Arc<photo::Model>>;
    type Error = Error;

    async fn load(&self, keys: &[PhotoKey]) -> Result<HashMap<PhotoKey, Self::Value>, Self::Error> {
        let ids: Vec<PhotoId> = keys.iter().map(|key| key.0).collect();
        let found = photos::by_ids(self.app.db.read(), &ids).await?;
        let mut found: HashMap<PhotoId, Arc<photo::Model>> =
            found.into_iter().map(|photo| (photo.id, Arc::new(photo))).collect();
        Ok(answers(keys, ids.iter().map(|id| found.remove(id))))
    }
}

impl Loader<PhotosKey> for Batches {
    type Value = Option<Vec<Arc<photo::Model>>>;
    type Error = Error;

    async fn load(&self, keys: &[PhotosKey]) -> Result<HashMap<PhotosKey, Self::Value>, Self::Error> {
        let ids: Vec<TweetId> = keys.iter().map(|key| key.0).collect();
        Ok(answers(keys, photos::load(&self.app.db, &ids).await?.into_iter().map(Some)))
    }
}
