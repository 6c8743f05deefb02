//! The parts of a form, one after the other, as they come.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use futures_util::future::ready;
use multer::{Constraints, Field, Multipart, SizeLimit};

use super::memory::Share;
use super::{bad, malformed, too_long};
use crate::http::answer::Rejection;

/// How long the next piece of a form may keep us waiting.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the headers of one part may be, in bytes. Each new piece makes them be searched again from the start.
const LONGEST_HEADERS: usize = 16 * 1024;

pub struct Form {
    parts: Multipart<'static>,
    share: Arc<Share>,
    most: usize,
}

/// All uploads together hold as much memory as they may.
#[derive(Debug, thiserror::Error)]
#[error("too much is being uploaded")]
struct Full;

impl Form {
    pub fn new(body: Body, boundary: String, share: &Arc<Share>, most: usize) -> Self {
        let counter = Arc::clone(share);
        let body = body.into_data_stream().map_err(Box::<dyn std::error::Error + Send + Sync>::from);
        let counted = body.and_then(move |piece| {
            let fits = counter.take(piece.len());
            ready(if fits { Ok(piece) } else { Err(Full.into()) })
        });
        let limits = SizeLimit::new().whole_stream(most as u64);
        let parts = Multipart::with_constraints(counted, boundary, Constraints::new().size_limit(limits));
        Self { parts, share: Arc::clone(share), most }
    }

    /// The next part, which has to have this name and to be no longer than that.
    pub async fn text(&mut self, name: &str, most: usize) -> Result<Bytes, Rejection> {
        let Some(mut part) = self.part().await?.filter(|part| part.name() == Some(name)) else {
            let message = "A multipart request has first the part `operations`, then the part `map`, then the files.";
            return Err(bad(message));
        };
        let mut text = BytesMut::new();
        while let Some(piece) = self.piece(&mut part).await? {
            text.extend_from_slice(&piece);
            if text.len() > most {
                return Err(too_long(&format!("The part `{name}`"), most));
            }
        }
        Ok(text.freeze())
    }

    /// The next file with the name of its part, the beginning of it if it is longer than `keep`; none after the last one.
    pub async fn file(&mut self, keep: usize) -> Result<Option<(String, Bytes)>, Rejection> {
        let Some(mut part) = self.part().await? else { return Ok(None) };
        let name = part.name().unwrap_or_default().to_owned();
        let mut file = BytesMut::new();
        while let Some(mut piece) = self.piece(&mut part).await? {
            piece.truncate(keep.saturating_sub(file.len()));
            file.extend_from_slice(&piece);
        }
        Ok(Some((name, file.freeze())))
    }

    async fn part(&mut self) -> Result<Option<Field<'static>>, Rejection> {
        let (share, before) = (Arc::clone(&self.share), self.share.received());
        let parts = &mut self.parts;
        let part = poll_fn(|context| match parts.poll_next_field(context) {
            Poll::Pending if share.received() - before > LONGEST_HEADERS => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
            Poll::Ready(part) => Poll::Ready(Some(part)),
        });
        let part = in_time(part).await?.ok_or_else(|| bad("The headers of a part are too long."))?;
        part.map_err(|error| self.refused(&error))
    }

    async fn piece(&self, part: &mut Field<'static>) -> Result<Option<Bytes>, Rejection> {
        in_time(part.chunk()).await?.map_err(|error| self.refused(&error))
    }

    fn refused(&self, error: &multer::Error) -> Rejection {
        match error {
            multer::Error::StreamSizeExceeded { .. } => too_long("The request", self.most),
            multer::Error::StreamReadFailed(cause) if cause.is::<Full>() => {
                let message = "Too much is being uploaded just now. Try again in a moment.";
                Rejection::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message)
            }
            other => malformed(other),
        }
    }
}

async fn in_time<T>(piece: impl Future<Output = T>) -> Result<T, Rejection> {
    tokio::time::timeout(PATIENCE, piece).await.map_err(|_elapsed| {
        let message = "The rest of the request did not come in time.";
        Rejection::new(StatusCode::REQUEST_TIMEOUT, "TIMEOUT", message)
    })
}
