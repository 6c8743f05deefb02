//! A database of its own for every test: a file in its folder; or, if `ROOST_TEST_DATABASE_URL` names a server, a copy of a
//! template there, dropped at the end.

use std::future::Future;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use roost::db::{Db, Engine, sql};
use sea_orm::ConnectionTrait;
use url::Url;

/// The server that the tests run on; none if they run on files.
fn server() -> Option<Url> {
    let url = std::env::var("ROOST_TEST_DATABASE_URL").ok().filter(|url| !url.is_empty())?;
    Some(url.parse().unwrap())
}

/// The engine that the tests run on.
pub fn engine() -> Engine {
    server().map_or(Engine::Sqlite, |url| Engine::of(url.as_str()).unwrap())
}

/// So many random histories as the engine has time for: of the servers, each takes a share.
pub fn share(cases: u32) -> u32 {
    if engine() == Engine::Sqlite { cases } else { cases.div_ceil(10) }
}

/// A database on a server.
pub struct Database {
    server: Url,
    name: String,
    pub url: String,
}

impl Database {
    /// One with tables; none if the tests run on files.
    pub fn new() -> Option<Self> {
        let server = server()?;
        let template = TEMPLATE.get_or_init(|| wait(Template::make(&server)));
        let database = Self::named(&server, next_name());
        wait(template.copy(&server, &database.name));
        Some(database)
    }

    /// One without.
    pub fn empty() -> Option<Self> {
        Some(Self::at(server()?.as_str()))
    }

    /// One without, on any server.
    pub fn at(server: &str) -> Self {
        let database = Self::named(&server.parse().unwrap(), next_name());
        wait(run(&database.server, &format!("CREATE DATABASE {}", database.name)));
        database
    }

    fn named(server: &Url, name: String) -> Self {
        let mut url = server.clone();
        url.set_path(&name);
        Self { server: server.clone(), url: url.into(), name }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // The server of a test that has failed is perhaps not there. The next run drops what is left.
        if !std::thread::panicking() {
            wait(drop_database(&self.server, &self.name));
        }
    }
}

static TEMPLATE: OnceLock<Template> = OnceLock::new();

/// What every database begins as.
struct Template {
    name: String,
    /// On MariaDB, which copies no databases.
    tables: Vec<String>,
}

impl Template {
    async fn make(server: &Url) -> Self {
        drop_those_of_the_dead(server).await;
        let Database { ref name, ref url, .. } = *std::mem::ManuallyDrop::new(Database::named(server, next_name()));
        run(server, &format!("CREATE DATABASE {name}")).await;
        let db = Db::open(url, 2).await.unwrap();
        db.migrate().await.unwrap();
        db.close().await;
        let tables = if engine() == Engine::MySql {
            names(server, &format!("SELECT table_name FROM information_schema.tables WHERE table_schema = '{name}'"))
                .await
        } else {
            Vec::new()
        };
        Self { name: name.clone(), tables }
    }

    async fn copy(&self, server: &Url, name: &str) {
        let template = &self.name;
        if engine() == Engine::Postgres {
            return run(server, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        }
        let mut statements = vec![format!("CREATE DATABASE {name}")];
        statements
            .extend(self.tables.iter().map(|table| format!("CREATE TABLE {name}.{table} LIKE {template}.{table}")));
        statements.push(format!("INSERT INTO {name}.seaql_migrations SELECT * FROM {template}.seaql_migrations"));
        run(server, &statements.join(";")).await;
    }
}

/// Says whose it is, so that the databases of a run that was killed can be told from those in use.
fn next_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("roost_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

async fn drop_those_of_the_dead(server: &Url) {
    let list = match engine() {
        Engine::Postgres => "SELECT datname FROM pg_database",
        _ => "SELECT schema_name FROM information_schema.schemata",
    };
    for name in names(server, list).await {
        let process = name.strip_prefix("roost_test_").and_then(|rest| rest.split('_').next());
        if process.is_some_and(|id| Path::new("/proc/self").exists() && !Path::new("/proc").join(id).exists()) {
            drop_database(server, &name).await;
        }
    }
}

async fn drop_database(server: &Url, name: &str) {
    if is_postgres(server) {
        return run(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
    }
    break_all(server, name).await;
    run(server, &format!("DROP DATABASE IF EXISTS {name}")).await;
}

/// Breaks every connection to a database of a server, as that does when it is stopped.
pub async fn break_connections(url: &str) {
    let mut server: Url = url.parse().unwrap();
    let name = server.path().trim_start_matches('/').to_owned();
    match Engine::of(url).unwrap() {
        Engine::Sqlite => return,
        Engine::Postgres => server.set_path("postgres"),
        Engine::MySql => server.set_path("mysql"),
    }
    break_all(&server, &name).await;
}

fn is_postgres(server: &Url) -> bool {
    Engine::of(server.as_str()) == Some(Engine::Postgres)
}

async fn break_all(server: &Url, name: &str) {
    if is_postgres(server) {
        let text = format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'");
        return run(server, &text).await;
    }
    let text = format!("SELECT CAST(id AS CHAR) FROM information_schema.processlist WHERE db = '{name}'");
    let db = Db::open(server.as_str(), 2).await.unwrap();
    for id in names(server, &text).await {
        // It may have gone by itself.
        drop(db.write().execute_unprepared(&format!("KILL {id}")).await);
    }
    db.close().await;
}

async fn run(server: &Url, text: &str) {
    let db = Db::open(server.as_str(), 2).await.unwrap();
    db.write().execute_unprepared(text).await.unwrap();
    db.close().await;
}

async fn names(server: &Url, text: &str) -> Vec<String> {
    let db = Db::open(server.as_str(), 2).await.unwrap();
    let rows = db.read().query_all_raw(sql(db.read(), text, [])).await.unwrap();
    db.close().await;
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// Runs to its end on a thread of its own, where nobody else waits: a constructor or a drop cannot be async.
pub fn wait<T: Send>(work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(work)
        });
        thread.join().unwrap()
    })
}
