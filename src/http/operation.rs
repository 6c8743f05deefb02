//! One operation, whatever transport it came by: read, limited, executed.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::parser::types::{OperationDefinition, OperationType};
use async_graphql::{Request, Response as Executed, Variables};
use axum::http::StatusCode;
use futures_util::{FutureExt, Stream, StreamExt};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Server;
use super::answer::{Rejection, failed, mask, request_id};
use super::rate;
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
    _extensions: Option<Map<String, Value>>,
}

/// An operation that may be executed.
pub struct Operation {
    request: Request,
    pub kind: OperationType,
    /// The objects that it may return, and 10 for each change: never less than 1.
    pub cost: u64,
}

impl Params {
    /// # Errors
    /// 400 when this is no JSON object of a GraphQL request.
    pub fn from_json(json: &[u8]) -> Result<Self, Rejection> {
        let params = serde_json::from_slice(json).and_then(Self::from_map);
        params.map_err(|error| {
            let message = format!("The body has to be a JSON object with the string `query`: {error}.");
            Rejection::new(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", message)
        })
    }

    /// By way of a map: a struct would be read from a list of its fields as well.
    ///
    /// # Errors
    /// When these are no parameters of a GraphQL request.
    pub fn from_map(map: Map<String, Value>) -> serde_json::Result<Self> {
        serde_json::from_value(Value::Object(map))
    }

    /// Parses the document and holds it against the limits.
    ///
    /// # Errors
    /// 400 when it is no document, asks for too much, or does not have the operation.
    pub fn prepare(self, limits: &DocumentLimits) -> Result<Operation, Rejection> {
        let parsed = document::parse(&self.query, limits)?;
        let variables = self.variables;
        let name = self.operation_name.as_deref().filter(|name| !name.is_empty());
        let Some(operation) = parsed.operation(name) else {
            let message = match name {
                Some(name) => format!("The document has no operation named {name:.60}."),
                None => "The document has several operations: say which one in operationName.".to_owned(),
            };
            return Err(Rejection::new(StatusCode::BAD_REQUEST, "GRAPHQL_VALIDATION_FAILED", message));
        };
        let kind = operation.ty;
        has_required(operation, &variables)?;
        let cost = parsed.cost(name, &variables, limits)?;
        let mut request = Request::new(self.query).variables(variables);
        request.operation_name = name.map(ToOwned::to_owned);
        request.set_parsed_query(parsed.parsed);
        Ok(Operation { request, kind, cost })
    }
}

/// The engine looks for a variable where it is used, when what stands before that has been executed.
fn has_required(operation: &OperationDefinition, variables: &Variables) -> Result<(), Rejection> {
    for definition in operation.variable_definitions.iter().map(|definition| &definition.node) {
        let (name, ty) = (&definition.name.node, &definition.var_type.node);
        let given = variables.get(name);
        let may_be_left_out = ty.nullable || definition.default_value.is_some();
        if given.map_or(!may_be_left_out, |value| *value == async_graphql::Value::Null && !ty.nullable) {
            let message = format!("The variable ${name:.60} of the type {ty:.60} is missing.");
            return Err(Rejection::new(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", message));
        }
    }
    Ok(())
}

/// Executes a query or mutation to its end. What goes wrong stands in the answer.
pub async fn execute(server: &Server, operation: Operation, context: Arc<RequestContext>) -> Executed {
    let request = operation.request.data(Arc::clone(&context));
    let executed = AssertUnwindSafe(server.schema.execute(request)).catch_unwind();
    let mut executed = match tokio::time::timeout(TIMEOUT, executed).await {
        Ok(Ok(executed)) => executed,
        Ok(Err(_panic)) => failed(Error::internal("a resolver panicked")),
        Err(_elapsed) => failed(Error::Timeout),
    };
    mask(&mut executed, &request_id());
    executed.http_headers.extend(rate::headers(context.rates.binding()));
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
