//! Global ids: opaque to clients, tagged with the type inside.

use std::fmt::{self, Display};

use async_graphql::ID;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::{AuditId, CommentId, MessageId, PhotoId, SessionId, Subject, TweetId, UserId};

use crate::error::{Error, Result};

/// Everything that has an id in the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GlobalId {
    Viewer(UserId),
    User(UserId),
    Profile(UserId),
    Tweet(TweetId),
    Photo(PhotoId),
    Comment(CommentId),
    /// The recipient, and the number among their notifications.
    Notification(UserId, i64),
    Session(SessionId),
    /// What administrators see of a user.
    Account(UserId),
    AuditEntry(AuditId),
    DeadLetter(MessageId),
    /// By its name.
    Gate(String),
}

/// What is inside.
impl Display for GlobalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tag, number) = match self {
            Self::Viewer(id) => ("Viewer", id.0),
            Self::User(id) => ("User", id.0),
            Self::Profile(id) => ("Profile", id.0),
            Self::Tweet(id) => ("Tweet", id.0),
            Self::Photo(id) => ("Photo", id.0),
            Self::Comment(id) => ("Comment", id.0),
            Self::Notification(recipient, seq) => return write!(f, "Notification:{recipient}:{seq}"),
            Self::Session(id) => ("Session", id.0),
            Self::Account(id) => ("Account", id.0),
            Self::AuditEntry(id) => ("AuditEntry", id.0),
            Self::DeadLetter(id) => ("DeadLetter", id.0),
            Self::Gate(name) => return write!(f, "Gate:{name}"),
        };
        f.write_str(tag)?;
        f.write_str(":")?;
        Display::fmt(&number, f)
    }
}

impl GlobalId {
    pub fn encode(&self) -> ID {
        ID(URL_SAFE_NO_PAD.encode(self.to_string()))
    }

    /// # Errors
    /// BAD_USER_INPUT when this is no id of ours.
    pub fn decode(id: &ID) -> Result<Self> {
        parse(id).ok_or_else(|| Error::BadInput("This is not an id that this server has given out.".to_owned()))
    }

    /// The user that the input of a mutation names.
    ///
    /// # Errors
    /// BAD_USER_INPUT when this is no id of ours; the user error NOT_FOUND when it is the id of something else.
    pub fn user(id: &ID, field: &'static str) -> Result<UserId> {
        match Self::decode(id)? {
            Self::User(id) => Ok(id),
            _ => Err(Error::not_found("user", field)),
        }
    }

    /// The tweet that the input of a mutation names.
    ///
    /// # Errors
    /// BAD_USER_INPUT when this is no id of ours; the user error NOT_FOUND when it is the id of something else.
    pub fn tweet(id: &ID, field: &'static str) -> Result<TweetId> {
        match Self::decode(id)? {
            Self::Tweet(id) => Ok(id),
            _ => Err(Error::not_found("tweet", field)),
        }
    }

    /// The comment that the input of a mutation names.
    ///
    /// # Errors
    /// BAD_USER_INPUT when this is no id of ours; the user error NOT_FOUND when it is the id of something else.
    pub fn comment(id: &ID, field: &'static str) -> Result<CommentId> {
        match Self::decode(id)? {
            Self::Comment(id) => Ok(id),
            _ => Err(Error::not_found("comment", field)),
        }
    }

    /// The session that the input of a mutation names.
    ///
    /// # Errors
    /// BAD_USER_INPUT when this is no id of ours; the user error NOT_FOUND when it is the id of something else.
    pub fn session(id: &ID, field: &'static str) -> Result<SessionId> {
        match Self::decode(id)? {
            Self::Session(id) => Ok(id),
            _ => Err(Error::not_found("session", field)),
        }
    }

    /// The dead letter that the input of a mutation names; none if it is the id of something else.
    ///
    /// # Errors
    /// BAD_USER_INPUT when this is no id of ours.
    pub fn dead_letter(id: &ID) -> Result<Option<MessageId>> {
        match Self::decode(id)? {
            Self::DeadLetter(id) => Ok(Some(id)),
            _ => Ok(None),
        }
    }

    /// What the input of a mutation names to like or unlike.
    ///
    /// # Errors
    /// BAD_USER_INPUT when this is no id of ours; the user error NOT_FOUND when it is the id of something else.
    pub fn subject(id: &ID, field: &'static str) -> Result<Subject> {
        match Self::decode(id)? {
            Self::Tweet(id) => Ok(Subject::Tweet(id)),
            Self::Comment(id) => Ok(Subject::Comment(id)),
            _ => Err(Error::not_found("tweet or comment", field)),
        }
    }
}

fn parse(id: &ID) -> Option<GlobalId> {
    let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(id.as_str()).ok()?).ok()?;
    let (tag, number) = plain.split_once(':')?;
    let parsed = match tag {
        "Viewer" => GlobalId::Viewer(UserId(number.parse().ok()?)),
        "User" => GlobalId::User(UserId(number.parse().ok()?)),
        "Profile" => GlobalId::Profile(UserId(number.parse().ok()?)),
        "Tweet" => GlobalId::Tweet(TweetId(number.parse().ok()?)),
        "Photo" => GlobalId::Photo(PhotoId(number.parse().ok()?)),
        "Session" => GlobalId::Session(SessionId(number.parse().ok()?)),
        "Account" => GlobalId::Account(UserId(number.parse().ok()?)),
        "AuditEntry" => GlobalId::AuditEntry(AuditId(number.parse().ok()?)),
        "DeadLetter" => GlobalId::DeadLetter(MessageId(number.parse().ok()?)),
        "Comment" => GlobalId::Comment(CommentId(number.parse().ok()?)),
        "Notification" => {
            let (recipient, seq) = number.split_once(':')?;
            GlobalId::Notification(UserId(recipient.parse().ok()?), seq.parse().ok()?)
        }
        "Gate" => GlobalId::Gate(number.to_owned()),
        _ => return None,
    };
    // One object has one id: no sign, no leading zero, no stray bits.
    (parsed.encode() == *id).then_some(parsed)
}
