//! One id per request: in the answer's header, in what the client is told of a fault of ours, and in the log.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request that is being answered; a new one for an operation of a socket.
pub fn current() -> String {
    CURRENT.try_with(Clone::clone).unwrap_or_else(|_| generate())
}

/// Gives a request its id, and an answer the headers that all answers have.
pub async fn layer(request: Request, next: Next) -> Response {
    let id = generate();
    let mut response = CURRENT.scope(id.clone(), next.run(request)).await;
    let headers = response.headers_mut();
    headers.extend(HeaderValue::from_str(&id).ok().map(|id| (HEADER, id)));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // What may be kept says so itself. All else is for this viewer, and for now.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn generate() -> String {
    format!("{:016x}", rand::random::<u64>())
}
