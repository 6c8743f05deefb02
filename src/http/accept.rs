//! What the client takes as an answer, by its header Accept.

use async_graphql::parser::types::OperationType;
use axum::http::{HeaderMap, header};

/// Which of the two media types of GraphQL over HTTP an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    Json,
    GraphQl,
}

#[derive(Clone, Copy, Debug)]
pub struct Accept {
    /// For everything but events: the one that the client weighs higher; the newer one if it weighs both alike,
    /// application/json if it names neither.
    pub media: Media,
    json: f32,
    events: f32,
}

impl Accept {
    pub fn of(headers: &HeaderMap) -> Self {
        let accepts = headers.get_all(header::ACCEPT);
        let ranges = || accepts.iter().filter_map(|accept| accept.to_str().ok()).flat_map(|accept| accept.split(','));
        let weight = |media_type| ranges().filter_map(|range| weight(range, media_type)).fold(0.0, f32::max);
        let (json, graphql) = (weight("application/json"), weight("application/graphql-response+json"));
        let anything = weight("application/*").max(weight("*/*"));
        Self {
            media: if graphql > 0.0 && graphql >= json { Media::GraphQl } else { Media::Json },
            json: json.max(graphql).max(anything),
            events: weight("text/event-stream"),
        }
    }

    /// Whether the answer is to be a stream of events: for a subscription if the client takes one at all, for anything else
    /// if it would rather have one than JSON.
    pub fn wants_events(self, kind: Option<OperationType>) -> bool {
        self.events > self.json || (self.events > 0.0 && kind == Some(OperationType::Subscription))
    }
}

/// The weight that one range of an Accept header gives to a media type; none if it is about something else.
fn weight(range: &str, media_type: &str) -> Option<f32> {
    let mut parts = range.split(';').map(str::trim);
    parts.next().filter(|name| name.eq_ignore_ascii_case(media_type))?;
    let weight = parts.find_map(|parameter| parameter.strip_prefix("q="));
    Some(weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0)))
}
