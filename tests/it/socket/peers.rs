//! Peers that leave, fall silent or do not read: by hand, for a client library answers pings and closes by itself.

use std::time::Duration;

use roost::http::Timings;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::support::{CREATE_TWEET, Served};

const DEADLINE: Duration = Duration::from_secs(30);
/// The first byte of a frame of text, and that of a close.
const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;

/// A socket without a library.
struct Raw(TcpStream);

impl Raw {
    async fn open(served: &Served) -> Self {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        let request = "GET /graphql HTTP/1.1\r\nHost: roost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                       Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                       Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut raw = Self(stream);
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(raw.0.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
        raw
    }

    async fn initialised(served: &Served) -> Self {
        let mut raw = Self::open(served).await;
        raw.say(&json!({ "type": "connection_init" })).await.unwrap();
        assert_eq!(raw.frame().await, (TEXT, br#"{"type":"connection_ack"}"#.to_vec()));
        raw
    }

    /// Sends a frame, masked with zeros.
    async fn send(&mut self, first: u8, payload: &[u8]) -> std::io::Result<()> {
        let length = u16::try_from(payload.len()).unwrap();
        let mut frame = vec![first, 0x80 | 126];
        frame.extend(length.to_be_bytes());
        frame.extend([0; 4]);
        frame.extend(payload);
        self.0.write_all(&frame).await
    }

    async fn say(&mut self, message: &Value) -> std::io::Result<()> {
        self.send(TEXT, message.to_string().as_bytes()).await
    }

    /// The next frame: its first byte, and what is in it.
    async fn frame(&mut self) -> (u8, Vec<u8>) {
        let read = async {
            let (first, short) = (self.0.read_u8().await.unwrap(), self.0.read_u8().await.unwrap());
            let length = if short == 126 { self.0.read_u16().await.unwrap().into() } else { usize::from(short) };
            let mut payload = vec![0; length];
            self.0.read_exact(&mut payload).await.unwrap();
            (first, payload)
        };
        timeout(DEADLINE, read).await.expect("nothing came")
    }
}

#[tokio::test]
async fn a_close_of_the_clients_is_answered_with_its_code() {
    let served = Served::new().await;
    for initialised in [false, true] {
        let mut raw = if initialised { Raw::initialised(&served).await } else { Raw::open(&served).await };
        let close = [&1000_u16.to_be_bytes()[..], b"bye"].concat();
        // A control frame has a short length.
        raw.0.write_all(&[&[CLOSE, 0x80 | 5, 0, 0, 0, 0], &close[..]].concat()).await.unwrap();
        let (first, payload) = raw.frame().await;
        assert_eq!((first, &payload[..2]), (CLOSE, &1000_u16.to_be_bytes()[..]), "initialised: {initialised}");
        let mut rest = Vec::new();
        timeout(DEADLINE, raw.0.read_to_end(&mut rest)).await.unwrap().unwrap();
        assert_eq!(rest, b"");
    }
}

#[tokio::test]
async fn a_peer_that_does_not_answer_pings_is_closed() {
    let timings = Timings { ping: Duration::from_millis(20), ..Timings::default() };
    let served = Served::with(|_| (), timings).await;
    let mut raw = Raw::initialised(&served).await;
    loop {
        match raw.frame().await {
            (0x89, _) => (),
            (CLOSE, payload) => {
                assert_eq!(payload[..2], 1011_u16.to_be_bytes());
                break;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_cut() {
    let timings = Timings { write: Duration::from_millis(50), ..Timings::default() };
    let served = Served::with(|_| (), timings).await;
    let ada = served.app.person("ada").await;
    let tweet = json!({ "content": "\u{1f3f3}\u{fe0f}\u{200d}\u{1f308}".repeat(270) });
    let answer = served.app.as_user(&ada).gql(CREATE_TWEET, tweet).await;
    let id = answer.changed("createTweet")["tweet"]["id"].clone();
    served.app.drain().await;
    let fields: String = (0..29).map(|n| format!("c{n}: content ")).collect();
    let query = format!("{{ node(id: {id}) {{ ... on Tweet {{ {fields} }} }} }}");

    let mut raw = Raw::initialised(&served).await;
    let ask = async {
        // A hundred kilobytes each, until the server has hung up.
        for number in 0_u32.. {
            let message = json!({ "id": number.to_string(), "type": "subscribe", "payload": { "query": query } });
            if raw.say(&message).await.is_err() {
                return;
            }
        }
    };
    timeout(DEADLINE, ask).await.expect("the server reads on");
}

#[tokio::test]
async fn what_a_client_has_completed_says_nothing_more() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let tweet = served.app.tweet(&ada, "hello").await;
    served.app.drain().await;
    let mut socket = served.of(&ada).await;
    let query = "subscription ($id: ID!) { tweetChanged(tweetId: $id) { likeCount } }";
    for id in ["ended", "kept"] {
        socket.subscribe(id, query, json!({ "id": tweet })).await;
        assert_eq!(socket.event(id).await["tweetChanged"]["likeCount"], 0);
    }
    socket.complete("ended").await;
    socket.quiet().await;
    served.app.like(&ada, &tweet).await;
    served.app.drain().await;
    assert_eq!(socket.event("kept").await["tweetChanged"]["likeCount"], 1);
    socket.quiet().await;
}

#[tokio::test]
async fn a_client_that_leaves_ends_its_operations() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let mut socket = served.of(&ada).await;
    socket.subscribe("1", "subscription { notificationAdded { cursor } }", json!({})).await;
    socket.quiet().await;
    let frame = CloseFrame { code: 1000.into(), reason: "".into() };
    socket.send_raw(Message::Close(Some(frame.clone()))).await;
    assert_eq!(socket.closed().await.0, 1000);
}
