//! Every operation costs, by whatever transport it comes: here it is let in, and here are the headers that say how the client
//! stands (draft-ietf-httpapi-ratelimit-headers).

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::Server;
use super::answer::Rejection;
use super::operation::Operation;
use super::tally;
use crate::auth::Viewer;
use crate::graphql::RequestContext;
use crate::limit::rate::{Action, Demand, Standing, Subject};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STANDING: HeaderName = HeaderName::from_static("ratelimit");

/// Counts an operation by its cost. Comes before its execution, once for each: an entry of a batch is an operation.
///
/// # Errors
/// 429 when the client has used up what it may spend: nothing is executed then.
pub async fn admit(
    server: &Server,
    operation: &Operation,
    viewer: Option<Viewer>,
    context: &RequestContext,
) -> Result<(), Rejection> {
    let (action, subject) = match viewer {
        Some(viewer) => (Action::Operations, Subject::User(viewer.user)),
        None => (Action::AnonymousOperations, Subject::Address(context.client.address)),
    };
    match server.app.rates.take(&[Demand { action, subject, cost: operation.cost }]).await {
        Ok(Some(standing)) => context.rates.note(standing),
        Ok(None) => (),
        Err(limited) => {
            let rejection = Rejection::limited(limited);
            tally::refused(&server.app.metrics, operation.kind, operation.root.as_ref(), rejection.code);
            return Err(rejection);
        }
    }
    Ok(())
}

/// How the client stands with the limit that binds; none when nothing is limited.
pub fn headers(standing: Option<Standing>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let Some(Standing { action, quota, remaining, full_in }) = standing else { return headers };
    let (name, burst) = (action.name(), quota.burst);
    let window = quota.window_seconds();
    let unit = if action.has_points() { ";qu=\"points\"" } else { "" };
    let values = [
        (POLICY, format!("\"{name}\";q={burst};w={window}{unit}")),
        (STANDING, format!("\"{name}\";r={remaining};t={full_in}")),
    ];
    for (name, value) in values {
        headers.extend(HeaderValue::try_from(value).ok().map(|value| (name, value)));
    }
    headers
}
