//! What a transaction has changed, told to the caches of all processes once it is committed.

use entity::{CommentId, SessionId, Subject, TweetId, UserId};
use serde::{Deserialize, Serialize};

/// Says what was changed, not what is to be forgotten because of it: that the caches know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// So much, or so rare a thing, that nobody keeps account: suspensions, repairs, bulk loads.
    Everything,
    /// A user or profile.
    Person(UserId),
    /// The counters of a user.
    UserStats(UserId),
    /// A session has ended, or was seen.
    Session(SessionId),
    /// A tweet was made, with the author's own feed entry.
    Tweeted { tweet: TweetId, author: UserId },
    /// A tweet has died.
    Buried { tweet: TweetId, author: UserId },
    /// The counters of a tweet, or anything else of it.
    Tweet(TweetId),
    /// A comment was made, changed or deleted.
    Comment { comment: CommentId, tweet: TweetId },
    /// The counters of a comment.
    CommentStats(CommentId),
    /// Somebody likes something, or no longer.
    Liked { user: UserId, subject: Subject },
    /// An edge was made or removed.
    Edge { follower: UserId, followee: UserId },
    /// An edge of this reader has turned from pulled to pushed.
    Pushed { follower: UserId },
    /// Edges to this author have turned from pushed to pulled.
    Demoted { followee: UserId },
    /// A tweet has come into the feeds of the pushed followers `after` < id <= `through`.
    Delivered { tweet: TweetId, author: UserId, after: UserId, through: UserId },
}
