//! For those who watch over the server.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::support::{Answer, TestApp};

async fn get(app: &TestApp, path: &str) -> Answer {
    app.send(Request::get(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_server_that_can_work_says_so() {
    let app = TestApp::new().await;
    for path in ["/health/live", "/health/ready"] {
        let answer = get(&app, path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.body, json!({ "status": "ok" }), "{path}");
    }
}

#[tokio::test]
async fn without_its_database_it_lives_but_is_not_ready() {
    for side in ["reading", "writing"] {
        let app = TestApp::new().await;
        let db = &app.app.db;
        let lost = if side == "reading" { db.read() } else { db.write() };
        lost.close().await;
        let answer = get(&app, "/health/ready").await;
        assert_eq!(answer.status, 503, "{side}");
        assert_eq!(answer.body, json!({ "status": "down", "down": ["database"] }), "{side}");
        assert_eq!(get(&app, "/health/live").await.status, 200);
    }
}
