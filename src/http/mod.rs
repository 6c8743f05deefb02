//! HTTP and WebSocket: our own handlers on `Schema::execute` and `execute_stream`.
//!
//! The stock integration takes what a cross-site form can send, answers one status for everything and misses half of the
//! socket protocol's rules; what stays of it is the check of the sockets' subprotocol.

mod accept;
mod answer;
mod batch;
mod client;
mod content;
mod cors;
mod documents;
mod graphiql;
mod graphql;
mod health;
mod identity;
mod listen;
mod media;
mod monitor;
mod operation;
pub mod origin;
mod params;
mod rate;
mod request_id;
mod socket;
mod sse;
mod tally;
mod upload;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate, SizeAbove};
use tower_http::compression::{CompressionLayer, CompressionLevel};

use crate::app::App;
use crate::graphql::Schemas;
use crate::service::session;
pub use documents::Documents;
pub use monitor::Monitor;

/// Answers shorter than this, in bytes, are sent as they are: they fit into a packet or two.
const COMPRESSED_FROM: u64 = 1_024;
/// Brotli's own default would take seconds for what this does in milliseconds; gzip knows the same levels.
const COMPRESSION: CompressionLevel = CompressionLevel::Precise(4);

/// How long the server waits for its peers. Tests shorten it.
#[derive(Clone, Copy, Debug)]
pub struct Timings {
    /// For a connection to send the headers of its next request.
    pub headers: Duration,
    /// For the body of a request to come.
    pub body: Duration,
    /// For a query or mutation to be answered.
    pub request: Duration,
    /// For `connection_init` on a new socket.
    pub init: Duration,
    /// Between two pings on a socket. A peer from which nothing came for two of these is gone.
    pub ping: Duration,
    /// For a write on a socket, until the peer counts as one that does not read.
    pub write: Duration,
    /// For requests and sockets together to end when the server stops.
    pub grace: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            headers: Duration::from_secs(30),
            body: Duration::from_secs(30),
            request: Duration::from_secs(10),
            init: Duration::from_secs(10),
            ping: Duration::from_secs(30),
            write: Duration::from_secs(10),
            grace: Duration::from_secs(8),
        }
    }
}

/// What the handlers share.
#[derive(Clone)]
pub struct Server {
    pub app: App,
    pub timings: Timings,
    schemas: Schemas,
    pub documents: Arc<Documents>,
    uploads: upload::Memory,
    /// Cancelled when the server stops.
    stop: CancellationToken,
    sockets: TaskTracker,
}

impl Server {
    /// Has to be called within a runtime: it also starts to watch for sessions that end, until it is stopped.
    pub fn new(app: App, documents: Documents, stop: CancellationToken) -> Self {
        tokio::spawn(session::watch(app.clone(), stop.clone()));
        let schemas = Schemas::new(&app);
        let uploads = upload::Memory::new(app.config.upload_memory_bytes);
        let request = Duration::from_secs(app.config.request_seconds.into());
        let timings = Timings { request, ..Timings::default() };
        Self { app, timings, schemas, documents: Arc::new(documents), uploads, stop, sockets: TaskTracker::new() }
    }

    pub fn router(&self) -> Router {
        let mut router = Router::new().route("/graphql", post(graphql::post).get(socket::or_get));
        if self.app.config.graphiql {
            router = router.route("/", get(graphiql::page)).route("/graphiql/{file}", get(graphiql::file));
        }
        let server = Arc::new(self.clone());
        let long = DefaultPredicate::new().and(SizeAbove::new(COMPRESSED_FROM));
        router
            .layer(CompressionLayer::new().quality(COMPRESSION).compress_when(long))
            .route("/media/{*name}", get(media::file))
            .route("/metrics", get(monitor::guarded))
            .route("/health/live", get(health::live))
            .route("/health/ready", get(health::ready))
            .fallback(answer::not_found)
            .method_not_allowed_fallback(answer::method_not_allowed)
            // All at once, the outermost first: every call of this boxes a future and a service a request. The first gives
            // requests their id as well.
            .layer((
                from_fn_with_state(Arc::clone(&server), tally::layer),
                tower::util::option_layer(cors::layer(&self.app.config)),
                CatchPanicLayer::custom(answer::panicked),
            ))
            .with_state(server)
    }

    /// Answers until it is stopped, then lets what is under way end: requests are finished, sockets are told.
    pub async fn run(self, listener: TcpListener) {
        let connections = TaskTracker::new();
        listen::serve(listener, self.router(), self.timings.headers, &self.stop, &connections).await;
        connections.close();
        self.sockets.close();
        let ended = async {
            connections.wait().await;
            self.sockets.wait().await;
        };
        if tokio::time::timeout(self.timings.grace, ended).await.is_err() {
            tracing::warn!("some connections did not end in time; they are cut");
        }
    }
}
