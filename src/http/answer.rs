//! Answers: JSON always, typed errors always, and nothing of our insides in them.

use std::any::Any;
use std::sync::Arc;

use async_graphql::{ErrorExtensionValues, PathSegment, Response as Executed, ServerError, Value};
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::accept::Media;
use super::{rate, request_id};
use crate::config::Config;
use crate::error::Error;
use crate::limit::document::Refused;
use crate::limit::rate::Limited;

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const GRAPHQL_JSON: HeaderValue = HeaderValue::from_static("application/graphql-response+json; charset=utf-8");

/// The room, in bytes, that an answer is given from the beginning: enough for a page of 20 tweets.
const USUAL_ANSWER: usize = 16 << 10;

/// Room for the headers that an answer mostly has.
const USUAL_HEADERS: usize = 12;

/// How many characters of what we say of a request there are at most: it may quote the request.
const LONGEST_MESSAGE: usize = 200;

/// Why a request was not executed at all.
#[derive(Debug)]
pub struct Rejection {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: String,
    /// Line and column in the document, counted from 1.
    pub location: Option<(usize, usize)>,
    /// The limit that was in the way of it.
    limited: Option<Box<Limited>>,
    /// What a person tells the operator of something that is our fault.
    request_id: Option<String>,
}

impl Rejection {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), location: None, limited: None, request_id: None }
    }

    /// Our own fault: the cause goes to the log, under an id that the client is told.
    pub fn internal(error: &Error, what: &str) -> Self {
        let request_id = request_id::current();
        tracing::error!(error = error.log(), "{what}");
        let rejection = Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.code(), error.to_string());
        Self { request_id: Some(request_id), ..rejection }
    }

    /// Too much in a short time.
    pub fn limited(limited: Limited) -> Self {
        let error = Error::from(limited);
        let rejection = Self::new(StatusCode::TOO_MANY_REQUESTS, error.code(), error.to_string());
        Self { limited: Some(Box::new(limited)), ..rejection }
    }

    /// The GraphQL error for it.
    pub fn error(&self) -> serde_json::Value {
        let mut extensions = json!({ "code": self.code });
        if let Some(extensions) = extensions.as_object_mut() {
            extensions.extend(self.request_id.iter().map(|id| ("requestId".to_owned(), json!(id))));
            let retry_after = self.limited.iter().map(|limited| limited.retry_after);
            extensions.extend(retry_after.map(|seconds| ("retryAfter".to_owned(), json!(seconds))));
        }
        let message = shortened(&self.message, LONGEST_MESSAGE);
        match self.location {
            Some((line, column)) => json!({
                "message": message,
                "locations": [{ "line": line, "column": column }],
                "extensions": extensions,
            }),
            None => json!({ "message": message, "extensions": extensions }),
        }
    }

    fn respond(&self, status: StatusCode, media: Media) -> Response {
        let mut response = media.respond(status, json!({ "errors": [self.error()] }).to_string());
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(limited) = &self.limited {
            response.headers_mut().extend(rate::headers(Some(limited.standing)));
            response.headers_mut().insert(header::RETRY_AFTER, limited.retry_after.into());
        }
        response
    }
}

impl From<Refused> for Rejection {
    fn from(refused: Refused) -> Self {
        let location = match &refused {
            Refused::Syntax { line, column, .. } => Some((*line, *column)),
            _ => None,
        };
        let code = refused.code();
        Self { location, ..Self::new(StatusCode::BAD_REQUEST, code, refused.to_string()) }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        self.respond(self.status, Media::Json)
    }
}

impl Media {
    fn content_type(self) -> HeaderValue {
        match self {
            Self::Json => JSON,
            Self::GraphQl => GRAPHQL_JSON,
        }
    }

    /// Any answer whose JSON is there already.
    pub fn respond(self, status: StatusCode, json: impl Into<Body>) -> Response {
        let mut response = Response::new(json.into());
        *response.status_mut() = status;
        response.headers_mut().reserve(USUAL_HEADERS);
        response.headers_mut().insert(header::CONTENT_TYPE, self.content_type());
        response
    }

    /// The answer to a request that was not understood, or may not be made: its status says so in either type.
    pub fn reject(self, rejection: &Rejection) -> Response {
        rejection.respond(rejection.status, self)
    }

    /// The answer to a request that was understood, but whose document is not executed. Under application/json, whatever is
    /// well-formed is answered with 200: another status could be a proxy's.
    pub fn refuse(self, rejection: &Rejection) -> Response {
        match self {
            Self::Json => rejection.respond(StatusCode::OK, self),
            Self::GraphQl => self.reject(rejection),
        }
    }

    /// The answer to something executed. Under application/json, whatever is well-formed is answered with 200.
    pub fn answer(self, executed: Executed) -> Response {
        let status = match self {
            Self::GraphQl if is_request_error(&executed) => StatusCode::BAD_REQUEST,
            _ => StatusCode::OK,
        };
        let mut response = self.respond(status, to_bytes(&executed));
        response.headers_mut().extend(executed.http_headers);
        response
    }
}

/// Whether nothing was executed: then the answer has no `data`.
pub fn is_request_error(executed: &Executed) -> bool {
    executed.data == Value::Null && !executed.errors.is_empty() && executed.errors.iter().all(|e| e.path.is_empty())
}

/// The answer as JSON.
pub fn to_json(executed: &Executed) -> String {
    String::from_utf8(to_bytes(executed)).unwrap_or_else(|_| unwritable())
}

/// The same for whoever sends bytes.
fn to_bytes(executed: &Executed) -> Vec<u8> {
    let mut json = Vec::with_capacity(USUAL_ANSWER);
    let written = if is_request_error(executed) {
        serde_json::to_writer(&mut json, &json!({ "errors": executed.errors }))
    } else {
        write(executed, &mut json)
    };
    // An answer is made of strings, numbers and maps with string keys: serde_json takes them all.
    match written {
        Ok(()) => json,
        Err(_) => unwritable().into_bytes(),
    }
}

fn write(executed: &Executed, json: &mut Vec<u8>) -> serde_json::Result<()> {
    json.push(b'{');
    if !executed.errors.is_empty() {
        json.extend_from_slice(b"\"errors\":");
        serde_json::to_writer(&mut *json, &executed.errors)?;
        json.push(b',');
    }
    json.extend_from_slice(b"\"data\":");
    write_value(&executed.data, json)?;
    if !executed.extensions.is_empty() {
        json.extend_from_slice(b",\"extensions\":");
        serde_json::to_writer(&mut *json, &executed.extensions)?;
    }
    json.push(b'}');
    Ok(())
}

fn write_value(value: &Value, json: &mut Vec<u8>) -> serde_json::Result<()> {
    match value {
        // A page that has written itself (graphql::json).
        Value::Binary(written) => json.extend_from_slice(written),
        Value::List(items) => {
            json.push(b'[');
            for (number, item) in items.iter().enumerate() {
                if number > 0 {
                    json.push(b',');
                }
                write_value(item, json)?;
            }
            json.push(b']');
        }
        Value::Object(fields) => {
            json.push(b'{');
            for (number, (key, field)) in fields.iter().enumerate() {
                if number > 0 {
                    json.push(b',');
                }
                serde_json::to_writer(&mut *json, key.as_str())?;
                json.push(b':');
                write_value(field, json)?;
            }
            json.push(b'}');
        }
        other => serde_json::to_writer(&mut *json, other)?,
    }
    Ok(())
}

fn unwritable() -> String {
    let message = "an answer could not be written";
    json!({ "errors": [{ "message": message, "extensions": { "code": "INTERNAL" } }] }).to_string()
}

/// Gives every error its code, logs what is our fault, and takes our insides out of it. There are at most so many errors, of
/// so many characters each, as is configured: a document cannot make its answer large.
pub fn mask(executed: &mut Executed, config: &Config, request_id: &str) {
    executed.errors.truncate(config.answer_errors);
    for error in &mut executed.errors {
        let source = error.source::<Error>();
        let known = source.map(|source| (source.code(), source.to_string(), source.log()));
        let retry_after = match source {
            Some(Error::RateLimited { retry_after, .. }) => Some(*retry_after),
            _ => None,
        };
        let (code, message) = match known {
            Some(("INTERNAL", message, log)) => {
                let path: Vec<String> = error.path.iter().map(segment).collect();
                tracing::error!(path = path.join("."), error = log, "a request failed");
                ("INTERNAL", message)
            }
            Some((code, message, _)) => (code, message),
            None if error.path.is_empty() => ("GRAPHQL_VALIDATION_FAILED", error.message.clone()),
            None => ("BAD_USER_INPUT", error.message.clone()),
        };
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", code);
        if code == "INTERNAL" {
            extensions.set("requestId", request_id);
        }
        if let Some(seconds) = retry_after {
            extensions.set("retryAfter", seconds);
        }
        error.message = shortened(&message, config.answer_error_chars);
        error.extensions = Some(extensions);
        error.source = None;
    }
}

fn segment(segment: &PathSegment) -> String {
    match segment {
        PathSegment::Field(name) => name.clone(),
        PathSegment::Index(index) => index.to_string(),
    }
}

fn shortened(message: &str, longest: usize) -> String {
    message.chars().take(longest).collect()
}

/// What stands for the answer of an operation that could not be completed.
pub fn failed(error: Error) -> Executed {
    let mut failed = ServerError::new(error.to_string(), None);
    failed.source = Some(Arc::new(error));
    Executed::from_errors(vec![failed])
}

pub async fn not_found() -> Rejection {
    let message = "There is nothing here. The API is at /graphql.";
    Rejection::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
}

pub async fn method_not_allowed() -> Rejection {
    Rejection::new(StatusCode::METHOD_NOT_ALLOWED, "BAD_USER_INPUT", "This method is not for this address.")
}

/// A handler panicked, which is a defect. The connection lives on.
pub fn panicked(_panic: Box<dyn Any + Send>) -> Response {
    Rejection::internal(&Error::internal("a handler panicked"), "a request failed").into_response()
}
