//! Server-sent events, by the distinct connections mode of graphql-sse.

use axum::body::Body;
use axum::http::{Request, Response, header};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::get::get;
use crate::support::{Answer, CREATE_TWEET, TestApp};

const EVENTS: &str = "text/event-stream";
const CHANGED: &str = "subscription ($id: ID!) { tweetChanged(tweetId: $id) { likeCount } }";

async fn respond(app: &TestApp, accept: &str, body: &Value) -> Response<Body> {
    let mut request = app.anonymous().request(body);
    request.headers_mut().insert(header::ACCEPT, accept.parse().unwrap());
    app.router().oneshot(request).await.unwrap()
}

fn content_type(response: &Response<Body>) -> &str {
    response.headers()[header::CONTENT_TYPE].to_str().unwrap().split(';').next().unwrap()
}

#[tokio::test]
async fn a_query_is_one_next_and_complete_word_for_word() {
    let app = TestApp::new().await;
    let response = respond(&app, EVENTS, &json!({ "query": "{ __typename }" })).await;
    assert_eq!((response.status().as_u16(), content_type(&response)), (200, EVENTS));
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    // Without the last line of data a browser passes over the event.
    let expected = "event: next\ndata: {\"data\":{\"__typename\":\"Query\"}}\n\nevent: complete\ndata: \n\n";
    assert_eq!(Answer::read(response).await.text, expected);
}

#[tokio::test]
async fn a_subscription_may_be_asked_for_by_get() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let tweet = app.tweet(&ada, "hello").await;
    app.drain().await;
    let variables = json!({ "id": tweet }).to_string();
    let mut events = app.listen(get(EVENTS, &[("query", CHANGED), ("variables", &variables)])).await;
    assert_eq!(events.data().await["tweetChanged"]["likeCount"], 0);
    app.like(&ada, &tweet).await;
    app.drain().await;
    assert_eq!(events.data().await["tweetChanged"]["likeCount"], 1);
}

#[tokio::test]
async fn a_document_that_is_not_executed_is_told_in_an_event() {
    let app = TestApp::new().await;
    for (query, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription ($id: ID!) { tweetChanged(tweetId: $id) { likeCount } }", "BAD_USER_INPUT"),
        ("subscription { notificationAdded { cursor } }", "UNAUTHENTICATED"),
    ] {
        let mut by_post = app.listen(app.anonymous().request(&json!({ "query": query }))).await;
        let mut by_get = app.listen(get(EVENTS, &[("query", query)])).await;
        for events in [&mut by_post, &mut by_get] {
            let answer = events.next().await.unwrap();
            assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{answer}");
            assert_eq!(events.next().await, None, "{query}");
        }
    }
}

#[tokio::test]
async fn what_is_no_request_has_a_status_that_says_so() {
    let app = TestApp::new().await;
    let post = |content_type: &str, body: &'static str| {
        let request = Request::post("/graphql").header(header::ACCEPT, EVENTS);
        request.header(header::CONTENT_TYPE, content_type).body(Body::from(body)).unwrap()
    };
    let mut bad_token = post("application/json", r#"{"query":"{ __typename }"}"#);
    bad_token.headers_mut().insert(header::AUTHORIZATION, "Bearer nonsense".parse().unwrap());
    for (request, status) in [
        (post("application/json", "{"), 400),
        (post("application/json", "{}"), 400),
        (post("text/plain", r#"{"query":"{ __typename }"}"#), 415),
        (get(EVENTS, &[]), 400),
        (get(EVENTS, &[("query", "mutation { logOut { userErrors { code } } }")]), 405),
        (bad_token, 401),
    ] {
        let answer = app.send(request).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(!answer.code().is_empty());
    }
}

#[tokio::test]
async fn events_are_sent_if_they_are_preferred_or_there_is_no_other_way() {
    let app = TestApp::new().await;
    let urql = "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed";
    let ada = app.person("ada").await;
    let tweet = app.tweet(&ada, "hello").await;
    app.drain().await;
    let query = json!({ "query": "{ __typename }" });
    let subscription = json!({ "query": CHANGED, "variables": { "id": tweet } });
    for (accept, for_query) in [
        (EVENTS, EVENTS),
        ("application/json, text/event-stream", "application/json"),
        ("text/event-stream, application/json;q=0.9", EVENTS),
        ("text/event-stream, */*", "application/json"),
        ("text/event-stream, */*;q=0.1", EVENTS),
        (urql, "application/graphql-response+json"),
    ] {
        assert_eq!(content_type(&respond(&app, accept, &query).await), for_query, "{accept}");
        assert_eq!(content_type(&respond(&app, accept, &subscription).await), EVENTS, "{accept}");
    }
    let refused = respond(&app, "application/json, text/event-stream;q=0", &subscription).await;
    assert_eq!(content_type(&refused), "application/json");
}

#[tokio::test]
async fn a_mutation_by_post_is_executed_once() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let body = json!({ "query": CREATE_TWEET, "variables": { "content": "as an event" } });
    let mut events = app.listen(app.as_user(&ada).request(&body)).await;
    assert_eq!(events.data().await["createTweet"]["tweet"]["content"], "as an event");
    assert_eq!(events.next().await, None);
    app.drain().await;
    assert_eq!(app.number("SELECT COUNT(*) FROM tweet", []).await, 1);
}

#[tokio::test]
async fn logging_out_ends_the_stream() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let query = "subscription { notificationAdded { cursor } }";
    let mut request = app.as_user(&ada).request(&json!({ "query": query }));
    request.headers_mut().insert(header::ACCEPT, EVENTS.parse().unwrap());
    let response = app.router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    app.as_user(&ada).gql("mutation { logOut { userErrors { code } } }", json!({})).await.changed("logOut");
    let mut body = response.into_body().into_data_stream();
    while let Some(piece) = body.next().await {
        piece.unwrap();
    }
}

#[tokio::test]
async fn events_are_never_compressed() {
    let app = TestApp::new().await;
    let introspection = include_str!("../limits/introspection.graphql");
    let mut request = get(EVENTS, &[("query", introspection)]);
    request.headers_mut().insert(header::ACCEPT_ENCODING, "gzip, br".parse().unwrap());
    let answer = app.send(request).await;
    assert!(!answer.headers.contains_key(header::CONTENT_ENCODING));
    assert!(answer.text.starts_with("event: next\n"), "{}", answer.text);
}
