//! The photos of tweets.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object};
use entity::photo;

use super::ContextExt;
use super::id::GlobalId;
use super::json::Json;
use super::present::{Present, Presenter};
use super::selection::Selected;
use super::upload::Upload;
use crate::service::photo::NewPhoto;

/// A picture in a tweet.
#[derive(Clone, Debug)]
pub struct Photo(pub Arc<photo::Model>);

/// A picture in a tweet.
#[Object]
impl Photo {
    /// Globally unique.
    pub async fn id(&self) -> ID {
        GlobalId::Photo(self.0.id).encode()
    }

    /// At most 2,048 wide or high.
    async fn url(&self, ctx: &Context<'_>) -> String {
        ctx.app().media.url(&self.0.name)
    }

    /// At most 680 wide or high.
    async fn preview_url(&self, ctx: &Context<'_>) -> String {
        ctx.app().media.url(&self.0.preview)
    }

    /// The width of what is at `url`, in pixels.
    async fn width(&self) -> i32 {
        self.0.width
    }

    /// The height of what is at `url`, in pixels.
    async fn height(&self) -> i32 {
        self.0.height
    }

    /// What it shows, in words; may be empty.
    async fn alt_text(&self) -> &str {
        &self.0.alt_text
    }
}

impl Present for Photo {
    const TYPES: &'static [&'static str] = &["Photo", "Node"];

    fn field<'a>(&self, at: &Presenter<'a>, field: &Selected<'a>, json: &mut Json) -> Option<()> {
        let photo = &self.0;
        match field.name {
            "id" => json.base64(GlobalId::Photo(photo.id)),
            "url" => json.url(at.app.media.base(), &photo.name),
            "previewUrl" => json.url(at.app.media.base(), &photo.preview),
            "width" => json.number(photo.width),
            "height" => json.number(photo.height),
            "altText" => json.string(&photo.alt_text),
            _ => None,
        }
    }
}

/// A picture to attach.
#[derive(InputObject)]
pub struct PhotoInput {
    /// A JPEG, PNG, WebP or GIF image (of an animation the first frame is taken). Its metadata is removed.
    file: Upload,
    /// What it shows, in words, at most 1,000 bytes.
    alt_text: Option<String>,
}

impl From<PhotoInput> for NewPhoto {
    fn from(input: PhotoInput) -> Self {
        Self { file: input.file.0, alt_text: input.alt_text.unwrap_or_default() }
    }
}
