//! The answers of mutations: what was changed, or what a person has to mend.

use async_graphql::{Enum, SimpleObject};

use crate::error::{self, Error, Result};

/// Something to mend in the input of a mutation.
#[derive(Clone, Debug, SimpleObject)]
pub struct UserError {
    /// What kind of fault it is.
    code: UserErrorCode,
    /// For people, in plain words.
    message: String,
    /// Path of the input field at fault, e.g. ["input", "username"]; null when it is no single field.
    field: Option<Vec<String>>,
}

/// The kinds of faults that a person can mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "error::UserErrorCode")]
pub enum UserErrorCode {
    /// Not of the form that is asked for.
    Invalid,
    /// Empty, or shorter than the least length.
    TooShort,
    /// Longer than the greatest length.
    TooLong,
    /// Somebody else has it.
    Taken,
    /// Unknown login or wrong password; which of the two is not told.
    WrongCredentials,
    /// There is no such thing, or it is not for the viewer.
    NotFound,
    /// It belongs to somebody else.
    NotYours,
    /// Nobody does this to themselves.
    NotYourself,
    /// More than one may have.
    TooMany,
    /// A file that is no image of a kind we take, or that cannot be read.
    UnsupportedMedia,
}

impl From<error::UserError> for UserError {
    fn from(fault: error::UserError) -> Self {
        let path = |field: &str| std::iter::once("input").chain(field.split('.')).map(ToOwned::to_owned).collect();
        let field = fault.field.as_deref().map(path);
        Self { code: fault.code.into(), message: fault.message, field }
    }
}

/// A payload that can say no.
pub trait Payload: Default {
    /// Everything null but the faults.
    fn refused(user_errors: Vec<UserError>) -> Self;
}

/// Turns what a person can mend into the payload's `userErrors`; everything else stays a top-level error, at which only this
/// field is null. (The engine stops an error at an Option around a Result, not at one inside.)
pub fn answer<P: Payload>(result: Result<P>) -> Option<Result<P>> {
    Some(match result {
        Err(Error::User(faults)) => Ok(P::refused(faults.into_iter().map(Into::into).collect())),
        other => other,
    })
}

macro_rules! payloads {
    ($($payload:ident),+) => {$(
        impl $crate::graphql::payload::Payload for $payload {
            fn refused(user_errors: Vec<$crate::graphql::payload::UserError>) -> Self {
                Self { user_errors, ..Default::default() }
            }
        }
    )+};
}
pub(crate) use payloads;
