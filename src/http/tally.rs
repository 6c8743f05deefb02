//! What came of operations and requests: counted, and told in the log to whoever wants to know it of each.

use std::sync::Arc;
use std::time::Instant;

use async_graphql::parser::types::OperationType;
use async_graphql::{Name, Response as Executed, Value};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::{Server, request_id};
use crate::metrics::{Entered, Kind, Metrics};

/// An operation that is executed.
pub struct Tally {
    metrics: Metrics,
    kind: Kind,
    root: Option<Name>,
    begun: Instant,
    _active: Entered,
}

impl Tally {
    pub fn begin(metrics: &Metrics, kind: OperationType, root: Option<Name>) -> Self {
        let kind = kind_of(kind);
        let active = if kind == Kind::Subscription { metrics.begin_subscription() } else { metrics.begin_request() };
        if kind == Kind::Subscription {
            metrics.operations().count(kind, root.as_deref(), None, None);
        }
        Self { metrics: metrics.clone(), kind, root, begun: Instant::now(), _active: active }
    }

    /// It was answered, once and for all.
    pub fn answered(&self, executed: &Executed) {
        let (took, code) = (self.begun.elapsed(), code(executed));
        self.metrics.operations().count(self.kind, self.root.as_deref(), code, Some(took));
        let (kind, field) = (self.kind, self.root.as_deref());
        tracing::debug!(?kind, field, code, milliseconds = took.as_secs_f64() * 1e3, "executed");
    }

    /// A subscription had an event. What goes wrong is counted; how many events there are is nobody's fault.
    pub fn event(&self, executed: &Executed) {
        if let Some(code) = code(executed) {
            self.metrics.operations().count(self.kind, self.root.as_deref(), Some(code), None);
        }
    }
}

/// An operation that is not executed, for a reason that has a code.
pub fn refused(metrics: &Metrics, kind: OperationType, root: Option<&Name>, code: &str) {
    metrics.operations().count(kind_of(kind), root.map(Name::as_str), Some(code), None);
}

fn kind_of(kind: OperationType) -> Kind {
    match kind {
        OperationType::Query => Kind::Query,
        OperationType::Mutation => Kind::Mutation,
        OperationType::Subscription => Kind::Subscription,
    }
}

/// The code of the first error.
fn code(executed: &Executed) -> Option<&str> {
    let error = executed.errors.first()?;
    match error.extensions.as_ref()?.get("code") {
        Some(Value::String(code)) => Some(code),
        _ => Some("other"),
    }
}

/// Gives a request its id, and counts the answer of the HTTP server.
pub async fn layer(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    request_id::identified(request, |request| answered(server, request, next)).await
}

async fn answered(server: Arc<Server>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let response = next.run(request).await;
    let (path, status) = (uri.path(), response.status().as_u16());
    server.app.metrics.answered(path, status);
    // The address without its parameters: they may hold what is nobody's business.
    let milliseconds = begun.elapsed().as_secs_f64() * 1e3;
    tracing::debug!(%method, path = format_args!("{path:.200}"), status, milliseconds, "answered");
    response
}
