//! GraphQL by POST, and by GET for what changes nothing.

use std::error::Error;
use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use http_body_util::LengthLimitError;
use tokio::time::timeout;

use super::accept::Accept;
use super::answer::Rejection;
use super::content::{self, Content};
use super::identity::{Identity, identify};
use super::operation::{self, Operation};
use super::params::Params;
use super::upload::{self, Upload};
use super::{Server, batch, rate, sse};
use crate::auth::{Client, cookie};
use crate::graphql::RequestContext;

/// How long a body may be, in bytes.
const LONGEST: usize = 1024 * 1024;

/// Executes the operation of a JSON body, or of a form with files.
///
/// What a page of another site can send without asking first (a link, a form, plain text) never gets to the engine, so that
/// the session cookie is safe: JSON has to call itself `application/json`, and a form needs a header that no form can have.
pub async fn post(State(server): State<Arc<Server>>, client: Client, headers: HeaderMap, body: Body) -> Response {
    let accept = Accept::of(&headers);
    let answer = match content::of(&headers) {
        Ok(Content::Json) => json(&server, client, &headers, accept, body).await,
        Ok(Content::Form) => form(&server, client, &headers, accept, body).await,
        Err(rejection) => Err(rejection),
    };
    answer.unwrap_or_else(|rejection| accept.media.reject(&rejection))
}

/// Executes a query that stands in the URL, or streams a subscription. A link on any page sends it with our cookie, so
/// nothing that changes something is executed.
pub async fn get(server: &Arc<Server>, client: Client, headers: &HeaderMap, uri: &Uri) -> Response {
    let accept = Accept::of(headers);
    let answer = async {
        let operation = match Params::from_url(uri.query().unwrap_or_default())?.prepare(server) {
            Ok(operation) => operation,
            Err(rejection) => return Ok(refuse(accept, &rejection)),
        };
        if operation.kind == OperationType::Mutation {
            let message = "A mutation has to be sent by POST.";
            let rejection = Rejection::new(StatusCode::METHOD_NOT_ALLOWED, "BAD_USER_INPUT", message);
            return Ok(([(header::ALLOW, "POST")], accept.media.reject(&rejection)).into_response());
        }
        let identity = identify(&server.app, headers).await?;
        answer(server, client, accept, operation, identity).await
    };
    answer.await.unwrap_or_else(|rejection| accept.media.reject(&rejection))
}

async fn json(
    server: &Arc<Server>,
    client: Client,
    headers: &HeaderMap,
    accept: Accept,
    body: Body,
) -> Result<Response, Rejection> {
    let body = read(server, body).await?;
    if batch::is_one(&body) {
        return batch::answer(server, client, headers, accept, &body).await;
    }
    let operation = match Params::from_json(&body)?.prepare(server) {
        Ok(operation) => operation,
        Err(rejection) => return Ok(refuse(accept, &rejection)),
    };
    let identity = identify(&server.app, headers).await?;
    answer(server, client, accept, operation, identity).await
}

async fn read(server: &Server, body: Body) -> Result<bytes::Bytes, Rejection> {
    let body = timeout(server.timings.body, axum::body::to_bytes(body, LONGEST)).await;
    let body = body.map_err(|_elapsed| {
        let message = "The rest of the request did not come in time.";
        Rejection::new(StatusCode::REQUEST_TIMEOUT, "TIMEOUT", message)
    })?;
    body.map_err(|error| {
        let is_long = error.source().is_some_and(<dyn Error>::is::<LengthLimitError>);
        if is_long {
            let message = format!("The body may have at most {LONGEST} bytes.");
            return Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, "TOO_COSTLY", message);
        }
        Rejection::new(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", "The body broke off.")
    })
}

async fn form(
    server: &Arc<Server>,
    client: Client,
    headers: &HeaderMap,
    accept: Accept,
    body: Body,
) -> Result<Response, Rejection> {
    upload::check_preflight(headers)?;
    let identity = identify(&server.app, headers).await?;
    // Nothing that takes a file is for somebody who is not logged in, so theirs need no room.
    let most = if identity.viewer.is_some() { server.app.config.upload_bytes } else { LONGEST };
    let Upload { params, held } = upload::read(&server.app, &server.uploads, headers, body, most).await?;
    let operation = match params.prepare(server) {
        Ok(operation) => operation,
        Err(rejection) => return Ok(refuse(accept, &rejection)),
    };
    let response = answer(server, client, accept, operation, identity).await;
    drop(held);
    response
}

/// The answer to a request that was understood, but whose document is not executed.
fn refuse(accept: Accept, rejection: &Rejection) -> Response {
    if accept.wants_events(None) { sse::refuse(rejection) } else { accept.media.refuse(rejection) }
}

async fn answer(
    server: &Arc<Server>,
    client: Client,
    accept: Accept,
    operation: Operation,
    identity: Identity,
) -> Result<Response, Rejection> {
    let context = RequestContext::new(&server.app, identity.viewer, client);
    rate::admit(server, &operation, identity.viewer, &context).await?;
    let response = if accept.wants_events(Some(operation.kind)) {
        sse::answer(server, operation, context, identity.viewer)
    } else {
        let executed = operation::execute(server, operation, context, operation::deadline(server)).await;
        accept.media.answer(executed)
    };
    Ok(without_stale_cookie(server, &identity, response))
}

/// Takes away the cookie of a session that has ended, unless the answer sets another one.
pub fn without_stale_cookie(server: &Server, identity: &Identity, mut response: Response) -> Response {
    if identity.stale_cookie && !response.headers().contains_key(header::SET_COOKIE) {
        let cleared = HeaderValue::from_str(&cookie::cleared(&server.app.config));
        response.headers_mut().extend(cleared.ok().map(|cleared| (header::SET_COOKIE, cleared)));
    }
    response
}
