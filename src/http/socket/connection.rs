//! One socket, from the handshake to its end.

use std::collections::HashMap;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Response as Executed, Value};
use axum::extract::ws::{Message, WebSocket};
use futures_util::{Stream, StreamExt};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, interval, timeout};

use super::protocol::{self, Close, FromClient};
use crate::auth::{self, Client, Viewer};
use crate::graphql::RequestContext;
use crate::http::answer::{is_request_error, to_json};
use crate::http::identity::bearer;
use crate::http::operation::execute_stream;
use crate::http::params::Params;
use crate::http::{Server, Timings, rate, request_id};
use crate::service::session;
use crate::trace::Trace;

/// Operations on one socket at a time.
const MOST_OPERATIONS: usize = 100;
/// How long the peer has to say goodbye as well.
const GOODBYE: Duration = Duration::from_secs(1);
/// Answers that wait for the socket. When they are this many, the operations wait as well.
const OUTBOX: usize = 16;

/// Serves a socket until either side ends it.
pub async fn serve(server: Arc<Server>, socket: &mut WebSocket, viewer: Option<Viewer>, client: Client) {
    let patience = server.timings.write;
    if socket.protocol().is_none() {
        return end(socket, Close::Subprotocol, patience).await;
    }
    let (answers, mut answered) = mpsc::channel(OUTBOX);
    let (operations, seen_at) = (HashMap::new(), server.app.clock.now());
    let mut connection = Connection { server, viewer, client, seen_at, answers, operations, started: 0 };
    let close = connection.run(socket, &mut answered).await;
    for (_, running) in connection.operations.drain() {
        running.task.abort();
    }
    match close {
        Some(close) => end(socket, close, patience).await,
        None => part(socket).await,
    }
}

async fn end(socket: &mut WebSocket, close: Close, patience: Duration) {
    // The peer may be gone: then there is nobody to tell.
    if matches!(timeout(patience, socket.send(Message::Close(Some(close.frame())))).await, Ok(Ok(()))) {
        part(socket).await;
    }
}

/// Reads on to the end: so a close of the peer's is answered, and nothing unread takes our own one with it.
async fn part(socket: &mut WebSocket) {
    drop(timeout(GOODBYE, async { while let Some(Ok(_)) = socket.recv().await {} }).await);
}

struct Connection {
    server: Arc<Server>,
    /// By the cookie of the upgrade, until `connection_init` names somebody else.
    viewer: Option<Viewer>,
    client: Client,
    /// When the session was last known to be in use.
    seen_at: i64,
    answers: mpsc::Sender<Box<Answer>>,
    operations: HashMap<String, Running>,
    /// How many operations were started: the number of the latest one.
    started: u64,
}

struct Running {
    /// Tells two operations apart that had the same id one after the other.
    number: u64,
    task: AbortHandle,
}

/// Something an operation has to say.
struct Answer {
    id: String,
    number: u64,
    message: Message,
    is_last: bool,
}

impl Connection {
    /// Runs until the socket ends, and says how. What is boxed here is large, and there only while it runs: a socket that waits
    /// is to be small: none if the peer has closed it.
    async fn run(&mut self, socket: &mut WebSocket, answered: &mut mpsc::Receiver<Box<Answer>>) -> Option<Close> {
        if let Err(close) = Box::pin(self.initialise(socket)).await {
            return close;
        }
        let mut heard = Instant::now();
        let Timings { ping: ping_every, write: patience, .. } = self.server.timings;
        let mut ping = interval(ping_every);
        ping.reset();
        let stop = self.server.stop.clone();
        let mut ended = pin!(session_ended(Arc::clone(&self.server), self.viewer));
        loop {
            let sent = tokio::select! {
                message = socket.recv() => {
                    heard = Instant::now();
                    let Some(Ok(message)) = message else { return too_long(message) };
                    match Box::pin(self.receive(message)).await {
                        Ok(Some(reply)) => send(socket, reply, patience).await,
                        Ok(None) => Ok(()),
                        Err(close) => return close,
                    }
                }
                Some(answer) = answered.recv() => match self.accept(*answer) {
                    Some(message) => send(socket, message, patience).await,
                    None => Ok(()),
                },
                _ = ping.tick() => {
                    if heard.elapsed() > 2 * ping_every {
                        return Some(Close::Stalled);
                    }
                    send(socket, Message::Ping(Default::default()), patience).await
                }
                () = &mut ended => return Some(Close::Unauthorized("The session has ended")),
                () = stop.cancelled() => return Some(Close::GoingAway),
            };
            if let Err(close) = sent {
                return Some(close);
            }
        }
    }

    /// Waits for `connection_init` and acknowledges it.
    async fn initialise(&mut self, socket: &mut WebSocket) -> Result<(), Option<Close>> {
        let mut deadline = pin!(tokio::time::sleep(self.server.timings.init));
        let patience = self.server.timings.write;
        loop {
            let message = tokio::select! {
                message = socket.recv() => message,
                () = &mut deadline => return Err(Some(Close::InitTimeout)),
                () = self.server.stop.cancelled() => return Err(Some(Close::GoingAway)),
            };
            let Some(Ok(message)) = message else { return Err(too_long(message)) };
            match parse(message)? {
                Some(FromClient::ConnectionInit { payload }) => {
                    let token = payload.as_ref().and_then(|payload| {
                        let named = payload.iter().find(|(key, _)| key.eq_ignore_ascii_case("authorization"));
                        named.and_then(|(_, value)| value.as_str())
                    });
                    if let Some(token) = token {
                        self.viewer = Some(self.identify(token).await?);
                    }
                    return send(socket, protocol::connection_ack(), patience).await.map_err(Some);
                }
                Some(FromClient::Ping { payload }) => {
                    send(socket, protocol::pong(payload.as_ref()), patience).await.map_err(Some)?;
                }
                Some(FromClient::Pong { .. }) | None => (),
                Some(FromClient::Subscribe { .. } | FromClient::Complete { .. }) => {
                    return Err(Some(Close::Unauthorized("Unauthorized")));
                }
            }
        }
    }

    async fn identify(&self, authorization: &str) -> Result<Viewer, Option<Close>> {
        let Some(token) = bearer(authorization) else { return Err(Some(Close::Forbidden)) };
        match auth::viewer(&self.server.app, token).await {
            Ok(Some(viewer)) => Ok(viewer),
            Ok(None) => Err(Some(Close::Forbidden)),
            Err(error) => {
                tracing::error!(error = error.log(), "a session could not be looked up");
                Err(Some(Close::GoingAway))
            }
        }
    }

    /// Does what the client says, and returns what is to be sent back at once.
    async fn receive(&mut self, message: Message) -> Result<Option<Message>, Option<Close>> {
        match parse(message)? {
            Some(FromClient::Ping { payload }) => Ok(Some(protocol::pong(payload.as_ref()))),
            Some(FromClient::Pong { .. }) | None => Ok(None),
            Some(FromClient::ConnectionInit { .. }) => Err(Some(Close::SecondInit)),
            Some(FromClient::Complete { id }) => {
                if let Some(running) = self.operations.remove(&id) {
                    running.task.abort();
                }
                Ok(None)
            }
            Some(FromClient::Subscribe { id, payload }) => {
                let params = Params::from_map(payload).map_err(|error| Some(invalid(&error)))?;
                let trace = request_id::of_operation();
                trace.run(self.subscribe(id, params, &trace)).await.map_err(Some)
            }
        }
    }

    async fn subscribe(&mut self, id: String, params: Params, trace: &Trace) -> Result<Option<Message>, Close> {
        if id.is_empty() {
            return Err(Close::BadRequest("The id of an operation may not be empty".to_owned()));
        }
        if self.operations.contains_key(&id) {
            return Err(Close::DuplicateId(id));
        }
        if self.operations.len() >= MOST_OPERATIONS {
            let message = format!("At most {MOST_OPERATIONS} operations at a time on one socket.");
            let errors = json!([{ "message": message, "extensions": { "code": "TOO_COSTLY" } }]);
            return Ok(Some(protocol::error(&id, &errors)));
        }
        let operation = match params.prepare(&self.server) {
            Ok(operation) => operation,
            Err(rejection) => return Ok(Some(protocol::error(&id, &json!([rejection.error()])))),
        };
        let context = RequestContext::new(&self.server.app, self.viewer, self.client.clone());
        if let Err(rejection) = rate::admit(&self.server, &operation, self.viewer, &context).await {
            return Ok(Some(protocol::error(&id, &json!([rejection.error()]))));
        }
        self.see_viewer().await;
        self.started += 1;
        let number = self.started;
        let is_subscription = operation.kind == OperationType::Subscription;
        let stream = Box::pin(execute_stream(&self.server, operation, context));
        let (answers, trace) = (self.answers.clone(), trace.clone());
        let running = Box::pin(run_operation(stream, is_subscription, answers, id.clone(), number));
        let task = tokio::spawn(async move { trace.run(running).await }).abort_handle();
        self.operations.insert(id, Running { number, task });
        Ok(None)
    }

    /// Every operation keeps the session from being idle, as a request does.
    async fn see_viewer(&mut self) {
        let Some(viewer) = self.viewer else { return };
        match session::seen(&self.server.app, viewer.session, self.seen_at).await {
            Ok(seen_at) => self.seen_at = seen_at,
            Err(error) => tracing::warn!(error = error.log(), "it could not be written down that a session is in use"),
        }
    }

    /// What an operation says, unless the client has ended it meanwhile.
    fn accept(&mut self, answer: Answer) -> Option<Message> {
        let running = self.operations.get(&answer.id).filter(|running| running.number == answer.number)?;
        if answer.is_last {
            running.task.abort();
            self.operations.remove(&answer.id);
        }
        Some(answer.message)
    }
}

/// Sends what an operation yields; at the end `complete`, or `error` if there can be no more.
async fn run_operation(
    mut stream: Pin<Box<impl Stream<Item = Executed>>>,
    is_subscription: bool,
    answers: mpsc::Sender<Box<Answer>>,
    id: String,
    number: u64,
) {
    let say = async |message, is_last| {
        let answer = Answer { id: id.clone(), number, message, is_last };
        answers.send(Box::new(answer)).await.is_ok()
    };
    while let Some(executed) = stream.next().await {
        // An event that is null as a whole is the stream's own failure: no event field of ours is null otherwise.
        let is_broken = is_subscription && executed.data == Value::Null && executed.is_err();
        if is_broken || is_request_error(&executed) {
            say(protocol::error(&id, &json!(executed.errors)), true).await;
            return;
        }
        if !say(protocol::next(&id, &to_json(&executed)), false).await {
            return;
        }
    }
    say(protocol::complete(&id), true).await;
}

/// A message of the protocol; none for what the WebSocket layer sends to itself.
fn parse(message: Message) -> Result<Option<FromClient>, Option<Close>> {
    match message {
        Message::Text(text) => FromClient::from_json(&text).map(Some).map_err(|error| Some(invalid(&error))),
        Message::Binary(_) => Err(Some(Close::BadRequest("Messages have to be text".to_owned()))),
        Message::Ping(_) | Message::Pong(_) => Ok(None),
        Message::Close(_) => Err(None),
    }
}

fn invalid(error: &serde_json::Error) -> Close {
    Close::BadRequest(format!("Invalid message: {error}"))
}

/// The end of the socket: the peer's, unless it sent more than it may.
fn too_long<E: std::fmt::Display>(received: Option<Result<Message, E>>) -> Option<Close> {
    match received {
        Some(Err(error)) if error.to_string().contains("too long") => {
            Some(Close::BadRequest("The message is too long".to_owned()))
        }
        _ => None,
    }
}

async fn send(socket: &mut WebSocket, message: Message, patience: Duration) -> Result<(), Close> {
    match timeout(patience, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(Close::Stalled),
    }
}

/// Returns when the viewer's session has ended; never without one.
async fn session_ended(server: Arc<Server>, viewer: Option<Viewer>) {
    match viewer {
        Some(viewer) => session::ended(&server.app, viewer.session).await,
        None => std::future::pending().await,
    }
}
