//! How a change that was committed causes the next one: messages, and the outbox that keeps them.
//!
//! Embedded, the outbox row is the queue: it is leased, handled, and removed in the transaction that did the work.

pub mod dead_letter;
mod message;
pub mod outbox;

use std::sync::Arc;

use tokio::sync::Notify;

pub use message::Message;

/// Tells the workers of this process that something was posted. It saves them a wait, no more.
#[derive(Clone, Default)]
pub struct Bus {
    posted: Arc<Notify>,
}

impl Bus {
    /// To be called after the commit.
    pub fn wake(&self) {
        self.posted.notify_one();
    }

    /// Returns when something was posted since the last call.
    pub async fn posted(&self) {
        self.posted.notified().await;
    }
}
