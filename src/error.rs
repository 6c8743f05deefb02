//! What can go wrong, and the closed list of codes that clients are told.
//!
//! A service says which of three kinds it is: what a person can mend (`Error::User`, the payload's `userErrors`), what the
//! client did (a code of its own), or what is our fault (`Error::Internal`: the cause goes to the log, never to the client).

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::limit::rate::Limited;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Something that a person got wrong, and in which field of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserError {
    pub code: UserErrorCode,
    /// Plain words for a person.
    pub message: String,
    /// The field of the input as the API names it, with dots where it lies deeper (`photos.2.file`); none when it is no
    /// single field.
    pub field: Option<Cow<'static, str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserErrorCode {
    Invalid,
    TooShort,
    TooLong,
    Taken,
    WrongCredentials,
    NotFound,
    NotYours,
    NotYourself,
    TooMany,
    UnsupportedMedia,
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A person can mend it. Nothing was changed. Never empty.
    #[error("{}", .0.first().map_or("", |error| error.message.as_str()))]
    User(Vec<UserError>),
    /// The client sent an argument that no person typed: an id, a cursor, a page size.
    #[error("{0}")]
    BadInput(String),
    #[error("Log in first: send the header Authorization: Bearer TOKEN, or the session cookie.")]
    Unauthenticated,
    #[error("This is for administrators only.")]
    Forbidden,
    /// There is none, or it is not for this viewer. Where there is no payload that could say so.
    #[error("{0}")]
    NotFound(String),
    #[error("This idempotency key was used for another input within the last 24 hours.")]
    IdempotencyMismatch,
    /// Too much of something in a short time. Nothing was changed.
    #[error("There were too many {what} in a short time. Try again in {retry_after} seconds.")]
    RateLimited {
        what: &'static str,
        /// In seconds, at least 1.
        retry_after: u64,
    },
    #[error("Too much was missed to send it all. Read the list again and subscribe anew.")]
    Resubscribe,
    #[error("This took too long and was given up. Ask for less at a time.")]
    Timeout,
    #[error("This cannot be done just now. Try again in a moment.")]
    Unavailable,
    #[error("Something went wrong on our side.")]
    Internal(Arc<anyhow::Error>),
}

impl Error {
    /// A single user error.
    pub fn user(code: UserErrorCode, field: impl Into<Option<&'static str>>, message: impl Into<String>) -> Self {
        Self::User(vec![UserError { code, message: message.into(), field: field.into().map(Cow::Borrowed) }])
    }

    /// The same for a field that is known only now, such as one item of a list.
    pub fn user_at(code: UserErrorCode, field: String, message: impl Into<String>) -> Self {
        Self::User(vec![UserError { code, message: message.into(), field: Some(Cow::Owned(field)) }])
    }

    /// What the mutation names is unknown, or not for this viewer.
    pub fn not_found(what: &str, field: impl Into<Option<&'static str>>) -> Self {
        Self::user(UserErrorCode::NotFound, field, format!("There is no such {what}."))
    }

    /// Our own fault, with no other error behind it.
    pub fn internal(cause: impl fmt::Display + fmt::Debug + Send + Sync + 'static) -> Self {
        Self::Internal(Arc::new(anyhow::Error::msg(cause)))
    }

    /// Everything that the log has to say of it, causes included. Not for clients.
    pub fn log(&self) -> String {
        match self {
            Self::Internal(cause) => format!("{cause:#}"),
            other => other.to_string(),
        }
    }

    /// The code in the error's extensions. The whole list stands in tests/contract.graphql.
    pub fn code(&self) -> &'static str {
        match self {
            Self::User(_) | Self::BadInput(_) => "BAD_USER_INPUT",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound(_) => "NOT_FOUND",
            Self::IdempotencyMismatch => "IDEMPOTENCY_MISMATCH",
            Self::RateLimited { .. } => "RATE_LIMITED",
            Self::Resubscribe => "RESUBSCRIBE",
            Self::Timeout => "TIMEOUT",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal(_) => "INTERNAL",
        }
    }
}

impl From<Limited> for Error {
    fn from(limited: Limited) -> Self {
        Self::RateLimited { what: limited.standing.action.what(), retry_after: limited.retry_after }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(Arc::new(error.into()))
    }
}
