//! Nothing but pixels leaves: not one byte of a file's metadata, wherever the format lets it hide.

use image::{DynamicImage, ImageFormat, RgbaImage};
use proptest::prelude::*;
use roost::media::{Format, MediaLimits, Picture, avatar, photo};

use super::make::{encode, exif, gif_with, jpeg_with, png_with, webp_with};

/// The same picture in four formats, with `marker` in every kind of metadata that each of them has.
fn laden(image: &DynamicImage, marker: &[u8]) -> Vec<(ImageFormat, Vec<u8>)> {
    let with = |prefix: &[u8]| [prefix, marker].concat();
    let size = (image.width(), image.height());
    let block = exif(6, marker);
    let exif_segment = [b"Exif\0\0", block.as_slice()].concat();
    let opaque = DynamicImage::from(image.to_rgb8());

    let mut jpeg = jpeg_with(
        &encode(&opaque, ImageFormat::Jpeg),
        &[
            (0xE1, exif_segment),
            (0xE1, with(b"http://ns.adobe.com/xap/1.0/\0")),
            (0xE2, with(b"ICC_PROFILE\0\x01\x01")),
            (0xED, with(b"Photoshop 3.0\08BIM\x04\x04\0\0")),
            (0xEB, with(b"JP")),
            (0xFE, with(b"")),
        ],
    );
    jpeg.extend(with(b"behind the end "));

    let mut png = png_with(
        &encode(image, ImageFormat::Png),
        &[
            (b"tEXt", with(b"Comment\0")),
            (b"iTXt", with(b"XML:com.adobe.xmp\0\0\0\0\0")),
            (b"zTXt", with(b"Comment\0\0")),
            (b"eXIf", block.clone()),
            (b"prVt", with(b"")),
        ],
    );
    png.extend(with(b"behind the end "));

    let mut webp = webp_with(&encode(image, ImageFormat::WebP), size, with(b""), block, with(b"<x:xmpmeta>"));
    webp.extend(with(b"behind the end "));

    let mut gif =
        gif_with(&encode(image, ImageFormat::Gif), &[(0xFE, with(b"comment ")), (0xFF, with(b"XMP DataXMP"))]);
    gif.extend(with(b"behind the end "));

    vec![(ImageFormat::Jpeg, jpeg), (ImageFormat::Png, png), (ImageFormat::WebP, webp), (ImageFormat::Gif, gif)]
}

/// The parts of an encoded picture are those of bare pixels, and each has the length that pixels need.
fn assert_bare(picture: &Picture) {
    let bytes = &picture.bytes[..];
    match picture.format {
        Format::WebP => {
            // One lossless frame, and it fills the file.
            assert_eq!((&bytes[..4], &bytes[8..16]), (b"RIFF".as_slice(), b"WEBPVP8L".as_slice()));
            let length = u32::from_le_bytes(bytes[16..20].try_into().unwrap()) as usize;
            assert_eq!(bytes.len(), 20 + length + length % 2);
        }
        Format::Jpeg => {
            let mut at = 2;
            loop {
                let (marker, length) = (bytes[at + 1], usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]])));
                assert_eq!(bytes[at], 0xFF);
                match marker {
                    0xE0 => assert_eq!(&bytes[at + 4..at + 2 + length], b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0"),
                    0xDB => assert_eq!(length, 67), // one table of quantisation
                    0xC4 => {
                        assert_eq!(length, 19 + bytes[at + 5..at + 21].iter().map(|&n| usize::from(n)).sum::<usize>());
                    }
                    0xC0 => assert_eq!(length, 17), // three components
                    0xDA => break,
                    other => panic!("segment {other:02X}"),
                }
                at += 2 + length;
            }
            // In the data of the scan, 0xFF is escaped; then comes the end.
            let scan = &bytes[at + 14..];
            let markers: Vec<_> = scan.windows(2).filter(|pair| pair[0] == 0xFF && pair[1] != 0).collect();
            assert_eq!(markers, [[0xFF, 0xD9]]);
            assert!(scan.ends_with(&[0xFF, 0xD9]));
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_byte_of_metadata_survives(
        width in 1_u32..90,
        height in 1_u32..90,
        seed: u8,
        alpha in prop_oneof![Just(255_u8), any::<u8>()],
        marker in prop::collection::vec(any::<u8>(), 16..64),
    ) {
        let image = RgbaImage::from_fn(width, height, |x, y| {
            image::Rgba([(x * 5) as u8 ^ seed, (y * 3) as u8, seed, if x > y { alpha } else { 255 }])
        });
        for (format, file) in laden(&image.into(), &marker) {
            prop_assert!(contains(&file, &marker), "the marker must be there to be removed");
            let limits = MediaLimits::default();
            let photo = photo(&file, &limits).map_err(|error| TestCaseError::fail(format!("{format:?}: {error}")))?;
            let avatar = avatar(&file, &limits).unwrap();
            for picture in [Some(photo.full), photo.preview, Some(avatar)].into_iter().flatten() {
                assert_bare(&picture);
                for part in marker.windows(8) {
                    prop_assert!(!contains(&picture.bytes, part), "{format:?}");
                }
            }
        }
    }
}
