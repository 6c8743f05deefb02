//! So many sockets with a subscription to the home feed, and tweets by somebody whom everybody follows: how long it takes from before a
//! tweet is sent until each socket has read its event.
//!
//! It prints that as a line of JSON, in milliseconds, and holds the sockets until its input ends. `bench/harness/live.py` runs it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Parser;
use futures_util::{SinkExt, StreamExt, stream};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SUBSCRIPTION: &str = "subscription { homeFeedTweetAdded { node { id content author { username } } } }";
const TWEET: &str =
    "mutation { createTweet(input: { content: \"To all who listen.\" }) { tweet { id } userErrors { message } } }";
/// How many sockets are opened at the same time.
const DIALLED: usize = 64;
/// When nothing has come for so long, nothing more is to come.
const QUIET: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

#[derive(Parser)]
struct Args {
    #[arg(long)]
    server: SocketAddr,
    /// A session token a line, and what else stands on it; the first is that of whoever tweets
    #[arg(long)]
    tokens: PathBuf,
    #[arg(long)]
    subscribers: usize,
    #[arg(long)]
    events: usize,
}

type Socket = WebSocketStream<TcpStream>;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let lines = std::fs::read_to_string(&args.tokens)?;
    let mut tokens = lines.lines().filter_map(|line| line.split_whitespace().next());
    let author = tokens.next().context("there is no token")?;
    let readers: Vec<&str> = tokens.collect();
    let (tell, mut told) = mpsc::unbounded_channel();

    let started = Instant::now();
    let dialled =
        stream::iter(readers.iter().cycle().take(args.subscribers)).map(|token| subscribe(args.server, token));
    let mut dialled = dialled.buffer_unordered(DIALLED);
    while let Some(socket) = dialled.next().await {
        tokio::spawn(listen(socket?, tell.clone()));
    }
    let connected = started.elapsed();
    quiet(&mut told).await;

    let mut latencies = Vec::with_capacity(args.subscribers * args.events);
    for _ in 0..args.events {
        let sent = Instant::now();
        tweet(args.server, author).await?;
        for number in 0..args.subscribers {
            let at = timeout(LONGEST, told.recv()).await.with_context(|| format!("only {number} were told"))?;
            latencies.push((at.context("a socket was closed")?? - sent).as_secs_f64() * 1000.0);
        }
        quiet(&mut told).await;
    }
    latencies.sort_unstable_by(f64::total_cmp);
    let percentile = |part: usize| latencies.get((latencies.len().saturating_sub(1)) * part / 100);
    println!(
        "{}",
        json!({
            "connected": connected.as_secs_f64(),
            "min": percentile(0), "p50": percentile(50), "p99": percentile(99), "max": percentile(100),
        })
    );
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    Ok(())
}

async fn subscribe(server: SocketAddr, token: &str) -> anyhow::Result<Socket> {
    let stream = TcpStream::connect(server).await?;
    let mut request = format!("ws://{server}/graphql").into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse()?);
    let config = WebSocketConfig::default().read_buffer_size(4_096).write_buffer_size(0);
    let (mut socket, _) = client_async_with_config(request, stream, Some(config)).await?;
    let payload = json!({ "authorization": format!("Bearer {token}") });
    say(&mut socket, &json!({ "type": "connection_init", "payload": payload })).await?;
    let acknowledged = socket.next().await.context("the socket was closed")??;
    ensure!(acknowledged.to_text()?.contains("connection_ack"), "{acknowledged}");
    let subscription = json!({ "id": "1", "type": "subscribe", "payload": { "query": SUBSCRIPTION } });
    say(&mut socket, &subscription).await?;
    Ok(socket)
}

async fn say(socket: &mut Socket, message: &Value) -> anyhow::Result<()> {
    Ok(socket.send(Message::text(message.to_string())).await?)
}

/// Tells when each event has come; or that there was something else, and then no more.
async fn listen(mut socket: Socket, tell: UnboundedSender<anyhow::Result<Instant>>) {
    while let Some(Ok(message)) = socket.next().await {
        let is_event =
            matches!(&message, Message::Text(text) if text.contains("\"next\"") && !text.contains("\"errors\""));
        let told = match message {
            Message::Ping(_) => continue,
            _ if is_event => Ok(Instant::now()),
            other => Err(anyhow::anyhow!("{other}")),
        };
        if tell.send(told).is_err() {
            return;
        }
    }
    // Nobody listens any more when the program ends.
    drop(tell.send(Err(anyhow::anyhow!("a socket was closed"))));
}

/// Waits until nothing comes any more.
async fn quiet(told: &mut UnboundedReceiver<anyhow::Result<Instant>>) {
    while timeout(QUIET, told.recv()).await.is_ok() {}
}

async fn tweet(server: SocketAddr, token: &str) -> anyhow::Result<()> {
    let body = json!({ "query": TWEET }).to_string();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: {server}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(server).await?;
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    ensure!(answer.contains("\"id\"") && !answer.contains("\"errors\""), "the tweet was refused: {answer}");
    Ok(())
}
