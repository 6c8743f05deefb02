//! Proof on live data that every feed is what its definition says, and the repair of what is not.
//!
//! V1 to V9 are the checks of ARCHITECTURE.md. They hold when the queue is empty: a message that waits is work not done yet.

mod repair;

use std::collections::HashSet;
use std::fmt;

use entity::{TweetId, UserId, outbox};
use sea_orm::{ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait};

use super::read;
use super::threshold::Threshold;
use crate::app::App;
use crate::db::{random, sql};
use crate::error::Result;
use crate::service::page::{End, Slice};

/// How many readers V7 compares when no one is named.
const SAMPLE: u64 = 200;
/// V7 walks a feed in pages of this size.
const PAGE: usize = 100;

/// The checks, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// V1: a pushed edge has an entry for every living tweet of its followee.
    PushedComplete,
    /// V2: a pulled edge has an entry for every living tweet up to `filled_to`.
    FilledComplete,
    /// V3: everybody has entries for their own tweets.
    OwnComplete,
    /// V4: an entry names the author that its tweet names.
    EntryAuthor,
    /// V5: `last_tweet_id` is not below the greatest tweet id.
    LastTweet,
    /// V6: the counters are what counting gives.
    Counters,
    /// V7: the feed that is read is the feed of the definition.
    FeedIsDefinition,
    /// V8, a remark: a pulled edge that could be pushed. Right, but slower than it might be.
    CouldBePushed,
    /// V9, a remark: entries that nobody is shown. They cost space until the nightly sweep.
    Garbage,
}

/// One check's result for one reader or author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub check: Check,
    pub user: UserId,
    /// The other end of the edge, where the check is about one.
    pub other: Option<UserId>,
    /// How many rows are wrong.
    pub count: i64,
}

/// What was found. Remarks are no faults.
#[derive(Debug)]
pub struct Report {
    pub faults: Vec<Finding>,
    pub remarks: Vec<Finding>,
    /// Messages that wait. With any, a fault may just be work not done yet.
    pub waiting: u64,
    /// How many readers' feeds V7 has compared with the definition.
    pub readers: usize,
}

/// Runs all checks, for one reader or for all.
///
/// # Errors
/// Whatever the database says.
pub async fn verify(app: &App, only: Option<UserId>) -> Result<Report> {
    let waiting = outbox::Entity::find().count(app.db.read()).await?;
    let mut faults = Vec::new();
    let mut remarks = Vec::new();
    for (check, text) in QUERIES {
        let found = if text.contains(":authors") {
            pushable(app, check, text, only).await?
        } else {
            run(app, check, text, only).await?
        };
        if check.is_remark() { remarks.extend(found) } else { faults.extend(found) }
    }
    let readers = readers(app, only).await?;
    for reader in &readers {
        let count = compare(app.db.read(), *reader).await?;
        if count > 0 {
            faults.push(Finding { check: Check::FeedIsDefinition, user: *reader, other: None, count });
        }
    }
    Ok(Report { faults, remarks, waiting, readers: readers.len() })
}

/// Mends what `verify` found; the messages that it posts do the rest.
///
/// # Errors
/// Whatever the database says.
pub async fn repair(app: &App, report: &Report) -> Result<()> {
    for finding in report.faults.iter().chain(&report.remarks) {
        app.db.retry(|| repair::repair(app, finding)).await?;
    }
    app.bus.wake();
    Ok(())
}

/// Each yields (user_id, other_id, wrong). `:only` becomes the restriction to one reader, `:authors` that of the authors `s`.
const QUERIES: [(Check, &str); 8] = [
    (
        Check::PushedComplete,
        "SELECT f.follower_id AS user_id, f.followee_id AS other_id, COUNT(*) AS wrong FROM follow f
         JOIN tweet t ON t.author_id = f.followee_id AND t.deleted_at IS NULL
         LEFT JOIN feed_entry e ON e.user_id = f.follower_id AND e.tweet_id = t.id
         WHERE f.pushed = 1 AND e.tweet_id IS NULL AND :only(f.follower_id)
         GROUP BY f.follower_id, f.followee_id",
    ),
    (
        Check::FilledComplete,
        "SELECT f.follower_id AS user_id, f.followee_id AS other_id, COUNT(*) AS wrong FROM follow f
         JOIN tweet t ON t.author_id = f.followee_id AND t.deleted_at IS NULL AND t.id <= f.filled_to
         LEFT JOIN feed_entry e ON e.user_id = f.follower_id AND e.tweet_id = t.id
         WHERE f.pushed = 0 AND e.tweet_id IS NULL AND :only(f.follower_id)
         GROUP BY f.follower_id, f.followee_id",
    ),
    (
        Check::OwnComplete,
        "SELECT t.author_id AS user_id, NULL AS other_id, COUNT(*) AS wrong FROM tweet t
         LEFT JOIN feed_entry e ON e.user_id = t.author_id AND e.tweet_id = t.id
         WHERE t.deleted_at IS NULL AND e.tweet_id IS NULL AND :only(t.author_id)
         GROUP BY t.author_id",
    ),
    (
        Check::EntryAuthor,
        "SELECT e.user_id, NULL AS other_id, COUNT(*) AS wrong FROM feed_entry e
         JOIN tweet t ON t.id = e.tweet_id
         WHERE e.author_id <> t.author_id AND :only(e.user_id)
         GROUP BY e.user_id",
    ),
    (
        Check::LastTweet,
        "SELECT s.user_id, NULL AS other_id, COUNT(*) AS wrong FROM user_stats s
         WHERE EXISTS (SELECT 1 FROM tweet t WHERE t.author_id = s.user_id AND t.id > s.last_tweet_id)
         AND :only(s.user_id)
         GROUP BY s.user_id",
    ),
    (
        Check::Counters,
        "SELECT s.user_id, NULL AS other_id, COUNT(*) AS wrong FROM user_stats s
         WHERE (s.tweet_count <> (
                 SELECT COUNT(*) FROM tweet t WHERE t.author_id = s.user_id AND t.deleted_at IS NULL)
             OR s.follower_count <> (SELECT COUNT(*) FROM follow f WHERE f.followee_id = s.user_id)
             OR s.following_count <> (SELECT COUNT(*) FROM follow f WHERE f.follower_id = s.user_id))
         AND :only(s.user_id)
         GROUP BY s.user_id",
    ),
    (
        Check::CouldBePushed,
        "SELECT f.follower_id AS user_id, f.followee_id AS other_id, COUNT(*) AS wrong FROM follow f
         JOIN user_stats s ON s.user_id = f.followee_id
         WHERE f.pushed = 0 AND :authors AND :only(f.follower_id)
         GROUP BY f.follower_id, f.followee_id",
    ),
    (
        Check::Garbage,
        "SELECT e.user_id, NULL AS other_id, COUNT(*) AS wrong FROM feed_entry e
         WHERE NOT EXISTS (SELECT 1 FROM tweet t WHERE t.id = e.tweet_id AND t.deleted_at IS NULL
             AND (t.author_id = e.user_id OR EXISTS (
                 SELECT 1 FROM follow f WHERE f.follower_id = e.user_id AND f.followee_id = t.author_id)))
         AND :only(e.user_id)
         GROUP BY e.user_id",
    ),
];

#[derive(FromQueryResult)]
struct Row {
    user_id: UserId,
    other_id: Option<UserId>,
    wrong: i64,
}

/// What a check finds that is about the authors whom nothing keeps from being pushed.
async fn pushable(app: &App, check: Check, text: &str, only: Option<UserId>) -> Result<Vec<Finding>> {
    let small = format!("s.follower_count <= {}", app.config.feed_push_limit);
    let mut found = run(app, check, &text.replace(":authors", &small), only).await?;
    let db = app.db.read();
    for author in Threshold::now(app, db).await?.large_but_pushed(db).await? {
        let one = format!("s.user_id = {author}");
        found.extend(run(app, check, &text.replace(":authors", &one), only).await?);
    }
    Ok(found)
}

async fn run(app: &App, check: Check, text: &str, only: Option<UserId>) -> Result<Vec<Finding>> {
    let db = app.db.read();
    let (head, tail) = text.split_once(":only(").unwrap_or((text, ")"));
    let (column, tail) = tail.split_once(')').unwrap_or_default();
    let text = match only {
        Some(_) => format!("{head}{column} = ?{tail}"),
        None => format!("{head}1 = 1{tail}"),
    };
    let text = format!("{text} ORDER BY user_id, other_id");
    let rows = Row::find_by_statement(sql(db, &text, only.map(Into::into))).all(db).await?;
    let finding = |row: Row| Finding { check, user: row.user_id, other: row.other_id, count: row.wrong };
    Ok(rows.into_iter().map(finding).collect())
}

/// The one reader, or a random sample of them.
async fn readers(app: &App, only: Option<UserId>) -> Result<Vec<UserId>> {
    if let Some(reader) = only {
        return Ok(vec![reader]);
    }
    let db = app.db.read();
    let text = format!("SELECT id FROM users ORDER BY {} LIMIT ?", random(db));
    let rows = db.query_all_raw(sql(db, &text, [SAMPLE.into()])).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// How many tweets are on one side only: of the feed as it is read, or of its definition.
async fn compare(db: &impl ConnectionTrait, reader: UserId) -> Result<i64> {
    let text = "SELECT t.id FROM tweet t
                WHERE t.deleted_at IS NULL AND t.author_id NOT IN (SELECT user_id FROM suspended)
                AND (t.author_id = ? OR t.author_id IN (SELECT followee_id FROM follow WHERE follower_id = ?))
                ORDER BY t.id DESC";
    let rows = db.query_all_raw(sql(db, text, [reader.into(), reader.into()])).await?;
    let defined: Vec<TweetId> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
    let mut read: Vec<TweetId> = Vec::with_capacity(defined.len());
    let mut older_than = i64::MAX;
    loop {
        let slice = Slice { newer_than: i64::MIN, older_than, from: End::Newest, limit: PAGE };
        let page = read::slice(db, reader, slice).await?;
        let Some(last) = page.last() else { break };
        older_than = last.id.0;
        read.extend(page.iter().map(|tweet| tweet.id));
    }
    let (in_definition, in_read): (HashSet<_>, HashSet<_>) = (defined.iter().collect(), read.iter().collect());
    let differing = in_definition.symmetric_difference(&in_read).count();
    // The same tweets in another order, or one of them twice, is one fault.
    let differing = if differing == 0 { usize::from(defined != read) } else { differing };
    Ok(i64::try_from(differing).unwrap_or(i64::MAX))
}

impl Check {
    /// Whether what it finds is right all the same.
    pub fn is_remark(self) -> bool {
        matches!(self, Self::CouldBePushed | Self::Garbage)
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PushedComplete => "V1 tweets missing on an edge that counts as complete",
            Self::FilledComplete => "V2 tweets missing below the mark of a backfill",
            Self::OwnComplete => "V3 own tweets missing",
            Self::EntryAuthor => "V4 entries with the wrong author",
            Self::LastTweet => "V5 last_tweet_id below a tweet",
            Self::Counters => "V6 counters that are not what counting gives",
            Self::FeedIsDefinition => "V7 feed differs from its definition",
            Self::CouldBePushed => "V8 edges that could be pushed but are pulled",
            Self::Garbage => "V9 entries that nobody is shown",
        })
    }
}
