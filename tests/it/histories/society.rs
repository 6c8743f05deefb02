//! What anybody sees of tweets, comments, likes and counts, held against the list of deeds.

use serde_json::{Value, json};

use super::deeds::Deeds;
use crate::support::{Person, TestApp};

const SUBJECTS: &str = "query ($ids: [ID!]!) { nodes(ids: $ids) {
    ... on Tweet { likeCount commentCount comments(first: 50) { nodes { id } } likers(first: 10) { nodes { username } } }
    ... on Comment { likeCount likers(first: 10) { nodes { username } } } } }";
const PEOPLE: &str = "query ($ids: [ID!]!) { nodes(ids: $ids) {
    ... on User { tweetCount followerCount followingCount } } }";

/// How many of them one query asks for, within the limit on its cost.
const PART: usize = 30;

/// Asserts that all of them are seen, and counted, as they are in the list.
pub async fn check(app: &TestApp, people: &[Person], deeds: &Deeds) {
    for part in deeds.subjects().chunks(PART) {
        let answer = app.anonymous().gql(SUBJECTS, json!({ "ids": part })).await;
        for (gid, found) in part.iter().zip(answer.ok()["nodes"].as_array().unwrap()) {
            assert_eq!(in_order(found), in_order(&subject(people, deeds, gid)), "{gid}");
        }
    }
    let active: Vec<usize> = (0..people.len()).filter(|person| deeds.is_active(*person)).collect();
    let ids: Vec<&str> = active.iter().map(|person| people[*person].gid.as_str()).collect();
    let answer = app.anonymous().gql(PEOPLE, json!({ "ids": ids })).await;
    for (person, found) in active.iter().zip(answer.ok()["nodes"].as_array().unwrap()) {
        assert_eq!(*found, counts(deeds, *person), "{}", people[*person].name);
    }
    app.check_counters().await;
}

fn subject(people: &[Person], deeds: &Deeds, gid: &str) -> Value {
    if !deeds.is_seen(gid) {
        return Value::Null;
    }
    // Counters count the deeds of suspended people, lists leave them out.
    let likes: Vec<usize> = deeds.likes.iter().filter(|(subject, _)| subject == gid).map(|(_, by)| *by).collect();
    let likers = likes.iter().filter(|by| deeds.is_active(**by)).map(|by| json!({ "username": people[*by].name }));
    let likers = json!({ "nodes": likers.collect::<Vec<_>>() });
    if deeds.comments.iter().any(|comment| comment.gid == gid) {
        return json!({ "likeCount": likes.len(), "likers": likers });
    }
    let comments: Vec<&str> = deeds.comments.iter().filter(|c| c.tweet == gid).map(|c| c.gid.as_str()).collect();
    let seen = comments.iter().filter(|comment| deeds.is_seen(comment)).map(|comment| json!({ "id": comment }));
    json!({ "likeCount": likes.len(), "commentCount": comments.len(),
            "comments": { "nodes": seen.collect::<Vec<_>>() }, "likers": likers })
}

fn counts(deeds: &Deeds, person: usize) -> Value {
    let count = |all: &mut dyn Iterator<Item = usize>| all.filter(|one| *one == person).count();
    json!({ "tweetCount": count(&mut deeds.tweets.iter().map(|tweet| tweet.author)),
            "followerCount": count(&mut deeds.follows.iter().map(|(_, followee)| *followee)),
            "followingCount": count(&mut deeds.follows.iter().map(|(follower, _)| *follower)) })
}

/// Its lists in one and the same order: the ids of two processes are not in the order of the deeds.
fn in_order(found: &Value) -> Value {
    let mut found = found.clone();
    for list in ["comments", "likers"] {
        if let Some(nodes) = found.pointer_mut(&format!("/{list}/nodes")).and_then(Value::as_array_mut) {
            nodes.sort_by_key(ToString::to_string);
        }
    }
    found
}
