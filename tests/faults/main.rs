//! What takes minutes and most of a machine: `scripts/test --faults`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    dead_code,
    unused_imports,
    reason = "a test fails by panicking; only some of what tests share is needed here"
)]

#[path = "../it/media"]
mod media {
    pub mod make;
}
mod sockets;
#[path = "../it/support/mod.rs"]
mod support;
