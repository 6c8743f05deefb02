//! Answers: JSON always, typed errors always, and nothing of our insides in them.

use std::any::Any;
use std::sync::Arc;

use async_graphql::{ErrorExtensionValues, PathSegment, Response as Executed, ServerError, Value};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::error::Error;
use crate::limit::document::Refused;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const GRAPHQL_JSON: HeaderValue = HeaderValue::from_static("application/graphql-response+json");

/// An answer has at most so many errors, of so many characters each: a document cannot make its answer large.
const MOST_ERRORS: usize = 10;
const LONGEST_MESSAGE: usize = 200;

/// Why a request was not executed at all.
#[derive(Debug)]
pub struct Rejection {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: String,
    /// Line and column in the document, counted from 1.
    pub location: Option<(usize, usize)>,
}

impl Rejection {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), location: None }
    }

    /// The GraphQL error for it.
    pub fn error(&self) -> serde_json::Value {
        let message = shortened(&self.message);
        match self.location {
            Some((line, column)) => json!({
                "message": message,
                "locations": [{ "line": line, "column": column }],
                "extensions": { "code": self.code },
            }),
            None => json!({ "message": message, "extensions": { "code": self.code } }),
        }
    }
}

impl From<Refused> for Rejection {
    fn from(refused: Refused) -> Self {
        let location = match &refused {
            Refused::Syntax { line, column, .. } => Some((*line, *column)),
            _ => None,
        };
        let code = refused.code();
        Self { status: StatusCode::BAD_REQUEST, code, message: refused.to_string(), location }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let body = json!({ "errors": [self.error()] }).to_string();
        let mut response = (self.status, [(header::CONTENT_TYPE, JSON)], body).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Which of the two media types of GraphQL over HTTP the client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    Json,
    GraphQl,
}

impl Media {
    pub fn of(headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        if accept.contains("application/graphql-response+json") { Self::GraphQl } else { Self::Json }
    }

    /// The answer to something executed. Under application/json, whatever is well-formed is answered with 200.
    pub fn answer(self, executed: Executed) -> Response {
        let status = match self {
            Self::GraphQl if is_request_error(&executed) => StatusCode::BAD_REQUEST,
            _ => StatusCode::OK,
        };
        let headers = executed.http_headers.clone();
        let mut response = Response::new(Body::from(to_json(&executed)));
        *response.status_mut() = status;
        response.headers_mut().extend(headers);
        response.headers_mut().insert(header::CONTENT_TYPE, if self == Self::Json { JSON } else { GRAPHQL_JSON });
        response
    }
}

/// Whether nothing was executed: then the answer has no `data`.
pub fn is_request_error(executed: &Executed) -> bool {
    executed.data == Value::Null && !executed.errors.is_empty() && executed.errors.iter().all(|e| e.path.is_empty())
}

/// The answer as JSON.
pub fn to_json(executed: &Executed) -> String {
    let json = if is_request_error(executed) {
        serde_json::to_string(&json!({ "errors": executed.errors }))
    } else {
        serde_json::to_string(executed)
    };
    // An answer is made of strings, numbers and maps with string keys: serde_json takes them all.
    json.unwrap_or_else(|_| internal("an answer could not be written"))
}

fn internal(message: &str) -> String {
    json!({ "errors": [{ "message": message, "extensions": { "code": "INTERNAL" } }] }).to_string()
}

/// Gives every error its code, logs what is our fault, and takes our insides out of it.
pub fn mask(executed: &mut Executed, request_id: &str) {
    executed.errors.truncate(MOST_ERRORS);
    for error in &mut executed.errors {
        let known = error.source::<Error>().map(|source| (source.code(), source.to_string(), source.log()));
        let (code, message) = match known {
            Some(("INTERNAL", message, log)) => {
                let path: Vec<String> = error.path.iter().map(segment).collect();
                tracing::error!(request_id, path = path.join("."), error = log, "a request failed");
                (("INTERNAL"), message)
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
        error.message = shortened(&message);
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

fn shortened(message: &str) -> String {
    message.chars().take(LONGEST_MESSAGE).collect()
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
    let message = "Something went wrong on our side.";
    Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", message).into_response()
}
