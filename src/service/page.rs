//! Pages of a list that is ordered by one integer key, newest (greatest) first, read from either end.

use std::future::Future;

use crate::error::Result;

/// What was asked for. A cursor is the key of a row; the row itself may be gone.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest {
    pub size: usize,
    pub from: End,
    /// Only rows older than this.
    pub after: Option<i64>,
    /// Only rows newer than this.
    pub before: Option<i64>,
    /// Whether anybody wants to know what lies on the side that the page did not come from.
    pub look_back: bool,
}

impl PageRequest {
    /// The rows of the page, and one more.
    pub fn slice(&self) -> Slice {
        Slice {
            newer_than: self.before.unwrap_or(i64::MIN),
            older_than: self.after.unwrap_or(i64::MAX),
            from: self.from,
            limit: self.size + 1,
        }
    }
}

/// Which end of the slice a page is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// `first`: the newest rows.
    Newest,
    /// `last`: the oldest rows.
    Oldest,
}

/// Newest first, whichever end it was taken from.
#[derive(Debug)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// Whether there are older rows than those of the page.
    pub has_next: bool,
    /// Whether there are newer rows than those of the page.
    pub has_previous: bool,
}

/// Part of a list: the rows whose key is strictly between the two, `limit` of them, counted from one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slice {
    pub newer_than: i64,
    pub older_than: i64,
    pub from: End,
    pub limit: usize,
}

impl Slice {
    /// `AND column > ? AND column < ? ORDER BY column … LIMIT ?`: the values are those of `bounds`.
    pub fn sql(&self, column: &str) -> String {
        format!("AND {column} > ? AND {column} < ? ORDER BY {column} {} LIMIT ?", self.direction())
    }

    /// The values for the three marks of `sql`.
    pub fn bounds(&self) -> [sea_orm::Value; 3] {
        [self.newer_than.into(), self.older_than.into(), (self.limit as u64).into()]
    }

    pub fn direction(&self) -> &'static str {
        match self.from {
            End::Newest => "DESC",
            End::Oldest => "ASC",
        }
    }
}

/// Reads one page. `fetch` returns the rows of a slice in the direction of its end.
///
/// The row beyond the page tells whether the list goes on. What lies behind the page is a question of its own, asked only
/// if there is a cursor on that side and somebody wants to know.
///
/// # Errors
/// What `fetch` answers.
pub async fn read<T, F>(request: &PageRequest, fetch: impl Fn(Slice) -> F) -> Result<Page<T>>
where
    F: Future<Output = Result<Vec<T>>>,
{
    // Boxed, for what is read is large, and the engine moves the futures of resolvers about.
    let fetch = |slice| Box::pin(fetch(slice));
    let mut rows = fetch(request.slice()).await?;
    let more = rows.len() > request.size;
    rows.truncate(request.size);

    let older = async |key: i64| Ok::<_, crate::error::Error>(!fetch(older_than_or_at(key)).await?.is_empty());
    let newer = async |key: i64| Ok::<_, crate::error::Error>(!fetch(newer_than_or_at(key)).await?.is_empty());
    let (has_next, has_previous) = match request.from {
        End::Newest => {
            let next = match request.before {
                _ if more => true,
                Some(before) => older(before).await?,
                None => false,
            };
            let previous = match request.after {
                Some(after) if request.look_back => newer(after).await?,
                _ => false,
            };
            (next, previous)
        }
        End::Oldest => {
            rows.reverse();
            let previous = match request.after {
                _ if more => true,
                Some(after) => newer(after).await?,
                None => false,
            };
            let next = match request.before {
                Some(before) if request.look_back => older(before).await?,
                _ => false,
            };
            (next, previous)
        }
    };
    Ok(Page { rows, has_next, has_previous })
}

/// The page of a list that was asked for without a cursor, from the rows of its slice: nothing else is to be read for it.
pub fn whole<T>(request: &PageRequest, mut rows: Vec<T>) -> Page<T> {
    let more = rows.len() > request.size;
    rows.truncate(request.size);
    match request.from {
        End::Newest => Page { rows, has_next: more, has_previous: false },
        End::Oldest => {
            rows.reverse();
            Page { rows, has_next: false, has_previous: more }
        }
    }
}

/// The one row nearest to a cursor on its older side, the cursor's own row included.
fn older_than_or_at(key: i64) -> Slice {
    Slice { newer_than: i64::MIN, older_than: key.saturating_add(1), from: End::Newest, limit: 1 }
}

/// The one row nearest to a cursor on its newer side, the cursor's own row included.
fn newer_than_or_at(key: i64) -> Slice {
    Slice { newer_than: key.saturating_sub(1), older_than: i64::MAX, from: End::Oldest, limit: 1 }
}
