//! Ids are 64-bit integers made by the application, ordered by time. A type each, so that none is taken for another.

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(DeriveValueType, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

id! {
    /// A user, and with it their profile, counters and inbox.
    UserId
    /// A tweet. Grows with every tweet of one author in the order of their commits.
    TweetId
    /// A picture of a tweet.
    PhotoId
    /// A comment under a tweet.
    CommentId
    /// That somebody likes something.
    LikeId
    /// An edge between two users.
    FollowId
    /// A log-in.
    SessionId
    /// A message in the outbox or among the dead letters.
    MessageId
    /// An entry of the administration's log.
    AuditId
}
