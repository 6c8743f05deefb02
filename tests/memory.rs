//! What files that lie about their size may cost: nothing; and what a document costs: no more than it says. In a binary of its own,
//! because it counts every allocation.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

use image::ImageFormat;
use peak_alloc::PeakAlloc;
use roost::limit::document::{DocumentLimits, parse};
use roost::media::{MediaError, MediaLimits, avatar, photo};

#[path = "it/media/make.rs"]
#[expect(
    dead_code,
    clippy::cast_possible_truncation,
    reason = "only some of it is needed here; it makes files whose numbers fit"
)]
mod make;

use make::{encode, png_chunk, quarters, riff, riff_chunks, vp8x};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// The most bytes held at once while `file` is looked at, and the verdict on it.
fn cost(file: &[u8]) -> (usize, MediaError) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let error = photo(file, &MediaLimits::default()).map(drop).unwrap_err();
    let peak = ALLOCATOR.peak_usage() - before;
    assert!(avatar(file, &MediaLimits::default()).is_err());
    (peak, error)
}

// One test, because what another one allocates would be counted as well.
#[test]
fn nothing_costs_more_than_it_says() {
    a_bomb_costs_no_memory();
    a_document_takes_no_more_than_it_says();
}

/// What a cache of parsed documents counts on.
fn a_document_takes_no_more_than_it_says() {
    for (name, text) in [
        ("a field", "{ a }".to_owned()),
        ("fields", format!("{{ {} }}", "a ".repeat(1_900))),
        ("aliases", format!("{{ {} }}", "a: b ".repeat(30))),
        ("objects", format!("{{ {} }}", "a { b } ".repeat(480))),
        ("arguments", format!("{{ {} }}", "a(b: 1, c: [1, 2], d: {e: \"f\"}) ".repeat(90))),
        ("lists", format!("{{ a(b: [{}]) }}", "[] ".repeat(900))),
        ("variables", format!("query ({}) {{ a }}", "$a: [Int!]! = [1] ".repeat(150))),
        ("directives", format!("{{ {} }}", "a @b ".repeat(50))),
        (
            "fragments",
            format!("{{ a }} {}", (0..100).map(|n| format!("fragment f{n} on A {{ ...f }} ")).collect::<String>()),
        ),
        ("inline fragments", format!("{{ {} }}", "... { a } ".repeat(390))),
    ] {
        let before = ALLOCATOR.current_usage();
        let document = parse(&text, &DocumentLimits::default()).unwrap();
        let taken = ALLOCATOR.current_usage() - before;
        println!("{name}: {} tokens, {taken} bytes, said to be {}", document.tokens, document.bytes());
        assert!(taken <= document.bytes(), "{name}: {taken} bytes, said to be {}", document.bytes());
    }
}

fn a_bomb_costs_no_memory() {
    let large = 50_000_u32.to_be_bytes();
    let header = [large.as_slice(), &large, &[8, 6, 0, 0, 0]].concat();
    let png = [
        b"\x89PNG\r\n\x1A\n".to_vec(),
        png_chunk(b"IHDR", &header),
        png_chunk(b"IDAT", &[[0x78, 0xDA].as_slice(), &[0; 5000]].concat()),
        png_chunk(b"IEND", b""),
    ]
    .concat();

    let small = quarters(16, 16);
    let mut jpeg = encode(&small, ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xFF; 4]);

    let mut gif = encode(&small, ImageFormat::Gif);
    gif[6..10].copy_from_slice(&[0xFF; 4]);

    let mut webp = encode(&small, ImageFormat::WebP);
    webp[21..24].copy_from_slice(&[0xFE, 0xFF, 0xFF]); // 14 bits of width, 14 of height
    webp[24] |= 0x07;

    for (name, file) in [("png", png), ("jpeg", jpeg), ("gif", gif), ("webp", webp)] {
        let (peak, error) = cost(&file);
        println!("{name}: {} bytes in, {peak} held", file.len());
        assert!(matches!(error, MediaError::TooManyPixels { .. }), "{name}: {error:?}");
        assert!(peak < 300_000, "{name}: {peak} bytes");
    }

    // Small by the header, large inside.
    let mut gif = encode(&small, ImageFormat::Gif);
    let frame = gif.iter().position(|&byte| byte == 0x2C).unwrap();
    gif[frame + 5..frame + 9].copy_from_slice(&[0xFF; 4]);
    let mut vp8 = vec![0x10, 0, 0, 0x9D, 0x01, 0x2A, 0xFF, 0x3F, 0xFF, 0x3F];
    vp8.resize(3000, 0);
    let still = riff(&[(b"VP8X", vp8x(0, 8, 8)), (b"VP8 ", vp8.clone())]);
    let anmf = [vec![0; 16], riff_chunks(&[(b"VP8 ", vp8)])].concat();
    let moving = riff(&[(b"VP8X", vp8x(2, 8, 8)), (b"ANIM", vec![0; 6]), (b"ANMF", anmf)]);
    for (name, file) in [("gif", gif), ("still webp", still), ("moving webp", moving)] {
        let (peak, error) = cost(&file);
        println!("{name}: {} bytes in, {peak} held, {error}", file.len());
        assert!(peak < 300_000, "{name}: {peak} bytes");
    }
}
