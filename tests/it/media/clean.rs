//! What comes out: upright, small, in the right colours, whatever way in the pixels took.

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, RgbImage, Rgba, RgbaImage};
use roost::media::{AVATAR_SIDE, Format, MediaLimits, PHOTO_SIDE, PREVIEW_SIDE, Picture, avatar, photo};

use super::make::{BLUE, GREEN, RED, WHITE, encode, exif, jpeg_with, png_with, quarters, webp_with};

fn limits() -> MediaLimits {
    MediaLimits::default()
}

fn decode(picture: &Picture) -> DynamicImage {
    let format = match picture.format {
        Format::Jpeg => ImageFormat::Jpeg,
        Format::WebP => ImageFormat::WebP,
    };
    let image = image::load_from_memory_with_format(&picture.bytes, format).unwrap();
    assert_eq!((image.width(), image.height()), (picture.width, picture.height));
    image
}

fn clean(bytes: &[u8]) -> DynamicImage {
    decode(&photo(bytes, &limits()).unwrap().full)
}

#[track_caller]
fn assert_color(image: &DynamicImage, x: u32, y: u32, expected: [u8; 3]) {
    let found = image.to_rgb8().get_pixel(x, y).0;
    let distance = found.iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max().unwrap();
    assert!(distance <= 12, "at {x}, {y}: {found:?}, expected {expected:?}");
}

#[test]
fn every_orientation_comes_out_upright() {
    let stored = quarters(48, 32);
    // Where the EXIF standard says the stored corners red, green, blue, white are seen, clockwise from the top left.
    let seen = [
        [RED, GREEN, WHITE, BLUE],
        [GREEN, RED, BLUE, WHITE],
        [WHITE, BLUE, RED, GREEN],
        [BLUE, WHITE, GREEN, RED],
        [RED, BLUE, WHITE, GREEN],
        [BLUE, RED, GREEN, WHITE],
        [WHITE, GREEN, RED, BLUE],
        [GREEN, WHITE, BLUE, RED],
    ];
    for (orientation, corners) in (1..).zip(seen) {
        let block = exif(orientation, b"upright");
        let files = [
            jpeg_with(&encode(&stored, ImageFormat::Jpeg), &[(0xE1, [b"Exif\0\0", block.as_slice()].concat())]),
            png_with(&encode(&stored, ImageFormat::Png), &[(b"eXIf", block.clone())]),
            webp_with(&encode(&stored, ImageFormat::WebP), (48, 32), vec![], block, vec![]),
        ];
        for file in files {
            let image = clean(&file);
            let (w, h) = if orientation < 5 { (48, 32) } else { (32, 48) };
            assert_eq!((image.width(), image.height()), (w, h), "orientation {orientation}");
            for ((x, y), color) in [(4, 4), (w - 5, 4), (w - 5, h - 5), (4, h - 5)].into_iter().zip(corners) {
                assert_color(&image, x, y, color);
            }
            let image = decode(&avatar(&file, &limits()).unwrap());
            for ((x, y), color) in [(4, 4), (27, 4), (27, 27), (4, 27)].into_iter().zip(corners) {
                assert_color(&image, x, y, color);
            }
        }
    }
}

#[test]
fn photos_shrink_and_never_grow() {
    let size = |picture: &Picture| (picture.width, picture.height);
    let shrunk = |w, h| {
        let photo = photo(&encode(&RgbImage::new(w, h).into(), ImageFormat::Png), &limits()).unwrap();
        (size(&photo.full), photo.preview.as_ref().map(size))
    };
    assert_eq!(shrunk(3000, 1500), ((PHOTO_SIDE, 1024), Some((PREVIEW_SIDE, 340))));
    assert_eq!(shrunk(1500, 3000), ((1024, PHOTO_SIDE), Some((340, PREVIEW_SIDE))));
    assert_eq!(shrunk(2100, 2100), ((PHOTO_SIDE, PHOTO_SIDE), Some((PREVIEW_SIDE, PREVIEW_SIDE))));
    assert_eq!(shrunk(PHOTO_SIDE, 1), ((PHOTO_SIDE, 1), Some((PREVIEW_SIDE, 1))));
    assert_eq!(shrunk(20_000, 3), ((PHOTO_SIDE, 1), Some((PREVIEW_SIDE, 1))));
    assert_eq!(shrunk(681, 100), ((681, 100), Some((680, 100))));
    assert_eq!(shrunk(680, 100), ((680, 100), None));
    assert_eq!(shrunk(1, 1), ((1, 1), None));
}

#[test]
fn avatars_are_the_square_in_the_middle() {
    let strip = RgbImage::from_fn(1200, 600, |x, _| Rgb(if (300..900).contains(&x) { GREEN } else { RED }));
    let picture = avatar(&encode(&strip.into(), ImageFormat::Jpeg), &limits()).unwrap();
    assert_eq!((picture.width, picture.height), (AVATAR_SIDE, AVATAR_SIDE));
    let image = decode(&picture);
    for (x, y) in [(2, 2), (397, 2), (200, 200), (2, 397), (397, 397)] {
        assert_color(&image, x, y, GREEN);
    }
    let side = |w, h| avatar(&encode(&RgbImage::new(w, h).into(), ImageFormat::Png), &limits()).unwrap().width;
    assert_eq!([side(300, 900), side(401, 399), side(1, 5000)], [300, 399, 1]);
}

#[test]
fn deep_and_grey_pixels_are_read() {
    let wide = |value: u8| u16::from(value) * 257;
    let images: [DynamicImage; 6] = [
        ImageBuffer::from_pixel(9, 9, Luma([77_u8])).into(),
        ImageBuffer::from_pixel(9, 9, Luma([wide(77)])).into(),
        ImageBuffer::from_pixel(9, 9, LumaA([77_u8, 255])).into(),
        ImageBuffer::from_pixel(9, 9, LumaA([wide(77), u16::MAX])).into(),
        ImageBuffer::from_pixel(9, 9, Rgb([wide(77); 3])).into(),
        ImageBuffer::from_pixel(9, 9, Rgba([wide(77), wide(77), wide(77), u16::MAX])).into(),
    ];
    for image in images {
        let photo = photo(&encode(&image, ImageFormat::Png), &limits()).unwrap();
        assert_eq!(photo.full.format, Format::Jpeg, "{:?}: opaque", image.color());
        assert_color(&decode(&photo.full), 4, 4, [77; 3]);
    }
}

#[test]
fn files_of_other_programs_are_read() {
    const BLACK: [u8; 3] = [0; 3];
    let files = [
        ("progressive.jpg", include_bytes!("fixtures/progressive.jpg").as_slice(), RED, BLUE),
        ("gray.jpg", include_bytes!("fixtures/gray.jpg"), [60; 3], [200; 3]),
        ("palette.png", include_bytes!("fixtures/palette.png"), RED, BLUE),
        ("palette-transparent.png", include_bytes!("fixtures/palette-transparent.png"), RED, BLACK),
        ("gray16.png", include_bytes!("fixtures/gray16.png"), [155; 3], [155; 3]),
        ("bits.png", include_bytes!("fixtures/bits.png"), BLACK, [255; 3]),
        ("lossy.webp", include_bytes!("fixtures/lossy.webp"), RED, BLUE),
        ("lossy-alpha.webp", include_bytes!("fixtures/lossy-alpha.webp"), RED, BLUE),
        ("animated.webp", include_bytes!("fixtures/animated.webp"), RED, BLUE),
        ("animated.gif", include_bytes!("fixtures/animated.gif"), RED, BLUE),
        ("animated.png", include_bytes!("fixtures/animated.png"), RED, BLUE),
    ];
    for (name, file, left, right) in files {
        println!("{name}");
        let image = clean(file);
        assert_eq!((image.width(), image.height()), (48, 32));
        assert_color(&image, 8, 16, left);
        assert_color(&image, 40, 16, right);
    }
    let cmyk = clean(include_bytes!("fixtures/cmyk.jpg")).to_rgb8();
    let ([r, g, b], [r2, _, b2]) = (cmyk.get_pixel(8, 16).0, cmyk.get_pixel(40, 16).0);
    assert!(r > 180 && g < 70 && b < 80 && b2 > 170 && r2 < 60, "{r} {g} {b} {r2} {b2}");
}

#[test]
fn only_real_transparency_is_kept() {
    let opaque = RgbaImage::from_fn(900, 700, |x, y| Rgba([x as u8, y as u8, 99, 255]));
    assert_eq!(photo(&encode(&opaque.into(), ImageFormat::Png), &limits()).unwrap().full.format, Format::Jpeg);

    let secret = RgbaImage::from_fn(64, 64, |x, _| Rgba([201, 55, 99, if x < 32 { 0 } else { 128 }]));
    let photo = photo(&encode(&secret.into(), ImageFormat::Png), &limits()).unwrap();
    assert_eq!(photo.full.format, Format::WebP);
    let image = decode(&photo.full).to_rgba8();
    assert_eq!(image.get_pixel(3, 3).0, [0; 4], "what was erased stays erased");
    assert_eq!(image.get_pixel(50, 3).0, [201, 55, 99, 128]);
}

#[test]
fn transparent_pixels_do_not_bleed_into_their_neighbours() {
    // White on transparent black: resampled without regard to alpha, the edge would turn grey.
    let image = RgbaImage::from_fn(3000, 30, |x, _| if x % 2 == 0 { Rgba([255; 4]) } else { Rgba([0; 4]) });
    let image = clean(&encode(&image.into(), ImageFormat::Png)).to_rgba8();
    assert!(image.pixels().filter(|pixel| pixel.0[3] > 8).all(|pixel| pixel.0[0] > 240));
}

#[test]
fn a_display_p3_photo_becomes_srgb() {
    let p3 = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let image = RgbImage::from_pixel(32, 32, Rgb([200, 100, 50]));
    let jpeg = encode(&image.into(), ImageFormat::Jpeg);
    let tagged = jpeg_with(&jpeg, &[(0xE2, [b"ICC_PROFILE\0\x01\x01", p3.as_slice()].concat())]);
    assert_color(&clean(&jpeg), 9, 9, [200, 100, 50]);
    assert_color(&clean(&tagged), 9, 9, [214, 97, 33]); // by the matrices of both colour spaces
}

#[test]
fn an_unreadable_profile_is_ignored() {
    let jpeg = encode(&quarters(32, 32), ImageFormat::Jpeg);
    let tagged = jpeg_with(&jpeg, &[(0xE2, b"ICC_PROFILE\0\x01\x01no profile at all".to_vec())]);
    assert_color(&clean(&tagged), 4, 4, RED);
}
