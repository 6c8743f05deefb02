//! Several operations in one request: a JSON array of them, answered by an array in the same order.
//!
//! They are executed one after the other, so that each sees what those before it did; each within its own limits, all within
//! the time of one request.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::Server;
use super::accept::Accept;
use super::answer::{Rejection, to_json};
use super::graphql::without_stale_cookie;
use super::identity::identify;
use super::params::Params;
use super::{operation, rate};
use crate::auth::Client;
use crate::graphql::RequestContext;

/// Whether a body is an array.
pub fn is_one(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"[")
}

/// # Errors
/// 400 when batches are switched off, or this is none or too long a one.
pub async fn answer(
    server: &Server,
    client: Client,
    headers: &HeaderMap,
    accept: Accept,
    body: &[u8],
) -> Result<Response, Rejection> {
    let items = read(body, server.app.config.batch_limit)?;
    if accept.wants_events(None) {
        return Err(bad("A batch is not answered with events: ask for application/json."));
    }
    let identity = identify(&server.app, headers).await?;
    let context = RequestContext::new(&server.app, identity.viewer, client);
    let deadline = operation::deadline(server);
    let mut answers = Vec::with_capacity(items.len());
    let mut told = HeaderMap::new();
    for item in items {
        let prepared = params(item).and_then(|params| params.prepare(server));
        let admitted = match prepared {
            Ok(operation) => rate::admit(server, &operation, identity.viewer, &context).await.map(|()| operation),
            Err(rejection) => Err(rejection),
        };
        answers.push(match admitted {
            Ok(operation) => {
                let executed = operation::execute(server, operation, context.clone(), deadline).await;
                told.extend(executed.http_headers.clone());
                to_json(&executed)
            }
            Err(rejection) => json!({ "errors": [rejection.error()] }).to_string(),
        });
    }
    let mut response = accept.media.respond(StatusCode::OK, format!("[{}]", answers.join(",")));
    response.headers_mut().extend(told);
    Ok(without_stale_cookie(server, &identity, response))
}

fn read(body: &[u8], most: usize) -> Result<Vec<Value>, Rejection> {
    if most == 0 {
        return Err(bad("The body has to be a JSON object with the string `query`: batches are switched off."));
    }
    let items: Vec<Value> =
        serde_json::from_slice(body).map_err(|error| bad(format!("The body has to be JSON: {error}.")))?;
    match items.len() {
        0 => Err(bad("The batch is empty.")),
        count if count > most => {
            let message = format!("A batch may have at most {most} operations; these are {count}.");
            Err(Rejection::new(StatusCode::BAD_REQUEST, "TOO_COSTLY", message))
        }
        _ => Ok(items),
    }
}

fn params(item: Value) -> Result<Params, Rejection> {
    let params = serde_json::from_value::<Map<String, Value>>(item).and_then(Params::from_map);
    params.map_err(|error| bad(format!("Each of a batch has to be an object with the string `query`: {error}.")))
}

fn bad(message: impl Into<String>) -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", message)
}
