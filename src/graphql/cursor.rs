//! Cursors: the key of a row, tagged with the kind of connection, so that none is taken for another's.

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

    pub fn encode(self, key: i64) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}:{key}", self.tag()))
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
