//! What is taken as a request, and in which of the two media types it is answered.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};

use crate::support::{Answer, CREATE_TWEET, Person, TestApp};

fn post(accept: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post("/graphql").header(header::CONTENT_TYPE, "application/json");
    request.header(header::ACCEPT, accept).body(body.into()).unwrap()
}

fn media_type(answer: &Answer) -> &str {
    answer.headers[header::CONTENT_TYPE].to_str().unwrap()
}

/// An answer to something that was not executed has errors and no `data`.
#[track_caller]
fn is_request_error(answer: &Answer, code: &str) {
    assert_eq!(answer.code(), code, "{}", answer.text);
    assert!(answer.body.get("data").is_none(), "{}", answer.text);
    assert!(!answer.body["errors"][0]["message"].as_str().unwrap().is_empty());
}

const JSON: &str = "application/json";
const GRAPHQL_JSON: &str = "application/graphql-response+json";

async fn tweets(app: &TestApp) -> i64 {
    app.number("SELECT COUNT(*) FROM tweet", []).await
}

#[tokio::test]
async fn only_json_is_taken_so_that_no_form_of_another_site_changes_anything() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let body = json!({ "query": CREATE_TWEET, "variables": { "content": "forged" } }).to_string();
    for content_type in [
        Some("text/plain"),
        Some("text/plain; application/json"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/mixed; boundary=x"),
        Some("application/jsonp"),
        Some("application/graphql"),
        Some(""),
        None,
    ] {
        let mut request = Request::post("/graphql").header(header::COOKIE, format!("roost_session={}", ada.token));
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        let answer = app.send(request.body(Body::from(body.clone())).unwrap()).await;
        assert_eq!(answer.status, 415, "{content_type:?}");
        is_request_error(&answer, "BAD_USER_INPUT");
    }
    assert_eq!(tweets(&app).await, 0);
    for content_type in ["application/json; charset=utf-8", "Application/JSON"] {
        let request = Request::post("/graphql").header(header::CONTENT_TYPE, content_type);
        let answer = app.send(request.body(Body::from(r#"{"query":"{ __typename }"}"#)).unwrap()).await;
        assert_eq!(answer.ok()["__typename"], "Query", "{content_type}");
    }
}

#[tokio::test]
async fn what_is_no_request_is_400_in_either_media_type() {
    let app = TestApp::new().await;
    for accept in [JSON, GRAPHQL_JSON] {
        for body in [
            "",
            "nonsense",
            "{",
            "null",
            "1",
            r#""{ __typename }""#,
            "[]",
            r#"[{"query":"{ __typename }"}]"#,
            r#"["{ __typename }",null,null,null]"#,
            "{}",
            r#"{"qeury":"{ __typename }"}"#,
            r#"{"query":null}"#,
            r#"{"query":1}"#,
            r#"{"query":["{ __typename }"]}"#,
            r#"{"query":"{ __typename }","operationName":1}"#,
            r#"{"query":"{ __typename }","variables":[]}"#,
            r#"{"query":"{ __typename }","variables":"{}"}"#,
            r#"{"query":"{ __typename }","extensions":[]}"#,
            r#"{"query":"{ __typename }"} trailing"#,
            "{\"query\":\"{ __typename }\",\"variables\":{\"a\":\u{1}}}",
        ] {
            let answer = app.send(post(accept, body)).await;
            assert_eq!(answer.status, 400, "{body}");
            is_request_error(&answer, "BAD_USER_INPUT");
            assert!(media_type(&answer).starts_with(accept), "{body}");
        }
        let deep = format!(r#"{{"query":"{{ __typename }}","variables":{{"a":{}}}}}"#, "[".repeat(100_000));
        assert_eq!(app.send(post(accept, deep)).await.status, 400);
        let not_utf8 = b"{\"query\":\"{ __typename } # \xff\"}".to_vec();
        assert_eq!(app.send(post(accept, not_utf8)).await.status, 400);
    }
}

#[tokio::test]
async fn optional_parameters_may_be_null() {
    let app = TestApp::new().await;
    let body = json!({ "query": "{ __typename }", "variables": null, "operationName": null, "extensions": null });
    assert_eq!(app.send(post(JSON, body.to_string())).await.ok()["__typename"], "Query");
    let body = json!({ "query": "{ __typename }", "operationName": "" });
    assert_eq!(app.send(post(JSON, body.to_string())).await.ok()["__typename"], "Query");
}

#[tokio::test]
async fn a_body_of_more_than_a_megabyte_is_413() {
    let app = TestApp::new().await;
    let padded = |bytes: usize| {
        let body = json!({ "query": "{ __typename }", "variables": { "pad": "" } }).to_string();
        body.replace(r#""pad":"""#, &format!(r#""pad":"{}""#, "x".repeat(bytes - body.len())))
    };
    assert_eq!(padded(1 << 20).len(), 1 << 20);
    app.send(post(JSON, padded(1 << 20))).await.ok();
    let answer = app.send(post(JSON, padded((1 << 20) + 1))).await;
    assert_eq!(answer.status, 413);
    is_request_error(&answer, "TOO_COSTLY");
}

#[tokio::test]
async fn other_methods_are_405_and_name_those_that_are_not() {
    let app = TestApp::new().await;
    let cases =
        [(Method::PUT, "/graphql"), (Method::DELETE, "/graphql"), (Method::POST, "/"), (Method::POST, "/health/live")];
    for (method, path) in cases {
        let request = Request::builder().method(&method).uri(path).body(Body::empty()).unwrap();
        let answer = app.send(request).await;
        assert_eq!(answer.status, 405, "{method} {path}");
        is_request_error(&answer, "BAD_USER_INPUT");
        assert!(answer.headers.contains_key(header::ALLOW), "{method} {path}");
    }
}

#[tokio::test]
async fn an_unknown_path_is_404() {
    let app = TestApp::new().await;
    for path in
        ["/nothing", "/graphql/", "/graphiql/", "/graphiql/nothing.js", "/graphiql/%2e%2e%2fVENDORED.md", "/.env"]
    {
        let answer = app.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 404, "{path}");
        is_request_error(&answer, "NOT_FOUND");
    }
}

#[tokio::test]
async fn the_media_type_is_the_one_that_the_client_weighs_higher() {
    let app = TestApp::new().await;
    for (accept, expected) in [
        (Some(JSON), JSON),
        (Some(GRAPHQL_JSON), GRAPHQL_JSON),
        (Some("Application/GraphQL-Response+JSON"), GRAPHQL_JSON),
        (Some("application/graphql-response+json, application/json;q=0.9"), GRAPHQL_JSON),
        (Some("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8"), GRAPHQL_JSON),
        (Some("application/json, application/graphql-response+json;q=0.5"), JSON),
        (Some("application/json;q=0.5, application/graphql-response+json; q=0.6"), GRAPHQL_JSON),
        (Some("application/graphql-response+json;q=0"), JSON),
        (Some("*/*"), JSON),
        (Some(""), JSON),
        (None, JSON),
    ] {
        let mut request = post("", r#"{"query":"{ __typename }"}"#);
        request.headers_mut().remove(header::ACCEPT);
        if let Some(accept) = accept {
            request.headers_mut().insert(header::ACCEPT, accept.parse().unwrap());
        }
        let answer = app.send(request).await;
        answer.ok();
        assert_eq!(media_type(&answer), format!("{expected}; charset=utf-8"), "{accept:?}");
    }
    // The header may come in several lines.
    let mut request = post("text/html", r#"{"query":"{ __typename }"}"#);
    request.headers_mut().append(header::ACCEPT, GRAPHQL_JSON.parse().unwrap());
    assert!(media_type(&app.send(request).await).starts_with(GRAPHQL_JSON));
}

/// What is a request, but is not executed.
fn not_executed() -> Vec<(Value, &'static str)> {
    let query = |text: &str| json!({ "query": text });
    vec![
        (query(""), "GRAPHQL_PARSE_FAILED"),
        (query("{"), "GRAPHQL_PARSE_FAILED"),
        (query("type A { a: Int }"), "GRAPHQL_PARSE_FAILED"),
        (query("{ nothing }"), "GRAPHQL_VALIDATION_FAILED"),
        (query("{ viewer }"), "GRAPHQL_VALIDATION_FAILED"),
        (query("{ ...A } fragment A on Query { ...A }"), "GRAPHQL_VALIDATION_FAILED"),
        (query("query A { __typename } query B { __typename }"), "GRAPHQL_VALIDATION_FAILED"),
        (json!({ "query": "query A { __typename }", "operationName": "B" }), "GRAPHQL_VALIDATION_FAILED"),
        (query("query ($id: ID!) { node(id: $id) { id } }"), "BAD_USER_INPUT"),
        (
            json!({ "query": "query ($id: ID! = \"x\") { node(id: $id) { id } }", "variables": { "id": null } }),
            "BAD_USER_INPUT",
        ),
        (
            json!({ "query": "mutation ($i: LogInInput!) { logIn(input: $i) { userErrors { code } } }", "variables": { "i": {} } }),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            json!({ "query": "query ($name: String!) { user(username: $name) { id } }", "variables": { "name": 1 } }),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (query("subscription { notificationAdded { cursor } }"), "GRAPHQL_VALIDATION_FAILED"),
        (query(&format!("{{ {} }}", "a: __typename ".repeat(31))), "TOO_COSTLY"),
    ]
}

#[tokio::test]
async fn under_json_a_request_that_is_not_executed_is_200() {
    let app = TestApp::new().await;
    for (body, code) in not_executed() {
        let answer = app.send(post(JSON, body.to_string())).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text);
        is_request_error(&answer, code);
        assert!(media_type(&answer).starts_with(JSON));
    }
}

#[tokio::test]
async fn under_graphql_response_json_it_is_400() {
    let app = TestApp::new().await;
    for (body, code) in not_executed() {
        let answer = app.send(post(GRAPHQL_JSON, body.to_string())).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        is_request_error(&answer, code);
        assert!(media_type(&answer).starts_with(GRAPHQL_JSON));
    }
}

#[tokio::test]
async fn a_variable_that_is_missing_in_the_second_mutation_stops_the_first() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let query = "mutation ($content: String!) {
        a: createTweet(input: { content: \"first\" }) { tweet { id } }
        b: createTweet(input: { content: $content }) { tweet { id } } }";
    is_request_error(&app.as_user(&ada).gql(query, json!({})).await, "BAD_USER_INPUT");
    assert_eq!(tweets(&app).await, 0);
}

#[tokio::test]
async fn what_is_executed_is_200_in_both_whatever_goes_wrong_in_it() {
    let app = TestApp::new().await;
    let body = json!({ "query": "mutation { createTweet(input: { content: \"x\" }) { tweet { id } } }" }).to_string();
    for accept in [JSON, GRAPHQL_JSON] {
        let answer = app.send(post(accept, body.clone())).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.code(), "UNAUTHENTICATED");
        assert_eq!(answer.body["data"], json!({ "createTweet": null }));
    }
}

#[tokio::test]
async fn a_bad_token_is_401_in_both() {
    let app = TestApp::new().await;
    for accept in [JSON, GRAPHQL_JSON] {
        let mut request = post(accept, r#"{"query":"{ __typename }"}"#);
        request.headers_mut().insert(header::AUTHORIZATION, "Bearer nonsense".parse().unwrap());
        let answer = app.send(request).await;
        assert_eq!(answer.status, 401);
        is_request_error(&answer, "UNAUTHENTICATED");
        assert!(media_type(&answer).starts_with(accept));
    }
}

#[tokio::test]
async fn the_bearer_token_goes_before_the_cookie() {
    let app = TestApp::new().await;
    let [ada, bob]: [Person; 2] = app.cast(["ada", "bob"]).await;
    let mut request = app.as_user(&ada).request(&json!({ "query": "{ viewer { user { username } } }" }));
    request.headers_mut().insert(header::COOKIE, format!("roost_session={}", bob.token).parse().unwrap());
    assert_eq!(app.send(request).await.ok()["viewer"]["user"]["username"], "ada");
}
