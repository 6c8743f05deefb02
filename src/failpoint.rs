//! Places in the write path where a test can stop the world or kill the process.
//!
//! A label is passed with `app.failpoints.pass("deliver: inserted").await`. Outside tests that is one look at an empty
//! option. A test in the process sets an action; a test that starts the binary sets `ROOST_FAILPOINT=LABEL` or `LABEL#N`,
//! and the process is killed the Nth time (the first, if not said) that it gets there. Release builds ignore the variable.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;

type Action = Arc<dyn Fn(&'static str) -> BoxFuture<'static, ()> + Send + Sync>;

#[derive(Clone, Default)]
pub struct Failpoints {
    action: Arc<OnceLock<Action>>,
}

impl Failpoints {
    /// From `ROOST_FAILPOINT`, in debug builds only.
    pub fn from_env() -> Self {
        let failpoints = Self::default();
        if let (true, Ok(wanted)) = (cfg!(debug_assertions), std::env::var("ROOST_FAILPOINT")) {
            failpoints.set(kill_at(&wanted));
        }
        failpoints
    }

    /// Runs the action at every label from now on. Only the first call counts.
    pub fn set(&self, action: Action) {
        drop(self.action.set(action));
    }

    pub async fn pass(&self, label: &'static str) {
        if let Some(action) = self.action.get() {
            action(label).await;
        }
    }
}

/// Kills the process as `kill -9` does, so that nothing is flushed, released or rolled back by us.
fn kill_at(wanted: &str) -> Action {
    let (label, times) = wanted.split_once('#').unwrap_or((wanted, "1"));
    let (label, left) = (label.to_owned(), AtomicU32::new(times.parse().unwrap_or(1)));
    Arc::new(move |passed| {
        if passed == label && left.fetch_sub(1, Ordering::Relaxed) == 1 {
            // By the shell's own kill: not every machine has the program.
            let kill = format!("kill -9 {}", std::process::id());
            let killed = std::process::Command::new("sh").args(["-c", &kill]).status();
            tracing::error!(?killed, "the failpoint could not kill the process");
        }
        Box::pin(async {})
    })
}
