//! How far the background work is behind. Asked for often, so what is looked at is bounded, however much waits.

use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::app::App;
use crate::bus::{Lane, Message};
use crate::db::{Pool, sql};
use crate::error::Result;

/// So many rows are counted, and no more.
pub const MOST_COUNTED: u64 = 100_000;
/// Of so many of the oldest messages it is said which lane they are in.
const LOOKED_AT: usize = 1_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Messages that wait or are worked on; `MOST_COUNTED` if there are more.
    pub waiting: u64,
    /// Messages that were given up; the same.
    pub dead: u64,
    /// For how long the oldest message of each lane has been due, in milliseconds; 0 if none is.
    pub lags: [(Lane, i64); Lane::ALL.len()],
}

impl Backlog {
    /// The longest of them, in milliseconds.
    pub fn lag(&self) -> i64 {
        self.lags.iter().map(|(_, lag)| *lag).max().unwrap_or(0)
    }
}

/// # Errors
/// Whatever the database says.
pub async fn backlog(app: &App) -> Result<Backlog> {
    let db = app.db.read();
    let (waiting, dead) = (count(db, "outbox").await?, count(db, "dead_letter").await?);
    Ok(Backlog { waiting, dead, lags: lags(app).await? })
}

async fn count(db: &Pool, table: &str) -> Result<u64> {
    let text = format!("SELECT COUNT(*) FROM (SELECT id FROM {table} LIMIT {MOST_COUNTED}) counted");
    let row = db.query_one_raw(sql(db, &text, [])).await?;
    let count: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(count.unwrap_or(0).unsigned_abs())
}

#[derive(FromQueryResult)]
struct Due {
    due_at: i64,
    payload: String,
}

async fn lags(app: &App) -> Result<[(Lane, i64); Lane::ALL.len()]> {
    let (db, now) = (app.db.read(), app.clock.now());
    let text = format!("SELECT due_at, payload FROM outbox WHERE due_at <= ? ORDER BY due_at, id LIMIT {LOOKED_AT}");
    let oldest = Due::find_by_statement(sql(db, &text, [now.into()])).all(db).await?;
    // Lanes that are not among these are not further behind than the last of them.
    let unseen = oldest.last().filter(|_| oldest.len() == LOOKED_AT);
    let lane = |due: &Due| Message::from_json(&due.payload).map_or(Lane::Bulk, Lane::of);
    let lag = |due: &Due| (now - due.due_at).max(0);
    Ok(Lane::ALL.map(|wanted| {
        let first = oldest.iter().find(|due| lane(due) == wanted).or(unseen);
        (wanted, first.map_or(0, lag))
    }))
}
