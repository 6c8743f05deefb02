//! The engines, told apart by the URL.

use url::Url;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
    /// MariaDB as well.
    MySql,
}

impl Engine {
    /// None if this is no URL, or one of something else.
    pub fn of(url: &str) -> Option<Self> {
        match Url::parse(url).ok()?.scheme() {
            "sqlite" => Some(Self::Sqlite),
            "postgres" | "postgresql" => Some(Self::Postgres),
            "mysql" | "mariadb" => Some(Self::MySql),
            _ => None,
        }
    }
}
