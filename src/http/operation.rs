//! One operation, whatever transport it came by: read, limited, executed.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Response as Executed, Variables};
use axum::http::StatusCode;
use futures_util::{FutureExt, Stream, StreamExt};
use serde::Deserialize;

use super::Server;
use super::answer::{Rejection, failed, mask};
use crate::error::Error;
use crate::graphql::RequestContext;
use crate::limit::document::{self, DocumentLimits};

/// How long a query or mutation may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The parameters of a GraphQL request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Params {
    query: String,
    operation_name: Option<String>,
    #[serde(default)]
    pub variables: Variables,
    #[serde(rename = "extensions")]
    _extensions: Option<serde_json::Map<String, serde_json::Value>>,
}

/// An operation that may be executed.
pub struct Operation {
    request: Request,
    pub kind: OperationType,
}

impl Params {
    /// # Errors
    /// 400 when this is no JSON object of a GraphQL request.
    pub fn from_json(json: &[u8]) -> Result<Self, Rejection> {
        serde_json::from_slice(json).map_err(|error| {
            let message = format!("The body has to be a JSON object with the string `query`: {error}.");
            Rejection::new(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", message)
        })
    }

    /// Parses the document and holds it against the limits.
    ///
    /// # Errors
    /// 400 when it is no document, asks for too much, or does not have the operation.
    pub fn prepare(self, limits: &DocumentLimits) -> Result<Operation, Rejection> {
        let parsed = document::parse(&self.query, limits)?;
        let variables = self.variables;
        let name = self.operation_name.as_deref().filter(|name| !name.is_empty());
        let Some(kind) = parsed.operation(name).map(|operation| operation.ty) else {
            let message = match name {
                Some(name) => format!("The document has no operation named {name:.60}."),
                None => "The document has several operations: say which one in operationName.".to_owned(),
            };
            return Err(Rejection::new(StatusCode::BAD_REQUEST, "GRAPHQL_VALIDATION_FAILED", message));
        };
        parsed.cost(name, &variables, limits)?;
        let mut request = Request::new(self.query).variables(variables);
        request.operation_name = name.map(ToOwned::to_owned);
        request.set_parsed_query(parsed.parsed);
        Ok(Operation { request, kind })
    }
}

/// Executes a query or mutation to its end. What goes wrong stands in the answer.
pub async fn execute(server: &Server, operation: Operation, context: Arc<RequestContext>) -> Executed {
    let request = operation.request.data(context);
    let executed = AssertUnwindSafe(server.schema.execute(request)).catch_unwind();
    let mut executed = match tokio::time::timeout(TIMEOUT, executed).await {
        Ok(Ok(executed)) => executed,
        Ok(Err(_panic)) => failed(Error::internal("a resolver panicked")),
        Err(_elapsed) => failed(Error::Timeout),
    };
    mask(&mut executed, &request_id());
    executed
}

/// Executes an operation as a stream of answers: one for a query or mutation, any number for a subscription.
pub fn execute_stream(
    server: &Server,
    operation: Operation,
    context: Arc<RequestContext>,
) -> impl Stream<Item = Executed> + Send + use<> {
    let request = operation.request.data(context);
    let request_id = request_id();
    let stream = AssertUnwindSafe(server.schema.execute_stream(request)).catch_unwind();
    stream.map(move |executed| {
        let mut executed = executed.unwrap_or_else(|_panic| failed(Error::internal("a resolver panicked")));
        mask(&mut executed, &request_id);
        executed
    })
}

/// What a person tells the operator, and the operator finds in the log.
fn request_id() -> String {
    format!("{:016x}", rand::random::<u64>())
}
