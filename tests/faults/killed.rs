//! Our own processes are killed, twenty times each.

use rand::RngExt;

use crate::ground::under_load;
use crate::support::load::Trouble;
use crate::victim::Victim::{self, MariaDb, Postgres};

const KILLS: usize = 20;

fn a_few() -> usize {
    rand::rng().random_range(4..40)
}

async fn servers(database: Victim) {
    under_load(database, Trouble::Gone, async |ground| {
        for kill in 0..KILLS {
            ground.load.goes_on(a_few()).await;
            ground.cluster.replace_server(kill % 2).await;
            ground.load.ask(&ground.cluster.servers);
        }
    })
    .await;
}

/// Nobody who asks notices.
async fn workers(database: Victim) {
    under_load(database, Trouble::None, async |ground| {
        for kill in 0..KILLS {
            ground.load.goes_on(a_few()).await;
            ground.cluster.replace_worker(kill % 2).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_on_postgresql_are_killed() {
    servers(Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_on_mariadb_are_killed() {
    servers(MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_on_postgresql_are_killed() {
    workers(Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_on_mariadb_are_killed() {
    workers(MariaDb).await;
}
