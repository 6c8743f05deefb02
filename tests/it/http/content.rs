//! What a body says it is.

use axum::body::Body;
use axum::http::{Request, header};

use crate::support::{Answer, TestApp};

async fn send(app: &TestApp, name: header::HeaderName, value: &str) -> Answer {
    let mut request = Request::post("/graphql").body(Body::from(r#"{"query":"{ __typename }"}"#)).unwrap();
    request.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
    request.headers_mut().insert(name, value.parse().unwrap());
    app.send(request).await
}

#[tokio::test]
async fn only_utf_8_is_read() {
    let app = TestApp::new().await;
    for parameters in ["", "; charset=utf-8", ";charset=UTF-8", "; Charset=\"utf-8\"", "; version=1; charset=utf8"] {
        send(&app, header::CONTENT_TYPE, &format!("application/json{parameters}")).await.ok();
    }
    for charset in ["utf-16", "iso-8859-1", "latin1", ""] {
        let answer = send(&app, header::CONTENT_TYPE, &format!("application/json; charset={charset}")).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (415, "BAD_USER_INPUT"), "{charset}");
    }
}

#[tokio::test]
async fn a_compressed_body_is_not_read() {
    let app = TestApp::new().await;
    send(&app, header::CONTENT_ENCODING, "identity").await.ok();
    for encoding in ["gzip", "br", "deflate", "gzip, identity"] {
        let answer = send(&app, header::CONTENT_ENCODING, encoding).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (415, "BAD_USER_INPUT"), "{encoding}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_400_and_executes_nothing() {
    let app = TestApp::new().await;
    let pieces = [Ok("{\"query\":\"mutation { "), Err("the connection broke")];
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    let request = Request::post("/graphql").header(header::CONTENT_TYPE, "application/json").body(body).unwrap();
    let answer = app.send(request).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (400, "BAD_USER_INPUT"), "{}", answer.text);
}
