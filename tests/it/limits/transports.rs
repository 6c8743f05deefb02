//! The same limits for requests and for operations of a socket.

use serde_json::json;

use super::bomb;
use crate::support::{Served, TestApp};

/// Documents that ask for too much, each in its own way.
fn bombs() -> Vec<(&'static str, String)> {
    let repeated = |part: &str, times: usize| format!("{{ {} }}", part.repeat(times));
    let fragments: String = (0..5_000).map(|n| format!("fragment f{n} on Query {{ __typename }} ")).collect();
    let pages =
        "{ viewer { homeFeed(first: 100) { nodes { author { followers(first: 100) { nodes { username } } } } } } }";
    vec![
        ("spreads that double", bomb(30)),
        ("aliases", repeated("a: __typename ", 31)),
        ("directives", format!("{{ __typename {} }}", "@skip(if: false) ".repeat(51))),
        ("depth", "{ viewer".repeat(16) + &"}".repeat(16)),
        ("brackets", "{a".repeat(7_000)),
        ("bytes", repeated("__typename ", 10_000)),
        ("tokens", repeated("a ", 5_000)),
        ("fragments that nobody spreads", format!("{{ __typename }} {fragments}")),
        ("objects", pages.to_owned()),
    ]
}

#[tokio::test]
async fn requests_that_ask_for_too_much_are_refused_in_few_words() {
    let app = TestApp::new().await;
    let before = app.statements();
    for (name, document) in bombs() {
        let answer = app.anonymous().gql(&document, json!({})).await;
        assert_eq!(answer.code(), "TOO_COSTLY", "{name}");
        assert!(answer.body.get("data").is_none(), "{name}");
        assert!(answer.text.len() < 1_000, "{name}: {} bytes", answer.text.len());
    }
    assert_eq!(app.statements(), before, "nothing was read for them");
}

#[tokio::test]
async fn operations_that_ask_for_too_much_are_refused_and_the_socket_lives_on() {
    let served = Served::new().await;
    let mut socket = served.anonymous().await;
    for (name, document) in bombs().into_iter().filter(|(_, document)| document.len() < 60_000) {
        socket.subscribe(name, &document, json!({})).await;
        assert_eq!(socket.error(name).await, "TOO_COSTLY", "{name}");
        socket.quiet().await;
    }
}

#[tokio::test]
async fn cycles_and_many_faults_get_short_answers() {
    let app = TestApp::new().await;
    let unknown: String = (0..900).map(|n| format!("nothing{n} ")).collect();
    let spreads: String = (0..90).map(|n| format!("fragment f{n} on Nothing {{ a }} ")).collect();
    for (document, code) in [
        ("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
        (format!("{{ {unknown} }}"), "GRAPHQL_VALIDATION_FAILED"),
        (format!("{{ a }} {spreads}"), "GRAPHQL_VALIDATION_FAILED"),
        (format!("{{ {}(", "a".repeat(10_000)), "GRAPHQL_PARSE_FAILED"),
    ] {
        let answer = app.anonymous().gql(&document, json!({})).await;
        let errors = answer.body["errors"].as_array().unwrap();
        assert!(errors.iter().all(|error| error["extensions"]["code"] == code), "{}", answer.text);
        assert!(answer.text.len() < 20_000, "{} bytes", answer.text.len());
    }
}

#[tokio::test]
async fn variables_count_towards_the_cost() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let query = "query ($n: Int!) { viewer { homeFeed(first: $n) { nodes { author {
        followers(first: 100) { nodes { username } } } } } } }";
    app.as_user(&ada).gql(query, json!({ "n": 1 })).await.ok();
    assert_eq!(app.as_user(&ada).gql(query, json!({ "n": 100 })).await.code(), "TOO_COSTLY");
}

#[tokio::test]
async fn the_introspection_of_the_usual_tools_passes() {
    let app = TestApp::new().await;
    let answer = app.anonymous().gql(include_str!("introspection.graphql"), json!({})).await;
    assert_eq!(answer.ok()["__schema"]["queryType"]["name"], "Query");
}
