//! How much memory a cached value takes beyond its place on the shelf, nearly.

use std::sync::Arc;

use entity::{comment, comment_stats, photo, profile, session, tweet, tweet_stats, user, user_stats};

/// What an allocation costs besides its bytes.
const ALLOCATION: usize = 16;

pub trait Weigh {
    /// In bytes.
    fn heap(&self) -> usize;
}

/// The same for what stands behind an `Arc`, its own size included.
macro_rules! weigh {
    ($($kind:ty: |$value:ident| [$($text:expr),*];)*) => {$(
        impl Weigh for $kind {
            fn heap(&self) -> usize {
                let $value = self;
                size_of::<Self>() + 3 * ALLOCATION $(+ $text + ALLOCATION)*
            }
        }
    )*};
}

weigh! {
    (user::Model, profile::Model): |person| [
        person.0.username.capacity(), person.0.email.capacity(), person.0.password_hash.capacity(),
        person.1.nickname.as_ref().map_or(0, String::capacity), person.1.bio.capacity(),
        person.1.avatar.as_ref().map_or(0, String::capacity)
    ];
    tweet::Model: |tweet| [tweet.content.capacity()];
    comment::Model: |comment| [comment.content.capacity()];
    photo::Model: |photo| [photo.name.capacity(), photo.preview.capacity(), photo.alt_text.capacity()];
    session::Model: |session| [
        session.token_hash.capacity(), session.user_agent.as_ref().map_or(0, String::capacity)
    ];
}

/// Those that own nothing.
macro_rules! weightless {
    ($($kind:ty),*) => {$(
        impl Weigh for $kind {
            fn heap(&self) -> usize {
                0
            }
        }
    )*};
}

weightless!(bool, u64, (bool, bool), tweet_stats::Model, comment_stats::Model, user_stats::Model);

impl<T: Weigh> Weigh for Arc<T> {
    fn heap(&self) -> usize {
        self.as_ref().heap()
    }
}

impl<T: Weigh> Weigh for Option<T> {
    fn heap(&self) -> usize {
        self.as_ref().map_or(0, Weigh::heap)
    }
}

impl<T: Weigh> Weigh for Vec<T> {
    fn heap(&self) -> usize {
        ALLOCATION + self.capacity() * size_of::<T>() + self.iter().map(Weigh::heap).sum::<usize>()
    }
}

impl<A: Weigh, B: Weigh> Weigh for (Arc<A>, B) {
    fn heap(&self) -> usize {
        self.0.heap() + self.1.heap()
    }
}

impl Weigh for super::NewestComments {
    fn heap(&self) -> usize {
        // Its counts, and the allocation.
        2 * ALLOCATION + self.comments.iter().map(|comment| size_of_val(comment) + comment.heap()).sum::<usize>()
    }
}
