//! What must hold of a file before a decoder may touch it.
//!
//! The decoders are forgiving where we are not: a JPEG cut short is filled up with grey, and a frame inside a WebP may be
//! larger than the picture that the header announces. Both are visible in a walk over the file's own structure, without
//! decoding anything.

use image::ImageFormat;

/// Progressive photos have about ten; a file with thousands only wants to keep the processor busy.
const MAX_JPEG_SCANS: usize = 100;

/// The format by the file's first bytes, if it is one we read and the file is whole.
pub(super) fn recognise(bytes: &[u8]) -> Option<ImageFormat> {
    let format = image::guess_format(bytes).ok()?;
    let whole = match format {
        ImageFormat::Jpeg => jpeg_is_whole(bytes),
        ImageFormat::WebP => webp_is_whole(bytes),
        // Their decoders tell.
        ImageFormat::Png | ImageFormat::Gif => true,
        _ => false,
    };
    whole.then_some(format)
}

/// Whether the end marker comes, and comes in time. What follows it (a second picture, a video, a zip) is never read.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let mut scans = 0;
    while scans <= MAX_JPEG_SCANS {
        // Between segments, and in a scan's data, only 0xFF has a meaning.
        let Some(start) = rest.iter().position(|&byte| byte == 0xFF) else { return false };
        rest = match rest.get(start..).unwrap_or_default() {
            [_, 0xD9, ..] => return true,
            // Padding; an escaped 0xFF; markers that stand alone: restart, start of image.
            [_, rest @ ..] if rest.first() == Some(&0xFF) => rest,
            [_, 0x00 | 0x01 | 0xD0..=0xD8, rest @ ..] => rest,
            [_, marker, high, low, ..] => {
                scans += usize::from(*marker == 0xDA);
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                rest.get(start + 2 + length..).unwrap_or_default()
            }
            _ => return false,
        };
    }
    false
}

/// Whether all the bytes that the header promises are there, and no lossy frame is larger than the canvas.
fn webp_is_whole(bytes: &[u8]) -> bool {
    let [b'R', b'I', b'F', b'F', size @ ..] = bytes else { return false };
    let Some((size, [b'W', b'E', b'B', b'P', body @ ..])) = size.split_first_chunk() else { return false };
    if u32::from_le_bytes(*size) as usize > body.len() + 4 {
        return false;
    }
    let canvas = chunks(body).find(|chunk| chunk.id == b"VP8X").and_then(Chunk::canvas);
    let Some(canvas) = canvas else { return true }; // without VP8X the one frame is the canvas
    chunks(body)
        .flat_map(|chunk| {
            // A frame of an animation: sixteen bytes of geometry, then chunks of its own.
            let inner = if chunk.id == b"ANMF" { chunk.body.get(16..).unwrap_or_default() } else { &[] };
            std::iter::once(chunk).chain(chunks(inner))
        })
        .filter_map(Chunk::lossy_frame)
        .all(|frame| frame.0 <= canvas.0 && frame.1 <= canvas.1)
}

/// A chunk of a RIFF file.
struct Chunk<'a> {
    id: &'a [u8; 4],
    body: &'a [u8],
}

/// The chunks in `bytes`, the last one shortened where the bytes end.
fn chunks(mut bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    std::iter::from_fn(move || {
        let (id, rest) = bytes.split_first_chunk()?;
        let (size, rest) = rest.split_first_chunk()?;
        let size = u32::from_le_bytes(*size) as usize;
        let body = rest.get(..size).unwrap_or(rest);
        bytes = rest.get(size.saturating_add(size % 2)..).unwrap_or_default();
        Some(Chunk { id, body })
    })
}

impl Chunk<'_> {
    /// Width and height of the picture, if this is a VP8X.
    fn canvas(self) -> Option<(u32, u32)> {
        let [_, _, _, _, w0, w1, w2, h0, h1, h2, ..] = *self.body else { return None };
        Some((1 + u32::from_le_bytes([w0, w1, w2, 0]), 1 + u32::from_le_bytes([h0, h1, h2, 0])))
    }

    /// Width and height of a lossy frame, told by its start code: the decoder does not always look at the chunk's name.
    fn lossy_frame(self) -> Option<(u32, u32)> {
        let [_, _, _, 0x9D, 0x01, 0x2A, w0, w1, h0, h1, ..] = *self.body else { return None };
        let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
        Some((side(w0, w1), side(h0, h1)))
    }
}
