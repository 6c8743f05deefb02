//! GraphQL over server-sent events: the distinct connections mode of PROTOCOL.md of enisdenjo/graphql-sse.
//!
//! A POST or GET that accepts `text/event-stream` gets every answer as an event `next`, and `complete` at the end; so does
//! a document that is not executed, for a browser's EventSource cannot read the answer of a failed request. `curl -N` is
//! enough to listen.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};
use serde_json::json;
use tokio::time::timeout;

use super::Server;
use super::answer::{Rejection, to_json};
use super::operation::{Operation, execute_stream};
use super::rate;
use crate::auth::Viewer;
use crate::graphql::RequestContext;
use crate::service::session;
use crate::trace::Trace;

/// A comment that often keeps proxies from cutting a quiet stream.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const HEADERS: [(HeaderName, &str); 3] = [
    (header::CONTENT_TYPE, "text/event-stream; charset=utf-8"),
    (header::CACHE_CONTROL, "no-cache"),
    // Tells nginx not to collect events until it has many.
    (HeaderName::from_static("x-accel-buffering"), "no"),
];

/// Answers with a stream of events, which ends early when the server stops or the viewer's session ends.
pub fn answer(
    server: &Arc<Server>,
    operation: Operation,
    context: Arc<RequestContext>,
    viewer: Option<Viewer>,
) -> Response {
    let standing = rate::headers(context.rates.binding());
    let next = execute_stream(server, operation, context).map(|executed| event("next", &to_json(&executed)));
    let events = next.chain(stream::once(async { event("complete", "") }));
    (standing, respond(events.take_until(ended(Arc::clone(server), viewer)))).into_response()
}

/// The answer to a document that is not executed.
pub fn refuse(rejection: &Rejection) -> Response {
    let next = event("next", &json!({ "errors": [rejection.error()] }).to_string());
    respond(stream::iter([next, event("complete", "")]))
}

fn respond(events: impl Stream<Item = String> + Send + 'static) -> Response {
    // The body is read when the request's own work is over: what it yields is still part of it.
    let trace = Trace::current();
    let pieces = stream::unfold((Box::pin(events), trace), async |(mut events, trace)| {
        let next = timeout(KEEP_ALIVE, events.next());
        let next = match &trace {
            Some(trace) => trace.run(next).await,
            None => next.await,
        };
        let piece = match next {
            Ok(event) => event?,
            Err(_quiet) => ":\n\n".to_owned(),
        };
        Some((Ok::<_, Infallible>(piece), (events, trace)))
    });
    (HEADERS, Body::from_stream(pieces)).into_response()
}

/// JSON has no line of its own. An event without any data would be passed over by browsers, so there is an empty line of it.
fn event(name: &str, data: &str) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

async fn ended(server: Arc<Server>, viewer: Option<Viewer>) {
    let session = async {
        match viewer {
            Some(viewer) => session::ended(&server.app, viewer.session).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = session => (),
        () = server.stop.cancelled() => (),
    }
}
