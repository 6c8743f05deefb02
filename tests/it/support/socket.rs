//! A server on a port of its own, and raw sockets to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Request, Response};
use futures_util::{SinkExt, StreamExt};
use roost::config::Config;
use roost::http::{Documents, Server, Timings};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tokio_util::sync::CancellationToken;

use super::{Person, TestApp};

/// Whatever is waited for comes long before; a test that waits so long has failed.
const DEADLINE: Duration = Duration::from_secs(30);

/// An app that listens. It stops when this is dropped.
pub struct Served {
    pub app: TestApp,
    pub address: SocketAddr,
    pub documents: Arc<Documents>,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Served {
    pub async fn new() -> Self {
        Self::with(|_| (), Timings::default()).await
    }

    /// With some settings changed, and with other timings.
    pub async fn with(change: impl FnOnce(&mut Config), timings: Timings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = TestApp::with(|config| {
            config.listen = address;
            change(config);
        })
        .await;
        let stop = CancellationToken::new();
        let documents = Documents::open(&app.app.config).unwrap();
        let mut server = Server::new(app.app.clone(), documents, stop.clone());
        server.timings = timings;
        let documents = Arc::clone(&server.documents);
        let running = tokio::spawn(server.run(listener));
        Self { app, address, documents, stop, running }
    }

    /// Stops the server, and returns when it has ended.
    pub async fn stop(&mut self) {
        self.stop.cancel();
        timeout(DEADLINE, &mut self.running).await.unwrap().unwrap();
    }

    /// Tries the handshake with these headers, and returns the socket or the answer that refuses it.
    pub async fn dial(&self, headers: &[(&'static str, &str)]) -> Result<Socket, Response<Option<Vec<u8>>>> {
        Socket::dial(self.address, headers).await
    }

    /// A socket that has not been initialised.
    pub async fn raw(&self) -> Socket {
        self.dial(&[PROTOCOL]).await.unwrap()
    }

    /// A socket of nobody.
    pub async fn anonymous(&self) -> Socket {
        let mut socket = self.raw().await;
        socket.send(&json!({ "type": "connection_init" })).await;
        assert_eq!(socket.next().await, json!({ "type": "connection_ack" }));
        socket
    }

    /// A socket of somebody.
    pub async fn of(&self, person: &Person) -> Socket {
        Socket::of(self.address, person).await
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");

/// The client's end.
pub struct Socket {
    /// What the server chose.
    pub protocol: Option<HeaderValue>,
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    /// Tries the handshake with these headers, and returns the socket or the answer that refuses it.
    pub async fn dial(
        address: SocketAddr,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Response<Option<Vec<u8>>>> {
        let mut request: Request<()> = format!("ws://{address}/graphql").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(HeaderName::from_static(name), value.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((stream, answer)) => {
                let protocol = answer.headers().get(PROTOCOL.0).cloned();
                Ok(Self { stream, protocol })
            }
            Err(Error::Http(answer)) => Err(*answer),
            Err(error) => panic!("{error}"),
        }
    }

    /// One of somebody to any server.
    pub async fn of(address: SocketAddr, person: &Person) -> Self {
        let mut socket = Self::dial(address, &[PROTOCOL]).await.unwrap();
        socket.init(&person.token).await;
        assert_eq!(socket.next().await, json!({ "type": "connection_ack" }));
        socket
    }

    pub async fn send(&mut self, message: &Value) {
        self.send_raw(Message::text(message.to_string())).await;
    }

    /// The server may have hung up meanwhile: what it said is still to be read then.
    pub async fn send_raw(&mut self, message: Message) {
        drop(self.stream.send(message).await);
    }

    pub async fn init(&mut self, token: &str) {
        let payload = json!({ "authorization": format!("Bearer {token}") });
        self.send(&json!({ "type": "connection_init", "payload": payload })).await;
    }

    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.send(&json!({ "id": id, "type": "subscribe", "payload": payload })).await;
    }

    pub async fn complete(&mut self, id: &str) {
        self.send(&json!({ "id": id, "type": "complete" })).await;
    }

    /// The next message of the subprotocol.
    #[track_caller]
    pub fn next(&mut self) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        async move {
            match self.frame().await {
                Message::Text(text) => serde_json::from_str(&text).unwrap(),
                other => panic!("{caller}: {other:?}"),
            }
        }
    }

    /// The next message, if it comes within a moment.
    pub async fn try_next(&mut self, moment: Duration) -> Option<Value> {
        timeout(moment, self.next()).await.ok()
    }

    /// The next frame that is not the WebSocket layer's own answer.
    pub async fn frame(&mut self) -> Message {
        loop {
            match timeout(DEADLINE, self.stream.next()).await.expect("nothing came").expect("the end").unwrap() {
                Message::Pong(_) => (),
                frame => return frame,
            }
        }
    }

    /// The code and the reason with which the server closes the socket; nothing else may come before.
    #[track_caller]
    pub fn closed(&mut self) -> impl Future<Output = (u16, String)> {
        let caller = std::panic::Location::caller();
        async move {
            match self.frame().await {
                Message::Close(Some(frame)) => (frame.code.into(), frame.reason.to_string()),
                other => panic!("{caller}: not closed, but {other:?}"),
            }
        }
    }

    /// Asserts that everything that the server had to say has been read.
    #[track_caller]
    pub fn quiet(&mut self) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let payload = json!({ "quiet": true });
            self.send(&json!({ "type": "ping", "payload": payload })).await;
            assert_eq!(self.next().await, json!({ "type": "pong", "payload": payload }), "{caller}");
        }
    }

    /// The data of the next event of an operation.
    #[track_caller]
    pub fn event(&mut self, id: &str) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        async move {
            let mut message = self.next().await;
            let is_event = message["type"] == "next" && message["id"] == id;
            assert!(is_event && message["payload"].get("errors").is_none(), "{caller}: {message}");
            message["payload"]["data"].take()
        }
    }

    /// The code of the only error with which an operation ends.
    #[track_caller]
    pub fn error(&mut self, id: &str) -> impl Future<Output = String> {
        let caller = std::panic::Location::caller();
        async move {
            let message = self.next().await;
            assert!(message["type"] == "error" && message["id"] == id, "{caller}: {message}");
            let errors = message["payload"].as_array().unwrap();
            assert_eq!(errors.len(), 1, "{caller}: {message}");
            errors[0]["extensions"]["code"].as_str().unwrap().to_owned()
        }
    }
}
