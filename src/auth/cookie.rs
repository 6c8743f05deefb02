//! The session cookie, for browsers: out of reach of scripts, and not sent with requests that other sites cause, but for
//! plain links. Whatever changes something takes `application/json` besides, or a header that no form can have: neither can
//! another site send (http/graphql.rs).

use cookie::{Cookie, SameSite};

use crate::config::Config;

/// As long as a session can last at most: 180 days.
const MAX_AGE: i64 = 180 * 24 * 60 * 60;

/// With `__Host-`, browsers take the cookie from this very host only, over TLS only.
fn name(config: &Config) -> &'static str {
    if is_secure(config) { "__Host-roost_session" } else { "roost_session" }
}

fn is_secure(config: &Config) -> bool {
    config.public_url().starts_with("https://")
}

/// The value of `Set-Cookie` that keeps a token.
pub fn of(config: &Config, token: &str) -> String {
    set(config, token, MAX_AGE)
}

/// The value of `Set-Cookie` that takes it away.
pub fn cleared(config: &Config) -> String {
    set(config, "", 0)
}

fn set(config: &Config, token: &str, seconds: i64) -> String {
    Cookie::build((name(config), token))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(is_secure(config))
        .max_age(cookie::time::Duration::seconds(seconds))
        .to_string()
}

/// The token in a `Cookie` header.
pub fn token(config: &Config, header: &str) -> Option<String> {
    let ours = |cookie: Cookie<'_>| (cookie.name() == name(config)).then(|| cookie.value().to_owned());
    Cookie::split_parse(header.to_owned()).flatten().find_map(ours)
}
