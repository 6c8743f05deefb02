//! Somebody who is told of what concerns them, over a socket that is dialled again whenever it ends and goes on at the last
//! cursor: nothing is told twice, and nothing is passed over.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::load::Load;
use super::process::{Http, until};
use super::{PROTOCOL, Person, TestApp};

const NOTIFIED: &str = "subscription ($after: String) { notificationAdded(after: $after) { cursor node { id } } }";
const LIST: &str = "query ($after: String) { viewer { notifications(first: 100, after: $after) {
    edges { cursor node { id } } pageInfo { hasNextPage endCursor } } } }";
/// Between two sockets.
const PAUSE: Duration = Duration::from_millis(50);

type Socket = WebSocketStream<TcpStream>;

pub struct Watch {
    person: Person,
    told: Arc<Mutex<Vec<String>>>,
    watching: JoinHandle<()>,
}

impl Watch {
    /// Eve, to whose tweets the clients of a load do what they do to each other's. The servers need not be there yet.
    pub async fn start(app: &TestApp, load: &Load) -> Self {
        let [person, fan] = app.cast(["eve", "fay"]).await;
        let mut tweets = Vec::new();
        for number in 0..3 {
            let content = format!("tweet {number} of eve");
            let gid = app.tweet(&person, &content).await;
            tweets.push((content, gid));
        }
        load.meet(&person, &tweets);
        load.meet(&fan, &[]);
        // One that is known, for a cursor to begin with.
        app.like(&fan, &tweets[0].1).await;
        until("the first is there", async || !list(app, &person).await.is_empty()).await;
        let after = list(app, &person).await[0]["cursor"].clone();
        app.unlike(&fan, &tweets[0].1).await;
        let told = Arc::default();
        let watching = tokio::spawn(watch(person.token.clone(), after, Arc::clone(&told), load.asked()));
        Self { person, told, watching }
    }

    /// Asserts that each notification that is there in the end has been told of, and once.
    pub async fn end(self, app: &TestApp) {
        let there: Vec<String> =
            list(app, &self.person).await.iter().map(|edge| edge["node"]["id"].as_str().unwrap().to_owned()).collect();
        until("all is told", async || {
            assert!(!self.watching.is_finished(), "the watch has failed");
            let told = self.told.lock().unwrap();
            there.iter().all(|id| told.contains(id))
        })
        .await;
        self.watching.abort();
        let mut told = self.told.lock().unwrap().clone();
        println!("{} notifications were told of", told.len());
        told.sort();
        assert!(told.is_sorted_by(|one, next| one < next), "something was told twice: {told:?}");
    }
}

/// All notifications, newest first.
async fn list(app: &TestApp, person: &Person) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), Value::Null);
    loop {
        let answer = app.as_user(person).gql(LIST, json!({ "after": after })).await;
        let page = &answer.ok()["viewer"]["notifications"];
        all.extend(page["edges"].as_array().unwrap().iter().cloned());
        if page["pageInfo"]["hasNextPage"] == false {
            return all;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

async fn watch(token: String, mut after: Value, told: Arc<Mutex<Vec<String>>>, servers: impl Fn() -> Vec<Http>) {
    for which in 0_usize.. {
        tokio::time::sleep(PAUSE).await;
        let servers = servers();
        let Some(server) = which.checked_rem(servers.len()).map(|which| servers[which]) else { continue };
        let Some(mut socket) = subscribe(server, &token, &after).await else { continue };
        while let Some(message) = hear(&mut socket).await {
            if message["type"] == "ping" {
                say(&mut socket, &json!({ "type": "pong" })).await;
            }
            if message["type"] != "next" {
                continue;
            }
            // What could not be read is an error in its place; the stream ends, and the next one goes on from the cursor.
            let edge = &message["payload"]["data"]["notificationAdded"];
            let Some(id) = edge["node"]["id"].as_str() else { break };
            told.lock().unwrap().push(id.to_owned());
            after = edge["cursor"].clone();
        }
    }
}

async fn subscribe(server: Http, token: &str, after: &Value) -> Option<Socket> {
    let stream = TcpStream::connect(server.address).await.ok()?;
    let mut request = format!("ws://{}/graphql", server.address).into_client_request().unwrap();
    request.headers_mut().insert(PROTOCOL.0, PROTOCOL.1.parse().unwrap());
    let (mut socket, _) = client_async(request, stream).await.ok()?;
    let payload = json!({ "authorization": format!("Bearer {token}") });
    say(&mut socket, &json!({ "type": "connection_init", "payload": payload })).await;
    if hear(&mut socket).await?["type"] != "connection_ack" {
        return None;
    }
    let payload = json!({ "query": NOTIFIED, "variables": { "after": after } });
    say(&mut socket, &json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
    Some(socket)
}

/// Whoever is gone is noticed when nothing comes any more.
async fn say(socket: &mut Socket, message: &Value) {
    drop(socket.send(Message::text(message.to_string())).await);
}

/// The next message; none if the server has hung up, or the operation has ended.
async fn hear(socket: &mut Socket) -> Option<Value> {
    loop {
        if let Message::Text(text) = socket.next().await?.ok()? {
            let message: Value = serde_json::from_str(&text).unwrap();
            let is_over = message["type"] == "error" || message["type"] == "complete";
            return (!is_over).then_some(message);
        }
    }
}
