//! Several processes that share everything: two that serve and two that work. A file is shared by two that do both.

use tokio::process::Command;

use super::process::{Place, Process};

pub struct Cluster {
    pub place: Place,
    pub servers: [Process; 2],
    pub workers: Vec<Process>,
}

impl Cluster {
    pub async fn start(place: Place) -> Self {
        let (first, second) = (server(&place), server(&place));
        Self::of(place, first, second).await
    }

    /// With a second server that is given something else to begin with.
    pub async fn with(place: Place, change: impl FnOnce(&mut Command)) -> Self {
        let (first, mut second) = (server(&place), server(&place));
        change(&mut second);
        Self::of(place, first, second).await
    }

    async fn of(place: Place, mut first: Command, mut second: Command) -> Self {
        let servers = [place.start(&mut first).await, place.start(&mut second).await];
        let mut workers = Vec::new();
        if !is_file(&place) {
            for _ in 0..2 {
                workers.push(place.start(&mut place.roost(&["worker"])).await);
            }
        }
        Self { place, servers, workers }
    }

    /// Kills a server, and starts another in its place.
    pub async fn replace_server(&mut self, which: usize) {
        self.servers[which].kill().await;
        self.servers[which] = self.place.start(&mut server(&self.place)).await;
    }

    /// The same with a worker, if there are any.
    pub async fn replace_worker(&mut self, which: usize) {
        if let Some(worker) = self.workers.get_mut(which) {
            worker.kill().await;
            *worker = self.place.start(&mut self.place.roost(&["worker"])).await;
        }
    }
}

fn server(place: &Place) -> Command {
    place.roost(if is_file(place) { &["serve"] } else { &["serve", "--no-worker"] })
}

fn is_file(place: &Place) -> bool {
    place.config.database_url.is_none()
}
