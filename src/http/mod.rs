//! HTTP and WebSocket: our own handlers on `Schema::execute` and `execute_stream`.
//!
//! The stock integration takes what a cross-site form can send, answers one status for everything and misses half of the
//! socket protocol's rules; what stays of it is the check of the sockets' subprotocol.

mod answer;
mod client;
mod graphiql;
mod graphql;
mod health;
mod identity;
mod media;
mod operation;
pub mod origin;
mod rate;
mod socket;
mod sse;
mod upload;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::graphql::{Schema, schema};
use crate::limit::document::DocumentLimits;
use crate::service::session;

/// How long the server waits for its peers. Tests shorten it.
#[derive(Clone, Copy, Debug)]
pub struct Timings {
    /// For `connection_init` on a new socket.
    pub init: Duration,
    /// Between two pings on a socket. A peer from which nothing came for two of these is gone.
    pub ping: Duration,
    /// For a write on a socket, until the peer counts as one that does not read.
    pub write: Duration,
    /// For requests and sockets to end when the server stops.
    pub grace: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            init: Duration::from_secs(10),
            ping: Duration::from_secs(30),
            write: Duration::from_secs(10),
            grace: Duration::from_secs(10),
        }
    }
}

/// What the handlers share.
#[derive(Clone)]
pub struct Server {
    pub app: App,
    pub timings: Timings,
    schema: Schema,
    limits: Arc<DocumentLimits>,
    uploads: upload::Memory,
    /// Cancelled when the server stops.
    stop: CancellationToken,
    sockets: TaskTracker,
}

impl Server {
    /// Has to be called within a runtime: it also starts to watch for sessions that end, until it is stopped.
    pub fn new(app: App, stop: CancellationToken) -> Self {
        tokio::spawn(session::watch(app.clone(), stop.clone()));
        let schema = schema(app.clone());
        let uploads = upload::Memory::new(app.config.upload_memory_bytes);
        let (timings, limits, sockets) = (Timings::default(), Arc::default(), TaskTracker::new());
        Self { app, timings, schema, limits, uploads, stop, sockets }
    }

    pub fn router(&self) -> Router {
        let mut router = Router::new()
            .route("/graphql", post(graphql::post).get(socket::upgrade))
            .route("/media/{*name}", get(media::file))
            .route("/health/live", get(health::live))
            .route("/health/ready", get(health::ready));
        if self.app.config.graphiql {
            router = router.route("/", get(graphiql::page)).route("/graphiql/{file}", get(graphiql::file));
        }
        router
            .fallback(answer::not_found)
            .method_not_allowed_fallback(answer::method_not_allowed)
            .layer(CatchPanicLayer::custom(answer::panicked))
            .with_state(self.clone())
    }

    /// Answers until it is stopped, then lets what is under way end: requests are finished, sockets are told.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn run(self, listener: TcpListener) -> std::io::Result<()> {
        let listener = listener.tap_io(|stream| {
            // Answers are written whole: waiting for more to send only delays them.
            drop(stream.set_nodelay(true));
        });
        let service = self.router().into_make_service_with_connect_info::<SocketAddr>();
        let stopped = self.stop.clone();
        let serving = axum::serve(listener, service).with_graceful_shutdown(stopped.cancelled_owned());
        let grace = async {
            self.stop.cancelled().await;
            tokio::time::sleep(self.timings.grace).await;
        };
        tokio::select! {
            served = async { serving.await } => served?,
            () = grace => tracing::warn!("some connections did not end in time; they are cut"),
        }
        self.sockets.close();
        drop(tokio::time::timeout(self.timings.grace, self.sockets.wait()).await);
        Ok(())
    }
}
