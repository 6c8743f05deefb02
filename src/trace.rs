//! The id of a request on its way: in every line that is logged while it is answered, in the messages that it posts, and in the
//! lines of the workers that handle those and what follows from them.

use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;

use tracing::{Instrument, Span};

tokio::task_local! {
    static CURRENT: Trace;
}

/// What is being done. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Trace(Arc<Work>);

#[derive(Debug)]
struct Work {
    id: Option<Box<str>>,
    span: Span,
}

impl Trace {
    pub fn of_request(id: &str) -> Self {
        // A span at the level of errors is there whatever is logged.
        let span = tracing::error_span!("request", request_id = id);
        Self(Arc::new(Work { id: Some(id.into()), span }))
    }

    /// That of a message, with the id of the request that caused it, if one did.
    pub fn of_message(message: impl Display, id: Option<&str>) -> Self {
        let span = tracing::error_span!("message", message_id = %message, request_id = id);
        Self(Arc::new(Work { id: id.map(Into::into), span }))
    }

    /// What is being done now.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// The id of the request that is being answered, or whose message is being handled.
    pub fn current_id() -> Option<String> {
        CURRENT.try_with(|trace| trace.0.id.as_deref().map(str::to_owned)).ok().flatten()
    }

    /// Does something as part of it.
    pub async fn run<F: Future>(&self, work: F) -> F::Output {
        CURRENT.scope(self.clone(), work.instrument(self.0.span.clone())).await
    }
}
