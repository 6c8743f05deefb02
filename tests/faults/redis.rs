//! Redis is hurt. Nobody who asks notices.

use std::time::Duration;

use crate::ground::under_load;
use crate::support::load::Trouble;
use crate::victim::Victim::{Postgres, Redis};
use crate::victim::{AWAY, a_while, all_the_time};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_killed() {
    under_load(Postgres, Trouble::None, async |ground| {
        for away in [0, 10] {
            Redis.kill().await;
            a_while(Duration::from_secs(away)).await;
            Redis.start().await;
            ground.load.goes_on(50).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_paused() {
    under_load(Postgres, Trouble::None, async |_| {
        Redis.pause().await;
        a_while(AWAY).await;
        Redis.resume().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_forgets_everything_all_the_time() {
    under_load(Postgres, Trouble::None, async |_| {
        all_the_time(async || Redis.control(&["FLUSHALL"]).await).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_runs_out_of_memory() {
    under_load(Postgres, Trouble::None, async |_| {
        for setting in [["maxmemory-policy", "noeviction"], ["maxmemory", "1"]] {
            Redis.control(&[&["CONFIG", "SET"], &setting[..]].concat()).await;
        }
        a_while(AWAY / 2).await;
        Redis.control(&["CONFIG", "SET", "maxmemory", "0"]).await;
    })
    .await;
}
