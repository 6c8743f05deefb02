//! What one part of roost tells another that has to happen. Messages carry ids only, so that whoever handles one looks at
//! the state as it is by then.

use entity::{CommentId, Subject, TweetId, UserId};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Each one may be handled twice with the effect of once. `after` and `from` are the keys at which a walk goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Message {
    /// Copy a tweet into the feeds of the author's pushed followers.
    Deliver { tweet: TweetId, after: UserId },
    /// Take a deleted tweet out of the feeds again, then delete its row.
    /// Walks the pushed followers first, then the pulled ones.
    Retract { tweet: TweetId, pulled: bool, after: UserId },
    /// Copy the past of a followee into the feed of a follower, then push the edge.
    Fill { follower: UserId, followee: UserId, from: TweetId },
    /// Take the past of somebody unfollowed out of the feed.
    Purge { follower: UserId, followee: UserId, after: TweetId },
    /// Pull the edges of an author who has too many followers to push to.
    Demote { followee: UserId, after: UserId },
    /// An edge was made or removed: make the followee's notification of it agree.
    FollowChanged { follower: UserId, followee: UserId },
    /// Something was liked or unliked: make its author's notification of it agree.
    LikeChanged { subject: Subject, tweet: TweetId, recipient: UserId, actor: UserId },
    /// A comment was made or deleted: make the notification of the tweet's author agree.
    CommentChanged { comment: CommentId, tweet: TweetId, recipient: UserId, actor: UserId },
    /// A tweet or comment was deleted: remove what hangs on it, and its author's unread notifications about it.
    Discard { subject: Subject, author: UserId },
    /// Somebody was suspended: wake who listens to what was theirs, and their own sockets.
    UserHidden { user: UserId },
    /// Remove the next of what is left of somebody who is being deleted, in the end themselves.
    DeleteUser { user: UserId },
    /// Remove the files of the media store that are in the trash.
    EmptyTrash,
}

/// The stored form. A message of a version that a process does not know goes to the dead letters, from where a
/// newer roost can be told to retry it.
#[derive(Serialize, Deserialize)]
struct Envelope {
    v: u32,
    #[serde(flatten)]
    message: Message,
}

const VERSION: u32 = 1;

impl Message {
    /// # Errors
    /// INTERNAL, which cannot happen with a message of ids.
    pub fn to_json(self) -> Result<String> {
        Ok(serde_json::to_string(&Envelope { v: VERSION, message: self })?)
    }

    /// # Errors
    /// When this is no message, or one of another version.
    pub fn from_json(json: &str) -> Result<Self> {
        let envelope: Envelope = serde_json::from_str(json)?;
        if envelope.v != VERSION {
            return Err(Error::internal(format!("the message has version {}, not {VERSION}", envelope.v)));
        }
        Ok(envelope.message)
    }
}
