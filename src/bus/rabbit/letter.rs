//! A message on its way through the broker: its text, and what has happened to it so far, in headers of our own.

use entity::{MessageId, outbox};
use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable};

use super::Lane;

const ATTEMPTS: &str = "roost-attempts";
const ERROR: &str = "roost-error";
const CREATED_AT: &str = "roost-created-at";
/// A header has to fit into a frame.
const LONGEST_ERROR: usize = 2_000;

/// Where a letter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    Now(Lane),
    /// To the lane, after a wait that grows with the number of tries so far.
    Later(Lane, i32),
    Dead,
}

#[derive(Clone, Debug)]
pub struct Letter {
    /// That of the outbox row.
    pub id: MessageId,
    pub payload: String,
    /// How often its handler has failed.
    pub attempts: i32,
    /// Why, the last time.
    pub error: Option<String>,
    pub created_at: i64,
    /// The id of the request that caused it, if one did: the message's correlation id.
    pub trace: Option<String>,
    pub route: Route,
}

impl Letter {
    pub fn of(row: &outbox::Model, lane: Lane) -> Self {
        Self {
            id: row.id,
            payload: row.payload.clone(),
            attempts: row.attempts,
            error: None,
            created_at: row.created_at,
            trace: row.trace.clone(),
            route: Route::Now(lane),
        }
    }

    /// What was delivered. Headers that are missing count as zero: somebody else may have put the message there.
    pub fn from(delivery: &Delivery, route: Route) -> Self {
        let properties = &delivery.properties;
        let headers = properties.headers().as_ref();
        let number = |name| match headers.and_then(|headers| headers.inner().get(name)) {
            Some(AMQPValue::LongLongInt(number)) => *number,
            Some(AMQPValue::LongInt(number)) => i64::from(*number),
            _ => 0,
        };
        let error = match headers.and_then(|headers| headers.inner().get(ERROR)) {
            Some(AMQPValue::LongString(text)) => Some(text.to_string()),
            _ => None,
        };
        let id = properties.message_id().as_ref().and_then(|id| id.as_str().parse().ok());
        Self {
            id: MessageId(id.unwrap_or_default()),
            payload: String::from_utf8_lossy(&delivery.data).into_owned(),
            attempts: i32::try_from(number(ATTEMPTS)).unwrap_or(i32::MAX),
            error,
            created_at: number(CREATED_AT),
            trace: properties.correlation_id().as_ref().map(ToString::to_string),
            route,
        }
    }

    pub(super) fn properties(&self) -> BasicProperties {
        let mut headers = FieldTable::default();
        headers.insert(ATTEMPTS.into(), AMQPValue::LongInt(self.attempts));
        headers.insert(CREATED_AT.into(), AMQPValue::LongLongInt(self.created_at));
        if let Some(error) = &self.error {
            let error: String = error.chars().take(LONGEST_ERROR).collect();
            headers.insert(ERROR.into(), AMQPValue::LongString(error.into()));
        }
        let properties = match &self.trace {
            Some(trace) => BasicProperties::default().with_correlation_id(trace.as_str().into()),
            None => BasicProperties::default(),
        };
        properties
            .with_delivery_mode(2)
            .with_content_type("application/json".into())
            .with_message_id(self.id.to_string().into())
            .with_headers(headers)
    }
}
