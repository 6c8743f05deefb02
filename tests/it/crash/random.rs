//! Kills at random moments, while several clients write.

use rand::RngExt;

use super::place;
use crate::support::load::{Load, Trouble};

const KILLS: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_under_load_lose_nothing_and_do_nothing_twice() {
    let place = place(2);
    let load = Load::start(Trouble::Gone);
    for _ in 0..KILLS {
        let mut server = place.serve().await;
        load.ask([&server]);
        load.goes_on(rand::rng().random_range(4..60)).await;
        load.ask([]);
        server.kill().await;
    }
    let mut server = place.serve().await;
    load.ask([&server]);
    let told = load.end().await;
    let app = place.open().await;
    app.settled().await;
    server.kill().await;
    told.check(&app).await;
}
