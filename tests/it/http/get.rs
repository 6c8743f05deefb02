//! Queries in a URL.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::json;

use crate::support::{Answer, TestApp};

const JSON: &str = "application/json";
const GRAPHQL_JSON: &str = "application/graphql-response+json";

/// A URL with these parameters.
pub fn url(parameters: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    format!("/graphql?{}", query.finish())
}

pub fn get(accept: &str, parameters: &[(&str, &str)]) -> Request<Body> {
    Request::get(url(parameters)).header(header::ACCEPT, accept).body(Body::empty()).unwrap()
}

async fn ask(app: &TestApp, parameters: &[(&str, &str)]) -> Answer {
    app.send(get(JSON, parameters)).await
}

#[tokio::test]
async fn a_query_is_answered_as_by_post() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let query = "query A { a: __typename } query B($name: String!) { user(username: $name) { username } }";
    let variables = json!({ "name": "ada" }).to_string();
    let parameters =
        [("query", query), ("operationName", "B"), ("variables", variables.as_str()), ("extensions", r#"{"x":1}"#)];
    for accept in [JSON, GRAPHQL_JSON] {
        let answer = app.send(get(accept, &parameters)).await;
        assert_eq!(answer.ok()["user"]["username"], "ada");
        assert_eq!(answer.headers[header::CONTENT_TYPE], format!("{accept}; charset=utf-8"));
    }
    assert_eq!(ask(&app, &[("query", "{ __typename }"), ("operationName", "")]).await.ok()["__typename"], "Query");
    assert_eq!(ask(&app, &[("query", "{ __typename }"), ("variables", "null")]).await.ok()["__typename"], "Query");
    assert_eq!(ask(&app, &[("query", "{ __typename }"), ("unknown", "x")]).await.ok()["__typename"], "Query");
    let mut request = get(JSON, &[("query", "{ viewer { user { username } } }")]);
    let cookie = format!("roost_session={}", ada.token).parse().unwrap();
    request.headers_mut().insert(header::COOKIE, cookie);
    assert_eq!(app.send(request).await.ok()["viewer"]["user"]["username"], "ada");
}

#[tokio::test]
async fn what_is_no_request_is_400_in_either_media_type() {
    let app = TestApp::new().await;
    let query = ("query", "{ __typename }");
    for parameters in [
        &[][..],
        &[("qeury", "{ __typename }")],
        &[query, query],
        &[query, ("variables", "{")],
        &[query, ("variables", "[]")],
        &[query, ("variables", "1")],
        &[query, ("extensions", "\"x\"")],
        &[query, ("extensions", "[]")],
        &[query, ("variables", "{}"), ("variables", "{}")],
    ] {
        for accept in [JSON, GRAPHQL_JSON] {
            let answer = app.send(get(accept, parameters)).await;
            assert_eq!((answer.status.as_u16(), answer.code()), (400, "BAD_USER_INPUT"), "{parameters:?}");
            assert!(answer.body.get("data").is_none(), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_document_that_is_not_executed_is_200_or_400_by_the_media_type() {
    let app = TestApp::new().await;
    for (query, code) in [
        ("", "GRAPHQL_PARSE_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($id: ID!) { node(id: $id) { id } }", "BAD_USER_INPUT"),
        ("subscription { notificationAdded { cursor } }", "GRAPHQL_VALIDATION_FAILED"),
    ] {
        for (accept, status) in [(JSON, 200), (GRAPHQL_JSON, 400)] {
            let answer = app.send(get(accept, &[("query", query)])).await;
            assert_eq!((answer.status.as_u16(), answer.code()), (status, code), "{query}");
            assert!(answer.body.get("data").is_none(), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_mutation_is_405_whoever_sends_the_link() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let forged = "mutation { createTweet(input: { content: \"forged\" }) { tweet { id } } }";
    let hidden = format!("query A {{ __typename }} {}", forged.replacen("mutation", "mutation B", 1));
    for parameters in [&[("query", forged)][..], &[("query", &hidden), ("operationName", "B")]] {
        for accept in [JSON, GRAPHQL_JSON, "text/event-stream", "text/html"] {
            for method in [Method::GET, Method::HEAD] {
                let mut request = get(accept, parameters);
                *request.method_mut() = method.clone();
                let cookie = format!("roost_session={}", ada.token).parse().unwrap();
                request.headers_mut().insert(header::COOKIE, cookie);
                let answer = app.send(request).await;
                assert_eq!(answer.status, 405, "{accept}");
                assert_eq!(answer.headers[header::ALLOW], "POST");
                if method == Method::GET {
                    assert_eq!(answer.code(), "BAD_USER_INPUT");
                }
            }
        }
    }
    assert_eq!(ask(&app, &[("query", &hidden), ("operationName", "A")]).await.ok()["__typename"], "Query");
    assert_eq!(app.number("SELECT COUNT(*) FROM tweet", []).await, 0);
}

#[tokio::test]
async fn a_bad_token_is_401_and_a_stale_cookie_is_taken_away() {
    let app = TestApp::new().await;
    let mut request = get(JSON, &[("query", "{ __typename }")]);
    request.headers_mut().insert(header::AUTHORIZATION, "Bearer nonsense".parse().unwrap());
    let answer = app.send(request).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (401, "UNAUTHENTICATED"));
    let mut request = get(JSON, &[("query", "{ __typename }")]);
    request.headers_mut().insert(header::COOKIE, "roost_session=nonsense".parse().unwrap());
    let answer = app.send(request).await;
    answer.ok();
    assert!(answer.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
}
