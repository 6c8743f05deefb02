//! The database is hurt. Who asks is told that it was not there, or that nobody knows, and asks again.

use std::time::Duration;

use crate::ground::under_load;
use crate::support::database::break_connections;
use crate::support::load::Trouble;
use crate::victim::Victim::{self, MariaDb, Postgres};
use crate::victim::{a_while, again_and_again};

async fn connections_end(database: Victim) {
    under_load(database, Trouble::Failed, async |ground| {
        let url = ground.database_url();
        again_and_again(async || break_connections(&url).await).await;
    })
    .await;
}

async fn is_restarted(database: Victim) {
    under_load(database, Trouble::Failed, async |ground| {
        for away in [0, 10] {
            database.stop().await;
            a_while(Duration::from_secs(away)).await;
            database.start().await;
            ground.load.goes_on(50).await;
        }
    })
    .await;
}

async fn is_killed(database: Victim) {
    under_load(database, Trouble::Failed, async |ground| {
        for _ in 0..3 {
            database.kill().await;
            database.start().await;
            ground.load.goes_on(50).await;
        }
    })
    .await;
}

async fn is_paused(database: Victim) {
    under_load(database, Trouble::Failed, async |_| {
        database.pause().await;
        a_while(Duration::from_secs(15)).await;
        database.resume().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_to_postgresql_end_every_five_seconds() {
    connections_end(Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_to_mariadb_end_every_five_seconds() {
    connections_end(MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_is_restarted() {
    is_restarted(Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_is_restarted() {
    is_restarted(MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_is_killed() {
    is_killed(Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_is_killed() {
    is_killed(MariaDb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_is_paused() {
    is_paused(Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_is_paused() {
    is_paused(MariaDb).await;
}
