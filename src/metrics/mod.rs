//! What is counted while roost runs, for Prometheus to ask.
//!
//! Every label has a closed list of values: fields of the schema, codes of errors, lanes. So nobody can make the process keep more
//! by asking for something new, and to count is to add to a number that is there from the start. An app counts for itself, not into
//! a recorder of the whole process.

mod histogram;
mod operations;
mod text;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use histogram::Histogram;
pub use operations::{Kind, Operations};
pub use text::{Labels, Text};

/// Cheap to clone: all clones count together.
#[derive(Clone)]
pub struct Metrics {
    all: Arc<All>,
}

struct All {
    operations: Operations,
    answers: Vec<Answers>,
    messages: Vec<Messages>,
    sockets: Gauge,
    requests: Gauge,
    subscriptions: Gauge,
}

/// What the addresses of the HTTP server are counted under.
const ROUTES: [&str; 5] = ["/graphql", "/media", "/health", "/metrics", "other"];
/// From 100 to 500.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

struct Answers {
    route: &'static str,
    by_class: [AtomicU64; CLASSES.len()],
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// Its handler failed; it is tried again, or was the last try.
    Failed,
}

struct Messages {
    lane: &'static str,
    done: AtomicU64,
    failed: AtomicU64,
    took: Histogram,
}

impl Metrics {
    /// With the root fields of the schema, and the names of the queue's lanes.
    pub fn new(roots: &HashMap<Kind, Vec<String>>, lanes: &[&'static str]) -> Self {
        let answers = ROUTES.map(|route| Answers { route, by_class: Default::default() });
        let messages = lanes.iter().map(|&lane| Messages {
            lane,
            done: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            took: Histogram::default(),
        });
        let all = All {
            operations: Operations::new(roots),
            answers: answers.into(),
            messages: messages.collect(),
            sockets: Gauge::default(),
            requests: Gauge::default(),
            subscriptions: Gauge::default(),
        };
        Self { all: Arc::new(all) }
    }

    pub fn operations(&self) -> &Operations {
        &self.all.operations
    }

    /// An HTTP request was answered.
    pub fn answered(&self, path: &str, status: u16) {
        let is_at = |route: &str| path.strip_prefix(route).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let found = self.all.answers.iter().find(|answers| is_at(answers.route));
        let class = usize::from(status / 100).saturating_sub(1);
        if let Some(count) = found.or(self.all.answers.last()).and_then(|answers| answers.by_class.get(class)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A message was handled, for so long.
    pub fn handled(&self, lane: &str, outcome: Outcome, took: Duration) {
        let Some(messages) = self.all.messages.iter().find(|messages| messages.lane == lane) else { return };
        let count = match outcome {
            Outcome::Done => &messages.done,
            Outcome::Failed => &messages.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
        messages.took.record(took);
    }

    /// A socket is open as long as the value lives.
    pub fn open_socket(&self) -> Entered {
        self.all.sockets.enter()
    }

    /// The same for a query or mutation that is executed.
    pub fn begin_request(&self) -> Entered {
        self.all.requests.enter()
    }

    /// And for a subscription that is listened to.
    pub fn begin_subscription(&self) -> Entered {
        self.all.subscriptions.enter()
    }

    /// Writes everything that is counted here.
    pub fn write(&self, text: &mut Text) {
        let all = &*self.all;
        all.operations.write(text);
        text.counter("roost_http_responses_total", "Answers of the HTTP server, by address and class of status.");
        for Answers { route, by_class } in &all.answers {
            for (class, count) in CLASSES.iter().zip(by_class) {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    text.sample(&[("route", route), ("status", class)], count);
                }
            }
        }
        text.gauge("roost_sockets_open", "WebSockets that are open.").value(all.sockets.now());
        text.gauge("roost_requests_active", "Queries and mutations that are executed now.").value(all.requests.now());
        let help = "Subscriptions that are listened to, on sockets and as server-sent events.";
        text.gauge("roost_subscriptions_active", help).value(all.subscriptions.now());
        text.counter("roost_messages_total", "Messages of the background work that this process handled.");
        for messages in &all.messages {
            for (outcome, count) in [("done", &messages.done), ("failed", &messages.failed)] {
                text.sample(&[("lane", messages.lane), ("outcome", outcome)], count.load(Ordering::Relaxed));
            }
        }
        text.histogram("roost_message_duration_seconds", "How long it took to handle a message.");
        for messages in &all.messages {
            messages.took.write(text, &[("lane", messages.lane)]);
        }
    }
}

/// How many there are of something that comes and goes.
#[derive(Default)]
struct Gauge(Arc<AtomicU64>);

impl Gauge {
    fn enter(&self) -> Entered {
        self.0.fetch_add(1, Ordering::Relaxed);
        Entered(Arc::clone(&self.0))
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One of them.
pub struct Entered(Arc<AtomicU64>);

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
