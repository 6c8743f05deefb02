//! What anybody sees of tweets, comments, likes and counts, held against the list of deeds.

use serde_json::{Value, json};

use super::deeds::Deeds;
use crate::support::{Person, TestApp};

const SUBJECTS: &str = "query ($ids: [ID!]!) { nodes(ids: $ids) {
    ... on Tweet { likeCount commentCount comments(first: 50) { nodes { id } } likers(first: 10) { nodes { username } } }
    ... on Comment { likeCount likers(first: 10) { nodes { username } } } } }";
const PEOPLE: &str = "query ($ids: [ID!]!) { nodes(ids: $ids) {
    ... on User { tweetCount followerCount followingCount
        followers(first: 10) { nodes { username } } following(first: 10) { nodes { username } } } } }";

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
    let ids: Vec<&str> = people.iter().map(|person| person.gid.as_str()).collect();
    let answer = app.anonymous().gql(PEOPLE, json!({ "ids": ids })).await;
    for (n, found) in answer.ok()["nodes"].as_array().unwrap().iter().enumerate() {
        assert_eq!(in_order(found), in_order(&user(people, deeds, n)), "{}", people[n].name);
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

fn user(people: &[Person], deeds: &Deeds, person: usize) -> Value {
    if !deeds.is_active(person) {
        return Value::Null;
    }
    let named = |all: Vec<usize>| {
        let seen =
            all.into_iter().filter(|one| deeds.is_active(*one)).map(|one| json!({ "username": people[one].name }));
        json!({ "nodes": seen.collect::<Vec<_>>() })
    };
    let followers = deeds.follows.iter().filter(|(_, followee)| *followee == person).map(|(follower, _)| *follower);
    let following = deeds.follows.iter().filter(|(follower, _)| *follower == person).map(|(_, followee)| *followee);
    let count = |all: &mut dyn Iterator<Item = usize>| all.filter(|one| *one == person).count();
    json!({ "tweetCount": count(&mut deeds.tweets.iter().map(|tweet| tweet.author)),
            "followerCount": count(&mut deeds.follows.iter().map(|(_, followee)| *followee)),
            "followingCount": count(&mut deeds.follows.iter().map(|(follower, _)| *follower)),
            "followers": named(followers.collect()), "following": named(following.collect()) })
}

/// Its lists in one and the same order: the ids of two processes are not in the order of the deeds.
fn in_order(found: &Value) -> Value {
    let mut found = found.clone();
    for list in ["comments", "likers", "followers", "following"] {
        if let Some(nodes) = found.pointer_mut(&format!("/{list}/nodes")).and_then(Value::as_array_mut) {
            nodes.sort_by_key(ToString::to_string);
        }
    }
    found
}
