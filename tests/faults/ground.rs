//! What all faults have in common: servers of their own, two processes that serve and two that work, clients that write all the
//! time and one that listens; and in the end the proof that nothing was lost and nothing done twice.

use std::time::Instant;

use roost::config::Config;
use roost::limit::rate::Quota;
use tokio::sync::Mutex;

use crate::support::TestApp;
use crate::support::cluster::Cluster;
use crate::support::database::Database;
use crate::support::load::{Load, Trouble};
use crate::support::process::Place;
use crate::support::watch::Watch;
use crate::victim::Victim;

/// They share the servers, and each needs the machine for itself.
pub static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// So many deeds before and after.
const SOME: usize = 20;

pub struct Ground {
    pub database: Victim,
    pub cluster: Cluster,
    pub load: Load,
    pub app: TestApp,
}

impl Ground {
    /// On a database server and RabbitMQ; PostgreSQL also with Redis.
    async fn new(database: Victim, worst: Trouble, change: fn(&mut Config)) -> Self {
        let servers: &[Victim] = match database {
            Victim::MariaDb => &[Victim::MariaDb, Victim::RabbitMq],
            _ => &[Victim::Postgres, Victim::Redis, Victim::RabbitMq],
        };
        for server in servers {
            server.mend().await;
        }
        let (url, amqp, redis) = (database.url().await, Victim::RabbitMq.url().await, Victim::Redis.url().await);
        let place = Place::on(Some(Database::at(&url)), |config| {
            config.amqp_url = Some(amqp);
            config.redis_url = (database == Victim::Postgres).then_some(redis);
            set_up(config);
            change(config);
        });
        let cluster = Cluster::start(place).await;
        let (load, app) = (Load::start(worst), cluster.place.open().await);
        Self { database, cluster, load, app }
    }

    /// The URL of the database in use.
    pub fn database_url(&self) -> String {
        self.app.app.config.database_url()
    }
}

/// Walks of several steps, both kinds of edges, and limits that are counted and never reached.
fn set_up(config: &mut Config) {
    (config.feed_batch, config.feed_push_limit, config.worker_lease_seconds) = (2, 2, 2);
    config.rate_limit = true;
    let plenty: Quota = "1000000, 1000000/1s".parse().unwrap();
    for quota in [
        &mut config.rate_operations,
        &mut config.rate_anonymous_operations,
        &mut config.rate_tweets,
        &mut config.rate_comments_and_likes,
        &mut config.rate_follows,
        &mut config.rate_sign_ups,
        &mut config.rate_log_ins,
        &mut config.rate_log_ins_by_address,
    ] {
        *quota = plenty;
    }
}

/// Has something done under load, and asserts that nobody can tell afterwards. Meanwhile nobody meets worse than is said.
pub async fn under_load(database: Victim, worst: Trouble, hurt: impl AsyncFnOnce(&mut Ground)) {
    under_load_with(database, worst, |_| (), hurt).await;
}

/// The same with some settings changed.
pub async fn under_load_with(
    database: Victim,
    worst: Trouble,
    change: fn(&mut Config),
    hurt: impl AsyncFnOnce(&mut Ground),
) {
    let _alone = ONE_AT_A_TIME.lock().await;
    let mut ground = Ground::new(database, worst, change).await;
    let watch = Watch::start(&ground.app, &ground.load).await;
    ground.load.ask(&ground.cluster.servers);
    ground.load.goes_on(SOME).await;
    hurt(&mut ground).await;
    ground.load.ask(&ground.cluster.servers);
    ground.load.goes_on(SOME).await;
    let Ground { cluster, load, app, .. } = ground;
    let (told, ended) = (load.end().await, Instant::now());
    app.settled().await;
    println!("{database:?}: settled {:?} after the last deed", ended.elapsed());
    told.check(&app).await;
    watch.end(&app).await;
    for command in ["feed", "counters"] {
        let ended = cluster.place.run(&[command, "verify"]).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
}
