//! The tests, through the public surface: the router, the sockets, the command line. One binary, a database per test.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

mod accounts;
mod budget;
mod comments;
mod concurrency;
mod counters;
mod feed;
mod follows;
mod histories;
mod likes;
mod notifications;
mod tweet_changed;
mod tweets;
