//! For those who watch over the server.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::monitor::Monitor;
use crate::service::health;

/// The process answers.
pub async fn live() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// Whether the process can do its work. What is down is told with 503: nothing should be sent here. What is only degraded is
/// told with 200: the other processes would be no better.
pub async fn ready(State(monitor): State<Monitor>) -> Response {
    let mut faults = health::faults(&monitor.app).await;
    if monitor.stop.is_cancelled() {
        faults.down.push("draining");
    }
    let (status, word) = match (faults.down.is_empty(), faults.degraded.is_empty()) {
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "down"),
        (true, false) => (StatusCode::OK, "degraded"),
        (true, true) => (StatusCode::OK, "ok"),
    };
    let mut body = serde_json::Map::from_iter([("status".to_owned(), json!(word))]);
    for (key, names) in [("down", faults.down), ("degraded", faults.degraded)] {
        if !names.is_empty() {
            body.insert(key.to_owned(), json!(names));
        }
    }
    (status, Json(body)).into_response()
}
