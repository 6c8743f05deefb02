//! What operators and their programs ask for: health and metrics. The API's server answers them, and a listener of its own, which
//! workers have as well.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, FromRef, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::answer::{self, Rejection};
use super::identity::bearer;
use super::{Server, Timings, health, listen, request_id};
use crate::app::App;
use crate::metrics::Text;
use crate::service::backlog::Backlog;
use crate::service::health as asked;

/// As Prometheus knows it.
const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
/// What a proxy adds. Whoever comes by one is somewhere else.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

#[derive(Clone)]
pub struct Monitor {
    pub app: App,
    /// Cancelled when the process is about to end.
    pub stop: CancellationToken,
}

impl FromRef<Arc<Server>> for Monitor {
    fn from_ref(server: &Arc<Server>) -> Self {
        Self { app: server.app.clone(), stop: server.stop.clone() }
    }
}

impl Monitor {
    /// Answers on a listener of its own until `end`, also while the rest of the process is stopping.
    pub async fn serve(self, listener: TcpListener, end: CancellationToken) {
        let router = Router::new()
            .route("/metrics", get(open))
            .route("/health/live", get(health::live))
            .route("/health/ready", get(health::ready))
            .fallback(answer::not_found)
            .method_not_allowed_fallback(answer::method_not_allowed)
            .layer(from_fn(request_id::layer))
            .with_state(self);
        listen::serve(listener, router, Timings::default().headers, &end, &TaskTracker::new()).await;
    }
}

/// The metrics, for whoever can connect.
async fn open(State(monitor): State<Monitor>) -> Response {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], page(&monitor.app).await).into_response()
}

/// The metrics where the API is: for who has the token; if there is none, for this machine only.
pub async fn guarded(State(monitor): State<Monitor>, parts: Parts) -> Response {
    let headers = &parts.headers;
    match &monitor.app.config.metrics_token {
        Some(token) if is_sent(token, headers) => open(State(monitor)).await,
        Some(_) => {
            let message = "The metrics are for who sends metrics_token: Authorization: Bearer TOKEN.";
            Rejection::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message).into_response()
        }
        None if is_from_here(&parts) => open(State(monitor)).await,
        None => answer::not_found().await.into_response(),
    }
}

/// By the hashes: how long it takes to compare those tells nothing of the token.
fn is_sent(token: &str, headers: &HeaderMap) -> bool {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| bearer(value.to_str().ok()?));
    sent.is_some_and(|sent| Sha256::digest(sent) == Sha256::digest(token))
}

/// Without a connection it is the process itself that asks: that is so in tests alone.
fn is_from_here(parts: &Parts) -> bool {
    let connected = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let is_local = connected.is_none_or(|connected| connected.0.ip().to_canonical().is_loopback());
    is_local && !FORWARDED.iter().any(|name| parts.headers.contains_key(*name))
}

async fn page(app: &App) -> String {
    let mut text = Text::default();
    text.gauge("roost_build_info", "The version that runs.").sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    app.metrics.write(&mut text);
    write_database(app, &mut text);
    write_caches(app, &mut text);
    let backlog = asked::lately(app).await;
    write_services(app, backlog.is_some(), &mut text).await;
    if let Some(backlog) = backlog {
        write_backlog(&backlog, &mut text);
    }
    text.finish()
}

fn write_database(app: &App, text: &mut Text) {
    text.counter("roost_database_statements_total", "Statements sent to the database.").value(app.db.statements());
    let pools = app.db.connections();
    text.gauge("roost_database_connections", "Connections to the database, by what they do now.");
    for pool in &pools {
        text.sample(&[("pool", pool.pool), ("state", "idle")], pool.idle);
        text.sample(&[("pool", pool.pool), ("state", "used")], pool.open - pool.idle);
    }
    text.gauge("roost_database_connections_max", "As many as there may be.");
    for pool in &pools {
        text.sample(&[("pool", pool.pool)], pool.most);
    }
}

fn write_caches(app: &App, text: &mut Text) {
    let counts = app.db.caches().counts();
    text.counter("roost_cache_hits_total", "What was asked of the database and known without it.");
    for (cache, [hits, ..]) in &counts {
        text.sample(&[("cache", cache)], hits);
    }
    text.counter("roost_cache_misses_total", "What was not known and had to be read.");
    for (cache, [_, misses, _]) in &counts {
        text.sample(&[("cache", cache)], misses);
    }
    text.gauge("roost_cache_bytes", "Memory that is held by what is known.");
    for (cache, [.., bytes]) in &counts {
        text.sample(&[("cache", cache)], bytes);
    }
}

async fn write_services(app: &App, database: bool, text: &mut Text) {
    let services = [("database", Some(database))].into_iter().chain(asked::others_answer(app).await);
    text.gauge("roost_up", "1 for a service that answers, 0 for one that does not.");
    for (service, answers) in services {
        if let Some(answers) = answers {
            text.sample(&[("service", service)], u8::from(answers));
        }
    }
}

/// The same in every process, since it stands in the database.
fn write_backlog(backlog: &Backlog, text: &mut Text) {
    let help = "Messages of the background work that wait or are worked on, counted up to 100000.";
    text.gauge("roost_queue_messages", help).value(backlog.waiting);
    text.gauge("roost_dead_letters", "Messages that were given up, counted up to 100000.").value(backlog.dead);
    let help = "For how long the oldest message of a lane has been due; the lane feed is the fan-out of tweets.";
    text.gauge("roost_queue_lag_seconds", help);
    for (lane, milliseconds) in backlog.lags {
        let lag = Duration::from_millis(milliseconds.unsigned_abs()).as_secs_f64();
        text.sample(&[("lane", lane.name())], lag);
    }
}
