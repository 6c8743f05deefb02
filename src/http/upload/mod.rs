//! Files with an operation: the multipart form of jaydenseric/graphql-multipart-request-spec.
//!
//! First the part `operations`, the JSON of the request with null where files belong, then the part `map`, which says where
//! each file belongs, then the files. They are held in memory: what is taken is small and is decoded whole in any case, no
//! file is left behind by a crash, and a spool on a disk would only move the limit. All uploads share an allowance of
//! memory (`memory`), and each request has a cap.

mod form;
mod map;
mod memory;

use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, StatusCode, header};

use super::answer::Rejection;
use super::params::Params;
use crate::app::App;
use form::Form;
use map::Places;
pub use memory::Memory;
use memory::Share;

/// How many files one request may have.
const MOST_FILES: usize = 10;
/// How long the parts `operations` and `map` may be, in bytes.
const OPERATIONS: usize = 1024 * 1024;
const MAP: usize = 10_000;

/// A form is a simple request, which any page may send with our cookie. One of these headers makes the browser ask first.
const PREFLIGHT: [&str; 3] = ["graphql-require-preflight", "apollo-require-preflight", "x-apollo-operation-name"];

/// A request whose files stand in its variables. They count as held until this is dropped.
pub struct Upload {
    pub params: Params,
    pub held: Arc<Share>,
}

/// # Errors
/// 400 without a header that forces a browser to ask first.
pub fn check_preflight(headers: &HeaderMap) -> Result<(), Rejection> {
    if PREFLIGHT.iter().any(|name| headers.get(*name).is_some_and(|value| !value.is_empty())) {
        return Ok(());
    }
    let message = "A multipart request has to have the header GraphQL-Require-Preflight with any value, \
                   so that no page of another site can send it.";
    Err(bad(message))
}

/// Reads a form of at most `most` bytes.
///
/// # Errors
/// 400 when it is not of the form that the specification asks for, 413 when something is too long, 408 when nothing comes
/// any more, 503 when too much is being uploaded just now.
pub async fn read(
    app: &App,
    memory: &Memory,
    headers: &HeaderMap,
    body: Body,
    most: usize,
) -> Result<Upload, Rejection> {
    if body.size_hint().lower() > most as u64 {
        return Err(too_long("The request", most));
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(content_type).map_err(|error| malformed(&error))?;
    let held = Arc::new(memory.share());
    let mut form = Form::new(body, boundary, &held, most);

    let operations = form.text("operations", OPERATIONS).await?;
    let mut params = Params::from_json(&operations)?;
    let map = form.text("map", MAP).await?;
    let mut places = Places::from_json(&map, &mut params.variables)?;

    // What is longer than any picture may be is cut: the mutation then says so, and of which field.
    let keep = app.config.media_photo_bytes.max(app.config.media_avatar_bytes) + 1;
    while let Some((name, file)) = form.file(keep).await? {
        places.fill(&name, &file, &mut params.variables)?;
    }
    places.finish()?;
    Ok(Upload { params, held })
}

fn bad(message: impl Into<String>) -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", message)
}

fn malformed(error: &multer::Error) -> Rejection {
    bad(format!("The multipart body cannot be read: {error}."))
}

fn too_long(what: &str, most: usize) -> Rejection {
    let message = format!("{what} may have at most {most} bytes.");
    Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, "TOO_COSTLY", message)
}
