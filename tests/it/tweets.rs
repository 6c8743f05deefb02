//! Making, deleting and listing tweets.

use roost::clock::DAY;
use serde_json::{Value, json};

use crate::support::pages::Pages;
use crate::support::{CREATE_TWEET, DELETE_TWEET, TestApp};

#[tokio::test]
async fn the_content_is_trimmed_and_counted_in_grapheme_clusters() {
    let app = TestApp::new().await;
    let alice = app.person("alice").await;
    let family = "👨‍👩‍👧";
    let create = async |content: &str| app.as_user(&alice).gql(CREATE_TWEET, json!({ "content": content })).await;
    for (content, fault) in [
        (String::new(), "TOO_SHORT content"),
        (" \n\t ".to_owned(), "TOO_SHORT content"),
        ("x".repeat(281), "TOO_LONG content"),
        (family.repeat(281), "TOO_LONG content"),
        ("e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}".repeat(280), "TOO_LONG content"),
        ("a\u{0}b".to_owned(), "INVALID content"),
        ("a\u{1b}[2Jb".to_owned(), "INVALID content"),
    ] {
        assert_eq!(create(&content).await.refused("createTweet"), [fault]);
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM tweet", []).await, 0);
    for content in ["  hello\nworld  ".to_owned(), "x".repeat(280), family.repeat(200)] {
        assert_eq!(create(&content).await.changed("createTweet")["tweet"]["content"], content.trim());
    }
    app.drain().await;
}

#[tokio::test]
async fn a_new_tweet_comes_back_with_its_edges() {
    let app = TestApp::new().await;
    let alice = app.person("alice").await;
    let query = "mutation { createTweet(input: { content: \"hello\" }) {
        tweet { id createdAt viewerCanDelete } tweetEdge { cursor node { id } } feedEdge { cursor node { id } }
        viewer { user { tweetCount } } } }";
    let answer = app.as_user(&alice).gql(query, json!({})).await;
    let payload = &answer.ok()["createTweet"];
    let id = &payload["tweet"]["id"];
    assert_eq!((&payload["tweetEdge"]["node"]["id"], &payload["feedEdge"]["node"]["id"]), (id, id));
    assert_eq!(payload["tweet"]["viewerCanDelete"], true);
    assert_eq!(payload["viewer"]["user"]["tweetCount"], 1);
    let next = "query ($feed: String, $tweets: String) { viewer {
        homeFeed(after: $feed) { nodes { id } pageInfo { hasPreviousPage } }
        user { tweets(after: $tweets) { nodes { id } pageInfo { hasPreviousPage } } } } }";
    let cursors = json!({ "feed": payload["feedEdge"]["cursor"], "tweets": payload["tweetEdge"]["cursor"] });
    let answer = app.as_user(&alice).gql(next, cursors).await;
    let after = json!({ "nodes": [], "pageInfo": { "hasPreviousPage": true } });
    assert_eq!(answer.ok()["viewer"], json!({ "homeFeed": after, "user": { "tweets": after } }));
    app.drain().await;
}

#[tokio::test]
async fn only_its_author_deletes_a_tweet() {
    let app = TestApp::new().await;
    let [alice, bob] = app.cast(["alice", "bob"]).await;
    let tweet = app.tweet(&alice, "hello").await;
    let delete = async |id: &str| app.as_user(&bob).gql(DELETE_TWEET, json!({ "id": id })).await;
    assert_eq!(delete(&tweet).await.refused("deleteTweet"), ["NOT_YOURS tweetId"]);
    assert_eq!(delete(&alice.gid).await.refused("deleteTweet"), ["NOT_FOUND tweetId"]);
    assert_eq!(delete(&crate::support::tweet_gid(1)).await.refused("deleteTweet"), ["NOT_FOUND tweetId"]);
    let query = "query ($id: ID!) { node(id: $id) { ... on Tweet { content viewerCanDelete } } }";
    let answer = app.as_user(&bob).gql(query, json!({ "id": tweet })).await;
    assert_eq!(answer.ok()["node"], json!({ "content": "hello", "viewerCanDelete": false }));
    let done = app.as_user(&alice).gql(DELETE_TWEET, json!({ "id": tweet })).await;
    assert_eq!(done.changed("deleteTweet")["deletedTweetId"], Value::from(tweet.clone()));
    let again = app.as_user(&alice).gql(DELETE_TWEET, json!({ "id": tweet })).await;
    assert_eq!(again.refused("deleteTweet"), ["NOT_FOUND tweetId"]);
    assert_eq!(app.number("SELECT tweet_count FROM user_stats WHERE user_id = ?", [alice.id.into()]).await, 0);
    app.drain().await;
}

#[tokio::test]
async fn a_key_makes_a_repeat_harmless_for_a_day() {
    let app = TestApp::new().await;
    let [alice, bob] = app.cast(["alice", "bob"]).await;
    let create = async |person, content: &str, key: &str| {
        app.as_user(person).gql(CREATE_TWEET, json!({ "content": content, "key": key })).await
    };
    let first = create(&alice, "hello", "k").await.changed("createTweet")["tweet"]["id"].clone();
    assert_eq!(create(&alice, " hello ", "k").await.changed("createTweet")["tweet"]["id"], first);
    assert_eq!(create(&alice, "other", "k").await.code(), "IDEMPOTENCY_MISMATCH");
    assert_ne!(create(&bob, "hello", "k").await.changed("createTweet")["tweet"]["id"], first, "keys are one's own");
    assert_eq!(create(&alice, "hello", "").await.refused("createTweet"), ["TOO_SHORT idempotencyKey"]);
    assert_eq!(
        create(&alice, "", &"k".repeat(101)).await.refused("createTweet"),
        ["TOO_SHORT content", "TOO_LONG idempotencyKey"]
    );
    app.app.clock.advance(DAY);
    assert_ne!(create(&alice, "hello", "k").await.changed("createTweet")["tweet"]["id"], first);
    app.drain().await;
}

#[tokio::test]
async fn a_key_whose_tweet_was_deleted_makes_no_other() {
    let app = TestApp::new().await;
    let alice = app.person("alice").await;
    let variables = json!({ "content": "hello", "key": "k" });
    let first = app.as_user(&alice).gql(CREATE_TWEET, variables.clone()).await;
    app.delete_tweet(&alice, first.changed("createTweet")["tweet"]["id"].as_str().unwrap()).await;
    let again = app.as_user(&alice).gql(CREATE_TWEET, variables).await;
    assert_eq!(again.refused("createTweet"), ["NOT_FOUND idempotencyKey"]);
    app.drain().await;
}

#[tokio::test]
async fn a_timeline_is_paged_newest_first() {
    let app = TestApp::new().await;
    let [alice, bob] = app.cast(["alice", "bob"]).await;
    let mut tweets = Vec::new();
    for n in 0..11 {
        tweets.insert(0, app.tweet(&alice, &format!("{n}")).await);
        app.tweet(&bob, "between").await;
    }
    app.delete_tweet(&alice, &tweets.remove(4)).await;
    app.drain().await;
    let query = "query ($first: Int, $after: String, $last: Int, $before: String) { user(username: \"alice\") {
        tweets(first: $first, after: $after, last: $last, before: $before) { edges { cursor } nodes { id }
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";
    let pages = Pages { app: &app, reader: &bob, query, at: "/user/tweets" };
    for size in [1, 3, 5, 10, 11] {
        pages.check(&tweets, size).await;
    }
}

#[tokio::test]
async fn what_is_not_there_is_null_and_no_error() {
    let app = TestApp::new().await;
    let alice = app.person("alice").await;
    let query = "query ($id: ID!) { node(id: $id) { id } nobody: user(username: \"nobody\") { tweets { nodes { id } } }
        silent: user(username: \"alice\") { tweetCount tweets { nodes { id } pageInfo { hasNextPage } } } }";
    let silent = json!({ "tweetCount": 0, "tweets": { "nodes": [], "pageInfo": { "hasNextPage": false } } });
    for client in [app.anonymous(), app.as_user(&alice)] {
        for id in [crate::support::tweet_gid(1), crate::support::user_gid(entity::UserId(1))] {
            let answer = client.gql(query, json!({ "id": id })).await;
            assert_eq!(*answer.ok(), json!({ "node": null, "nobody": null, "silent": silent }));
        }
    }
}

#[tokio::test]
async fn ids_of_one_author_grow_even_when_clocks_run_backwards() {
    let app = TestApp::new().await;
    let second = app.second().await;
    second.app.clock.advance(-60_000);
    let alice = app.person("alice").await;
    let mut tweets = Vec::new();
    for n in 0..10 {
        let app = if n % 2 == 0 { &app } else { &second };
        tweets.insert(0, app.tweet(&alice, &format!("{n}")).await);
    }
    assert_eq!(app.home_feed(&alice).await, tweets);
    app.drain().await;
}
