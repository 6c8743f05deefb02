//! Every counter, held against what counting gives, and set right where it is not.
//!
//! Counters change in the transaction of their row, so each statement here sees both sides of one moment: what it finds is
//! wrong, whoever writes meanwhile. Rows are counted, not what is visible: those of suspended people are among them.

use std::fmt;

use entity::{CommentId, Subject, TweetId, UserId, inbox};
use sea_orm::{ConnectionTrait, EntityTrait, FromQueryResult, QuerySelect};

use crate::app::App;
use crate::cache::Change;
use crate::db::{Transaction, on_conflict_nothing, sql};
use crate::error::Result;
use crate::service::{stats, subject};

/// All of them, in the order in which they are counted.
pub const COUNTERS: [Counter; 7] = [
    Counter::Tweets,
    Counter::Followers,
    Counter::Following,
    Counter::TweetLikes,
    Counter::Comments,
    Counter::CommentLikes,
    Counter::Unread,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    Tweets,
    Followers,
    Following,
    TweetLikes,
    Comments,
    CommentLikes,
    Unread,
}

/// A counter that is not what counting gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub counter: Counter,
    /// The user, tweet or comment whose counter it is.
    pub id: i64,
    /// None if the whole row is missing.
    pub stored: Option<i64>,
    pub counted: i64,
}

/// Where a counter stands and how it is counted.
struct Place {
    /// Its table, the key of that, and the column.
    table: &'static str,
    key: &'static str,
    column: &'static str,
    /// Those that have such a counter, as `o`, by `o.id`.
    owners: &'static str,
    /// Counts the rows of the owner whose id stands where `:id` is.
    count: &'static str,
}

impl Counter {
    fn place(self) -> Place {
        let (owners, (table, key)) = match self {
            Self::Tweets | Self::Followers | Self::Following => ("users o", ("user_stats", "user_id")),
            Self::TweetLikes | Self::Comments => {
                ("(SELECT id FROM tweet WHERE deleted_at IS NULL) o", ("tweet_stats", "tweet_id"))
            }
            Self::CommentLikes => (
                "(SELECT c.id FROM comment c JOIN tweet t ON t.id = c.tweet_id AND t.deleted_at IS NULL) o",
                ("comment_stats", "comment_id"),
            ),
            Self::Unread => ("users o", ("inbox", "user_id")),
        };
        let (column, count) = match self {
            Self::Tweets => {
                ("tweet_count", "SELECT COUNT(*) FROM tweet r WHERE r.author_id = :id AND r.deleted_at IS NULL")
            }
            Self::Followers => ("follower_count", "SELECT COUNT(*) FROM follow r WHERE r.followee_id = :id"),
            Self::Following => ("following_count", "SELECT COUNT(*) FROM follow r WHERE r.follower_id = :id"),
            Self::TweetLikes => {
                ("like_count", "SELECT COUNT(*) FROM liked r WHERE r.subject_kind = 1 AND r.subject_id = :id")
            }
            Self::Comments => ("comment_count", "SELECT COUNT(*) FROM comment r WHERE r.tweet_id = :id"),
            Self::CommentLikes => {
                ("like_count", "SELECT COUNT(*) FROM liked r WHERE r.subject_kind = 2 AND r.subject_id = :id")
            }
            Self::Unread => (
                "unread",
                "SELECT COUNT(*) FROM notification r
                 WHERE r.recipient_id = :id AND NOT r.is_read AND NOT r.is_withdrawn",
            ),
        };
        Place { table, key, column, owners, count }
    }

    /// Locks the row as those do who change the counter.
    async fn lock(self, tx: &Transaction, id: i64) -> Result<()> {
        match self {
            Self::Tweets | Self::Followers | Self::Following => stats::lock(tx, [UserId(id)]).await.map(drop),
            Self::TweetLikes | Self::Comments => subject::lock(tx, Subject::Tweet(TweetId(id))).await.map(drop),
            Self::CommentLikes => subject::lock(tx, Subject::Comment(CommentId(id))).await.map(drop),
            Self::Unread => {
                inbox::Entity::find_by_id(UserId(id)).lock_exclusive().one(tx).await?;
                Ok(())
            }
        }
    }

    /// The whole row, in case there is none, all its counters 0.
    fn empty_row(self) -> &'static str {
        match self {
            Self::Tweets | Self::Followers | Self::Following => {
                "INSERT INTO user_stats (user_id, tweet_count, follower_count, following_count, last_tweet_id)
                 VALUES (?, 0, 0, 0, 0)"
            }
            Self::TweetLikes | Self::Comments => {
                "INSERT INTO tweet_stats (tweet_id, like_count, comment_count) VALUES (?, 0, 0)"
            }
            Self::CommentLikes => "INSERT INTO comment_stats (comment_id, like_count) VALUES (?, 0)",
            Self::Unread => "INSERT INTO inbox (user_id, last_seq, unread) VALUES (?, 0, 0)",
        }
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: i64,
    stored: Option<i64>,
    counted: i64,
}

/// Recounts everything, and returns what is wrong.
///
/// # Errors
/// Whatever the database says.
pub async fn verify(app: &App) -> Result<Vec<Finding>> {
    let db = app.db.read();
    let mut findings = Vec::new();
    for counter in COUNTERS {
        let Place { table, key, column, owners, count } = counter.place();
        let text = format!(
            "SELECT id, stored, counted FROM (
                 SELECT o.id AS id, s.{column} AS stored, ({}) AS counted
                 FROM {owners} LEFT JOIN {table} s ON s.{key} = o.id) AS compared
             WHERE stored IS NULL OR stored <> counted ORDER BY id",
            count.replace(":id", "o.id")
        );
        let rows = Row::find_by_statement(sql(db, &text, [])).all(db).await?;
        findings.extend(rows.into_iter().map(|Row { id, stored, counted }| Finding { counter, id, stored, counted }));
    }
    Ok(findings)
}

/// Counts anew what was found to be wrong, each counter in a transaction of its own.
///
/// # Errors
/// Whatever the database says.
pub async fn repair(app: &App, findings: &[Finding]) -> Result<()> {
    for finding in findings {
        app.db.retry(|| repair_once(app, finding)).await?;
    }
    Ok(())
}

async fn repair_once(app: &App, finding: &Finding) -> Result<()> {
    let Finding { counter, id, .. } = *finding;
    let Place { table, key, column, count, .. } = counter.place();
    let tx = app.db.begin().await?;
    let missing = format!("{} {}", counter.empty_row(), on_conflict_nothing(&tx, key));
    tx.execute_raw(sql(&tx, &missing, [id.into()])).await?;
    counter.lock(&tx, id).await?;
    let text = format!("UPDATE {table} SET {column} = ({}) WHERE {key} = ?", count.replace(":id", "?"));
    tx.execute_raw(sql(&tx, &text, [id.into(), id.into()])).await?;
    tx.changed(Change::Everything);
    Ok(tx.commit().await?)
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tweets => "tweets of user",
            Self::Followers => "followers of user",
            Self::Following => "people followed by user",
            Self::TweetLikes => "likes of tweet",
            Self::Comments => "comments under tweet",
            Self::CommentLikes => "likes of comment",
            Self::Unread => "unread notifications of user",
        })
    }
}
