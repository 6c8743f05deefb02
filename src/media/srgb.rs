//! Colours as every screen understands them.
//!
//! Phones photograph in Display P3 and say so in an ICC profile. The profile goes with the rest of the metadata, and the
//! same numbers read as sRGB would look dull: so the pixels are converted first.

use image::DynamicImage;
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

/// Brings an 8-bit RGB or RGBA image from the profile `icc` to sRGB.
///
/// Leaves it alone if the profile is unreadable, or not of RGB: from grey and CMYK the decoder has made plain RGB.
pub(super) fn convert(image: &mut DynamicImage, icc: &[u8]) {
    let _unconverted_is_fine = try_convert(image, icc);
}

fn try_convert(image: &mut DynamicImage, icc: &[u8]) -> Option<()> {
    let profile = ColorProfile::new_from_slice(icc).ok()?;
    if profile.color_space != DataColorSpace::Rgb {
        return None;
    }
    let (layout, pixels): (_, &mut [u8]) = match image {
        DynamicImage::ImageRgb8(image) => (Layout::Rgb, image),
        DynamicImage::ImageRgba8(image) => (Layout::Rgba, image),
        _ => return None,
    };
    let srgb = ColorProfile::new_srgb();
    let transform = profile.create_transform_8bit(layout, &srgb, layout, TransformOptions::default()).ok()?;
    let source = pixels.to_vec();
    transform.transform(&source, pixels).ok()
}
