//! Files to feed to the media floor, made byte by byte where an encoder would not oblige.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

pub const RED: [u8; 3] = [220, 30, 40];
pub const GREEN: [u8; 3] = [30, 190, 60];
pub const BLUE: [u8; 3] = [20, 60, 210];
pub const WHITE: [u8; 3] = [250, 250, 250];

/// Four quarters: red, green / blue, white. No two turns of it look alike.
pub fn quarters(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb(match (x < width / 2, y < height / 2) {
            (true, true) => RED,
            (false, true) => GREEN,
            (true, false) => BLUE,
            (false, false) => WHITE,
        })
    })
    .into()
}

pub fn encode(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// An EXIF block (TIFF, little-endian): an orientation and a description.
pub fn exif(orientation: u16, description: &[u8]) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x02\0".to_vec();
    block.extend([0x0E, 0x01, 2, 0]); // ImageDescription, text
    block.extend((description.len() as u32).to_le_bytes());
    block.extend(38_u32.to_le_bytes()); // where it stands
    block.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0]); // Orientation, one short
    block.extend(orientation.to_le_bytes());
    block.extend([0; 6]);
    assert_eq!(block.len(), 38);
    block.extend(description);
    block
}

/// A JPEG with segments (marker, content) put in front.
pub fn jpeg_with(jpeg: &[u8], segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut file = jpeg[..2].to_vec();
    for (marker, content) in segments {
        file.extend([0xFF, *marker]);
        file.extend((content.len() as u16 + 2).to_be_bytes());
        file.extend(content);
    }
    file.extend(&jpeg[2..]);
    file
}

/// A PNG with chunks put behind its header.
pub fn png_with(png: &[u8], chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let header_end = 8 + 25;
    let mut file = png[..header_end].to_vec();
    for (id, content) in chunks {
        file.extend(png_chunk(id, content));
    }
    file.extend(&png[header_end..]);
    file
}

pub fn png_chunk(id: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let body = [id, content].concat();
    let crc = !body.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1)))
    });
    [&(content.len() as u32).to_be_bytes(), body.as_slice(), &crc.to_be_bytes()].concat()
}

/// A WebP of the given chunks.
pub fn riff(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let body = riff_chunks(chunks);
    [b"RIFF", &(body.len() as u32 + 4).to_le_bytes(), b"WEBP".as_slice(), &body].concat()
}

pub fn riff_chunks(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (id, content) in chunks {
        body.extend(*id);
        body.extend((content.len() as u32).to_le_bytes());
        body.extend(content);
        body.resize(body.len() + content.len() % 2, 0);
    }
    body
}

/// The header of an extended WebP. Flags: 0x20 ICC, 0x10 alpha, 0x08 EXIF, 0x04 XMP, 0x02 animation.
pub fn vp8x(flags: u8, width: u32, height: u32) -> Vec<u8> {
    let [w, h] = [width - 1, height - 1].map(u32::to_le_bytes);
    vec![flags, 0, 0, 0, w[0], w[1], w[2], h[0], h[1], h[2]]
}

/// A plain WebP made an extended one, with an ICC profile, EXIF and XMP.
pub fn webp_with(webp: &[u8], size: (u32, u32), icc: Vec<u8>, exif: Vec<u8>, xmp: Vec<u8>) -> Vec<u8> {
    assert_eq!(&webp[12..16], b"VP8L");
    riff(&[
        (b"VP8X", vp8x(0x2C, size.0, size.1)),
        (b"ICCP", icc),
        (b"VP8L", webp[20..].to_vec()),
        (b"EXIF", exif),
        (b"XMP ", xmp),
    ])
}

/// A GIF with extension blocks (label, content) put behind its header and colour table.
pub fn gif_with(gif: &[u8], extensions: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let table = if gif[10] & 0x80 == 0 { 0 } else { 3 << ((gif[10] & 7) + 1) };
    let mut file = gif[..13 + table].to_vec();
    for (label, content) in extensions {
        file.extend([0x21, *label]);
        for block in content.chunks(255) {
            file.push(block.len() as u8);
            file.extend(block);
        }
        file.push(0);
    }
    file.extend(&gif[13 + table..]);
    file
}
