//! Connections: accepted, given time for their headers, and ended when the server stops.
//!
//! axum's own `serve` waits for headers for ever, so that whoever opens connections and sends nothing has them all.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// How long to wait when the system has no file for one more connection.
const EXHAUSTED: Duration = Duration::from_secs(1);

/// Serves whoever connects, each in a task of its own, until it is stopped. The connections are told then: what is under way
/// is finished, nothing new is begun.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    patience: Duration,
    stop: &CancellationToken,
    connections: &TaskTracker,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Answers are written whole: waiting for more to send only delays them.
                drop(stream.set_nodelay(true));
                connections.spawn(connection(stream, peer, router.clone(), patience, stop.clone()));
            }
            Err(error) if is_the_peers(&error) => (),
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted just now");
                tokio::time::sleep(EXHAUSTED).await;
            }
        }
    }
}

fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, patience: Duration, stop: CancellationToken) {
    let has_asked = Arc::new(AtomicBool::new(false));
    let asks = Arc::clone(&has_asked);
    let service = router.map_request(move |mut request: Request<Incoming>| {
        asks.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(Body::new)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(patience).enable_connect_protocol();
    let serving = builder.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut serving = pin!(serving);
    // hyper's own patience begins when it knows which protocol is spoken, which takes a byte or two.
    let mut first = pin!(tokio::time::sleep(patience));
    let (mut is_first, mut is_stopping) = (true, false);
    loop {
        tokio::select! {
            // However it ended, there is nobody left to tell.
            _ = serving.as_mut() => return,
            () = &mut first, if is_first => {
                if !has_asked.load(Ordering::Relaxed) {
                    return;
                }
                is_first = false;
            }
            () = stop.cancelled(), if !is_stopping => {
                serving.as_mut().graceful_shutdown();
                is_stopping = true;
            }
        }
    }
}
