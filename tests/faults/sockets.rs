//! Ten thousand sockets of one process: each has a subscription for a minute, none is closed, one event reaches all.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt, stream};
use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::ground::ONE_AT_A_TIME;
use crate::support::process::{Place, until};
use crate::support::{PROTOCOL, Person};

const SOCKETS: usize = 10_000;
const PEOPLE: usize = 100;
const HOLD: Duration = Duration::from_secs(60);
/// What the server may take with all of them, in bytes, and what one of them may add.
const MOST: usize = 300 << 20;
const MOST_EACH: usize = 20 << 10;

type Socket = WebSocketStream<TcpStream>;

#[derive(Default)]
struct Told {
    events: AtomicUsize,
    closed: AtomicUsize,
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_subscriptions_are_held_and_all_told() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let mut files = getrlimit(Resource::Nofile);
    files.current = files.maximum;
    setrlimit(Resource::Nofile, files).unwrap();
    let place = Place::with(|config| config.log = "warn".to_owned());
    let app = place.open().await;
    let [author] = app.cast(["author"]).await;
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let person = app.person(&format!("reader{number}")).await;
        app.follow(&person, &author).await;
        people.push(person);
    }
    app.drain().await;

    // As most systems start a process: it has to ask for more itself.
    let mut command = tokio::process::Command::new("sh");
    let script = format!("ulimit -Sn 1024; exec {} serve", env!("CARGO_BIN_EXE_roost"));
    command.args(["-c", &script]).current_dir(place.path("")).stdin(Stdio::null()).kill_on_drop(true);
    let server = place.start(&mut command).await;
    let (address, id) = (server.address(), server.id());
    let before = resident(id);

    let begun = Instant::now();
    let told = Arc::new(Told::default());
    let dialled = stream::iter((0..SOCKETS).map(|number| &people[number % PEOPLE]));
    let dialled = dialled.map(|person| subscribe(address, person)).buffer_unordered(64);
    let listening: Vec<_> = dialled.map(|socket| tokio::spawn(listen(socket, Arc::clone(&told)))).collect().await;
    let held = resident(id);
    println!("{SOCKETS} sockets after {:?}: {} MiB, before them {} MiB", begun.elapsed(), held >> 20, before >> 20);

    tokio::time::sleep(HOLD).await;
    assert_eq!(told.closed.load(Ordering::Relaxed), 0, "{}", place.log());
    let after = resident(id);
    let tweeted = Instant::now();
    app.tweet(&author, "to all").await;
    until("all are told", async || told.events.load(Ordering::Relaxed) == SOCKETS).await;
    let (took, highest) = (tweeted.elapsed(), resident(id));
    println!("after a minute {} MiB; the event reached all in {took:?}, with {} MiB", after >> 20, highest >> 20);
    assert_eq!(told.closed.load(Ordering::Relaxed), 0, "{}", place.log());
    let each = (after - before) / SOCKETS;
    println!("{each} bytes a socket");
    assert!(highest <= MOST, "{} MiB", highest >> 20);
    assert!(each <= MOST_EACH, "{each} bytes a socket");
    for task in listening {
        task.abort();
    }
    until("the work is done", async || app.number("SELECT COUNT(*) FROM outbox", []).await == 0).await;
}

async fn subscribe(address: SocketAddr, person: &Person) -> Socket {
    let stream = TcpStream::connect(address).await.unwrap();
    let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
    request.headers_mut().insert(PROTOCOL.0, PROTOCOL.1.parse().unwrap());
    let config = WebSocketConfig::default().read_buffer_size(4_096).write_buffer_size(0);
    let (mut socket, _) = client_async_with_config(request, stream, Some(config)).await.unwrap();
    let payload = json!({ "authorization": format!("Bearer {}", person.token) });
    say(&mut socket, &json!({ "type": "connection_init", "payload": payload })).await;
    assert_eq!(hear(&mut socket).await.unwrap()["type"], "connection_ack");
    let query = "subscription { homeFeedTweetAdded { node { content author { username } } } }";
    say(&mut socket, &json!({ "id": "1", "type": "subscribe", "payload": { "query": query } })).await;
    socket
}

async fn listen(mut socket: Socket, told: Arc<Told>) {
    while let Some(message) = hear(&mut socket).await {
        assert_eq!(message["payload"]["data"]["homeFeedTweetAdded"]["node"]["content"], "to all", "{message}");
        told.events.fetch_add(1, Ordering::Relaxed);
    }
    told.closed.fetch_add(1, Ordering::Relaxed);
}

async fn say(socket: &mut Socket, message: &Value) {
    socket.send(Message::text(message.to_string())).await.unwrap();
}

/// The next message; none if the server has hung up.
async fn hear(socket: &mut Socket) -> Option<Value> {
    loop {
        match socket.next().await?.ok()? {
            Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
            Message::Close(_) => return None,
            _ => (),
        }
    }
}

/// The memory that a process has in use, in bytes.
fn resident(id: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}
