//! Connections: peers that send slowly or not at all, and the end of the server.

use std::time::{Duration, Instant};

use roost::http::Timings;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::process::{Place, until};
use crate::support::{CREATE_TWEET, Served};

const SHORT: Duration = Duration::from_millis(50);
/// Longer than any test runs.
const LONG: Duration = Duration::from_secs(300);

/// Sends this and nothing more, and returns what comes until the server hangs up.
async fn answer_to(served: &Served, text: &str) -> String {
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    read_all(&mut stream).await
}

async fn read_all(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut answer)).await;
    read.expect("the server does not hang up").unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn who_does_not_send_the_headers_of_a_request_is_cut() {
    let served = Served::with(|_| (), Timings { headers: SHORT, ..Timings::default() }).await;
    let whole = "GET /health/live HTTP/1.1\r\nHost: roost\r\n\r\n";
    for text in ["", "P", "PRI * HTTP/2.0\r\n", "GET /health/live HTTP/1.1\r\nHost: roost\r\nX-Slow: "] {
        let answer = answer_to(&served, text).await;
        assert!(!answer.starts_with("HTTP/1.1 200"), "{text}: {answer}");
    }
    assert!(answer_to(&served, whole).await.starts_with("HTTP/1.1 200"), "and idle after its answer");
}

#[tokio::test]
async fn who_does_not_send_the_body_of_a_request_is_told_so() {
    let served = Served::with(|_| (), Timings { body: SHORT, ..Timings::default() }).await;
    let head = "POST /graphql HTTP/1.1\r\nHost: roost\r\nConnection: close\r\nContent-Type: application/json\r\n\
                Content-Length: 100\r\n\r\n{\"query\":";
    let answer = answer_to(&served, head).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("\"TIMEOUT\""), "{answer}");
}

#[tokio::test]
async fn a_query_that_takes_too_long_is_given_up_on_every_transport() {
    let served = Served::with(|_| (), Timings { request: SHORT, ..Timings::default() }).await;
    let ada = served.app.person("ada").await;
    served.app.app.failpoints.set(std::sync::Arc::new(|_| Box::pin(std::future::pending())));
    let mut socket = served.of(&ada).await;
    socket.subscribe("1", CREATE_TWEET, json!({ "content": "x" })).await;
    let answer = socket.next().await;
    assert_eq!(answer["type"], "error", "{answer}");
    assert_eq!(answer["payload"][0]["extensions"]["code"], "TIMEOUT");
}

#[tokio::test]
async fn a_stopping_server_has_one_deadline_for_requests_and_sockets_together() {
    let grace = Duration::from_millis(300);
    let mut served = Served::with(|_| (), Timings { grace, write: LONG, ..Timings::default() }).await;
    // A request that never ends, and a socket whose peer never reads.
    let mut slow = TcpStream::connect(served.address).await.unwrap();
    let head = "POST /graphql HTTP/1.1\r\nHost: roost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
    slow.write_all(head.as_bytes()).await.unwrap();
    let _silent = served.raw().await;
    let begun = Instant::now();
    served.stop().await;
    assert!(begun.elapsed() < 10 * grace, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_stopping_server_finishes_what_is_under_way_and_takes_nothing_new() {
    let mut served = Served::new().await;
    let ada = served.app.person("ada").await;
    let (entered, mut waiting) = tokio::sync::mpsc::unbounded_channel();
    let go = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let gate = std::sync::Arc::clone(&go);
    served.app.app.failpoints.set(std::sync::Arc::new(move |label| {
        let (entered, gate) = (entered.clone(), std::sync::Arc::clone(&gate));
        Box::pin(async move {
            if label == "tweet: before commit" {
                entered.send(()).unwrap();
                gate.acquire().await.unwrap().forget();
            }
        })
    }));
    let body = json!({ "query": CREATE_TWEET, "variables": { "content": "just in time" } }).to_string();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: roost\r\nContent-Type: application/json\r\nAuthorization: Bearer {}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        ada.token,
        body.len()
    );
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    waiting.recv().await.unwrap();
    let address = served.address;
    let stopping = served.stop();
    let client = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        go.add_permits(1);
        read_all(&mut stream).await
    };
    let ((), answer) = tokio::join!(stopping, client);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("just in time"), "{answer}");
    served.app.drain().await;
}

#[tokio::test]
async fn a_server_that_has_no_file_left_for_a_connection_goes_on_when_it_has() {
    let place = Place::new();
    let mut command = tokio::process::Command::new("sh");
    let script = format!("ulimit -n 100; exec {} serve", env!("CARGO_BIN_EXE_roost"));
    command.args(["-c", &script]).current_dir(place.path("")).stdin(std::process::Stdio::null()).kill_on_drop(true);
    let server = place.start(&mut command).await;
    let mut connections = Vec::new();
    for _ in 0..150 {
        connections.push(TcpStream::connect(server.address()).await.unwrap());
    }
    until("the server has noticed", async || place.log().contains("no connection can be accepted")).await;
    drop(connections);
    let client = server.client();
    until("it answers again", async || client.gql(None, "{ __typename }", json!({})).await.is_ok()).await;
}
