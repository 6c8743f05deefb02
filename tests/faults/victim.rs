//! A server that is there to be hurt.

use std::time::{Duration, Instant};

use tokio::process::Command;

use crate::support::process::{Ended, ended};

/// How long a server may be away, or hang.
pub const AWAY: Duration = Duration::from_secs(30);
/// How often what a fault does is done again.
pub const AGAIN: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    Postgres,
    MariaDb,
    Redis,
    RabbitMq,
}

impl Victim {
    fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MariaDb => "mariadb",
            Self::Redis => "redis",
            Self::RabbitMq => "rabbitmq",
        }
    }

    /// Has it listen, whatever was done to it before.
    pub async fn start(self) {
        services(&["start", self.name()]).await.ok();
    }

    /// The same for one that a test which failed may have left as it was.
    pub async fn mend(self) {
        services(&["resume", self.name()]).await;
        self.start().await;
        match self {
            Self::RabbitMq => self.control(&["set_vm_memory_high_watermark", "0.4"]).await,
            Self::Redis => self.control(&["CONFIG", "SET", "maxmemory", "0"]).await,
            _ => (),
        }
    }

    pub async fn stop(self) {
        services(&["stop", self.name()]).await.ok();
    }

    /// As `kill -9` does, to all of its processes.
    pub async fn kill(self) {
        services(&["kill", self.name()]).await.ok();
    }

    /// It keeps its connections and answers nothing.
    pub async fn pause(self) {
        services(&["pause", self.name()]).await.ok();
    }

    pub async fn resume(self) {
        services(&["resume", self.name()]).await.ok();
    }

    /// By rabbitmqctl or redis-cli.
    pub async fn control(self, arguments: &[&str]) {
        services(&[&["control", self.name()], arguments].concat()).await.ok();
    }

    /// The same for what may be refused just now.
    pub async fn is_told(self, arguments: &[&str]) -> bool {
        services(&[&["control", self.name()], arguments].concat()).await.code == Some(0)
    }

    pub async fn url(self) -> String {
        services(&["url", self.name()]).await.ok().trim().to_owned()
    }
}

impl Ended {
    #[track_caller]
    fn ok(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:?}");
        &self.stdout
    }
}

async fn services(arguments: &[&str]) -> Ended {
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/services"));
    ended(command.args(arguments).env("ROOST_SERVICES", "faults")).await
}

/// Does something every so often, four times.
pub async fn again_and_again(hurt: impl AsyncFn()) {
    for _ in 0..4 {
        tokio::time::sleep(AGAIN).await;
        hurt().await;
    }
}

/// Does something all the time.
pub async fn all_the_time(hurt: impl AsyncFn()) {
    let begun = Instant::now();
    while begun.elapsed() < 3 * AGAIN {
        hurt().await;
    }
}

pub async fn a_while(span: Duration) {
    tokio::time::sleep(span).await;
}
