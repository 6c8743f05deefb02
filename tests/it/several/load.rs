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

/// Processes, and the ways to what they share as far as there is that.
struct Ground {
    cluster: Cluster,
    redis: Option<Proxy>,
    amqp: Option<Proxy>,
}

async fn ground() -> Ground {
    let urls = [redis_url(), amqp_url()];
    let (redis, amqp) = (way(urls[0].as_ref()).await, way(urls[1].as_ref()).await);
    let place = Place::with(|config| {
        (config.feed_batch, config.feed_push_limit, config.worker_lease_seconds) = (2, 2, 1);
        config.redis_url = redis.as_ref().zip(urls[0].as_ref()).map(|(way, url)| way.url(url));
        config.amqp_url = amqp.as_ref().zip(urls[1].as_ref()).map(|(way, url)| way.url(url));
    });
    Ground { cluster: Cluster::start(place).await, redis, amqp }
}

/// Nobody who asks notices.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_that_are_killed_and_servers_that_are_cut_off_lose_nothing_and_do_nothing_twice() {
    let Ground { mut cluster, redis, amqp } = ground().await;
    let app = cluster.place.open().await;
    let load = Load::start(Trouble::None);
    let watch = Watch::start(&app, &load).await;
    load.ask(&cluster.servers);
    for round in 0..4 {
        load.goes_on(10).await;
        cluster.replace_worker(round % 2).await;
        for hurt in [Proxy::cut as fn(&Proxy), Proxy::hold] {
            redis.iter().for_each(hurt);
            load.goes_on(20).await;
            redis.iter().for_each(Proxy::mend);
        }
        amqp.iter().for_each(Proxy::cut);
        load.goes_on(20).await;
        amqp.iter().for_each(Proxy::mend);
    }
    let told = load.end().await;
    app.settled().await;
    told.check(&app).await;
    watch.end(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_are_killed_and_connections_that_end_lose_nothing_and_do_nothing_twice() {
    let mut ground = ground().await;
    let cluster = &mut ground.cluster;
    let app = cluster.place.open().await;
    let load = Load::start(Trouble::Failed);
    let watch = Watch::start(&app, &load).await;
    load.ask(&cluster.servers);
    for round in 0..6 {
        load.goes_on(10).await;
        cluster.replace_server(round % 2).await;
        load.ask(&cluster.servers);
        break_connections(&app.app.config.database_url()).await;
        load.goes_on(10).await;
    }
    let told = load.end().await;
    app.settled().await;
    told.check(&app).await;
    watch.end(&app).await;
}
