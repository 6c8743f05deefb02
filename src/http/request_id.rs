//! One id per request: in the answer's header, in what the client is told of a fault of ours, and in the log.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::trace::Trace;

pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// How many characters an id may have that a client or a proxy sends.
const LONGEST: usize = 64;

/// The id of the request that is being answered.
pub fn current() -> String {
    Trace::current_id().unwrap_or_else(generate)
}

/// Gives a request its id, and the answer the headers that all answers have.
pub async fn layer(request: Request, next: Next) -> Response {
    identified(request, |request| next.run(request)).await
}

/// The same with whatever answers.
pub async fn identified<F: Future<Output = Response>>(request: Request, answer: impl FnOnce(Request) -> F) -> Response {
    let id = sent(request.headers()).unwrap_or_else(generate);
    let mut response = Trace::of_request(&id).run(answer(request)).await;
    let headers = response.headers_mut();
    headers.extend(HeaderValue::from_str(&id).ok().map(|id| (HEADER, id)));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // What may be kept says so itself. All else is for this viewer, and for now.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The id that a proxy, or the client itself, has given the request already, if it can stand in a log.
fn sent(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(HEADER)?.to_str().ok()?;
    let is_harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    (!id.is_empty() && id.len() <= LONGEST && id.chars().all(is_harmless)).then(|| id.to_owned())
}

/// The trace of an operation of a socket, which has no request of its own.
pub fn of_operation() -> Trace {
    Trace::of_request(&generate())
}

fn generate() -> String {
    format!("{:016x}", rand::random::<u64>())
}
