//! Headers that every answer has, and compression.

use std::collections::HashSet;
use std::io::Read;

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::json;
use tower::ServiceExt;

use crate::support::TestApp;

#[tokio::test]
async fn every_answer_has_an_id_of_its_own_and_may_not_be_kept_or_guessed_at() {
    let app = TestApp::new().await;
    let mut ids = HashSet::new();
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    let post = |query: &str| app.anonymous().request(&json!({ "query": query }));
    let requests = [
        get("/nothing"),
        get("/health/live"),
        get("/graphql"),
        post("{ __typename }"),
        post("{"),
        post("{ __typename }"),
    ];
    for request in requests {
        let answer = app.send(request).await;
        let id = answer.headers["x-request-id"].to_str().unwrap().to_owned();
        assert_eq!(id.len(), 16);
        assert!(ids.insert(id));
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
}

#[tokio::test]
async fn a_fault_of_ours_is_told_by_the_id_in_the_header() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    app.damage("ALTER TABLE feed_entry RENAME TO gone").await;
    let answer = app.as_user(&ada).gql("{ viewer { homeFeed { nodes { id } } } }", json!({})).await;
    assert_eq!(answer.body["errors"][0]["extensions"]["requestId"], answer.headers["x-request-id"].to_str().unwrap());
    app.damage("ALTER TABLE session RENAME TO lost").await;
    let answer = app.as_user(&ada).gql("{ __typename }", json!({})).await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.body["errors"][0]["extensions"]["requestId"], answer.headers["x-request-id"].to_str().unwrap());
}

#[tokio::test]
async fn long_answers_are_compressed_if_the_client_can_read_that() {
    let app = TestApp::new().await;
    let introspection = include_str!("../limits/introspection.graphql");
    let ask = async |query: &str, encodings: &str| {
        let mut request = app.anonymous().request(&json!({ "query": query }));
        request.headers_mut().insert(header::ACCEPT_ENCODING, encodings.parse().unwrap());
        let response = app.router().oneshot(request).await.unwrap();
        let encoding = response.headers().get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap().to_owned());
        (encoding, axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap())
    };
    let (encoding, plain) = ask(introspection, "identity").await;
    assert_eq!(encoding, None);
    let (encoding, gzip) = ask(introspection, "gzip").await;
    assert_eq!(encoding.as_deref(), Some("gzip"));
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&*gzip).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain);
    let (encoding, brotli) = ask(introspection, "gzip, br").await;
    assert_eq!(encoding.as_deref(), Some("br"));
    assert!(brotli.len() < plain.len() / 4, "{} of {} bytes", brotli.len(), plain.len());
    assert_eq!(ask("{ __typename }", "gzip, br").await.0, None, "not worth it");
}
