//! How a change that was committed causes the next one: messages, the outbox that keeps them, and the queue that they wait in.
//!
//! Embedded, the outbox is the queue: a row is leased, handled, and removed in the transaction that did the work. With
//! RabbitMQ, a worker sends the rows to the broker, from where all workers take them; removed they are as before.

pub mod dead_letter;
mod lane;
mod message;
pub mod outbox;
pub mod rabbit;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use lane::Lane;
pub use message::Message;
use rabbit::Rabbit;

use crate::config::Config;
use crate::live::Live;

/// Where messages wait for a worker.
#[derive(Clone)]
pub enum Queue {
    /// In the outbox.
    Embedded,
    Rabbit(Arc<Rabbit>),
}

#[derive(Clone)]
pub struct Bus {
    pub queue: Queue,
    live: Live,
    /// Whether a worker of this process takes what is posted.
    works_here: Arc<AtomicBool>,
}

impl Bus {
    /// # Errors
    /// In plain words, when `amqp_url` is no URL of a broker.
    pub fn new(config: &Config, live: Live) -> Result<Self, String> {
        let queue = match &config.amqp_url {
            None => Queue::Embedded,
            Some(url) => {
                let waits = (1..outbox::TRIES).map(|tries| outbox::back_off(config, tries)).collect();
                Queue::Rabbit(Arc::new(Rabbit::new(url, &config.queue_prefix, waits)?))
            }
        };
        Ok(Self { queue, live, works_here: Arc::default() })
    }

    /// The broker, if there is one.
    pub fn rabbit(&self) -> Option<&Rabbit> {
        match &self.queue {
            Queue::Embedded => None,
            Queue::Rabbit(rabbit) => Some(rabbit),
        }
    }

    /// Tells the workers that something was posted, those of other processes if there are none in this one: to be called after
    /// the commit. It saves them a wait, no more.
    pub fn wake(&self) {
        self.live.wake_workers(!self.works_here.load(Ordering::Relaxed));
    }

    /// For workers: returns when something was posted since the last call.
    pub async fn posted(&self) {
        self.works_here.store(true, Ordering::Relaxed);
        self.live.work.notified().await;
    }
}
