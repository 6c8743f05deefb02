//! What is stored: one module a table, and the id types. No behaviour, no GraphQL.

pub mod audit;
pub mod comment;
pub mod comment_stats;
pub mod dead_letter;
pub mod feed_entry;
pub mod follow;
pub mod gate;
pub mod gate_user;
pub mod id;
pub mod idempotency;
pub mod inbox;
pub mod liked;
pub mod media_trash;
pub mod node;
pub mod notification;
pub mod outbox;
pub mod photo;
pub mod profile;
pub mod session;
pub mod suspended;
pub mod tweet;
pub mod tweet_stats;
pub mod user;
pub mod user_stats;

pub use id::{AuditId, CommentId, FollowId, LikeId, MessageId, PhotoId, SessionId, TweetId, UserId};
pub use liked::Subject;
