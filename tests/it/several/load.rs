//! Two that serve and two that work, under load, while processes are killed and connections end. What takes longer than these
//! is in tests/faults.

use crate::support::cluster::Cluster;
use crate::support::database::break_connections;
use crate::support::load::{Load, Trouble};
use crate::support::process::Place;
use crate::support::proxy::Proxy;
use crate::support::services::{amqp_url, redis_url};
use crate::support::watch::Watch;

async fn way(url: Option<&String>) -> Option<Proxy> {
    match url {
        Some(url) => Some(Proxy::to(url).await),
        None => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_killed_and_cut_off_under_load_loses_nothing_and_does_nothing_twice() {
    let (redis, amqp) = (redis_url(), amqp_url());
    let ways = [way(redis.as_ref()).await, way(amqp.as_ref()).await];
    let place = Place::with(|config| {
        (config.feed_batch, config.feed_push_limit, config.worker_lease_seconds) = (2, 2, 1);
        config.redis_url = ways[0].as_ref().zip(redis.as_ref()).map(|(way, url)| way.url(url));
        config.amqp_url = ways[1].as_ref().zip(amqp.as_ref()).map(|(way, url)| way.url(url));
    });
    let mut cluster = Cluster::start(place).await;
    let app = cluster.place.open().await;
    let load = Load::start(Trouble::Failed);
    let watch = Watch::start(&app, &load).await;
    for round in 0..6 {
        load.ask(&cluster.servers);
        load.goes_on(10).await;
        let which = round % 2;
        // Whoever asks goes to the other one meanwhile.
        load.ask([&cluster.servers[1 - which]]);
        cluster.replace_server(which).await;
        cluster.replace_worker(which).await;
        load.ask(&cluster.servers);
        break_connections(&app.app.config.database_url()).await;
        load.goes_on(10).await;
        ways.iter().flatten().for_each(Proxy::cut);
        load.goes_on(10).await;
        ways.iter().flatten().for_each(Proxy::mend);
        if let Some(redis) = &ways[0] {
            redis.hold();
            load.goes_on(10).await;
            redis.mend();
        }
    }
    let told = load.end().await;
    app.settled().await;
    told.check(&app).await;
    watch.end(&app).await;
}
