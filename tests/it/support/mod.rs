//! What every test needs: an app of its own, people, and ways to ask.

mod answer;
pub mod cluster;
pub mod database;
pub mod events;
pub mod load;
pub mod meter;
pub mod pages;
mod person;
pub mod process;
pub mod proxy;
pub mod services;
pub mod social;
mod socket;
mod sound;
mod upload;
pub mod watch;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use entity::{TweetId, UserId};
use roost::app::App;
use roost::cache::Change;
use roost::config::Config;
use roost::db::{Db, Engine, sql};
use roost::http::{Documents, Server};
use roost::service::user::NewUser;
use roost::{service, worker};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

pub use answer::Answer;
use database::Database;
pub use person::Person;
pub use socket::{PROTOCOL, Served, Socket};
pub use upload::{Form, picture};

/// What a test's apps and processes share, and what goes with the last of them.
struct Home {
    dir: TempDir,
    _database: Option<Database>,
    _names: services::Names,
}

/// An app on a database of its own. Dropping it fails the test if messages are left that nobody handled.
pub struct TestApp {
    pub app: App,
    router: Router,
    pub documents: Arc<Documents>,
    home: Arc<Home>,
    /// Cleared by tests that leave messages behind on purpose, and on second apps of one database.
    pub checks_queue: bool,
}

/// Longer than any test.
const FOR_GOOD: Duration = Duration::from_secs(86_400);

impl TestApp {
    pub async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// With some settings changed.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let (dir, database) = (temp_dir(), Database::new());
        let mut config = Config {
            data_dir: dir.path().to_owned(),
            database_url: database.as_ref().map(|database| database.url.clone()),
            // Cheap hashes: what they protect here is nothing.
            argon2_memory_kib: 8,
            argon2_passes: 1,
            // Most tests ask more often than people do.
            rate_limit: false,
            ..Config::default()
        };
        let names = services::Names::for_config(&mut config);
        change(&mut config);
        Self::on(Arc::new(Home { dir, _database: database, _names: names }), config, true).await
    }

    /// Another process, as it were, on the same database.
    pub async fn second(&self) -> Self {
        self.other((*self.app.config).clone()).await
    }

    /// The same with some settings changed, as after a restart.
    pub async fn restarted(&self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = (*self.app.config).clone();
        change(&mut config);
        self.other(config).await
    }

    /// Each sees that it is not alone, as a server does that looks for others.
    async fn other(&self, config: Config) -> Self {
        let other = Self::on(Arc::clone(&self.home), config, false).await;
        self.app.live.others_are_there(1, FOR_GOOD);
        other.app.live.others_are_there(1, FOR_GOOD);
        other
    }

    async fn on(home: Arc<Home>, config: Config, checks_queue: bool) -> Self {
        let app = App::new(config).await.unwrap();
        app.live.others_are_there(0, FOR_GOOD);
        let documents = Documents::open(&app.config).unwrap();
        let server = Server::new(app.clone(), documents, CancellationToken::new());
        Self { router: server.router(), documents: Arc::clone(&server.documents), app, home, checks_queue }
    }

    /// Makes people, through the service.
    pub async fn cast<const N: usize>(&self, names: [&str; N]) -> [Person; N] {
        let mut people = Vec::new();
        for name in names {
            people.push(self.person(name).await);
        }
        people.try_into().unwrap_or_else(|_| unreachable!())
    }

    /// Makes one person, logged in.
    pub async fn person(&self, name: &str) -> Person {
        let new = NewUser { username: name.to_owned(), email: format!("{name}@example.org"), nickname: None };
        let hash = self.app.passwords.hash(Person::PASSWORD.to_owned()).await.unwrap();
        let user = service::user::create(&self.app, &new, &hash).await.unwrap();
        let log_in = roost::auth::log_in(&self.app, name, Person::PASSWORD.to_owned(), None).await.unwrap();
        Person::new(user.id, name, log_in.token)
    }

    pub async fn follow(&self, follower: &Person, followee: &Person) {
        let answer = self.as_user(follower).gql(FOLLOW, json!({ "id": followee.gid })).await;
        answer.changed("follow");
    }

    pub async fn unfollow(&self, follower: &Person, followee: &Person) {
        let answer = self.as_user(follower).gql(UNFOLLOW, json!({ "id": followee.gid })).await;
        answer.changed("unfollow");
    }

    /// Returns the tweet's global id.
    pub async fn tweet(&self, author: &Person, content: &str) -> String {
        let answer = self.as_user(author).gql(CREATE_TWEET, json!({ "content": content })).await;
        answer.changed("createTweet")["tweet"]["id"].as_str().unwrap().to_owned()
    }

    pub async fn delete_tweet(&self, author: &Person, gid: &str) {
        let answer = self.as_user(author).gql(DELETE_TWEET, json!({ "id": gid })).await;
        answer.changed("deleteTweet");
    }

    pub fn as_user<'a>(&'a self, person: &'a Person) -> Client<'a> {
        Client { app: self, token: Some(&person.token) }
    }

    pub fn anonymous(&self) -> Client<'_> {
        Client { app: self, token: None }
    }

    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Sends any request through the router.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        Answer::read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    /// Works until no message is left.
    pub async fn drain(&self) {
        worker::drain(&self.app).await.unwrap();
    }

    /// The global ids of the whole home feed, read in pages of 100.
    pub async fn home_feed(&self, reader: &Person) -> Vec<String> {
        let mut ids = Vec::new();
        let mut after = Value::Null;
        loop {
            let answer = self.as_user(reader).gql(HOME_FEED, json!({ "first": 100, "after": after })).await;
            let page = &answer.ok()["viewer"]["homeFeed"];
            ids.extend(page["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_owned()));
            if page["pageInfo"]["hasNextPage"] == false {
                return ids;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
    }

    /// The same by the definition of the feed, in naive SQL.
    pub async fn oracle_feed(&self, reader: &Person) -> Vec<String> {
        let text = "SELECT id FROM tweet WHERE deleted_at IS NULL
                    AND (author_id = ? OR author_id IN (SELECT followee_id FROM follow WHERE follower_id = ?))
                    AND author_id NOT IN (SELECT user_id FROM suspended)
                    ORDER BY id DESC";
        let rows = self.rows(text, [reader.id.into(), reader.id.into()]).await;
        rows.iter().map(|row| tweet_gid(row.try_get_by_index(0).unwrap())).collect()
    }

    /// Reads with plain SQL.
    pub async fn rows<const N: usize>(&self, text: &str, values: [sea_orm::Value; N]) -> Vec<sea_orm::QueryResult> {
        let db = self.app.db.read();
        db.query_all_raw(sql(db, text, values)).await.unwrap()
    }

    /// The one number that a query yields.
    pub async fn number<const N: usize>(&self, text: &str, values: [sea_orm::Value; N]) -> i64 {
        let row = &self.rows(text, values).await[0];
        let narrow = || row.try_get_by_index::<i32>(0).or_else(|_| row.try_get_by_index::<i16>(0).map(i32::from));
        row.try_get_by_index(0).or_else(|_| narrow().map(i64::from)).unwrap()
    }

    /// Changes the database behind the app's back.
    pub async fn damage(&self, text: &str) {
        self.app.db.write().execute_unprepared(text).await.unwrap();
        self.app.db.caches().committed(&[Change::Everything]).await;
    }

    /// From now on every statement of a kind, INSERT or UPDATE, fails on a table.
    pub async fn forbid(&self, kind: &str, table: &str) {
        let trigger = format!("CREATE TRIGGER no BEFORE {kind} ON {table}");
        let text = match database::engine() {
            Engine::Sqlite => format!("{trigger} BEGIN SELECT RAISE(ABORT, 'no'); END"),
            Engine::MySql => format!("{trigger} FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'"),
            Engine::Postgres => format!(
                "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
                 {trigger} FOR EACH ROW EXECUTE FUNCTION no()"
            ),
        };
        self.damage(&text).await;
    }

    /// How many statements have been sent since the app was made.
    pub fn statements(&self) -> u64 {
        self.app.db.statements()
    }

    pub fn data_dir(&self) -> &std::path::Path {
        self.home.dir.path()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if !self.checks_queue || std::thread::panicking() {
            return;
        }
        let url = self.app.config.database_url();
        let left = database::wait(async {
            let db = Db::open(&url, 2).await.unwrap();
            let text = "SELECT (SELECT COUNT(*) FROM outbox), (SELECT COUNT(*) FROM dead_letter)";
            let row = db.read().query_one_raw(sql(db.read(), text, [])).await.unwrap().unwrap();
            db.close().await;
            (row.try_get_by_index::<i64>(0).unwrap(), row.try_get_by_index::<i64>(1).unwrap())
        });
        assert_eq!(left, (0, 0), "messages are left: in the outbox, among the dead letters");
    }
}

/// Somebody's way to ask.
pub struct Client<'a> {
    app: &'a TestApp,
    token: Option<&'a str>,
}

impl Client<'_> {
    pub async fn gql(&self, query: &str, variables: Value) -> Answer {
        self.app.send(self.request(&json!({ "query": query, "variables": variables }))).await
    }

    /// The request that `gql` sends.
    pub fn request(&self, body: &Value) -> Request<Body> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json");
        if let Some(token) = self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        request.body(Body::from(body.to_string())).unwrap()
    }
}

/// In memory where the machine has such a folder: a commit then waits for no disk.
fn temp_dir() -> TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory).unwrap() } else { TempDir::new().unwrap() }
}

pub fn tweet_gid(id: i64) -> String {
    gid("Tweet", TweetId(id).0)
}

pub fn user_gid(id: UserId) -> String {
    gid("User", id.0)
}

pub fn gid(tag: &str, id: i64) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!("{tag}:{id}"))
}

pub const CREATE_TWEET: &str = "mutation ($content: String!, $key: String) {
    createTweet(input: { content: $content, idempotencyKey: $key }) {
        tweet { id content author { username } } userErrors { code message field } } }";
pub const DELETE_TWEET: &str = "mutation ($id: ID!) {
    deleteTweet(input: { tweetId: $id }) { deletedTweetId userErrors { code message field } } }";
pub const FOLLOW: &str = "mutation ($id: ID!) {
    follow(input: { userId: $id }) { user { id followerCount viewerIsFollowing } userErrors { code message field } } }";
pub const UNFOLLOW: &str = "mutation ($id: ID!) {
    unfollow(input: { userId: $id }) { user { id followerCount viewerIsFollowing } userErrors { code message field } } }";
pub const HOME_FEED: &str = "query ($first: Int, $after: String, $last: Int, $before: String) {
    viewer { homeFeed(first: $first, after: $after, last: $last, before: $before) {
        edges { cursor } nodes { id content author { username } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";
