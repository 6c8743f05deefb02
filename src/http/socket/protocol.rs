//! The messages and close codes of graphql-transport-ws.

use axum::extract::ws::{CloseFrame, Message};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What a client may send.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromClient {
    ConnectionInit {
        #[serde(default)]
        payload: Option<Map<String, Value>>,
    },
    Ping {
        #[serde(default)]
        payload: Option<Map<String, Value>>,
    },
    Pong {
        #[serde(default, rename = "payload")]
        _payload: Option<Map<String, Value>>,
    },
    Subscribe {
        id: String,
        payload: Map<String, Value>,
    },
    Complete {
        id: String,
    },
}

impl FromClient {
    /// By way of a map: an enum would be read from a list as well.
    ///
    /// # Errors
    /// When this is no message of the protocol.
    pub fn from_json(json: &str) -> serde_json::Result<Self> {
        let map: Map<String, Value> = serde_json::from_str(json)?;
        serde_json::from_value(Value::Object(map))
    }
}

/// Why the server ends a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Close {
    /// The server stops.
    GoingAway,
    /// The peer does not answer pings, or does not read.
    Stalled,
    /// A subprotocol that we do not speak.
    Subprotocol,
    /// A message that is none of the protocol.
    BadRequest(String),
    /// An operation before the acknowledgement, or a session that has ended.
    Unauthorized(&'static str),
    /// A token at `connection_init` that logs nobody in.
    Forbidden,
    InitTimeout,
    DuplicateId(String),
    SecondInit,
}

/// A close frame's reason has at most so many bytes (RFC 6455: a control frame has 125, two are the code).
const LONGEST_REASON: usize = 123;

impl Close {
    pub fn frame(&self) -> CloseFrame {
        let (code, reason) = match self {
            Self::GoingAway => (1001, "The server stops: connect again".to_owned()),
            Self::Stalled => (1011, "The connection stalled".to_owned()),
            Self::Subprotocol => (4406, "Subprotocol not acceptable".to_owned()),
            Self::BadRequest(what) => (4400, what.clone()),
            Self::Unauthorized(why) => (4401, (*why).to_owned()),
            Self::Forbidden => (4403, "Forbidden".to_owned()),
            Self::InitTimeout => (4408, "Connection initialisation timeout".to_owned()),
            Self::DuplicateId(id) => (4409, format!("Subscriber for {id} already exists")),
            Self::SecondInit => (4429, "Too many initialisation requests".to_owned()),
        };
        let mut end = reason.len().min(LONGEST_REASON);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        CloseFrame { code, reason: reason.get(..end).unwrap_or_default().into() }
    }
}

pub fn connection_ack() -> Message {
    text(&json!({ "type": "connection_ack" }))
}

pub fn pong(payload: Option<&Map<String, Value>>) -> Message {
    match payload {
        Some(payload) => text(&json!({ "type": "pong", "payload": payload })),
        None => text(&json!({ "type": "pong" })),
    }
}

/// `payload` is an answer as JSON already.
pub fn next(id: &str, payload: &str) -> Message {
    Message::text(format!(r#"{{"id":{},"type":"next","payload":{payload}}}"#, Value::from(id)))
}

pub fn error(id: &str, errors: &Value) -> Message {
    text(&json!({ "id": id, "type": "error", "payload": errors }))
}

pub fn complete(id: &str) -> Message {
    text(&json!({ "id": id, "type": "complete" }))
}

fn text(value: &Value) -> Message {
    Message::text(value.to_string())
}
