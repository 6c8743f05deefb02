//! One operation, whatever transport it came by: looked up, limited, executed.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_graphql::parser::types::{BaseType, OperationDefinition, OperationType};
use async_graphql::{Name, Request, Response as Executed, Value, Variables, value};
use axum::http::StatusCode;
use futures_util::future::Either;
use futures_util::{FutureExt, Stream, StreamExt, stream};
use tokio::time::{Instant, timeout_at};

use super::Server;
use super::answer::{Rejection, failed, is_request_error, mask};
use super::documents::{Documents, Known};
use super::params::Params;
use super::tally::Tally;
use super::{rate, request_id};
use crate::error::Error;
use crate::graphql::{RequestContext, Schema};
use crate::limit::document::fits_int;

/// An operation that may be executed.
pub struct Operation {
    request: Request,
    document: Arc<Known>,
    /// Whether every variable is known to be what it should be.
    is_plain: bool,
    pub kind: OperationType,
    /// The objects that it may return, and 10 for each change: never less than 1.
    pub cost: u64,
    /// Whether the answer is to say so.
    tells_cost: bool,
    /// The field at its root, if there is only one.
    pub root: Option<Name>,
}

impl Operation {
    /// The schema to execute it with.
    fn schema<'a>(&self, server: &'a Server) -> &'a Schema {
        if self.is_plain && self.document.is_proven() { &server.schemas.proven } else { &server.schemas.strict }
    }

    /// What the answer says of the cost, if the client wants to know: how much it is, how much one operation may cost, and
    /// how much the client may still spend; null if that is not limited.
    fn told_cost(&self, documents: &Documents, context: &RequestContext) -> Option<Value> {
        let remaining = context.rates.binding().map(|standing| standing.remaining);
        self.tells_cost
            .then(|| value!({ "requested": self.cost, "maximum": documents.limits.max_cost, "remaining": remaining }))
    }
}

impl Params {
    /// Looks the document up and holds it against the limits.
    ///
    /// # Errors
    /// 400 when it is no document, is not known, asks for too much, or does not have the operation.
    pub fn prepare(self, server: &Server) -> Result<Operation, Rejection> {
        let prepared = self.find(&server.documents);
        prepared.inspect_err(|rejection| server.app.metrics.operations().refused(rejection.code))
    }

    fn find(mut self, documents: &Documents) -> Result<Operation, Rejection> {
        let source = self.source();
        let document = documents.find(source)?;
        let name = self.operation_name();
        let Some(operation) = document.operation(name) else {
            let message = match name {
                Some(name) => format!("The document has no operation named {name:.60}."),
                None => "The document has several operations: say which one in operationName.".to_owned(),
            };
            return Err(Rejection::new(StatusCode::BAD_REQUEST, "GRAPHQL_VALIDATION_FAILED", message));
        };
        has_required(operation, &self.variables)?;
        let (kind, variables) = (operation.ty, with_defaults(operation, self.variables.clone()));
        has_ints(operation, &variables)?;
        let cost = document.cost(name, &variables, &documents.limits)?;
        let is_plain = are_plain(operation, &variables);
        let mut request = Request::new("").variables(variables);
        request.operation_name = name.map(ToOwned::to_owned);
        request.set_parsed_query(document.parsed.clone());
        let root = document.root_field(operation).cloned();
        Ok(Operation { request, document, is_plain, kind, cost, tells_cost: self.wants_cost(), root })
    }
}

/// The engine looks for a variable where it is used, when what stands before that has been executed.
fn has_required(operation: &OperationDefinition, variables: &Variables) -> Result<(), Rejection> {
    for definition in operation.variable_definitions.iter().map(|definition| &definition.node) {
        let (name, ty) = (&definition.name.node, &definition.var_type.node);
        let given = variables.get(name);
        let may_be_left_out = ty.nullable || definition.default_value.is_some();
        if given.map_or(!may_be_left_out, |value| *value == Value::Null && !ty.nullable) {
            let message = format!("The variable ${name:.60} of the type {ty:.60} is missing.");
            return Err(Rejection::new(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", message));
        }
    }
    Ok(())
}

/// The engine takes 64 bits for an `Int` until it executes what the variable is for.
fn has_ints(operation: &OperationDefinition, variables: &Variables) -> Result<(), Rejection> {
    for definition in operation.variable_definitions.iter().map(|definition| &definition.node) {
        let name = &definition.name.node;
        if matches!(&definition.var_type.node.base, BaseType::Named(ty) if ty == "Int")
            && let Some(Value::Number(number)) = variables.get(name)
            && (number.is_f64() || !fits_int(number))
        {
            let message = format!("The variable ${name:.60} is an Int, which has 32 bits: {number} is none.");
            return Err(Rejection::new(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", message));
        }
    }
    Ok(())
}

/// Whether all variables are single values of the types that every schema has, and right. The engine would find out only when
/// it holds the document against its rules.
fn are_plain(operation: &OperationDefinition, variables: &Variables) -> bool {
    operation.variable_definitions.iter().map(|definition| &definition.node).all(|definition| {
        let ty = &definition.var_type.node;
        let BaseType::Named(name) = &ty.base else { return false };
        match variables.get(&definition.name.node) {
            None | Some(Value::Null) => ty.nullable,
            Some(Value::String(_)) => matches!(name.as_str(), "String" | "ID"),
            Some(Value::Boolean(_)) => name == "Boolean",
            // has_ints has seen to it that it is one.
            Some(Value::Number(_)) => name == "Int",
            Some(_) => false,
        }
    })
}

/// The engine knows the default of a variable where it is an argument, but not in `@skip` and `@include`.
fn with_defaults(operation: &OperationDefinition, mut variables: Variables) -> Variables {
    for definition in operation.variable_definitions.iter().map(|definition| &definition.node) {
        if let Some(default) = &definition.default_value {
            variables.entry(definition.name.node.clone()).or_insert_with(|| default.node.clone());
        }
    }
    variables
}

/// By when a request that came just now has to be answered.
pub fn deadline(server: &Server) -> Instant {
    Instant::now() + server.timings.request
}

/// Executes a query or mutation to its end. What goes wrong stands in the answer.
pub async fn execute(
    server: &Server,
    operation: Operation,
    context: Arc<RequestContext>,
    deadline: Instant,
) -> Executed {
    let cost = operation.told_cost(&server.documents, &context);
    let (schema, document) = (operation.schema(server), operation.document);
    let tally = Tally::begin(&server.app.metrics, operation.kind, operation.root);
    let request = operation.request.data(Arc::clone(&context));
    let executed = AssertUnwindSafe(schema.execute(request)).catch_unwind();
    let mut executed = match timeout_at(deadline, executed).await {
        Ok(Ok(executed)) => executed,
        Ok(Err(_panic)) => failed(Error::internal("a resolver panicked")),
        Err(_elapsed) => failed(Error::Timeout),
    };
    if !is_request_error(&executed) {
        document.prove();
    }
    executed.extensions.extend(cost.map(|cost| ("cost".to_owned(), cost)));
    mask(&mut executed, &server.app.config, &request_id::current());
    tally.answered(&executed);
    executed.http_headers.extend(rate::headers(context.rates.binding()));
    executed
}

/// Executes an operation as a stream of answers: one for a query or mutation, any number for a subscription.
pub fn execute_stream(
    server: &Arc<Server>,
    operation: Operation,
    context: Arc<RequestContext>,
) -> impl Stream<Item = Executed> + Send + use<> {
    if operation.kind != OperationType::Subscription {
        let (server, deadline) = (Arc::clone(server), deadline(server));
        // Boxed, for it is large, and a subscription would have to be as large.
        let answer = Box::pin(async move { execute(&server, operation, context, deadline).await });
        return Either::Left(stream::once(answer));
    }
    let mut cost = operation.told_cost(&server.documents, &context);
    let tally = Tally::begin(&server.app.metrics, operation.kind, operation.root);
    let (config, request_id) = (Arc::clone(&server.app.config), request_id::current());
    let request = operation.request.data(Arc::clone(&context));
    let stream = AssertUnwindSafe(server.schemas.strict.execute_stream(request)).catch_unwind();
    Either::Right(stream.map(move |executed| {
        context.end_turn();
        let mut executed = executed.unwrap_or_else(|_panic| failed(Error::internal("a resolver panicked")));
        executed.extensions.extend(cost.take().map(|cost| ("cost".to_owned(), cost)));
        mask(&mut executed, &config, &request_id);
        tally.event(&executed);
        executed
    }))
}
