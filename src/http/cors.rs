//! Pages of which other origins may read our answers, by CORS.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowHeaders, CorsLayer};

use super::request_id;
use crate::config::Config;

/// What scripts may see of an answer besides its body.
const EXPOSED: [HeaderName; 4] = [
    header::RETRY_AFTER,
    request_id::HEADER,
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("ratelimit-policy"),
];

/// How long a browser need not ask again.
const MAX_AGE: Duration = Duration::from_secs(2 * 60 * 60);

/// None without origins: browsers keep answers from every page but our own then.
pub fn layer(config: &Config) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = config.allowed_origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    if origins.is_empty() {
        return None;
    }
    let layer = CorsLayer::new()
        .allow_origin(origins)
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED)
        .max_age(MAX_AGE);
    Some(layer)
}
