//! Stored pictures. A name is never used twice, so what is behind it may be cached for good.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::Server;
use super::answer::{self, Rejection};
use crate::media::{Found, GetRange, MediaName, StoreError, Stored, parse_range};

/// Whatever a browser takes the file for, it runs nothing of it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; sandbox";
const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// The file, or the part of it that the header Range asks for.
pub async fn file(State(server): State<Arc<Server>>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    // As it was sent, percent signs and all: no name has one.
    let name = uri.path().strip_prefix("/media/").and_then(|name| name.parse().ok());
    let Some(name) = name else { return answer::not_found().await.into_response() };
    match serve(&server, &method, name, &headers).await {
        Ok(response) => response,
        Err(StoreError::NotFound) => answer::not_found().await.into_response(),
        Err(StoreError::BadRange { length }) => {
            let message = format!("The file has {length} bytes, and none of those asked for.");
            let refused = Rejection::new(StatusCode::RANGE_NOT_SATISFIABLE, "BAD_USER_INPUT", message);
            ([(header::CONTENT_RANGE, format!("bytes */{length}"))], refused).into_response()
        }
        Err(error) => {
            tracing::error!(%name, error = format!("{:#}", anyhow::Error::new(error)), "a picture could not be read");
            let message = "This cannot be read just now. Try again in a moment.";
            Rejection::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message).into_response()
        }
    }
}

async fn serve(server: &Server, method: &Method, name: MediaName, headers: &HeaderMap) -> Result<Response, StoreError> {
    let store = &server.app.media.store;
    let is_known = is_known(headers, name);
    if is_known || *method == Method::HEAD {
        let status = if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
        let Stored { length, .. } = store.head(name).await?;
        return Ok(with_length(describe(status, name, Body::empty()), length));
    }
    let asked = range(headers, name);
    let status = if asked.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let Found { file, range, body } = store.get(name, asked).await?;
    let mut response = describe(status, name, Body::from_stream(body));
    if status == StatusCode::PARTIAL_CONTENT {
        let shown = format!("bytes {}-{}/{}", range.start, range.end.saturating_sub(1), file.length);
        response.headers_mut().extend(HeaderValue::from_str(&shown).ok().map(|shown| (header::CONTENT_RANGE, shown)));
    }
    Ok(with_length(response, range.end - range.start))
}

fn describe(status: StatusCode, name: MediaName, body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, name.format().content_type()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::CACHE_CONTROL, CACHE_CONTROL),
        (header::ACCEPT_RANGES, "bytes"),
        (header::ETAG, &name.etag()),
    ];
    (status, headers, body).into_response()
}

fn with_length(mut response: Response, length: u64) -> Response {
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    response
}

/// Whether the client has the file already.
fn is_known(headers: &HeaderMap, name: MediaName) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known.flat_map(|value| value.split(',')).any(|tag| {
        let tag = tag.trim();
        tag == "*" || tag.trim_start_matches("W/") == name.etag()
    })
}

/// The part that is asked for. With If-Range, only of the very file that the client has a part of.
fn range(headers: &HeaderMap, name: MediaName) -> Option<GetRange> {
    let same = headers.get(header::IF_RANGE).is_none_or(|tag| tag.as_bytes() == name.etag().as_bytes());
    let range = headers.get(header::RANGE).filter(|_| same)?;
    parse_range(range.to_str().ok()?)
}
