//! Lanes: queues beside each other, so that what comes in masses delays nothing that comes one by one.
//!
//! The first batch of a tweet has a lane of its own. The further batches of somebody with very many followers go another
//! way, so that everybody else's tweets pass a celebrity's.

use entity::UserId;

use super::Message;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Notifications.
    Notify,
    /// The first batch of every delivery: all of it, for most authors.
    Feed,
    /// Further batches, backfills and removals.
    Bulk,
}

impl Lane {
    pub const ALL: [Self; 3] = [Self::Notify, Self::Feed, Self::Bulk];

    pub fn of(message: Message) -> Self {
        match message {
            Message::FollowChanged { .. } | Message::LikeChanged { .. } | Message::CommentChanged { .. } => {
                Self::Notify
            }
            Message::Deliver { after: UserId(0), .. } => Self::Feed,
            _ => Self::Bulk,
        }
    }

    /// As it stands in the names of queues and in routing keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Notify => "notify",
            Self::Feed => "feed",
            Self::Bulk => "bulk",
        }
    }
}
