//! What must be refused, and what must be survived.

use image::ImageFormat;
use proptest::prelude::*;
use roost::media::{MediaError, MediaLimits, avatar, photo};

use super::make::{encode, exif, gif_with, jpeg_with, png_with, quarters, riff, riff_chunks, vp8x, webp_with};

const FORMATS: [ImageFormat; 4] = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif];

#[track_caller]
fn assert_unsupported(bytes: &[u8]) {
    let limits = MediaLimits::default();
    assert!(matches!(photo(bytes, &limits), Err(MediaError::Unsupported)));
    assert!(matches!(avatar(bytes, &limits), Err(MediaError::Unsupported)));
}

#[test]
fn what_is_no_picture_of_ours_is_refused() {
    let files: [&[u8]; 17] = [
        b"",
        b"\xFF",
        b"\xFF\xD8\xFF",
        b"\x89PNG\r\n\x1A\n",
        b"GIF89a",
        b"RIFF\x04\0\0\0WEBP",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!doctype html><script>alert(1)</script>",
        b"BM\x3A\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0\0\0\0\0\x04\0\0\0",
        b"II*\0\x08\0\0\0",
        b"MM\0*\0\0\0\x08",
        b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miaf",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0\x68\x04\0\0\x16\0\0\0",
        b"%PDF-1.7",
        b"GIF89a\x10\0\x10\0\0\0\0=1;/*<svg onload=alert(1)>*/",
    ];
    for file in files {
        assert_unsupported(file);
    }
}

/// What may be missing is the end that holds no pixels: the last chunk of a PNG, the last block of a GIF.
#[test]
fn a_file_cut_anywhere_is_refused_unless_all_its_pixels_are_there() {
    let limits = MediaLimits::default();
    let encoded = FORMATS.map(|format| encode(&quarters(40, 24), format));
    let fixtures = [
        include_bytes!("fixtures/progressive.jpg").as_slice(),
        include_bytes!("fixtures/cmyk.jpg"),
        include_bytes!("fixtures/palette-transparent.png"),
        include_bytes!("fixtures/lossy.webp"),
        include_bytes!("fixtures/lossy-alpha.webp"),
        include_bytes!("fixtures/animated.webp"),
    ];
    for file in encoded.iter().map(Vec::as_slice).chain(fixtures) {
        let whole = photo(file, &limits).unwrap().full;
        for length in 0..file.len() {
            match photo(&file[..length], &limits) {
                Err(MediaError::Unsupported) => {}
                Err(other) => panic!("cut to {length} of {}: {other}", file.len()),
                Ok(photo) => {
                    assert_eq!(photo.full.bytes, whole.bytes);
                    assert!(length + 12 > file.len() && !file.starts_with(b"\xFF\xD8") && !file.starts_with(b"RIFF"));
                }
            }
        }
    }
}

#[test]
fn a_picture_without_width_or_height_is_refused() {
    let mut gif = encode(&quarters(40, 24), ImageFormat::Gif);
    gif[8..10].copy_from_slice(&[0; 2]);
    assert_unsupported(&gif);
    gif[6..10].copy_from_slice(&[0; 4]);
    assert_unsupported(&gif);
}

#[test]
fn a_polyglot_loses_its_second_face() {
    let script = b"<script>alert(document.cookie)</script>";
    let image = quarters(40, 24);
    let mut jpeg = jpeg_with(&encode(&image, ImageFormat::Jpeg), &[(0xFE, script.to_vec())]);
    jpeg.extend(b"PK\x03\x04");
    jpeg.extend(script);
    let mut png = encode(&image, ImageFormat::Png);
    png.extend(script);
    let gif = gif_with(&encode(&image, ImageFormat::Gif), &[(0xFE, script.to_vec())]);
    for file in [jpeg, png, gif] {
        let photo = photo(&file, &MediaLimits::default()).unwrap();
        assert!(!photo.full.bytes.windows(7).any(|window| window == b"<script" || window == b"PK\x03\x04\x14\0\0"));
    }
}

#[test]
fn limits_are_kept_to_the_last_pixel_and_byte() {
    let file = encode(&quarters(40, 30), ImageFormat::Png);
    let limits = MediaLimits { photo_bytes: file.len(), avatar_bytes: file.len(), pixels: 1200, side: 40 };
    assert!(photo(&file, &limits).is_ok() && avatar(&file, &limits).is_ok());

    let fewer = MediaLimits { photo_bytes: file.len() - 1, ..limits.clone() };
    assert!(matches!(photo(&file, &fewer), Err(MediaError::TooManyBytes { .. })) && avatar(&file, &fewer).is_ok());
    let fewer = MediaLimits { avatar_bytes: file.len() - 1, ..limits.clone() };
    assert!(matches!(avatar(&file, &fewer), Err(MediaError::TooManyBytes { .. })) && photo(&file, &fewer).is_ok());
    let fewer = MediaLimits { pixels: 1199, ..limits.clone() };
    assert!(matches!(photo(&file, &fewer), Err(MediaError::TooManyPixels { width: 40, height: 30 })));
    let fewer = MediaLimits { side: 39, ..limits };
    assert!(matches!(photo(&file, &fewer), Err(MediaError::TooManyPixels { .. })));
}

#[test]
fn errors_speak_to_people() {
    assert_eq!(MediaError::Unsupported.to_string(), "this is not a complete JPEG, PNG, WebP or GIF image");
    assert_eq!(MediaError::TooManyBytes { limit: 10 << 20 }.to_string(), "the file is larger than 10.0 MiB");
    let error = MediaError::TooManyPixels { width: 50_000, height: 50_000 };
    assert_eq!(error.to_string(), "the image of 50000 x 50000 pixels is too large");
}

/// Without the cap on scans, each of them costs the decoder a row of blocks, or all rows.
#[test]
fn a_jpeg_of_endless_scans_is_refused() {
    for file in [encode(&quarters(4000, 3000), ImageFormat::Jpeg), include_bytes!("fixtures/progressive.jpg").to_vec()]
    {
        let scan = file.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap();
        let header = file[scan..scan + 2 + usize::from(file[scan + 3])].to_vec();
        let mut bomb = file[..scan].to_vec();
        (0..100_000).for_each(|_| bomb.extend(&header));
        bomb.extend(&file[scan..]);
        assert_unsupported(&bomb);
    }
}

/// An extended WebP announces a tiny canvas; the frame inside is 16,383 x 16,383.
#[test]
fn a_frame_larger_than_its_canvas_is_refused() {
    let mut frame = vec![0x10, 0, 0, 0x9D, 0x01, 0x2A, 0xFF, 0x3F, 0xFF, 0x3F];
    frame.resize(3000, 0);
    let inner = riff_chunks(&[(b"ALPH", vec![0; 4]), (b"WHAT", frame.clone())]);
    let anmf = [vec![0; 16], inner].concat();
    assert_unsupported(&riff(&[(b"VP8X", vp8x(0, 8, 8)), (b"VP8 ", frame)]));
    assert_unsupported(&riff(&[(b"VP8X", vp8x(0x12, 8, 8)), (b"ANIM", vec![0; 6]), (b"ANMF", anmf)]));
}

/// A frame that does not fit its screen needs a second buffer, and the two share one allowance.
#[test]
fn a_gif_frame_counts_as_well_as_its_screen() {
    let mut gif = encode(&quarters(700, 600), ImageFormat::Gif);
    gif[6..10].copy_from_slice(&[0xF4, 1, 0xF4, 1]); // a screen of 500 x 500
    assert!(photo(&gif, &MediaLimits::default()).is_ok());
    assert!(photo(&gif, &MediaLimits { pixels: 300_000, ..MediaLimits::default() }).is_err());
}

fn valid_file() -> impl Strategy<Value = Vec<u8>> {
    let image = quarters(33, 21);
    let block = exif(6, b"somewhere");
    let icc = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let icc_segment = [b"ICC_PROFILE\0\x01\x01", icc.as_slice()].concat();
    let exif_segment = [b"Exif\0\0", block.as_slice()].concat();
    prop::sample::select(vec![
        jpeg_with(&encode(&image, ImageFormat::Jpeg), &[(0xE1, exif_segment), (0xE2, icc_segment)]),
        png_with(&encode(&image, ImageFormat::Png), &[(b"eXIf", block.clone())]),
        webp_with(&encode(&image, ImageFormat::WebP), (33, 21), icc, block, vec![]),
        encode(&image, ImageFormat::Gif),
        include_bytes!("fixtures/progressive.jpg").to_vec(),
        include_bytes!("fixtures/cmyk.jpg").to_vec(),
        include_bytes!("fixtures/palette-transparent.png").to_vec(),
        include_bytes!("fixtures/lossy-alpha.webp").to_vec(),
        include_bytes!("fixtures/animated.webp").to_vec(),
        include_bytes!("fixtures/animated.gif").to_vec(),
        include_bytes!("fixtures/animated.png").to_vec(),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_file_is_a_picture_or_an_error(
        mut file in valid_file(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        for (at, byte) in damage {
            *at.get_mut(&mut file) = byte;
        }
        let limits = MediaLimits { pixels: 1_000_000, ..MediaLimits::default() };
        match photo(&file, &limits) {
            Ok(_) | Err(MediaError::Unsupported | MediaError::TooManyPixels { .. }) => {}
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }
}
