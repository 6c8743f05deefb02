//! The media floor from outside: bytes in, pictures out, files in a store.

#![expect(clippy::cast_possible_truncation, reason = "files are made here whose numbers fit")]

mod clean;
mod hostile;
pub mod make;
mod metadata;
mod names;
mod store;
