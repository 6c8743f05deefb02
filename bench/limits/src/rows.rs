//! Rows from the database and JSON made here: a statement for the tweets of the page with all that stands beside them, and one
//! for the comments under them.

use std::collections::HashMap;

use tokio_postgres::Row;

use crate::answer::{self, Author, Comment, Nodes, Profile, TWEETS, Tweet};
use crate::pool::Pool;
use crate::{Page, hexadecimal};

const PAGE: &str = "SELECT t.id, t.content, t.created_at, u.username, p.nickname, p.avatar, n.like_count, n.comment_count,
        EXISTS (SELECT 1 FROM liked l WHERE l.subject_kind = 1 AND l.subject_id = t.id AND l.user_id = v.user_id)
    FROM session v
    CROSS JOIN LATERAL (SELECT e.tweet_id FROM feed_entry e WHERE e.user_id = v.user_id ORDER BY e.tweet_id DESC LIMIT 28) e
    JOIN tweet t ON t.id = e.tweet_id
    JOIN users u ON u.id = t.author_id
    JOIN profile p ON p.user_id = t.author_id
    JOIN tweet_stats n ON n.tweet_id = t.id
    WHERE v.token_hash = $1 AND t.deleted_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM suspended s WHERE s.user_id = t.author_id)
        AND (t.author_id = v.user_id OR EXISTS (
            SELECT 1 FROM follow f WHERE f.follower_id = v.user_id AND f.followee_id = t.author_id))
    ORDER BY t.id DESC LIMIT 20";

const COMMENTS: &str = "SELECT c.tweet_id, c.id, c.content, c.created_at, u.username, p.nickname, p.avatar
    FROM unnest($1::bigint[]) AS page (tweet_id)
    CROSS JOIN LATERAL (SELECT * FROM comment c WHERE c.tweet_id = page.tweet_id
            AND NOT EXISTS (SELECT 1 FROM suspended s WHERE s.user_id = c.author_id)
        ORDER BY c.id DESC LIMIT 3) c
    JOIN users u ON u.id = c.author_id
    JOIN profile p ON p.user_id = c.author_id";

pub struct Rows {
    pool: Pool,
}

impl Rows {
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        Ok(Self { pool: Pool::open(url, &[PAGE.to_owned(), COMMENTS.to_owned()]).await? })
    }

    pub async fn home(&self, hash: &[u8; 32], page: Page) -> anyhow::Result<Option<Vec<u8>>> {
        let connection = self.pool.get()?;
        let [feed, comments] = connection.statements.as_slice() else { return Ok(None) };
        let rows = connection.client.query(feed, &[&hexadecimal(hash)]).await?;
        let mut tweets = rows.iter().map(Written::tweet).collect::<anyhow::Result<Vec<_>>>()?;
        let mut below: HashMap<i64, Vec<Written>> = HashMap::with_capacity(TWEETS);
        if page == Page::Full {
            let ids: Vec<i64> = tweets.iter().map(|tweet| tweet.key).collect();
            for row in connection.client.query(comments, &[&ids]).await? {
                below.entry(row.try_get(0)?).or_default().push(Written::comment(&row)?);
            }
        }
        // The join keeps no order.
        below.values_mut().for_each(|comments| comments.sort_unstable_by_key(|comment| -comment.key));
        let answered = tweets.iter_mut().zip(&rows).map(|(tweet, row)| {
            let comments = below.get(&tweet.key).map_or(&[][..], Vec::as_slice);
            let nodes = Nodes { nodes: comments.iter().map(Written::as_comment).collect() };
            tweet.as_tweet(row, (page == Page::Full).then_some(nodes))
        });
        answer::write(answered.collect::<anyhow::Result<_>>()?).map(Some)
    }
}

/// What a tweet and a comment have in common.
struct Written {
    key: i64,
    id: String,
    content: String,
    created_at: String,
    username: String,
    nickname: Option<String>,
    avatar_url: Option<String>,
}

impl Written {
    fn tweet(row: &Row) -> anyhow::Result<Self> {
        Self::read(row, 0, answer::tweet_id)
    }

    fn comment(row: &Row) -> anyhow::Result<Self> {
        Self::read(row, 1, answer::comment_id)
    }

    fn read(row: &Row, from: usize, id: impl Fn(i64) -> String) -> anyhow::Result<Self> {
        let key = row.try_get(from)?;
        Ok(Self {
            key,
            id: id(key),
            content: row.try_get(from + 1)?,
            created_at: answer::time(row.try_get(from + 2)?),
            username: row.try_get(from + 3)?,
            nickname: row.try_get(from + 4)?,
            avatar_url: row.try_get::<_, Option<&str>>(from + 5)?.map(answer::avatar_url),
        })
    }

    fn author(&self) -> Author<'_> {
        let profile = Profile { nickname: self.nickname.as_deref(), avatar_url: self.avatar_url.as_deref() };
        Author { username: &self.username, profile }
    }

    fn as_comment(&self) -> Comment<'_> {
        Comment { id: &self.id, content: &self.content, created_at: &self.created_at, author: self.author() }
    }

    fn as_tweet<'a>(&'a self, row: &Row, comments: Option<Nodes<Comment<'a>>>) -> anyhow::Result<Tweet<'a>> {
        Ok(Tweet {
            id: &self.id,
            content: &self.content,
            created_at: &self.created_at,
            author: self.author(),
            like_count: row.try_get(6)?,
            comment_count: row.try_get(7)?,
            viewer_has_liked: row.try_get(8)?,
            comments,
        })
    }
}
