//! GraphQL by POST.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::Server;
use super::answer::{Media, Rejection};
use super::identity::{Identity, identify};
use super::operation::{self, Params};
use super::sse;
use crate::auth::cookie;
use crate::graphql::RequestContext;

/// How long a body may be, in bytes.
const LONGEST: usize = 1024 * 1024;

/// Executes the operation of a JSON body.
///
/// Only `application/json` is taken: whatever a page of another site can send without asking first (a form, a link, plain
/// text) never gets to the engine, so that the session cookie is safe.
pub async fn post(State(server): State<Server>, headers: HeaderMap, body: Body) -> Response {
    let media = Media::of(&headers);
    answer(&server, &headers, media, body).await.unwrap_or_else(|rejection| media.reject(&rejection))
}

async fn answer(server: &Server, headers: &HeaderMap, media: Media, body: Body) -> Result<Response, Rejection> {
    if !is_json(headers) {
        let message = "Send the request as JSON, with the header Content-Type: application/json.";
        return Err(Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "BAD_USER_INPUT", message));
    }
    let body = axum::body::to_bytes(body, LONGEST).await.map_err(|_too_long| {
        let message = format!("The body may have at most {LONGEST} bytes.");
        Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, "TOO_COSTLY", message)
    })?;
    let operation = match Params::from_json(&body)?.prepare(&server.limits) {
        Ok(operation) => operation,
        Err(rejection) if sse::is_wanted(headers) => return Err(rejection),
        Err(rejection) => return Ok(media.refuse(&rejection)),
    };
    let Identity { viewer, stale_cookie } = identify(&server.app, headers).await?;
    let context = RequestContext::new(&server.app, viewer, user_agent(headers));
    if sse::is_wanted(headers) {
        return Ok(sse::answer(server, operation, context, viewer));
    }
    let executed = operation::execute(server, operation, context).await;
    let mut response = media.answer(executed);
    if stale_cookie && !response.headers().contains_key(header::SET_COOKIE) {
        let cleared = HeaderValue::from_str(&cookie::cleared(&server.app.config));
        response.headers_mut().extend(cleared.ok().map(|cleared| (header::SET_COOKIE, cleared)));
    }
    Ok(response)
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

/// What the client calls itself.
pub fn user_agent(headers: &HeaderMap) -> Option<String> {
    headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned)
}
