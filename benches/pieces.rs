//! The pieces that every request passes, each alone: `cargo bench --bench pieces`, with a part of a name to run some of them.
//!
//! They guide the work; what counts is the whole, which `bench/run` measures (docs/benchmarks.md).

#![expect(clippy::expect_used, reason = "a bench fails by panicking")]

use std::hint::black_box;

use async_graphql::Variables;
use criterion::{Criterion, criterion_group, criterion_main};
use roost::graphql::cursor::Kind;
use roost::limit::document::{DocumentLimits, parse};

const LEAN: &str = "{ viewer { homeFeed(first: 20) { nodes {
    id content createdAt author { username profile { nickname avatarUrl } } likeCount commentCount viewerHasLiked } } } }";
const FULL: &str = "{ viewer { homeFeed(first: 20) { nodes {
    id content createdAt author { username profile { nickname avatarUrl } } likeCount commentCount viewerHasLiked
    comments(first: 3) { nodes { id content createdAt author { username profile { nickname avatarUrl } } } } } } } }";

/// Thirty fragments of which each spreads the next one twice.
fn fragment_bomb() -> String {
    let fragments = (0..30).map(|n| format!("fragment f{n} on Query {{ ...f{next} ...f{next} }} ", next = n + 1));
    format!("{{ ...f0 }} {} fragment f30 on Query {{ __typename }}", fragments.collect::<String>())
}

/// Everything before the engine, but the cache of parsed documents. A document of the workload passes, a bomb is refused.
fn documents(criterion: &mut Criterion) {
    let unused: String = (0..5_000).map(|n| format!("fragment f{n} on Query {{ __typename }} ")).collect();
    let texts = [
        ("home-lean", LEAN.to_owned()),
        ("home-full", FULL.to_owned()),
        ("30 levels of fragments", fragment_bomb()),
        ("10,000 aliases", format!("{{ {} }}", "a: __typename ".repeat(10_000))),
        ("10,000 levels", "{a".repeat(10_000) + &"}".repeat(10_000)),
        ("5,000 unused fragments", format!("{{ __typename }} {unused}")),
        ("1 MB of brackets", "[".repeat(1 << 20)),
    ];
    let limits = DocumentLimits::default();
    let mut group = criterion.benchmark_group("document limits");
    for (name, text) in &texts {
        group.bench_function(*name, |bencher| {
            bencher.iter(|| parse(black_box(text), &limits).map(|parsed| parsed.size));
        });
    }
    group.finish();
    let document = parse(FULL, &limits).expect("it is within the limits");
    criterion.bench_function("document cost, home-full", |bencher| {
        bencher.iter(|| document.cost(None, black_box(&Variables::default()), &limits));
    });
}

fn cursors(criterion: &mut Criterion) {
    let key = 7_198_765_432_109_876_543;
    let cursor = Kind::Feed.encode(key).text();
    criterion.bench_function("cursor, encode", |bencher| bencher.iter(|| Kind::Feed.encode(black_box(key)).text()));
    criterion.bench_function("cursor, decode", |bencher| bencher.iter(|| Kind::Feed.decode(black_box(&cursor))));
}

criterion_group!(pieces, documents, cursors);
criterion_main!(pieces);
