//! From a file that somebody sent to a picture that anybody may see. Pure, synchronous, and heavy on the processor.
//!
//! Whatever came in, two formats go out. Opaque pictures become JPEG. Pictures with transparency become lossless WebP:
//! at 2,048 pixels it was a quarter smaller than PNG for photos, a little smaller for drawings, and made 15 to 60 times
//! faster. An animation becomes its first frame.

use std::io::Cursor;

use bytes::Bytes;
use fast_image_resize::{ResizeOptions, Resizer};
use image::codecs::{jpeg::JpegEncoder, webp::WebPEncoder};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageEncoder, ImageReader, Limits, RgbaImage};

use super::{Format, MediaError, MediaLimits, inspect, srgb};

/// Width and height of an avatar in pixels, unless the picture was smaller.
pub const AVATAR_SIDE: u32 = 400;
/// A photo's longest side in pixels.
pub const PHOTO_SIDE: u32 = 2048;
/// A preview's longest side in pixels.
pub const PREVIEW_SIDE: u32 = 680;

const JPEG_QUALITY: u8 = 82;

/// An encoded picture: pixels, and nothing about where they came from.
#[derive(Debug, Clone)]
pub struct Picture {
    pub format: Format,
    pub bytes: Bytes,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// A photo at the size to look at and at the size for a timeline.
#[derive(Debug, Clone)]
pub struct Photo {
    pub full: Picture,
    /// None if `full` is small enough to be its own preview.
    pub preview: Option<Picture>,
}

/// Makes a photo of an uploaded file: at most [`PHOTO_SIDE`] on its longest side, never enlarged.
///
/// # Errors
/// `TooManyBytes`, `TooManyPixels` and `Unsupported` name what is wrong with the file. `Failed` is our own fault.
pub fn photo(bytes: &[u8], limits: &MediaLimits) -> Result<Photo, MediaError> {
    let source = Source::decode(bytes, limits.photo_bytes, limits)?;
    let (width, height) = within(PHOTO_SIDE, source.pixels.width(), source.pixels.height());
    let full = source.develop(width, height)?;
    drop(source); // up to 200 MB
    let (width, height) = within(PREVIEW_SIDE, full.width(), full.height());
    let preview = match (width, height) == (full.width(), full.height()) {
        true => None,
        false => Some(encode(&resize(&full, width, height)?)?),
    };
    Ok(Photo { full: encode(&full)?, preview })
}

/// Makes an avatar of an uploaded file: the square from its middle, [`AVATAR_SIDE`] wide and high. A picture with a
/// shorter side keeps it: enlarging adds bytes and no detail, and a browser does it as well.
///
/// # Errors
/// Those of [`photo`].
pub fn avatar(bytes: &[u8], limits: &MediaLimits) -> Result<Picture, MediaError> {
    let source = Source::decode(bytes, limits.avatar_bytes, limits)?;
    let side = source.pixels.width().min(source.pixels.height()).min(AVATAR_SIDE);
    encode(&source.develop(side, side)?)
}

/// A decoded file, and what its metadata said about how to look at it.
struct Source {
    pixels: DynamicImage,
    orientation: Orientation,
    icc: Option<Vec<u8>>,
}

impl Source {
    /// Decodes the file, unless its size or its header forbid it.
    fn decode(bytes: &[u8], limit: usize, limits: &MediaLimits) -> Result<Self, MediaError> {
        if bytes.len() > limit {
            return Err(MediaError::TooManyBytes { limit });
        }
        let format = inspect::recognise(bytes).ok_or(MediaError::Unsupported)?;
        // Four bytes a pixel, and a mebibyte for a picture of nothing much. Deep colour at full size does not fit.
        let mut memory = Limits::no_limits();
        memory.max_alloc = Some(limits.pixels.saturating_mul(4).saturating_add(1 << 20));
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        reader.limits(memory.clone());
        let mut decoder = reader.into_decoder().map_err(|_| MediaError::Unsupported)?;

        let (width, height) = decoder.dimensions();
        if width == 0 || height == 0 {
            return Err(MediaError::Unsupported);
        }
        let too_many = || MediaError::TooManyPixels { width, height };
        if width.max(height) > limits.side || u64::from(width) * u64::from(height) > limits.pixels {
            return Err(too_many());
        }
        memory.reserve(decoder.total_bytes()).map_err(|_| too_many())?;
        decoder.set_limits(memory).map_err(|_| too_many())?;

        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let icc = decoder.icc_profile().unwrap_or_default();
        let pixels = DynamicImage::from_decoder(decoder).map_err(|_| MediaError::Unsupported)?;
        Ok(Self { pixels, orientation, icc })
    }

    /// The picture at `width` x `height` (before it is turned), upright, in 8 bits of sRGB, with an alpha channel only
    /// if something shows through. The work on single pixels comes last, when there are few of them.
    fn develop(&self, width: u32, height: u32) -> Result<DynamicImage, MediaError> {
        let small = resize(&self.pixels, width, height)?;
        let mut small = match small.color().has_alpha() {
            true => without_idle_alpha(small.into_rgba8()),
            false => small.into_rgb8().into(),
        };
        if let Some(icc) = &self.icc {
            srgb::convert(&mut small, icc);
        }
        small.apply_orientation(self.orientation);
        Ok(small)
    }
}

/// Drops an alpha channel that hides nothing, as in most screenshots. What it hides entirely is blackened: an erased
/// part of a picture must not come back to light.
fn without_idle_alpha(mut image: RgbaImage) -> DynamicImage {
    let mut opaque = true;
    for pixel in image.pixels_mut() {
        opaque &= pixel.0[3] == u8::MAX;
        if pixel.0[3] == 0 {
            pixel.0 = [0; 4];
        }
    }
    let image = DynamicImage::from(image);
    if opaque { image.into_rgb8().into() } else { image }
}

/// Width and height in the same proportion, shrunk to `longest` if need be.
fn within(longest: u32, width: u32, height: u32) -> (u32, u32) {
    let side = width.max(height);
    if side <= longest {
        return (width, height);
    }
    let (longest, side) = (u64::from(longest), u64::from(side));
    let scale = |length: u32| {
        let rounded = (2 * u64::from(length) * longest + side) / (2 * side);
        u32::try_from(rounded.max(1)).unwrap_or(length)
    };
    (scale(width), scale(height))
}

/// Resamples (Lanczos, weighted by alpha). A square is cut from the middle.
fn resize(image: &DynamicImage, width: u32, height: u32) -> Result<DynamicImage, MediaError> {
    let mut resized = DynamicImage::new(width, height, image.color());
    let mut options = ResizeOptions::new();
    if width == height {
        options = options.fit_into_destination(None);
    }
    Resizer::new().resize(image, &mut resized, &options).map_err(failed)?;
    Ok(resized)
}

fn encode(image: &DynamicImage) -> Result<Picture, MediaError> {
    let mut bytes = Vec::new();
    let format = if image.color().has_alpha() { Format::WebP } else { Format::Jpeg };
    let (pixels, width, height, color) = (image.as_bytes(), image.width(), image.height(), image.color().into());
    match format {
        Format::Jpeg => {
            JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY).write_image(pixels, width, height, color)
        }
        Format::WebP => WebPEncoder::new_lossless(&mut bytes).write_image(pixels, width, height, color),
    }
    .map_err(failed)?;
    Ok(Picture { format, bytes: bytes.into(), width, height })
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> MediaError {
    MediaError::Failed(Box::new(error))
}
