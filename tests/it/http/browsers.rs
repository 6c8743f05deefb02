//! What pages of other sites may do with a browser's session: nothing, unless they are configured.

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, header};
use serde_json::json;

use crate::support::{Answer, CREATE_TWEET, Person, TestApp};

const FRIEND: &str = "https://app.example";
const STRANGER: &str = "https://evil.example";

async fn app() -> TestApp {
    TestApp::with(|config| config.allowed_origins = vec![FRIEND.to_owned()]).await
}

async fn preflight(app: &TestApp, origin: &str) -> Answer {
    let request = Request::builder().method(Method::OPTIONS).uri("/graphql").header(header::ORIGIN, origin);
    let request = request.header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST");
    let request = request.header(header::ACCESS_CONTROL_REQUEST_HEADERS, "content-type,authorization");
    app.send(request.body(Body::empty()).unwrap()).await
}

fn allowed(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).map(|origin| origin.to_str().unwrap())
}

#[tokio::test]
async fn pages_of_allowed_origins_may_ask_with_credentials() {
    let app = app().await;
    let answer = preflight(&app, FRIEND).await;
    assert_eq!((answer.status.as_u16(), allowed(&answer.headers)), (200, Some(FRIEND)));
    assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
    let headers = answer.headers[header::ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap().to_ascii_lowercase();
    assert!(headers.contains("content-type") && headers.contains("authorization"), "{headers}");
    assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_METHODS], "GET,POST");
    // What every answer has, one that no handler gives has as well.
    assert!(answer.headers.contains_key("x-request-id"));
    assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");

    for query in ["{ __typename }", "{"] {
        let mut request = app.anonymous().request(&json!({ "query": query }));
        request.headers_mut().insert(header::ORIGIN, FRIEND.parse().unwrap());
        let answer = app.send(request).await;
        assert_eq!(allowed(&answer.headers), Some(FRIEND));
        let exposed = answer.headers[header::ACCESS_CONTROL_EXPOSE_HEADERS].to_str().unwrap();
        assert!(exposed.contains("retry-after") && exposed.contains("x-request-id"), "{exposed}");
        assert!(answer.headers.get_all(header::VARY).iter().any(|vary| vary.to_str().unwrap().contains("origin")));
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_told_nothing() {
    let configured = app().await;
    let plain = TestApp::new().await;
    for (app, origin) in [(&configured, STRANGER), (&configured, "null"), (&plain, FRIEND)] {
        assert_eq!(allowed(&preflight(app, origin).await.headers), None, "{origin}");
        let mut request = app.anonymous().request(&json!({ "query": "{ __typename }" }));
        request.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
        assert_eq!(allowed(&app.send(request).await.headers), None, "{origin}");
    }
}

/// Every request that a page may make a browser send with the cookie and without asking first.
fn simple(person: &Person) -> Vec<Request<Body>> {
    let mutation = "mutation { createTweet(input: { content: \"forged\" }) { tweet { id } } }";
    let json = json!({ "query": mutation }).to_string();
    let form = "--XX\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n".to_owned()
        + &json
        + "\r\n--XX\r\nContent-Disposition: form-data; name=\"map\"\r\n\r\n{}\r\n--XX--\r\n";
    let in_url = super::get::url(&[("query", mutation)]);
    let mut requests = vec![
        Request::get(&in_url).body(Body::empty()).unwrap(),
        Request::head(&in_url).body(Body::empty()).unwrap(),
        Request::get(&in_url).header(header::ACCEPT, "text/event-stream").body(Body::empty()).unwrap(),
        Request::post(&in_url).body(Body::empty()).unwrap(),
        Request::post("/graphql").body(Body::from(json.clone())).unwrap(),
    ];
    for (content_type, body) in [
        ("text/plain", json.clone()),
        ("text/plain;charset=UTF-8", json.clone()),
        ("application/x-www-form-urlencoded", in_url.split_once('?').unwrap().1.to_owned()),
        ("application/x-www-form-urlencoded", json),
        ("multipart/form-data; boundary=XX", form),
    ] {
        let request = Request::post("/graphql").header(header::CONTENT_TYPE, content_type);
        requests.push(request.body(Body::from(body)).unwrap());
    }
    for request in &mut requests {
        let cookie = format!("roost_session={}", person.token).parse().unwrap();
        request.headers_mut().insert(header::COOKIE, cookie);
        request.headers_mut().insert(header::ORIGIN, STRANGER.parse().unwrap());
    }
    requests
}

#[tokio::test]
async fn nothing_that_a_browser_sends_unasked_changes_anything() {
    let app = app().await;
    let ada = app.person("ada").await;
    for request in simple(&ada) {
        let described = format!("{} {:?}", request.method(), request.headers().get(header::CONTENT_TYPE));
        let answer = app.send(request).await;
        assert!(answer.status.is_client_error(), "{described}: {}", answer.text);
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM tweet", []).await, 0);
    app.as_user(&ada).gql(CREATE_TWEET, json!({ "content": "my own" })).await.changed("createTweet");
    app.drain().await;
}
