//! RabbitMQ is hurt. Nobody who asks notices.

use std::time::Duration;

use roost::config::Config;

use crate::ground::{under_load, under_load_with};
use crate::support::load::Trouble;
use crate::support::process::until;
use crate::victim::Victim::{Postgres, RabbitMq};
use crate::victim::{AWAY, a_while, again_and_again};

/// Less memory than it has in use already.
const NO_MEMORY: [&str; 2] = ["set_vm_memory_high_watermark", "0.0000001"];
const MEMORY: [&str; 2] = ["set_vm_memory_high_watermark", "0.4"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_connections_are_closed_every_five_seconds() {
    under_load(Postgres, Trouble::None, async |_| {
        again_and_again(async || RabbitMq.control(&["close_all_connections", "a test"]).await).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_is_stopped_for_half_a_minute() {
    under_load(Postgres, Trouble::None, async |_| {
        RabbitMq.stop().await;
        a_while(AWAY).await;
        RabbitMq.start().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_is_killed() {
    under_load(Postgres, Trouble::None, async |ground| {
        for _ in 0..3 {
            RabbitMq.kill().await;
            RabbitMq.start().await;
            ground.load.goes_on(50).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_is_paused_for_half_a_minute() {
    under_load(Postgres, Trouble::None, async |_| {
        RabbitMq.pause().await;
        a_while(AWAY).await;
        RabbitMq.resume().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_runs_out_of_memory() {
    under_load(Postgres, Trouble::None, async |_| {
        RabbitMq.control(&NO_MEMORY).await;
        a_while(Duration::from_secs(20)).await;
        RabbitMq.control(&MEMORY).await;
    })
    .await;
}

/// What was in them is sent again after a while, which is shorter here than it is by default.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues_are_deleted_under_their_consumers() {
    let soon = |config: &mut Config| config.queue_resend_seconds = 10;
    under_load_with(Postgres, Trouble::None, soon, async |ground| {
        // The broker forgets a consumer in about every second run of three rounds.
        for _ in 0..8 {
            for lane in ["feed", "notify", "bulk"] {
                let queue = format!("{}.{lane}", ground.app.app.config.queue_prefix);
                let delete = ["delete_queue", &queue];
                until("the queue is there again", async || RabbitMq.is_told(&delete).await).await;
            }
            ground.load.goes_on(50).await;
        }
    })
    .await;
}
