//! What a page shows, fetched for the whole page at once: a fixed few batched reads, side by side, then those of its comments.
//! Fields only read from it then. What is reached alone, and what was not foreseen, goes through the loaders.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, LazyLock, PoisonError};

use entity::{CommentId, Subject, TweetId, UserId, comment, comment_stats, photo, tweet, tweet_stats, user_stats};
use foldhash::fast::RandomState;
use futures_util::future::try_join_all;
use futures_util::try_join;

use super::{Loaders, Relation};
use crate::db::Db;
use crate::error::Result;
use crate::service::comment::newest::Comments;
use crate::service::page::Slice;
use crate::service::user::Person;
use crate::service::{comment as comments, follow, like, photo as photos, stats, subject, user};

/// No client chooses a key: they are ids that were found.
type Map<K, V> = HashMap<K, V, RandomState>;

/// In bytes, on most processors.
const CACHE_LINE: usize = 64;

/// What is to be fetched of users.
#[derive(Clone, Copy, Debug, Default)]
pub struct UserWants {
    pub person: bool,
    pub stats: bool,
    /// What lies between them and the viewer.
    pub relation: bool,
}

/// What is to be fetched of comments.
#[derive(Clone, Copy, Debug, Default)]
pub struct CommentWants {
    pub author: UserWants,
    pub stats: bool,
    pub liked: bool,
}

/// What is to be fetched of tweets.
#[derive(Clone, Debug, Default)]
pub struct TweetWants {
    pub author: UserWants,
    pub stats: bool,
    pub liked: bool,
    pub photos: bool,
    pub comments: Vec<(Slice, CommentWants)>,
}

/// What has been fetched. What stands in it as nothing is known not to be there.
#[derive(Clone, Debug, Default)]
pub struct Prefetched {
    pub people: Map<UserId, Option<Arc<Person>>>,
    pub user_stats: Map<UserId, Option<user_stats::Model>>,
    pub relations: Map<(UserId, UserId), Relation>,
    pub tweet_stats: Map<TweetId, Option<tweet_stats::Model>>,
    pub comment_stats: Map<CommentId, Option<comment_stats::Model>>,
    pub likes: Map<(UserId, Subject), bool>,
    pub photos: Map<TweetId, Vec<Arc<photo::Model>>>,
    pub comments: Map<(TweetId, Slice), Comments>,
    /// Who wrote the tweets of the page: they may delete the comments under them.
    pub tweet_authors: Map<TweetId, UserId>,
}

impl Prefetched {
    /// The same for all: most subscriptions wait, and have fetched nothing.
    pub(super) fn nothing() -> Arc<Self> {
        static NOTHING: LazyLock<Arc<Prefetched>> = LazyLock::new(Arc::default);
        Arc::clone(&NOTHING)
    }

    /// What is mostly shown of it.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let people = self.people.values().flatten().flat_map(|person| {
            let (user, profile) = person.as_ref();
            [Some(&user.username), profile.nickname.as_ref(), profile.avatar.as_ref()]
        });
        let comments = self.comments.values().flat_map(|comments| comments.iter());
        people.flatten().chain(comments.map(|comment| &comment.content)).map(String::as_str)
    }

    fn extend(&mut self, other: Self) {
        extend(&mut self.people, other.people);
        extend(&mut self.user_stats, other.user_stats);
        extend(&mut self.relations, other.relations);
        extend(&mut self.tweet_stats, other.tweet_stats);
        extend(&mut self.comment_stats, other.comment_stats);
        extend(&mut self.likes, other.likes);
        extend(&mut self.photos, other.photos);
        extend(&mut self.comments, other.comments);
        extend(&mut self.tweet_authors, other.tweet_authors);
    }
}

fn extend<K: Eq + Hash, V>(known: &mut Map<K, V>, other: Map<K, V>) {
    if known.is_empty() {
        *known = other;
    } else {
        known.extend(other);
    }
}

impl Loaders {
    /// What has been fetched so far.
    pub fn prefetched(&self) -> Arc<Prefetched> {
        Arc::clone(&self.prefetched.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Fetches what is wanted of a page of tweets.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn hydrate_tweets(
        &self,
        viewer: Option<UserId>,
        tweets: &[Arc<tweet::Model>],
        wants: &TweetWants,
    ) -> Result<()> {
        let db = self.db();
        let ids: Vec<TweetId> = tweets.iter().map(|tweet| tweet.id).collect();
        let authors = unique(tweets.iter().map(|tweet| tweet.author_id));
        let subjects: Vec<Subject> = ids.iter().copied().map(Subject::Tweet).collect();
        let fetched = async {
            try_join!(
                users(db, viewer, authors, wants.author),
                fetch(wants.stats, &ids, async |ids| subject::load_tweet_stats(db, ids).await),
                likes(db, viewer.filter(|_| wants.liked), subjects),
                fetch(wants.photos, &ids, async |ids| photos::load(db, ids).await),
                try_join_all(
                    wants.comments.iter().map(|(slice, wants)| comments_under(db, viewer, &ids, *slice, *wants))
                ),
            )
        };
        // Boxed, for it is large, and the engine moves the futures of resolvers about.
        let (page, tweet_stats, likes, photos, under) = Box::pin(fetched).await?;
        let contents = tweets.iter().map(|tweet| tweet.content.as_str());
        warm(contents.chain(page.texts()).chain(under.iter().flat_map(Prefetched::texts)));
        let tweet_authors = tweets.iter().map(|tweet| (tweet.id, tweet.author_id)).collect();
        self.keep(Prefetched { tweet_stats, likes, photos, tweet_authors, ..page });
        under.into_iter().for_each(|page| self.keep(page));
        Ok(())
    }

    fn keep(&self, page: Prefetched) {
        let mut prefetched = self.prefetched.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut prefetched).extend(page);
    }
}

/// The comments under each of the tweets, with what is wanted of them.
async fn comments_under(
    db: &Db,
    viewer: Option<UserId>,
    tweets: &[TweetId],
    slice: Slice,
    wants: CommentWants,
) -> Result<Prefetched> {
    let lists = comments::newest::load(db, tweets, slice).await?;
    // The row beyond a page only says that the list goes on.
    let shown: Vec<_> = lists.iter().flat_map(|list| list.iter().take(slice.limit - 1)).map(Arc::as_ref).collect();
    let page = of_comments(db, viewer, &shown, wants).await?;
    let comments = tweets.iter().map(|tweet| (*tweet, slice)).zip(lists).collect();
    Ok(Prefetched { comments, ..page })
}

async fn of_comments(
    db: &Db,
    viewer: Option<UserId>,
    comments: &[&comment::Model],
    wants: CommentWants,
) -> Result<Prefetched> {
    let ids: Vec<CommentId> = comments.iter().map(|comment| comment.id).collect();
    let authors = unique(comments.iter().map(|comment| comment.author_id));
    let subjects: Vec<Subject> = ids.iter().copied().map(Subject::Comment).collect();
    let (page, comment_stats, likes) = try_join!(
        users(db, viewer, authors, wants.author),
        fetch(wants.stats, &ids, async |ids| subject::load_comment_stats(db, ids).await),
        likes(db, viewer.filter(|_| wants.liked), subjects),
    )?;
    Ok(Prefetched { comment_stats, likes, ..page })
}

async fn users(db: &Db, viewer: Option<UserId>, ids: Vec<UserId>, wants: UserWants) -> Result<Prefetched> {
    let relations = async {
        let Some(viewer) = viewer.filter(|_| wants.relation) else { return Ok(Map::default()) };
        let loaded = follow::load(db, viewer, &ids).await?;
        let keys = ids.iter().map(|id| (viewer, *id));
        Ok(keys.zip(loaded).map(|(key, (follows, followed))| (key, Relation { follows, followed })).collect())
    };
    let (people, user_stats, relations) = try_join!(
        fetch(wants.person, &ids, async |ids| user::load(db, ids).await),
        fetch(wants.stats, &ids, async |ids| stats::load(db, ids).await),
        relations,
    )?;
    Ok(Prefetched { people, user_stats, relations, ..Prefetched::default() })
}

async fn likes(db: &Db, viewer: Option<UserId>, subjects: Vec<Subject>) -> Result<Map<(UserId, Subject), bool>> {
    let Some(viewer) = viewer else { return Ok(Map::default()) };
    let loaded = like::load(db, viewer, &subjects).await?;
    Ok(subjects.into_iter().map(|subject| (viewer, subject)).zip(loaded).collect())
}

/// What `load` says of the keys, in their order, if it is wanted at all.
async fn fetch<K: Copy + Eq + Hash, V>(
    is_wanted: bool,
    keys: &[K],
    load: impl AsyncFnOnce(&[K]) -> Result<Vec<V>>,
) -> Result<Map<K, V>> {
    if !is_wanted || keys.is_empty() {
        return Ok(Map::default());
    }
    Ok(keys.iter().copied().zip(load(keys).await?).collect())
}

/// Has the processor fetch texts that are about to be written, many at a time. They lie all over the memory, and each would be
/// waited for when its turn came, for longer than it takes to write it (docs/benchmarks.md, "Ten times the people").
fn warm<'a>(texts: impl Iterator<Item = &'a str>) {
    let read = texts.flat_map(|text| text.bytes().step_by(CACHE_LINE)).fold(0, |read, byte| read ^ byte);
    std::hint::black_box(read);
}

fn unique(ids: impl Iterator<Item = UserId>) -> Vec<UserId> {
    let ids: HashSet<UserId, RandomState> = ids.collect();
    ids.into_iter().collect()
}
