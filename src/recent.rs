//! An answer that is good for a moment, so that those who watch over roost cost the same however often they ask.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

/// Cheap to clone: all clones share the answer.
#[derive(Clone, Debug)]
pub struct Recent<T> {
    answer: Arc<Mutex<Option<(Instant, T)>>>,
    good_for: Duration,
}

impl<T: Clone> Recent<T> {
    pub fn new(good_for: Duration) -> Self {
        Self { answer: Arc::default(), good_for }
    }

    /// The last answer while it is good, else a new one. Of several who ask at once, one finds out and the others wait.
    pub async fn get<F: Future<Output = T>>(&self, find: impl FnOnce() -> F) -> T {
        let mut answer = self.answer.lock().await;
        if let Some((_, known)) = answer.as_ref().filter(|(since, _)| since.elapsed() < self.good_for) {
            return known.clone();
        }
        let found = find().await;
        *answer = Some((Instant::now(), found.clone()));
        found
    }
}
