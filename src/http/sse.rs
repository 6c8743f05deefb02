//! GraphQL over server-sent events: the distinct connections mode of PROTOCOL.md of enisdenjo/graphql-sse.
//!
//! A POST that accepts `text/event-stream` gets every answer as an event `next`, and `complete` at the end. `curl -N` is
//! enough to listen.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};

use super::Server;
use super::answer::to_json;
use super::operation::{Operation, execute_stream};
use super::rate;
use crate::auth::Viewer;
use crate::graphql::RequestContext;
use crate::service::session;

/// A comment that often keeps proxies from cutting a quiet stream.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Whether the client wants events.
pub fn is_wanted(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    accept.contains("text/event-stream")
}

/// Answers with a stream of events, which ends early when the server stops or the viewer's session ends.
pub fn answer(server: &Server, operation: Operation, context: Arc<RequestContext>, viewer: Option<Viewer>) -> Response {
    let standing = rate::headers(context.rates.binding());
    let next = execute_stream(server, operation, context).map(|executed| event("next", &to_json(&executed)));
    let events = next.chain(stream::once(async { event("complete", "") }));
    let events = events.take_until(ended(server.clone(), viewer));
    (standing, Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))).into_response()
}

fn event(name: &str, data: &str) -> Result<Event, Infallible> {
    Ok(Event::default().event(name).data(data))
}

async fn ended(server: Server, viewer: Option<Viewer>) {
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
