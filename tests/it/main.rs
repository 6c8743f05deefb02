//! The tests, through the public surface: the router, the sockets, the command line. One binary, a database per test.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod support;

mod accounts;
mod media;
mod media_files;
mod photos;
mod profile;
mod uploads;
