//! The tests, through the public surface: the router, the sockets, the command line. One binary, a database per test.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

mod accounts;
mod budget;
mod concurrency;
mod feed;
mod follows;
mod histories;
mod tweets;
