//! What is counted: the one table.

use super::Quota;
use crate::clock::{HOUR, MINUTE, SECOND};

/// Something of which there may be too much. Actions that share a line share a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Every operation of a user, by its cost (limit/document/cost.rs).
    Operations,
    /// Every operation of an address without a session, by its cost.
    AnonymousOperations,
    /// `createTweet`.
    Tweets,
    /// `createComment`, `updateComment`, `like`, `unlike`.
    CommentsAndLikes,
    /// `follow`, `unfollow`.
    Follows,
    /// Files of any mutation.
    Uploads,
    /// `signUp`, by address.
    SignUps,
    /// Whatever asks for a password, by account and address together.
    LogIns,
    /// The same by address.
    LogInsByAddress,
}

impl Action {
    pub const ALL: [Self; 9] = [
        Self::Operations,
        Self::AnonymousOperations,
        Self::Tweets,
        Self::CommentsAndLikes,
        Self::Follows,
        Self::Uploads,
        Self::SignUps,
        Self::LogIns,
        Self::LogInsByAddress,
    ];

    /// Its name in headers and, with `_` and behind `rate_`, in the configuration; what it is to a person; its default.
    const fn row(self) -> (&'static str, &'static str, Quota) {
        match self {
            Self::Operations => ("operations", "requests", Quota::new(20_000, 500, SECOND)),
            Self::AnonymousOperations => ("anonymous-operations", "requests", Quota::new(5_000, 200, SECOND)),
            Self::Tweets => ("tweets", "tweets", Quota::new(30, 300, 3 * HOUR)),
            Self::CommentsAndLikes => ("comments-and-likes", "comments and likes", Quota::new(60, 10, SECOND)),
            Self::Follows => ("follows", "follows and unfollows", Quota::new(30, 2, SECOND)),
            Self::Uploads => ("uploads", "uploads", Quota::new(30, 30, 30 * MINUTE)),
            Self::SignUps => ("sign-ups", "sign-ups", Quota::new(10, 10, 30 * MINUTE)),
            Self::LogIns => ("log-ins", "tries to log in", Quota::new(10, 1, 10 * SECOND)),
            Self::LogInsByAddress => ("log-ins-by-address", "tries to log in", Quota::new(10, 1, 10 * SECOND)),
        }
    }

    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// What there was too much of, for people.
    pub const fn what(self) -> &'static str {
        self.row().1
    }

    /// How much of it there may be unless another number is configured.
    pub const fn quota(self) -> Quota {
        self.row().2
    }

    /// Whether it is counted in points and not one by one.
    pub const fn has_points(self) -> bool {
        matches!(self, Self::Operations | Self::AnonymousOperations)
    }
}
