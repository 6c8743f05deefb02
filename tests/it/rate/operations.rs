//! Every operation has its cost, by every transport; the headers say what is left of it.

use axum::http::header;
use serde_json::json;

use super::{from, limited, quota, retry_after, told};
use crate::support::{Served, TestApp};
use roost::clock::SECOND;
use roost::http::Timings;

const CHEAP: &str = "{ viewer { id } }";
/// 20 tweets with their authors, and the viewer.
const PAGE: &str = "{ viewer { homeFeed(first: 20) { nodes { author { id } } } } }";
const NEVER: &str = "subscription { notificationAdded { cursor } }";

#[tokio::test]
async fn what_the_headers_say_is_left_can_be_spent_and_no_more() {
    let app = limited(|config| config.rate_operations = quota("100, 1/h")).await;
    let ada = app.person("ada").await;
    let answer = app.as_user(&ada).gql(PAGE, json!({})).await;
    answer.ok();
    let first = told(&answer.headers);
    assert_eq!((first.limit.as_str(), first.quota, first.remaining), ("operations", (100, 360_000), 59));
    assert!(answer.headers["ratelimit-policy"].to_str().unwrap().ends_with(";qu=\"points\""), "points are no requests");
    assert!((41 * 3600 - 60..=41 * 3600).contains(&first.full_in), "{first:?}");

    let mut remaining = told(&app.as_user(&ada).gql(PAGE, json!({})).await.headers).remaining;
    assert_eq!(remaining, 18);
    let answer = app.as_user(&ada).gql(PAGE, json!({})).await;
    assert_eq!(told(&answer.headers).remaining, 18, "what is refused costs nothing: {}", answer.text);
    retry_after(&answer);
    while remaining > 0 {
        let answer = app.as_user(&ada).gql(CHEAP, json!({})).await;
        answer.ok();
        remaining -= 1;
        assert_eq!(told(&answer.headers).remaining, remaining);
    }
    let answer = app.as_user(&ada).gql(CHEAP, json!({})).await;
    let seconds = retry_after(&answer);
    assert_eq!(answer.status, 429);
    assert!(answer.body.get("data").is_none(), "nothing ran: {}", answer.text);
    assert_eq!(answer.headers[header::RETRY_AFTER], seconds.to_string());
    assert_eq!(told(&answer.headers).remaining, 0);

    app.app.clock.advance(i64::try_from(seconds).unwrap() * SECOND);
    app.as_user(&ada).gql(CHEAP, json!({})).await.ok();
    assert_eq!(app.as_user(&ada).gql(CHEAP, json!({})).await.status, 429, "and no sooner, and no more");
}

#[tokio::test]
async fn a_change_costs_ten_more_and_a_batch_of_aliases_ten_each() {
    let app = limited(|config| config.rate_operations = quota("1000, 1/h")).await;
    let ada = app.person("ada").await;
    let out = |alias: &str| format!("{alias}: unlike(input: {{ subjectId: \"x\" }}) {{ userErrors {{ code }} }}");
    let query = format!("mutation {{ {} {} }}", out("a"), out("b"));
    let answer = app.as_user(&ada).gql(&query, json!({})).await;
    // Two changes of 10, two payloads, two lists of faults; two likes, of which there are 60.
    assert_eq!(told(&answer.headers).limit, "comments-and-likes", "it binds before the other");
    let left = told(&app.as_user(&ada).gql(CHEAP, json!({})).await.headers).remaining;
    assert_eq!(left, 1000 - 24 - 1);
}

#[tokio::test]
async fn people_have_their_own_and_nobodies_share_that_of_their_address() {
    let app = limited(|config| {
        config.rate_operations = quota("3, 1/h");
        config.rate_anonymous_operations = quota("2, 1/h");
    })
    .await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let body = json!({ "query": CHEAP });
    for _ in 0..3 {
        app.send(from("192.0.2.1", app.as_user(&ada).request(&body))).await.ok();
    }
    assert_eq!(app.send(from("192.0.2.9", app.as_user(&ada).request(&body))).await.status, 429, "wherever they are");
    app.send(from("192.0.2.1", app.as_user(&bob).request(&body))).await.ok();
    for _ in 0..2 {
        let answer = app.send(from("192.0.2.1", app.anonymous().request(&body))).await;
        answer.ok();
        assert_eq!(told(&answer.headers).limit, "anonymous-operations");
    }
    assert_eq!(app.send(from("192.0.2.1", app.anonymous().request(&body))).await.status, 429);
    app.send(from("192.0.2.2", app.anonymous().request(&body))).await.ok();
    let (mine, other) = ("2001:db8::1", "2001:db8:0:0:ffff::2");
    app.send(from(mine, app.anonymous().request(&body))).await.ok();
    app.send(from(other, app.anonymous().request(&body))).await.ok();
    assert_eq!(app.send(from(mine, app.anonymous().request(&body))).await.status, 429, "a network is one client");
}

#[tokio::test]
async fn what_costs_more_than_can_ever_be_there_takes_all_of_it() {
    let app = limited(|config| config.rate_operations = quota("10, 10/s")).await;
    let ada = app.person("ada").await;
    let answer = app.as_user(&ada).gql(PAGE, json!({})).await;
    answer.ok();
    assert_eq!(told(&answer.headers).remaining, 0);
    assert_eq!(app.as_user(&ada).gql(PAGE, json!({})).await.status, 429);
    app.app.clock.advance(SECOND);
    app.as_user(&ada).gql(PAGE, json!({})).await.ok();
}

#[tokio::test]
async fn both_media_types_say_429() {
    let app = limited(|config| config.rate_anonymous_operations = quota("1, 1/h")).await;
    app.anonymous().gql(CHEAP, json!({})).await.ok();
    for accept in ["application/json", "application/graphql-response+json", "text/event-stream"] {
        let mut request = app.anonymous().request(&json!({ "query": CHEAP }));
        request.headers_mut().insert(header::ACCEPT, accept.parse().unwrap());
        let answer = app.send(request).await;
        assert_eq!(answer.status, 429, "{accept}");
        retry_after(&answer);
        assert!(answer.headers.contains_key(header::RETRY_AFTER), "{accept}");
    }
}

#[tokio::test]
async fn documents_that_are_not_executed_cost_nothing() {
    let app = limited(|config| config.rate_anonymous_operations = quota("1, 1/h")).await;
    for _ in 0..3 {
        assert_eq!(app.anonymous().gql("{", json!({})).await.code(), "GRAPHQL_PARSE_FAILED");
    }
    app.anonymous().gql(CHEAP, json!({})).await.ok();
}

#[tokio::test]
async fn operations_of_a_socket_cost_as_much() {
    let set = |config: &mut roost::config::Config| {
        config.rate_limit = true;
        config.rate_operations = quota("3, 1/h");
        config.rate_tweets = quota("1, 1/h");
    };
    let served = Served::with(set, Timings::default()).await;
    let [ada, bob] = served.app.cast(["ada", "bob"]).await;
    let mut socket = served.of(&ada).await;
    socket.subscribe("live", NEVER, json!({})).await;
    socket.subscribe("1", CHEAP, json!({})).await;
    assert!(socket.event("1").await["viewer"]["id"].is_string());
    assert_eq!(socket.next().await["type"], "complete");
    served.app.as_user(&ada).gql(CHEAP, json!({})).await.ok();
    socket.subscribe("2", CHEAP, json!({})).await;
    let message = socket.next().await;
    assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!("2")));
    let extensions = &message["payload"][0]["extensions"];
    assert_eq!(extensions["code"], "RATE_LIMITED");
    assert!(extensions["retryAfter"].as_u64().unwrap() > 3000, "{message}");
    // What runs runs on, and the id is free again.
    socket.subscribe("2", CHEAP, json!({})).await;
    assert_eq!(socket.error("2").await, "RATE_LIMITED");
    socket.quiet().await;

    let mut other = served.of(&bob).await;
    for (id, is_allowed) in [("1", true), ("2", false)] {
        other
            .subscribe(id, "mutation { createTweet(input: { content: \"a\" }) { tweet { content } } }", json!({}))
            .await;
        let message = other.next().await;
        assert_eq!(message["payload"]["data"]["createTweet"].is_object(), is_allowed, "{message}");
        if is_allowed {
            assert_eq!(other.next().await["type"], "complete");
            served.app.drain().await;
        }
    }
}

#[tokio::test]
async fn without_limits_nothing_is_said_of_them() {
    let app = TestApp::new().await;
    let answer = app.anonymous().gql(CHEAP, json!({})).await;
    answer.ok();
    assert!(!answer.headers.contains_key("ratelimit") && !answer.headers.contains_key("ratelimit-policy"));
}
