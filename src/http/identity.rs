//! From the headers of a request to the person asking.

use axum::http::{HeaderMap, StatusCode, header};

use super::answer::Rejection;
use crate::app::App;
use crate::auth::{self, Viewer, cookie};
use crate::error::{Error, Result};

/// Who asks, by which of the two ways.
pub struct Identity {
    pub viewer: Option<Viewer>,
    /// The request came with a cookie that logs nobody in any more.
    pub stale_cookie: bool,
}

/// The bearer token, else the session cookie. A bad cookie counts as none.
///
/// # Errors
/// 401 for a bad bearer token.
pub async fn identify(app: &App, headers: &HeaderMap) -> Result<Identity, Rejection> {
    if let Some(token) = headers.get(header::AUTHORIZATION).and_then(|value| bearer(value.to_str().ok()?)) {
        let viewer = auth::viewer(app, token).await.map_err(unavailable)?;
        return match viewer {
            Some(viewer) => Ok(Identity { viewer: Some(viewer), stale_cookie: false }),
            None => Err(bad_token()),
        };
    }
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let token = cookies.filter_map(|value| cookie::token(&app.config, value)).next();
    let viewer = match &token {
        Some(token) => auth::viewer(app, token).await.map_err(unavailable)?,
        None => None,
    };
    Ok(Identity { viewer, stale_cookie: token.is_some() && viewer.is_none() })
}

/// The token in `Bearer TOKEN`. Other schemes are not ours: a proxy may have its own.
pub fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// What is said of a bearer token that logs nobody in.
pub fn bad_token() -> Rejection {
    let message = "This session token is unknown, or its session has ended. Log in again.";
    Rejection::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message)
}

fn unavailable(error: Error) -> Rejection {
    Rejection::internal(&error, "a session could not be looked up")
}
