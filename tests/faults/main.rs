//! What takes minutes and most of a machine: `scripts/test --faults`. What is hurt is started for that (`scripts/services` with
//! `ROOST_SERVICES=faults`), and nobody else uses it.

// A fault under load is a deep future.
#![recursion_limit = "256"]
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

mod broker;
mod databases;
mod ground;
mod killed;
#[path = "../it/media"]
mod media {
    pub mod make;
}
mod poison;
mod redis;
mod sockets;
#[path = "../it/support/mod.rs"]
mod support;
mod victim;
