//! What is shared: people, tweets, and the newest comments under a tweet. What changes with every like is not.

use std::hash::Hash;
use std::sync::Arc;

use entity::user::Role;
use entity::{CommentId, TweetId, UserId, comment, profile, tweet, user};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cache::{NewestComments, Person};

pub trait Object: Sized {
    /// What the places of its kind are called. It changes when the parts do.
    const KIND: &'static str;
    type Key: Copy + Eq + Hash;
    /// All that is to be known of it, and nothing that is secret.
    type Parts: Serialize + DeserializeOwned;

    fn number(key: Self::Key) -> i64;
    fn parts(&self) -> Self::Parts;
    fn of(key: Self::Key, parts: Self::Parts) -> Self;
}

pub type SharedPerson = Option<Arc<Person>>;
pub type SharedTweet = Option<Arc<tweet::Model>>;
pub type SharedComments = NewestComments;

/// Username, e-mail address, time, whether an administrator, nickname, bio, avatar.
type PersonParts = (String, String, i64, bool, Option<String>, String, Option<String>);

impl Object for SharedPerson {
    const KIND: &'static str = "person";
    type Key = UserId;
    type Parts = Option<PersonParts>;

    fn number(key: UserId) -> i64 {
        key.0
    }

    fn parts(&self) -> Self::Parts {
        let (user, profile) = self.as_deref()?;
        let user::Model { username, email, created_at, role, .. } = user.clone();
        let profile::Model { nickname, bio, avatar, .. } = profile.clone();
        Some((username, email, created_at, role == Role::Admin, nickname, bio, avatar))
    }

    fn of(id: UserId, parts: Self::Parts) -> Self {
        let (username, email, created_at, is_admin, nickname, bio, avatar) = parts?;
        let role = if is_admin { Role::Admin } else { Role::Person };
        let user = user::Model { id, username, email, password_hash: String::new(), created_at, role };
        Some(Arc::new((user, profile::Model { user_id: id, nickname, bio, avatar })))
    }
}

impl Object for SharedTweet {
    const KIND: &'static str = "tweet";
    type Key = TweetId;
    type Parts = Option<(UserId, String, i64)>;

    fn number(key: TweetId) -> i64 {
        key.0
    }

    fn parts(&self) -> Self::Parts {
        let tweet = self.as_deref()?;
        Some((tweet.author_id, tweet.content.clone(), tweet.created_at))
    }

    fn of(id: TweetId, parts: Self::Parts) -> Self {
        let (author_id, content, created_at) = parts?;
        Some(Arc::new(tweet::Model { id, author_id, content, created_at, deleted_at: None }))
    }
}

impl Object for SharedComments {
    const KIND: &'static str = "comments";
    type Key = TweetId;
    type Parts = Vec<(CommentId, UserId, String, i64, Option<i64>)>;

    fn number(key: TweetId) -> i64 {
        key.0
    }

    fn parts(&self) -> Self::Parts {
        let part = |comment: &Arc<comment::Model>| {
            let comment::Model { id, author_id, content, created_at, edited_at, .. } = comment.as_ref().clone();
            (id, author_id, content, created_at, edited_at)
        };
        self.comments.iter().map(part).collect()
    }

    fn of(tweet_id: TweetId, parts: Self::Parts) -> Self {
        let comment = |(id, author_id, content, created_at, edited_at)| {
            Arc::new(comment::Model { id, tweet_id, author_id, content, created_at, edited_at })
        };
        Self { comments: parts.into_iter().map(comment).collect() }
    }
}
