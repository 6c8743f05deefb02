//! Tweets and comments: their counts, whether the viewer likes them, and the comments of a page of tweets.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use entity::{CommentId, Subject, TweetId, UserId, comment, comment_stats, tweet_stats};

use super::{Batches, Loaders, answers};
use crate::error::{Error, Result};
use crate::service::comment::newest::Comments;
use crate::service::page::Slice;
use crate::service::{comment as comments, like, subject};

impl Loaders {
    /// # Errors
    /// Whatever the database says; so do all of these.
    pub async fn comment(&self, id: CommentId) -> Result<Option<Arc<comment::Model>>> {
        self.one(CommentKey(id)).await
    }

    /// A slice of the comments under a tweet. Those who ask for the same slice of several tweets share one statement.
    pub async fn comments(&self, tweet: TweetId, slice: Slice) -> Result<Comments> {
        match self.prefetched().comments.get(&(tweet, slice)) {
            Some(known) => Ok(known.clone()),
            None => Ok(self.one(CommentsKey(tweet, slice)).await?.unwrap_or_default()),
        }
    }

    pub async fn tweet_stats(&self, id: TweetId) -> Result<Option<tweet_stats::Model>> {
        match self.prefetched().tweet_stats.get(&id) {
            Some(known) => Ok(known.clone()),
            None => self.one(TweetStatsKey(id)).await,
        }
    }

    /// Takes counters that were read already.
    pub async fn feed_tweet_stats(&self, stats: tweet_stats::Model) {
        self.batcher().feed_one(TweetStatsKey(stats.tweet_id), Some(stats)).await;
    }

    pub async fn comment_stats(&self, id: CommentId) -> Result<Option<comment_stats::Model>> {
        match self.prefetched().comment_stats.get(&id) {
            Some(known) => Ok(known.clone()),
            None => self.one(CommentStatsKey(id)).await,
        }
    }

    pub async fn has_liked(&self, user: UserId, subject: Subject) -> Result<bool> {
        match self.prefetched().likes.get(&(user, subject)) {
            Some(known) => Ok(*known),
            None => Ok(self.one(LikedKey(user, subject)).await?.is_some()),
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct CommentKey(CommentId);
#[derive(Clone, PartialEq, Eq, Hash)]
struct CommentsKey(TweetId, Slice);
#[derive(Clone, PartialEq, Eq, Hash)]
struct TweetStatsKey(TweetId);
#[derive(Clone, PartialEq, Eq, Hash)]
struct CommentStatsKey(CommentId);
#[derive(Clone, PartialEq, Eq, Hash)]
struct LikedKey(UserId, Subject);

impl Loader<CommentKey> for Batches {
    type Value = Option<Arc<comment::Model>>;
    type Error = Error;

    async fn load(&self, keys: &[CommentKey]) -> Result<HashMap<CommentKey, Self::Value>, Self::Error> {
        let ids: Vec<CommentId> = keys.iter().map(|key| key.0).collect();
        Ok(answers(keys, comments::load(&self.app.db, &ids).await?))
    }
}

impl Loader<CommentsKey> for Batches {
    type Value = Option<Comments>;
    type Error = Error;

    async fn load(&self, keys: &[CommentsKey]) -> Result<HashMap<CommentsKey, Self::Value>, Self::Error> {
        let mut by_slice: HashMap<Slice, Vec<TweetId>> = HashMap::new();
        for CommentsKey(tweet, slice) in keys {
            by_slice.entry(*slice).or_default().push(*tweet);
        }
        let mut lists = HashMap::new();
        for (slice, tweets) in by_slice {
            let loaded = comments::newest::load(&self.app.db, &tweets, slice).await?;
            let keys = tweets.into_iter().map(|tweet| CommentsKey(tweet, slice));
            lists.extend(keys.zip(loaded.into_iter().map(Some)));
        }
        Ok(lists)
    }
}

impl Loader<TweetStatsKey> for Batches {
    type Value = Option<tweet_stats::Model>;
    type Error = Error;

    async fn load(&self, keys: &[TweetStatsKey]) -> Result<HashMap<TweetStatsKey, Self::Value>, Self::Error> {
        let ids: Vec<TweetId> = keys.iter().map(|key| key.0).collect();
        Ok(answers(keys, subject::load_tweet_stats(&self.app.db, &ids).await?))
    }
}

impl Loader<CommentStatsKey> for Batches {
    type Value = Option<comment_stats::Model>;
    type Error = Error;

    async fn load(&self, keys: &[CommentStatsKey]) -> Result<HashMap<CommentStatsKey, Self::Value>, Self::Error> {
        let ids: Vec<CommentId> = keys.iter().map(|key| key.0).collect();
        Ok(answers(keys, subject::load_comment_stats(&self.app.db, &ids).await?))
    }
}

impl Loader<LikedKey> for Batches {
    type Value = Option<()>;
    type Error = Error;

    async fn load(&self, keys: &[LikedKey]) -> Result<HashMap<LikedKey, Self::Value>, Self::Error> {
        let mut by_user: HashMap<UserId, Vec<Subject>> = HashMap::new();
        for LikedKey(user, subject) in keys {
            by_user.entry(*user).or_default().push(*subject);
        }
        let mut found = HashMap::new();
        for (user, subjects) in by_user {
            let liked =
                like::load(&self.app.db, user, &subjects).await?.into_iter().map(|is_liked| is_liked.then_some(()));
            found.extend(subjects.into_iter().map(|subject| LikedKey(user, subject)).zip(liked));
        }
        Ok(found)
    }
}
