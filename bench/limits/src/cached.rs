//! Limit L: what a server written by hand would do that gives the same guarantees as roost, with no GraphQL in it.
//!
//! A request hashes the token and finds the session, with its expiry, in this process; reads the newest ids of the feed from
//! Redis (LRANGE); and of each id looks up the tweet, whether it is deleted or its author suspended, whether the reader follows
//! the author, the author with their profile, the two counts, whether the reader likes it, and its newest comments with
//! their authors, all in this process. serde_json writes the answer.
//!
//! What lies in this process is filled at the start, and behind a lock that a server would take to keep it up to date; who would
//! tell it what has changed is left out, since nothing changes while reads are measured. Ids, times and addresses are
//! kept as they are written. So nobody who reads from a cache does less, and still knows for every tweet that it may be shown.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use redis::AsyncCommands;
use redis::aio::ConnectionManager;
use tokio_postgres::{Client, Row};

use crate::answer::{self, Author, COMMENTS, Comment, Nodes, Profile, TWEETS, Tweet};
use crate::{Page, pool};

/// How many ids of a feed are kept in Redis, and how many are read: some may be those of tweets that are not shown.
const KEPT: usize = 800;
const READ: isize = 28;

/// After how many milliseconds without a request, and after how many in all, a session ends.
const IDLE: i64 = 30 * 24 * 60 * 60 * 1000;
const ABSOLUTE: i64 = 180 * 24 * 60 * 60 * 1000;

pub struct Cached {
    redis: ConnectionManager,
    store: RwLock<Store>,
}

#[derive(Default)]
struct Store {
    /// By the hash of the token.
    sessions: HashMap<[u8; 32], Session>,
    people: HashMap<i64, Person>,
    suspended: HashSet<i64>,
    follows: HashSet<(i64, i64)>,
    likes: HashSet<(i64, i64)>,
    tweets: HashMap<i64, Written>,
    counts: HashMap<i64, (i64, i64)>,
    comments: HashMap<i64, Written>,
    /// The ids of the comments under a tweet, newest first.
    newest: HashMap<i64, Vec<i64>>,
}

struct Session {
    user: i64,
    created_at: i64,
    last_seen_at: i64,
}

struct Person {
    username: String,
    nickname: Option<String>,
    avatar_url: Option<String>,
}

struct Written {
    id: String,
    author: i64,
    content: String,
    created_at: String,
}

impl Cached {
    pub async fn open(database_url: &str, redis_url: &str) -> anyhow::Result<Self> {
        let database = pool::connect(database_url).await?;
        let redis = ConnectionManager::new(redis::Client::open(redis_url)?).await?;
        let store = Store::read(&database).await?;
        fill(&database, redis.clone(), &store).await?;
        Ok(Self { redis, store: RwLock::new(store) })
    }

    pub async fn home(&self, hash: &[u8; 32], page: Page) -> anyhow::Result<Option<Vec<u8>>> {
        let Some(viewer) = self.viewer(hash) else { return Ok(None) };
        let ids: Vec<i64> = self.redis.clone().lrange(key(viewer), 0, READ - 1).await?;
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        let tweets = ids.iter().filter_map(|id| store.tweet(viewer, *id, page)).take(TWEETS).collect();
        answer::write(tweets).map(Some)
    }

    #[expect(clippy::disallowed_methods, reason = "there is no App here, and nobody moves the clock")]
    fn viewer(&self, hash: &[u8; 32]) -> Option<i64> {
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()?;
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        let session = store.sessions.get(hash)?;
        let lasts = now < (session.last_seen_at + IDLE).min(session.created_at + ABSOLUTE);
        (lasts && !store.suspended.contains(&session.user)).then_some(session.user)
    }
}

impl Store {
    /// The tweet as the viewer may see it; none if they may not.
    fn tweet(&self, viewer: i64, id: i64, page: Page) -> Option<Tweet<'_>> {
        let tweet = self.tweets.get(&id).filter(|tweet| !self.suspended.contains(&tweet.author))?;
        if tweet.author != viewer && !self.follows.contains(&(viewer, tweet.author)) {
            return None;
        }
        let (like_count, comment_count) = self.counts.get(&id).copied().unwrap_or_default();
        Some(Tweet {
            id: &tweet.id,
            content: &tweet.content,
            created_at: &tweet.created_at,
            author: self.author(tweet.author)?,
            like_count,
            comment_count,
            viewer_has_liked: self.likes.contains(&(viewer, id)),
            comments: (page == Page::Full).then(|| Nodes { nodes: self.comments(id) }),
        })
    }

    fn comments(&self, tweet: i64) -> Vec<Comment<'_>> {
        let ids = self.newest.get(&tweet).map_or(&[][..], Vec::as_slice);
        ids.iter().filter_map(|id| self.comment(*id)).take(COMMENTS).collect()
    }

    fn comment(&self, id: i64) -> Option<Comment<'_>> {
        let comment = self.comments.get(&id).filter(|comment| !self.suspended.contains(&comment.author))?;
        let author = self.author(comment.author)?;
        Some(Comment { id: &comment.id, content: &comment.content, created_at: &comment.created_at, author })
    }

    fn author(&self, id: i64) -> Option<Author<'_>> {
        let person = self.people.get(&id)?;
        let profile = Profile { nickname: person.nickname.as_deref(), avatar_url: person.avatar_url.as_deref() };
        Some(Author { username: &person.username, profile })
    }

    async fn read(database: &Client) -> anyhow::Result<Self> {
        let mut store = Self::default();
        let sessions = "SELECT decode(token_hash, 'hex'), user_id, created_at, last_seen_at FROM session";
        for row in database.query(sessions, &[]).await? {
            let session = Session { user: row.try_get(1)?, created_at: row.try_get(2)?, last_seen_at: row.try_get(3)? };
            store.sessions.insert(row.try_get::<_, &[u8]>(0)?.try_into()?, session);
        }
        let people = "SELECT u.id, u.username, p.nickname, p.avatar FROM users u JOIN profile p ON p.user_id = u.id";
        for row in database.query(people, &[]).await? {
            let avatar_url = row.try_get::<_, Option<&str>>(3)?.map(answer::avatar_url);
            let person = Person { username: row.try_get(1)?, nickname: row.try_get(2)?, avatar_url };
            store.people.insert(row.try_get(0)?, person);
        }
        for row in database.query("SELECT user_id FROM suspended", &[]).await? {
            store.suspended.insert(row.try_get(0)?);
        }
        for row in database.query("SELECT follower_id, followee_id FROM follow", &[]).await? {
            store.follows.insert((row.try_get(0)?, row.try_get(1)?));
        }
        for row in database.query("SELECT user_id, subject_id FROM liked WHERE subject_kind = 1", &[]).await? {
            store.likes.insert((row.try_get(0)?, row.try_get(1)?));
        }
        let tweets = "SELECT id, author_id, content, created_at FROM tweet WHERE deleted_at IS NULL";
        for row in database.query(tweets, &[]).await? {
            store.tweets.insert(row.try_get(0)?, Written::read(&row, answer::tweet_id)?);
        }
        for row in database.query("SELECT tweet_id, like_count, comment_count FROM tweet_stats", &[]).await? {
            store.counts.insert(row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?));
        }
        let comments = "SELECT id, author_id, content, created_at, tweet_id FROM comment ORDER BY id DESC";
        for row in database.query(comments, &[]).await? {
            store.newest.entry(row.try_get(4)?).or_default().push(row.try_get(0)?);
            store.comments.insert(row.try_get(0)?, Written::read(&row, answer::comment_id)?);
        }
        Ok(store)
    }
}

impl Written {
    fn read(row: &Row, id: impl Fn(i64) -> String) -> anyhow::Result<Self> {
        Ok(Self {
            id: id(row.try_get(0)?),
            author: row.try_get(1)?,
            content: row.try_get(2)?,
            created_at: answer::time(row.try_get(3)?),
        })
    }
}

/// Puts the newest ids of every feed into Redis.
async fn fill(database: &Client, mut redis: ConnectionManager, store: &Store) -> anyhow::Result<()> {
    let text = "SELECT tweet_id FROM feed_entry WHERE user_id = $1 ORDER BY tweet_id DESC LIMIT $2";
    let statement = database.prepare(text).await?;
    for user in store.people.keys() {
        let rows = database.query(&statement, &[user, &i64::try_from(KEPT)?]).await?;
        let ids = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<i64>, _>>()?;
        let _: () = redis::pipe().del(key(*user)).rpush(key(*user), ids).query_async(&mut redis).await?;
    }
    Ok(())
}

fn key(user: i64) -> String {
    format!("limits:feed:{user}")
}
