//! Who else is on the line, and whether everything that they said was heard.
//!
//! Every process counts the events that it has told, and says the number with each message and several times a second
//! besides. Whoever hears a number that is not what it has counted has missed something. A process that falls silent without
//! taking leave was killed, perhaps between a commit and the telling.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::Event;

/// What one process says to the others.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// A random number of the process.
    pub from: u64,
    /// How many events it has told so far, these included.
    pub told: u64,
    pub events: Vec<Event>,
    /// It takes leave.
    pub bye: bool,
}

#[derive(Debug)]
struct Peer {
    told: u64,
    heard: Instant,
}

#[derive(Debug, Default)]
pub struct Peers {
    known: HashMap<u64, Peer>,
}

impl Peers {
    /// Takes note of a message. False if something was missed before it.
    pub fn hear(&mut self, frame: &Frame, now: Instant) -> bool {
        let before = self.known.get(&frame.from).map_or(0, |peer| peer.told);
        let is_complete = before + frame.events.len() as u64 == frame.told;
        if frame.bye {
            self.known.remove(&frame.from);
        } else {
            self.known.insert(frame.from, Peer { told: frame.told, heard: now });
        }
        is_complete
    }

    /// How many others are heard.
    pub fn count(&self) -> usize {
        self.known.len()
    }

    /// Forgets those who have been silent for too long. False if there were any.
    pub fn forget_silent(&mut self, longest: Duration, now: Instant) -> bool {
        let before = self.known.len();
        self.known.retain(|_, peer| now.duration_since(peer.heard) <= longest);
        self.known.len() == before
    }
}
