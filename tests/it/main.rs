//! The tests, through the public surface: the router, the sockets, the command line. One binary, a database per test.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod support;

mod accounts;
mod admin;
mod arrows;
mod budget;
mod cache;
mod cli;
mod comments;
mod concurrency;
mod contract;
mod counters;
mod crash;
mod databases;
mod deletion;
mod feed;
mod follows;
mod gates;
mod histories;
mod http;
mod likes;
mod limits;
mod media;
mod media_files;
mod metrics;
mod notifications;
mod parity;
mod photos;
mod presented;
mod profile;
mod queue;
mod rabbit;
mod rate;
mod readme;
mod s3;
mod seed_defects;
mod sessions;
mod several;
mod socket;
mod suspension;
mod tweet_changed;
mod tweets;
mod uploads;
mod verify;
