//! Processes that are killed as `kill -9` does, at every labelled point of the write path and at random, and started again:
//! what was acknowledged is there, nothing is there twice, and every feed is what its definition says.

mod deletion;
mod labelled;
mod random;

use crate::support::process::Place;

/// Small batches and a low limit, so that every walk has several steps and both kinds of edges occur.
fn place(push_limit: i64) -> Place {
    Place::with(|config| {
        config.feed_batch = 2;
        config.feed_push_limit = push_limit;
        config.worker_lease_seconds = 1;
    })
}
