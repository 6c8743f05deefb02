//! Which pages may open a socket. A browser sends the session cookie with a socket that any page opens, and asks nobody
//! first; but it tells the page's origin.

use axum::http::{HeaderMap, header};

use crate::config::Config;

/// Whether a socket may be opened: from the public URL's pages and those of the origins that are allowed besides, or by a
/// client that is no browser and names no origin.
pub fn is_allowed(config: &Config, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    own(config).iter().chain(&config.allowed_origins).any(|allowed| allowed.eq_ignore_ascii_case(origin))
}

/// The public URL's origin. Unless one is configured, this computer under each of its names.
fn own(config: &Config) -> Vec<String> {
    let url = config.public_url();
    if config.public_url.is_none() && (config.listen.ip().is_loopback() || config.listen.ip().is_unspecified()) {
        let port = config.listen.port();
        return ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("http://{host}:{port}")).to_vec();
    }
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", &url));
    let host = rest.split('/').next().unwrap_or_default();
    let default_port = if scheme == "https" { ":443" } else { ":80" };
    vec![format!("{scheme}://{}", host.strip_suffix(default_port).unwrap_or(host))]
}
