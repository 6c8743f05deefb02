//! Cursors: the key of a row, tagged with the kind of connection, so that none is taken for another's.

use std::borrow::Cow;
use std::fmt::{self, Display};

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{Error, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Feed,
    Tweets,
    Followers,
    Following,
    Comments,
    Likers,
    Notifications,
    Accounts,
    DeadLetters,
    Audit,
}

impl Kind {
    fn tag(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Tweets => "tweets",
            Self::Followers => "followers",
            Self::Following => "following",
            Self::Comments => "comments",
            Self::Likers => "likers",
            Self::Notifications => "notifications",
            Self::Accounts => "accounts",
            Self::DeadLetters => "dead-letters",
            Self::Audit => "audit",
        }
    }

    pub fn encode(self, key: i64) -> Cursor {
        Cursor(self, key)
    }

    /// The row need not be there any more.
    ///
    /// # Errors
    /// BAD_USER_INPUT when this is no cursor of a connection of this kind.
    pub fn decode(self, cursor: &str) -> Result<i64> {
        let parse = || {
            let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
            plain.strip_prefix(self.tag())?.strip_prefix(':')?.parse::<i64>().ok().filter(|key| *key >= 0)
        };
        parse().ok_or_else(|| {
            Error::BadInput(format!(
                "{cursor:.40?} is not a cursor of this list. Use one that a page of it has returned."
            ))
        })
    }
}

/// A place in a list. It becomes a text when it is asked for, which it mostly is not.
#[derive(Clone, Copy, Debug)]
pub struct Cursor(Kind, i64);

impl Cursor {
    pub fn text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.to_string())
    }
}

/// What is inside.
impl Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0.tag(), self.1)
    }
}

impl From<Cursor> for Value {
    fn from(cursor: Cursor) -> Self {
        Self::String(cursor.text())
    }
}

impl OutputType for Cursor {
    fn type_name() -> Cow<'static, str> {
        <String as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <String as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok((*self).into())
    }
}
