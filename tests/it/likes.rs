//! Likes of tweets and comments, by one mechanism.

use serde_json::json;

use crate::support::TestApp;
use crate::support::pages::Pages;
use crate::support::social::{LIKE, UNLIKE};

const LIKERS: &str = "query ($id: ID!) { node(id: $id) { ... on Likeable { likers {
    edges { likedAt node { username } } } } } }";

#[tokio::test]
async fn tweets_and_comments_are_liked_and_unliked_alike() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let tweet = app.tweet(&ada, "hello").await;
    let comment = app.comment(&ada, &tweet, "one").await;
    for subject in [&tweet, &comment] {
        for _ in 0..2 {
            let answer = app.as_user(&bob).gql(LIKE, json!({ "id": subject })).await;
            let expected = json!({ "id": subject, "likeCount": 1, "viewerHasLiked": true });
            assert_eq!(answer.changed("like")["subject"], expected, "liking again changes nothing");
        }
        assert_eq!(app.counts(&ada, subject).await["viewerHasLiked"], false);
        app.like(&ada, subject).await;
        for _ in 0..2 {
            let answer = app.as_user(&bob).gql(UNLIKE, json!({ "id": subject })).await;
            let expected = json!({ "id": subject, "likeCount": 1, "viewerHasLiked": false });
            assert_eq!(answer.changed("unlike")["subject"], expected, "unliking again changes nothing");
        }
        assert_eq!(app.counts(&ada, subject).await["viewerHasLiked"], true);
    }
    app.drain().await;
    app.check_counters().await;
}

#[tokio::test]
async fn a_second_like_keeps_the_time_of_the_first() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let tweet = app.tweet(&ada, "hello").await;
    app.like(&ada, &tweet).await;
    let first = app.anonymous().gql(LIKERS, json!({ "id": tweet })).await;
    app.app.clock.advance(5_000);
    app.like(&ada, &tweet).await;
    assert_eq!(app.anonymous().gql(LIKERS, json!({ "id": tweet })).await.text, first.text);
    app.drain().await;
}

#[tokio::test]
async fn what_is_not_there_cannot_be_liked() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let tweet = app.tweet(&ada, "hello").await;
    let comment = app.comment(&ada, &tweet, "one").await;
    app.delete_comment(&ada, &comment).await;
    app.delete_tweet(&ada, &tweet).await;
    let hidden = app.tweet(&bob, "hidden").await;
    app.drain().await;
    app.damage(&format!("INSERT INTO suspended (user_id) VALUES ({})", bob.id)).await;
    for subject in [&tweet, &comment, &hidden, &ada.gid, &crate::support::tweet_gid(1)] {
        for (mutation, text) in [("like", LIKE), ("unlike", UNLIKE)] {
            let answer = app.as_user(&ada).gql(text, json!({ "id": subject })).await;
            assert_eq!(answer.refused(mutation), ["NOT_FOUND subjectId"]);
        }
    }
    assert_eq!(app.try_like(&ada, "?").await.code(), "BAD_USER_INPUT");
    assert_eq!(app.number("SELECT COUNT(*) FROM liked", []).await, 0);
}

#[tokio::test]
async fn nobody_likes_without_being_logged_in() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let tweet = app.tweet(&ada, "hello").await;
    app.like(&ada, &tweet).await;
    for text in [LIKE, UNLIKE] {
        assert_eq!(app.anonymous().gql(text, json!({ "id": tweet })).await.code(), "UNAUTHENTICATED");
    }
    let query = "query ($id: ID!) { node(id: $id) { ... on Tweet { likeCount viewerHasLiked } } }";
    let answer = app.anonymous().gql(query, json!({ "id": tweet })).await;
    assert_eq!(answer.ok()["node"], json!({ "likeCount": 1, "viewerHasLiked": false }));
    app.drain().await;
}

#[tokio::test]
async fn s19_likers_are_read_in_pages_from_both_ends() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let tweet = app.tweet(&ada, "hello").await;
    let comment = app.comment(&ada, &tweet, "one").await;
    let mut expected = Vec::new();
    for n in 0..11 {
        let person = app.person(&format!("liker{n}")).await;
        app.like(&person, &tweet).await;
        app.like(&person, &comment).await;
        expected.insert(0, person.gid);
    }
    for subject in [&tweet, &comment] {
        let query = format!(
            "query ($first: Int, $after: String, $last: Int, $before: String) {{ node(id: \"{subject}\") {{
                ... on Likeable {{ likers(first: $first, after: $after, last: $last, before: $before) {{
                    edges {{ cursor likedAt }} nodes {{ id }}
                    pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }} }}"
        );
        let pages = Pages { app: &app, reader: &ada, query: &query, at: "/node/likers" };
        for size in [1, 4, 11, 100] {
            pages.check(&expected, size).await;
        }
    }
    app.drain().await;
}

#[tokio::test]
async fn likes_by_suspended_people_are_counted_but_not_listed() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let tweet = app.tweet(&ada, "hello").await;
    app.like(&bob, &tweet).await;
    app.drain().await;
    app.damage(&format!("INSERT INTO suspended (user_id) VALUES ({})", bob.id)).await;
    let answer = app.anonymous().gql(LIKERS, json!({ "id": tweet })).await;
    assert_eq!(answer.ok()["node"]["likers"]["edges"], json!([]));
    assert_eq!(app.counts(&ada, &tweet).await["likeCount"], 1);
    app.check_counters().await;
}

#[tokio::test]
async fn cursors_of_one_list_are_refused_by_another() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let tweet = app.tweet(&ada, "hello").await;
    app.like(&ada, &tweet).await;
    app.comment(&ada, &tweet, "one").await;
    let query = "query ($id: ID!) { node(id: $id) { ... on Tweet {
        likers { edges { cursor } } comments { edges { cursor } } } } }";
    let answer = app.as_user(&ada).gql(query, json!({ "id": tweet })).await;
    for (from, into) in [("likers", "comments"), ("comments", "likers")] {
        let cursor = &answer.ok()["node"][from]["edges"][0]["cursor"];
        let query = format!(
            "query ($id: ID!, $after: String) {{ node(id: $id) {{ ... on Tweet {{
            {into}(after: $after) {{ nodes {{ id }} }} }} }} }}"
        );
        let answer = app.as_user(&ada).gql(&query, json!({ "id": tweet, "after": cursor })).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{from} into {into}");
    }
    app.drain().await;
}
