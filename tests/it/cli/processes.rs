//! Processes that stay: how they start, work together and end.

use std::net::TcpStream;

use serde_json::json;

use crate::support::process::{Place, until};
use crate::support::{CREATE_TWEET, FOLLOW, TestApp};

const SIGN_UP: &str = "mutation { signUp(input: { username: \"ada\", email: \"ada@example.org\",
    password: \"correct horse\" }) { viewer { user { username } } userErrors { code message field } } }";

#[tokio::test]
async fn without_a_word_roost_serves_and_says_where() {
    let place = Place::embedded();
    std::fs::remove_file(place.path("roost.toml")).unwrap();
    let mut server = place.start(place.roost(&[]).env("ROOST_LISTEN", "127.0.0.1:0")).await;
    let url = format!("http://{}", server.address());
    assert_eq!(server.ready, format!("roost is ready: GraphiQL {url}/ · API {url}/graphql · data in data\n"));
    assert!(place.path("data/roost.db").is_file());
    assert_ne!(server.address().port(), 0);
    let answer = server.client().gql(None, SIGN_UP, json!({})).await.unwrap();
    assert_eq!(answer.changed("signUp")["viewer"]["user"]["username"], "ada");
    server.terminate().await;
    assert_eq!(server.rest().await, "", "one line is enough");
}

#[tokio::test]
async fn a_process_that_is_asked_to_end_ends_well_and_gives_back_what_it_leased() {
    let place = Place::new();
    let mut server = place.serve().await;
    let mut worker = place.start(&mut place.roost(&["worker"])).await;
    // A client that neither asks nor leaves does not keep the server.
    let idle = TcpStream::connect(server.address()).unwrap();
    let app = place.open().await;
    assert_eq!(nodes(&app).await, 3);
    for process in [&mut server, &mut worker] {
        process.terminate().await;
        assert_eq!(process.wait().await.code(), Some(0), "{}", place.log());
    }
    drop(idle);
    assert_eq!(nodes(&app).await, 1);
}

/// How many node numbers are leased.
async fn nodes(app: &TestApp) -> i64 {
    app.number("SELECT COUNT(*) FROM node WHERE leased_until > ?", [app.app.clock.now().into()]).await
}

#[tokio::test]
async fn messages_that_a_stopping_worker_has_not_begun_are_free_at_once() {
    let mut place = Place::with(|config| config.worker_lease_seconds = 3_600);
    place.config.amqp_url = None;
    let app = place.open().await;
    let [alice] = app.cast(["alice"]).await;
    for number in 0..400 {
        post_delivery(&app, number, alice.id.0).await;
    }
    let mut worker = place.start(&mut place.roost(&["worker"])).await;
    until("the worker has begun", async || left(&app).await < 400).await;
    worker.terminate().await;
    assert_eq!(worker.wait().await.code(), Some(0), "{}", place.log());
    assert_eq!(app.number("SELECT COUNT(*) FROM outbox WHERE leased_by <> 0", []).await, 0);
    app.drain().await;
}

async fn post_delivery(app: &TestApp, id: i64, tweet: i64) {
    app.damage(&format!(
        "INSERT INTO outbox (id, payload, attempts, due_at, leased_by, leased_until, created_at) VALUES
         ({id}, '{{\"v\":1,\"type\":\"deliver\",\"tweet\":{tweet},\"after\":0}}', 0, 0, 0, 0, 0)"
    ))
    .await;
}

async fn left(app: &TestApp) -> i64 {
    app.number("SELECT COUNT(*) FROM outbox", []).await
}

#[tokio::test]
async fn a_server_without_a_worker_leaves_the_work_to_a_worker() {
    let place = Place::new();
    let app = place.open().await;
    let [alice, bob] = app.cast(["alice", "bob"]).await;
    let server = place.start(&mut place.roost(&["serve", "--no-worker"])).await;
    let http = server.client();
    http.gql(Some(&bob.token), FOLLOW, json!({ "id": alice.gid })).await.unwrap().changed("follow");
    http.gql(Some(&alice.token), CREATE_TWEET, json!({ "content": "hello" })).await.unwrap().changed("createTweet");
    assert_eq!(left(&app).await, 3, "a fill, a notification, a delivery");
    assert_eq!(app.number("SELECT pushed FROM follow", []).await, 0);

    let worker = place.start(&mut place.roost(&["worker"])).await;
    assert!(worker.ready.starts_with("roost works on what is queued."));
    until("the work is done", async || left(&app).await == 0).await;
    assert_eq!(app.number("SELECT pushed FROM follow", []).await, 1);
    assert_eq!(app.number("SELECT COUNT(*) FROM feed_entry WHERE user_id = ?", [bob.id.into()]).await, 1);
    assert_eq!(app.number("SELECT unread FROM inbox WHERE user_id = ?", [alice.id.into()]).await, 1);
}

#[tokio::test]
async fn processes_that_start_at_once_on_an_empty_database_all_come_up() {
    let place = Place::empty();
    let start = async || place.start(&mut place.roost(&["serve"])).await;
    let servers = tokio::join!(start(), start(), start(), start());
    for server in [servers.0, servers.1, servers.2, servers.3] {
        assert_eq!(server.client().gql(None, "{ __typename }", json!({})).await.unwrap().ok()["__typename"], "Query");
    }
}
