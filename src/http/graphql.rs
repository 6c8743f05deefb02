//! GraphQL by POST.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::Server;
use super::answer::{Media, Rejection};
use super::identity::{Identity, identify};
use super::operation::{self, Operation, Params};
use super::rate;
use super::sse;
use super::upload::{self, Upload};
use crate::auth::{Client, cookie};
use crate::graphql::RequestContext;

/// How long a body may be, in bytes.
const LONGEST: usize = 1024 * 1024;

/// Executes the operation of a JSON body, or of a form with files.
///
/// What a page of another site can send without asking first (a link, a form, plain text) never gets to the engine, so that
/// the session cookie is safe: JSON has to call itself `application/json`, and a form needs a header that no form can have.
pub async fn post(State(server): State<Server>, client: Client, headers: HeaderMap, body: Body) -> Response {
    let media = Media::of(&headers);
    let answer = match media_type(&headers).as_str() {
        "application/json" => json(&server, client, &headers, media, body).await,
        "multipart/form-data" => form(&server, client, &headers, media, body).await,
        _ => {
            let message = "Send the request as JSON, with the header Content-Type: application/json, \
                           or with files as multipart/form-data.";
            Err(Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "BAD_USER_INPUT", message))
        }
    };
    answer.unwrap_or_else(|rejection| media.reject(&rejection))
}

async fn json(
    server: &Server,
    client: Client,
    headers: &HeaderMap,
    media: Media,
    body: Body,
) -> Result<Response, Rejection> {
    let body = axum::body::to_bytes(body, LONGEST).await.map_err(|_too_long| {
        let message = format!("The body may have at most {LONGEST} bytes.");
        Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, "TOO_COSTLY", message)
    })?;
    let operation = match Params::from_json(&body)?.prepare(&server.limits) {
        Ok(operation) => operation,
        Err(rejection) if sse::is_wanted(headers) => return Err(rejection),
        Err(rejection) => return Ok(media.refuse(&rejection)),
    };
    let identity = identify(&server.app, headers).await?;
    let context = RequestContext::new(&server.app, identity.viewer, client);
    rate::admit(server, &operation, identity.viewer, &context).await?;
    if sse::is_wanted(headers) {
        return Ok(sse::answer(server, operation, context, identity.viewer));
    }
    Ok(execute(server, media, operation, context, &identity).await)
}

async fn form(
    server: &Server,
    client: Client,
    headers: &HeaderMap,
    media: Media,
    body: Body,
) -> Result<Response, Rejection> {
    upload::check_preflight(headers)?;
    let identity = identify(&server.app, headers).await?;
    // Nothing that takes a file is for somebody who is not logged in, so theirs need no room.
    let most = if identity.viewer.is_some() { server.app.config.upload_bytes } else { LONGEST };
    let Upload { params, held } = upload::read(&server.app, &server.uploads, headers, body, most).await?;
    let operation = match params.prepare(&server.limits) {
        Ok(operation) => operation,
        Err(rejection) => return Ok(media.refuse(&rejection)),
    };
    let context = RequestContext::new(&server.app, identity.viewer, client);
    rate::admit(server, &operation, identity.viewer, &context).await?;
    let response = execute(server, media, operation, context, &identity).await;
    drop(held);
    Ok(response)
}

async fn execute(
    server: &Server,
    media: Media,
    operation: Operation,
    context: Arc<RequestContext>,
    identity: &Identity,
) -> Response {
    let executed = operation::execute(server, operation, context).await;
    let mut response = media.answer(executed);
    if identity.stale_cookie && !response.headers().contains_key(header::SET_COOKIE) {
        let cleared = HeaderValue::from_str(&cookie::cleared(&server.app.config));
        response.headers_mut().extend(cleared.ok().map(|cleared| (header::SET_COOKIE, cleared)));
    }
    response
}

/// The content type without its parameters, in lower case.
fn media_type(headers: &HeaderMap) -> String {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
