//! The newest comments under tweets, which a page of tweets shows a few of.

use std::collections::HashMap;
use std::sync::Arc;

use entity::{TweetId, comment};

use super::slices;
use crate::cache::NewestComments;
use crate::db::Db;
use crate::error::Result;
use crate::service::page::{End, Slice};

/// How many are kept of a tweet: those of a page of the usual size, and the one that tells whether there are more.
const KEPT: usize = 21;

/// The same slice of the list under each of the tweets, in the direction of its end: through the caches, if it is one from the
/// newest end that fits.
///
/// # Errors
/// Whatever the database says.
pub async fn load(db: &Db, tweets: &[TweetId], slice: Slice) -> Result<Vec<Vec<Arc<comment::Model>>>> {
    let caches = db.caches();
    let is_newest = slice.from == End::Newest && slice.older_than == i64::MAX && slice.limit <= KEPT;
    if !is_newest || !caches.keep() {
        let mut found = by_tweet(db, tweets, slice).await?;
        return Ok(tweets.iter().map(|tweet| found.remove(tweet).unwrap_or_default()).collect());
    }
    let read = |tweets| caches.shared(tweets, |tweets| read(db, tweets));
    let lists = caches.newest_comments.get(caches.now(), tweets, read).await?;
    let asked = |list: NewestComments| {
        let newer = list.comments.into_iter().take_while(|comment| comment.id.0 > slice.newer_than);
        newer.take(slice.limit).collect()
    };
    Ok(lists.into_iter().map(asked).collect())
}

async fn read(db: &Db, tweets: Vec<TweetId>) -> Result<Vec<(TweetId, NewestComments)>> {
    let slice = Slice { newer_than: i64::MIN, older_than: i64::MAX, from: End::Newest, limit: KEPT };
    let mut found = by_tweet(db, &tweets, slice).await?;
    let mut list = |tweet| NewestComments { comments: found.remove(&tweet).unwrap_or_default() };
    Ok(tweets.into_iter().map(|tweet| (tweet, list(tweet))).collect())
}

async fn by_tweet(db: &Db, tweets: &[TweetId], slice: Slice) -> Result<HashMap<TweetId, Vec<Arc<comment::Model>>>> {
    let mut lists: HashMap<TweetId, Vec<Arc<comment::Model>>> = HashMap::new();
    for comment in slices(db.read(), tweets, slice).await? {
        lists.entry(comment.tweet_id).or_default().push(Arc::new(comment));
    }
    Ok(lists)
}
