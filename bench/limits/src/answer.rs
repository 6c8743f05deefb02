//! The answer, and how roost writes ids, times and addresses in it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, SecondsFormat};
use serde::Serialize;

/// How many tweets a page has, and how many comments stand under each.
pub const TWEETS: usize = 20;
pub const COMMENTS: usize = 3;

/// A page seldom has more bytes.
const ROOM: usize = 24 << 10;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tweet<'a> {
    pub id: &'a str,
    pub content: &'a str,
    pub created_at: &'a str,
    pub author: Author<'a>,
    pub like_count: i64,
    pub comment_count: i64,
    pub viewer_has_liked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comments: Option<Nodes<Comment<'a>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comment<'a> {
    pub id: &'a str,
    pub content: &'a str,
    pub created_at: &'a str,
    pub author: Author<'a>,
}

#[derive(Clone, Copy, Serialize)]
pub struct Author<'a> {
    pub username: &'a str,
    pub profile: Profile<'a>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile<'a> {
    pub nickname: Option<&'a str>,
    pub avatar_url: Option<&'a str>,
}

#[derive(Serialize)]
pub struct Nodes<T> {
    pub nodes: Vec<T>,
}

#[derive(Serialize)]
struct Answer<'a> {
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    viewer: Viewer<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Viewer<'a> {
    home_feed: Nodes<Tweet<'a>>,
}

pub fn write(tweets: Vec<Tweet<'_>>) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::with_capacity(ROOM);
    let data = Data { viewer: Viewer { home_feed: Nodes { nodes: tweets } } };
    serde_json::to_writer(&mut body, &Answer { data })?;
    Ok(body)
}

pub fn tweet_id(id: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("Tweet:{id}"))
}

pub fn comment_id(id: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("Comment:{id}"))
}

pub fn time(milliseconds: i64) -> String {
    DateTime::from_timestamp_millis(milliseconds).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}

pub fn avatar_url(name: &str) -> String {
    format!("http://127.0.0.1:8100/media/{name}")
}
