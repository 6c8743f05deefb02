//! What is kept in memory: never shown after the commit that changes it, and never more than there is room for.

mod changes;
mod processes;
mod shared;
mod shelf;

use serde_json::{Value, json};

use crate::support::process::until;
use crate::support::{Person, TestApp};

/// Everything that is kept, as somebody sees it.
const ALL: &str = "query ($ids: [ID!]!) {
    viewer { email homeFeed(first: 8) { nodes { id content author { ...Person viewerIsFollowing isFollowingViewer }
        likeCount commentCount viewerHasLiked photos { altText } comments(first: 3) { nodes {
            id content editedAt author { username profile { nickname } } likeCount viewerHasLiked } } }
        pageInfo { hasNextPage } } }
    nodes(ids: $ids) { id ... on User { ...Person tweets(first: 3) { nodes { id content } } } ... on Tweet { content }
        ... on Comment { content } } }
    fragment Person on User { username tweetCount followerCount followingCount profile { nickname bio avatarUrl } }";

async fn all(app: &TestApp, person: &Person, ids: &[String]) -> Value {
    let answer = app.as_user(person).gql(ALL, json!({ "ids": ids })).await;
    answer.ok().clone()
}

/// The same, and how many statements it took.
async fn counted(app: &TestApp, person: &Person, ids: &[String]) -> (Value, u64) {
    let before = app.statements();
    let seen = all(app, person, ids).await;
    (seen, app.statements() - before)
}

/// Waits until what is read is kept.
async fn open(app: &TestApp) {
    until("the caches to be open", async || app.app.db.caches().now().is_some()).await;
}

/// Three people who follow each other in a circle and have said something; the last is pulled.
async fn society(app: &TestApp) -> [Person; 3] {
    let people = app.cast(["ada", "bob", "eve"]).await;
    let [ada, bob, eve] = &people;
    for (follower, followee) in [(ada, bob), (bob, eve), (ada, eve)] {
        app.follow(follower, followee).await;
    }
    app.drain().await;
    people
}
