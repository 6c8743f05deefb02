//! How processes end that are told to.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use roost::worker;
use serde_json::json;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_util::sync::CancellationToken;

use crate::support::process::{Place, until};
use crate::support::{PROTOCOL, TestApp};

/// In all.
const LONGEST: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_server_that_is_told_to_end_tells_its_sockets_so() {
    let place = Place::new();
    let mut server = place.serve().await;
    let mut request = format!("ws://{}/graphql", server.address()).into_client_request().unwrap();
    request.headers_mut().insert(PROTOCOL.0, PROTOCOL.1.parse().unwrap());
    let (mut socket, _) = connect_async(request).await.unwrap();
    let begun = Instant::now();
    server.terminate().await;
    let Some(Ok(Message::Close(Some(close)))) = socket.next().await else { panic!("not closed in words") };
    assert_eq!((u16::from(close.code), close.reason.as_str()), (1001, "The server stops: connect again"));
    // Closes its end as well, or the server would wait for it a while.
    while socket.next().await.is_some() {}
    assert_eq!(server.wait().await.code(), Some(0), "{}", place.log());
    assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn whoever_does_not_let_a_process_end_is_left() {
    let place = Place::new();
    let mut server = place.serve().await;
    let mut request = format!("ws://{}/graphql", server.address()).into_client_request().unwrap();
    request.headers_mut().insert(PROTOCOL.0, PROTOCOL.1.parse().unwrap());
    // One that reads nothing, and one whose request never comes to its end.
    let _silent = connect_async(request).await.unwrap();
    let mut slow = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    let head = "POST /graphql HTTP/1.1\r\nHost: roost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
    tokio::io::AsyncWriteExt::write_all(&mut slow, head.as_bytes()).await.unwrap();
    until("the request is there", async || server.client().gql(None, "{ __typename }", json!({})).await.is_ok()).await;
    let begun = Instant::now();
    server.terminate().await;
    server.wait().await;
    assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_message_that_a_stopping_worker_cannot_finish_is_free_at_once() {
    let app = TestApp::with(|config| {
        (config.amqp_url, config.worker_lease_seconds) = (None, 3_600);
    })
    .await;
    let other = app.second().await;
    let [author, reader] = app.cast(["author", "reader"]).await;
    app.follow(&reader, &author).await;
    app.drain().await;
    let (is_stuck, was_stuck) = (Arc::new(tokio::sync::Notify::new()), Arc::default());
    let (stuck, was): (_, Arc<std::sync::atomic::AtomicBool>) = (Arc::clone(&is_stuck), was_stuck);
    app.app.failpoints.set(Arc::new(move |label| {
        if label != "deliver: inserted" || was.swap(true, std::sync::atomic::Ordering::Relaxed) {
            return Box::pin(async {});
        }
        stuck.notify_one();
        Box::pin(std::future::pending())
    }));
    app.tweet(&author, "hello").await;
    let stop = CancellationToken::new();
    let working = tokio::spawn(worker::run(app.app.clone(), stop.clone()));
    is_stuck.notified().await;
    let begun = Instant::now();
    stop.cancel();
    working.await.unwrap();
    assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
    assert_eq!(other.number("SELECT COUNT(*) FROM outbox WHERE leased_by <> 0", []).await, 0);
    assert_eq!(other.number("SELECT COUNT(*) FROM feed_entry WHERE user_id = ?", [reader.id.into()]).await, 0);
    other.drain().await;
    assert_eq!(other.number("SELECT COUNT(*) FROM feed_entry WHERE user_id = ?", [reader.id.into()]).await, 1);
}
