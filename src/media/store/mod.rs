//! Where pictures are kept: a folder by default, an S3 bucket where there are several machines. Both through
//! `object_store`, so there is one set of calls; the engines differ only where [`Store`] is matched on.

mod open;
mod unfinished;

use std::{ops::Range, time::SystemTime};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt, future::ready, stream::BoxStream};
use object_store::{
    Attribute, Attributes, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, PutOptions, aws::AmazonS3,
    local::LocalFileSystem, path::Path, prefix::PrefixStore,
};
use url::Url;

use super::{Format, MediaName};

/// The media store, opened once from the configuration by [`Store::open`].
#[derive(Debug)]
pub enum Store {
    /// Files below a folder of this machine. A file appears whole or not at all, and is on disk when `put` returns.
    Folder { files: LocalFileSystem, root: std::path::PathBuf, public: Option<Url> },
    /// Objects below a prefix of a bucket.
    S3 { files: PrefixStore<AmazonS3>, public: Option<Url> },
}

/// A stored file, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub name: MediaName,
    /// In bytes.
    pub length: u64,
    pub modified: DateTime<Utc>,
}

/// A stored file, open to be read.
pub struct Found {
    pub file: Stored,
    /// The bytes of the file that `body` carries.
    pub range: Range<u64>,
    pub body: BoxStream<'static, Result<Bytes, StoreError>>,
}

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("there is no such file")]
    NotFound,
    #[error("the range lies outside the {length} bytes of the file")]
    BadRange { length: u64 },
    #[error("the media store's address is wrong: {0}")]
    BadAddress(String),
    #[error("the media store does not work")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Store {
    /// Keeps `bytes` under `name`. Putting the same again changes nothing, so it may be retried.
    ///
    /// # Errors
    /// `Unavailable`. The file may be there nevertheless, but then whole.
    pub async fn put(&self, name: MediaName, bytes: Bytes) -> Result<(), StoreError> {
        let attributes = match self {
            Self::Folder { .. } => Attributes::new(), // a file has none
            Self::S3 { .. } => Attributes::from_iter([
                (Attribute::ContentType, name.format().content_type()),
                (Attribute::CacheControl, "public, max-age=31536000, immutable"),
            ]),
        };
        let options = PutOptions { attributes, ..PutOptions::default() };
        self.files().put_opts(&path(name), bytes.into(), options).await?;
        Ok(())
    }

    /// Opens a file, or the asked part of it.
    ///
    /// # Errors
    /// `NotFound`; `BadRange` if no byte of the range exists; `Unavailable`. The body may fail later, too.
    pub async fn get(&self, name: MediaName, range: Option<GetRange>) -> Result<Found, StoreError> {
        let open = async |range: Option<GetRange>| {
            self.files().get_opts(&path(name), GetOptions { range, ..GetOptions::default() }).await
        };
        let mut result = open(range.clone()).await;
        if let (Err(_), Some(range)) = (&result, &range) {
            // The engines differ over ranges that do not quite fit: ask how long the file is, and say it in numbers.
            let length = self.head(name).await?.length;
            let exact = range.as_range(length).unwrap_or_default();
            if exact.is_empty() {
                return Err(StoreError::BadRange { length });
            }
            result = open(Some(exact.into())).await;
        }
        let result = result?;
        let file = Stored { name, length: result.meta.size, modified: result.meta.last_modified };
        if range.is_some() && result.range.is_empty() {
            return Err(StoreError::BadRange { length: file.length });
        }
        Ok(Found { file, range: result.range.clone(), body: result.into_stream().err_into().boxed() })
    }

    /// Length and time of a file, without opening it.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    pub async fn head(&self, name: MediaName) -> Result<Stored, StoreError> {
        let meta = self.files().head(&path(name)).await?;
        Ok(Stored { name, length: meta.size, modified: meta.last_modified })
    }

    /// Removes a file. It is no error if there is none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn delete(&self, name: MediaName) -> Result<(), StoreError> {
        match self.files().delete(&path(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// All files that we named, in no order. What somebody else put there is passed over, so that it is never swept.
    pub fn list(&self) -> BoxStream<'static, Result<Stored, StoreError>> {
        let ours = |meta: ObjectMeta| {
            let name = meta.location.as_ref().parse().ok()?;
            Some(Stored { name, length: meta.size, modified: meta.last_modified })
        };
        self.files().list(None).err_into().try_filter_map(move |meta| ready(Ok(ours(meta)))).boxed()
    }

    /// Removes what a crash in the middle of a `put` left behind, if it was last written before `cutoff`; answers with
    /// how many. [`Store::list`] does not show such files. A bucket never has any.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn remove_unfinished(&self, cutoff: SystemTime) -> Result<usize, StoreError> {
        match self {
            Self::Folder { root, .. } => unfinished::remove(root.clone(), cutoff).await,
            Self::S3 { .. } => Ok(0),
        }
    }

    /// Asks the store for an answer; nothing is changed.
    ///
    /// # Errors
    /// `Unavailable` when the folder is gone, or the bucket cannot be reached or read.
    pub async fn probe(&self) -> Result<(), StoreError> {
        match self {
            Self::Folder { root, .. } => {
                let listed = tokio::fs::read_dir(root).await;
                listed.map(drop).map_err(|error| StoreError::Unavailable(Box::new(error)))
            }
            // A name that nobody has: that there is no such file is an answer.
            Self::S3 { .. } => match self.head(MediaName::new(0, Format::Jpeg)).await {
                Ok(_) | Err(StoreError::NotFound) => Ok(()),
                Err(error) => Err(error),
            },
        }
    }

    /// Where a browser can fetch the files without us, without a slash at the end, if the store's address says so by `public=`.
    pub fn public_base(&self) -> Option<&str> {
        let (Self::Folder { public, .. } | Self::S3 { public, .. }) = self;
        public.as_ref().map(|base| base.as_str().trim_end_matches('/'))
    }

    fn files(&self) -> &dyn ObjectStore {
        match self {
            Self::Folder { files, .. } => files,
            Self::S3 { files, .. } => files,
        }
    }
}

fn path(name: MediaName) -> Path {
    Path::from(name.to_string())
}

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::NotFound,
            other => Self::Unavailable(Box::new(other)),
        }
    }
}
