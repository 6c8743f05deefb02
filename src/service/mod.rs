//! The rules: who may, what is valid, what is one transaction. SQL lives here and in `bus/`, nowhere else.

pub mod bulk;
pub mod check;
pub mod comment;
pub mod counters;
pub mod credentials;
pub mod discard;
pub mod feed;
pub mod follow;
pub mod idempotency;
pub mod like;
pub mod media;
pub mod node;
pub mod notification;
pub mod page;
pub mod photo;
pub mod plan;
pub mod profile;
pub mod session;
pub mod stats;
pub mod subject;
pub mod tweet;
pub mod user;
