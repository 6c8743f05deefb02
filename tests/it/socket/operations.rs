//! Operations over a socket: their answers, their ends, and how many there may be.

use serde_json::json;

use crate::support::{CREATE_TWEET, FOLLOW, Served};

const NEVER: &str = "subscription { notificationAdded { cursor } }";

#[tokio::test]
async fn queries_and_mutations_get_one_next_and_complete() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let mut socket = served.of(&ada).await;
    socket.subscribe("q", "{ viewer { user { username } } }", json!({})).await;
    assert_eq!(socket.event("q").await["viewer"]["user"]["username"], "ada");
    assert_eq!(socket.next().await, json!({ "id": "q", "type": "complete" }));

    socket.subscribe("m", CREATE_TWEET, json!({ "content": "over a socket" })).await;
    assert_eq!(socket.event("m").await["createTweet"]["tweet"]["content"], "over a socket");
    assert_eq!(socket.next().await, json!({ "id": "m", "type": "complete" }));
    socket.quiet().await;
    served.app.drain().await;
}

#[tokio::test]
async fn an_error_of_a_field_comes_with_the_data() {
    let served = Served::new().await;
    let mut socket = served.anonymous().await;
    socket.subscribe("1", FOLLOW, json!({ "id": "x" })).await;
    let message = socket.next().await;
    assert_eq!(message["type"], "next");
    assert_eq!(message["payload"]["data"], json!({ "follow": null }));
    assert_eq!(message["payload"]["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert_eq!(socket.next().await["type"], "complete");
}

#[tokio::test]
async fn an_operation_that_is_not_executed_gets_one_error_and_nothing_after() {
    let served = Served::new().await;
    let mut socket = served.anonymous().await;
    for (query, code) in [
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { notificationAdded(after: 1) { cursor } }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("subscription { homeFeedTweetAdded { cursor } }", "UNAUTHENTICATED"),
        ("subscription { notificationAdded { cursor } }", "UNAUTHENTICATED"),
    ] {
        socket.subscribe("1", query, json!({})).await;
        assert_eq!(socket.error("1").await, code, "{query}");
        socket.quiet().await;
    }
}

#[tokio::test]
async fn operation_name_and_variables_are_read() {
    let served = Served::new().await;
    let mut socket = served.anonymous().await;
    let query = "query A { __typename } query B($name: String!) { user(username: $name) { id } }";
    let payload =
        json!({ "query": query, "operationName": "B", "variables": { "name": "nobody" }, "extensions": null });
    socket.send(&json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
    assert_eq!(socket.event("1").await, json!({ "user": null }));
}

#[tokio::test]
async fn an_id_that_is_in_use_closes_the_socket() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let mut socket = served.of(&ada).await;
    for _ in 0..2 {
        socket.subscribe("same", NEVER, json!({})).await;
    }
    assert_eq!(socket.closed().await, (4409, "Subscriber for same already exists".to_owned()));
}

#[tokio::test]
async fn an_id_is_free_again_when_its_operation_has_ended() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let mut socket = served.of(&ada).await;
    for _ in 0..3 {
        socket.subscribe("1", "{ __typename }", json!({})).await;
        assert_eq!(socket.event("1").await, json!({ "__typename": "Query" }));
        assert_eq!(socket.next().await["type"], "complete");
    }
    for _ in 0..3 {
        socket.subscribe("1", NEVER, json!({})).await;
        // Ended by the client: not echoed, and the id is free at once.
        socket.complete("1").await;
        socket.quiet().await;
    }
    for _ in 0..3 {
        socket.subscribe("1", "{ nothing }", json!({})).await;
        socket.error("1").await;
    }
}

#[tokio::test]
async fn completing_what_is_not_running_changes_nothing() {
    let served = Served::new().await;
    let mut socket = served.anonymous().await;
    socket.complete("unknown").await;
    socket.quiet().await;
}

#[tokio::test]
async fn the_101st_operation_at_a_time_is_refused_and_the_socket_lives_on() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let mut socket = served.of(&ada).await;
    for n in 0..100 {
        socket.subscribe(&n.to_string(), NEVER, json!({})).await;
    }
    socket.subscribe("100", NEVER, json!({})).await;
    assert_eq!(socket.error("100").await, "TOO_COSTLY");
    socket.complete("7").await;
    socket.subscribe("100", "{ __typename }", json!({})).await;
    assert_eq!(socket.event("100").await, json!({ "__typename": "Query" }));
}

#[tokio::test]
async fn faults_of_ours_are_masked_over_a_socket_too() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let mut socket = served.of(&ada).await;
    served.app.damage("ALTER TABLE inbox RENAME TO gone").await;
    socket.subscribe("1", NEVER, json!({})).await;
    let message = socket.next().await;
    assert_eq!(message["type"], "error");
    assert_eq!(message["payload"][0]["extensions"]["code"], "INTERNAL");
    assert!(message["payload"][0]["extensions"]["requestId"].is_string());
    assert!(!message.to_string().contains("inbox") && !message.to_string().contains("SQL"), "{message}");
}
