//! One statement a request: the database reads the session and the feed, and makes the JSON. Ids and times stay numbers, which
//! is less work than roost has.

use crate::pool::Pool;
use crate::{Page, hexadecimal};

const AUTHOR: &str = "json_build_object('username', u.username, 'profile',
    json_build_object('nickname', p.nickname, 'avatarUrl', 'http://127.0.0.1:8100/media/' || p.avatar))";

pub struct Sql {
    pool: Pool,
}

impl Sql {
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        Ok(Self { pool: Pool::open(url, &[text(Page::Lean), text(Page::Full)]).await? })
    }

    pub async fn home(&self, hash: &[u8; 32], page: Page) -> anyhow::Result<Option<Vec<u8>>> {
        let connection = self.pool.get()?;
        let Some(statement) = connection.statements.get(page as usize) else { return Ok(None) };
        let row = connection.client.query_opt(statement, &[&hexadecimal(hash)]).await?;
        row.map(|row| Ok(row.try_get::<_, String>(0)?.into_bytes())).transpose()
    }
}

fn text(page: Page) -> String {
    let comments = match page {
        Page::Lean => String::new(),
        Page::Full => format!(
            ", 'comments', json_build_object('nodes', (
                SELECT coalesce(json_agg(json_build_object(
                    'id', c.id, 'content', c.content, 'createdAt', c.created_at, 'author', {AUTHOR}) ORDER BY c.id DESC), '[]')
                FROM (SELECT * FROM comment c WHERE c.tweet_id = t.id
                        AND NOT EXISTS (SELECT 1 FROM suspended s WHERE s.user_id = c.author_id)
                      ORDER BY c.id DESC LIMIT 3) c
                JOIN users u ON u.id = c.author_id JOIN profile p ON p.user_id = c.author_id))"
        ),
    };
    format!(
        "SELECT json_build_object('data', json_build_object('viewer', json_build_object('homeFeed', json_build_object('nodes', (
            SELECT coalesce(json_agg(json_build_object(
                'id', t.id, 'content', t.content, 'createdAt', t.created_at, 'author', {AUTHOR},
                'likeCount', n.like_count, 'commentCount', n.comment_count, 'viewerHasLiked', EXISTS (
                    SELECT 1 FROM liked l WHERE l.subject_kind = 1 AND l.subject_id = t.id AND l.user_id = v.user_id)
                {comments}) ORDER BY t.id DESC), '[]')
            FROM (SELECT t.* FROM (SELECT e.tweet_id FROM feed_entry e WHERE e.user_id = v.user_id
                    ORDER BY e.tweet_id DESC LIMIT 28) e
                JOIN tweet t ON t.id = e.tweet_id
                WHERE t.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM suspended s WHERE s.user_id = t.author_id)
                    AND (t.author_id = v.user_id OR EXISTS (
                        SELECT 1 FROM follow f WHERE f.follower_id = v.user_id AND f.followee_id = t.author_id))
                ORDER BY t.id DESC LIMIT 20) t
            JOIN users u ON u.id = t.author_id
            JOIN profile p ON p.user_id = t.author_id
            JOIN tweet_stats n ON n.tweet_id = t.id)))))::text
         FROM session v WHERE v.token_hash = $1"
    )
}
