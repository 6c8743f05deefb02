//! Pictures that people upload: made harmless, made small, kept.
//!
//! A file from outside is only ever read as pixels. [`photo`] and [`avatar`] recognise it by its content, decode it,
//! shrink it, bring its colours to sRGB, turn it upright and encode what is left anew, so that no byte of its metadata
//! (where it was taken, by which camera, whatever hides behind the last pixel) reaches anybody. [`Darkroom`] does that
//! work off the async threads, a few pictures at a time. [`Store`] keeps the results under names that it can prove
//! harmless, in a folder or in an S3 bucket.
//!
//! ```text
//! bytes ──► inspect ──► decode ──► resize ──► srgb ──► upright ──► encode ──► Store::put(MediaName)
//! ```

mod clean;
mod darkroom;
mod inspect;
mod name;
mod range;
mod srgb;
mod store;

use std::sync::Arc;

use crate::config::Config;
use crate::error::Error;

pub use clean::{AVATAR_SIDE, PHOTO_SIDE, PREVIEW_SIDE, Photo, Picture, avatar, photo};
pub use darkroom::Darkroom;
pub use name::{BadName, Format, MediaName};
pub use range::{GetRange, parse_range};
pub use store::{Found, Store, StoreError, Stored};

/// What the rest of roost has of this floor. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Media {
    pub store: Arc<Store>,
    pub darkroom: Darkroom,
    /// Without a slash at the end.
    base: Arc<str>,
}

impl Media {
    /// Opens the store that the configuration names, see [`Store::open`], and a darkroom with its limits.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub fn open(config: &Config) -> Result<Self, StoreError> {
        let store = Arc::new(Store::open(&config.media_url())?);
        let base = store.public_base().map_or_else(|| format!("{}/media", config.public_url()), str::to_owned).into();
        Ok(Self { store, darkroom: Darkroom::new(MediaLimits::of(config), config.media_seats), base })
    }

    /// Where a browser finds the files, each below it by its name.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Where a browser finds the file of this name.
    pub fn url(&self, name: &str) -> String {
        format!("{}/{name}", self.base)
    }
}

/// How much of a picture is accepted before anything is decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaLimits {
    /// Bytes of a photo as uploaded.
    pub photo_bytes: usize,
    /// Bytes of an avatar as uploaded.
    pub avatar_bytes: usize,
    /// Width times height, as the file's header announces them.
    pub pixels: u64,
    /// Width or height in pixels, whichever is longer.
    pub side: u32,
}

impl MediaLimits {
    pub fn of(config: &Config) -> Self {
        Self {
            photo_bytes: config.media_photo_bytes,
            avatar_bytes: config.media_avatar_bytes,
            pixels: config.media_pixels,
            side: config.media_side,
        }
    }
}

impl Default for MediaLimits {
    fn default() -> Self {
        Self::of(&Config::default())
    }
}

/// Why a picture was refused. All but `Busy` and `Failed` are the sender's to mend, in words meant for them.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    #[error("this is not a complete JPEG, PNG, WebP or GIF image")]
    Unsupported,
    #[error("the file is larger than {:.1} MiB", *limit as f64 / f64::from(1 << 20))]
    TooManyBytes { limit: usize },
    #[error("the image of {width} x {height} pixels is too large")]
    TooManyPixels { width: u32, height: u32 },
    #[error("too many images are waiting, try again in a moment")]
    Busy,
    #[error("the image could not be processed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Internal(Arc::new(error.into()))
    }
}
