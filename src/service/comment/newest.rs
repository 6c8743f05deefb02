//! The newest comments under tweets, which a page of tweets shows a few of.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use entity::{TweetId, comment};

use super::slices;
use crate::cache::NewestComments;
use crate::db::Db;
use crate::error::Result;
use crate::service::page::{End, Slice};

/// How many are kept of a tweet: those of a page of the usual size, and the one that tells whether there are more.
const KEPT: usize = 21;

/// A slice of the comments under a tweet. It shares them with the caches, and is cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Comments {
    known: Arc<[Arc<comment::Model>]>,
    /// How many of those that are known belong to it.
    count: usize,
}

impl Comments {
    fn all(known: Vec<Arc<comment::Model>>) -> Self {
        Self { count: known.len(), known: known.into() }
    }
}

impl Deref for Comments {
    type Target = [Arc<comment::Model>];

    fn deref(&self) -> &Self::Target {
        self.known.get(..self.count).unwrap_or_default()
    }
}

/// The same slice of the list under each of the tweets, in the direction of its end: through the caches, if it is one from the
/// newest end that fits.
///
/// # Errors
/// Whatever the database says.
pub async fn load(db: &Db, tweets: &[TweetId], slice: Slice) -> Result<Vec<Comments>> {
    let caches = db.caches();
    let is_newest = slice.from == End::Newest && slice.older_than == i64::MAX && slice.limit <= KEPT;
    if !is_newest || !caches.keep() {
        let mut found = by_tweet(db, tweets, slice).await?;
        return Ok(tweets.iter().map(|tweet| Comments::all(found.remove(tweet).unwrap_or_default())).collect());
    }
    let read = |tweets| caches.shared(tweets, |tweets| read(db, tweets));
    let lists = caches.newest_comments.get(caches.now(), tweets, read).await?;
    let asked = |list: NewestComments| {
        let newer = list.comments.iter().take_while(|comment| comment.id.0 > slice.newer_than);
        Comments { count: newer.take(slice.limit).count(), known: list.comments }
    };
    Ok(lists.into_iter().map(asked).collect())
}

async fn read(db: &Db, tweets: Vec<TweetId>) -> Result<Vec<(TweetId, NewestComments)>> {
    let slice = Slice { newer_than: i64::MIN, older_than: i64::MAX, from: End::Newest, limit: KEPT };
    let mut found = by_tweet(db, &tweets, slice).await?;
    let mut list = |tweet| NewestComments { comments: found.remove(&tweet).unwrap_or_default().into() };
    Ok(tweets.into_iter().map(|tweet| (tweet, list(tweet))).collect())
}

async fn by_tweet(db: &Db, tweets: &[TweetId], slice: Slice) -> Result<HashMap<TweetId, Vec<Arc<comment::Model>>>> {
    let mut lists: HashMap<TweetId, Vec<Arc<comment::Model>>> = HashMap::new();
    for comment in slices(db.read(), tweets, slice).await? {
        lists.entry(comment.tweet_id).or_default().push(Arc::new(comment));
    }
    Ok(lists)
}
