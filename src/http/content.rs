//! What a body says it is, by its header Content-Type.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::answer::Rejection;

pub enum Content {
    Json,
    Form,
}

/// # Errors
/// 415 for what we do not read: another type, another encoding than UTF-8, a compressed body.
pub fn of(headers: &HeaderMap) -> Result<Content, Rejection> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = content_type.split(';').map(str::trim);
    let content = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "application/json" => Content::Json,
        "multipart/form-data" => Content::Form,
        _ => {
            return Err(unsupported(
                "Send the request as JSON, with the header Content-Type: application/json, \
                 or with files as multipart/form-data.",
            ));
        }
    };
    let charset = parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.eq_ignore_ascii_case("charset"));
    if charset.is_some_and(|(_, charset)| {
        !matches!(charset.trim_matches('"').to_ascii_lowercase().as_str(), "utf-8" | "utf8")
    }) {
        return Err(unsupported("The body has to be encoded in UTF-8."));
    }
    let encoding = headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes);
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
        return Err(unsupported("The body may not be compressed."));
    }
    Ok(content)
}

fn unsupported(message: &str) -> Rejection {
    Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "BAD_USER_INPUT", message)
}
