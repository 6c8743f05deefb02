//! Subscriptions through the router, as server-sent events.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderValue, Request, header};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::time::timeout;
use tower::ServiceExt;

use super::TestApp;

/// Whatever is waited for comes long before; a test that waits so long has failed.
const DEADLINE: Duration = Duration::from_secs(30);

/// What a subscription says.
pub struct Events {
    body: BodyDataStream,
    text: String,
}

impl TestApp {
    /// Sends the request of a subscription.
    pub async fn listen(&self, mut request: Request<Body>) -> Events {
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
        let response = self.router.clone().oneshot(request).await.unwrap();
        Events { body: response.into_body().into_data_stream(), text: String::new() }
    }
}

impl Events {
    /// The next answer; none when the stream is complete.
    pub async fn next(&mut self) -> Option<Value> {
        // All of it: the comments that keep the connection alive are no answer.
        timeout(DEADLINE, self.read()).await.expect("nothing came")
    }

    /// Returns when the stream is cut off without having said that it is complete; nothing else may come before.
    pub async fn cut(&mut self) {
        let rest = timeout(DEADLINE, async {
            while let Some(chunk) = self.body.next().await {
                self.text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
            }
        });
        rest.await.expect("it goes on");
        assert!(!self.text.contains("event:"), "{}", self.text);
    }

    async fn read(&mut self) -> Option<Value> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                if event == "event: complete\ndata: " {
                    return None;
                }
                match event.strip_prefix("event: next\ndata: ") {
                    Some(data) => return Some(serde_json::from_str(data).unwrap()),
                    None => continue,
                }
            }
            let chunk = self.body.next().await.expect("the end").unwrap();
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The data of the next answer, which has no errors.
    pub async fn data(&mut self) -> Value {
        let mut answer = self.next().await.expect("the stream is complete");
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"].take()
    }

    /// The code of the only error of the next answer.
    pub async fn code(&mut self) -> String {
        let answer = self.next().await.expect("the stream is complete");
        assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{answer}");
        answer["errors"][0]["extensions"]["code"].as_str().unwrap().to_owned()
    }
}
