//! How many statements a query takes: the same for a page of 5 and of 50.

use serde_json::json;

use crate::support::{Person, TestApp};

/// A reader with a feed of more than 50 tweets by many authors, pushed and pulled.
async fn busy_reader(app: &TestApp) -> Person {
    let reader = app.person("reader").await;
    for n in 0..12 {
        let author = app.person(&format!("author{n}")).await;
        app.follow(&reader, &author).await;
        app.follow(&author, &reader).await;
        if n < 3 {
            // One more follower than is pushed to.
            let other = app.person(&format!("other{n}")).await;
            app.follow(&other, &author).await;
        }
        for m in 0..6 {
            app.tweet(&author, &format!("{m}")).await;
        }
    }
    app.drain().await;
    reader
}

/// The statements that a query sends for pages of 5 and of 50.
async fn statements(query: &str) -> [u64; 2] {
    let app = TestApp::with(|config| config.feed_push_limit = 1).await;
    let reader = busy_reader(&app).await;
    let mut counts = [0; 2];
    for (count, size) in counts.iter_mut().zip([5, 50]) {
        let before = app.statements();
        let answer = app.as_user(&reader).gql(query, json!({ "n": size })).await;
        *count = app.statements() - before;
        answer.ok();
        assert!(answer.text.matches("\"id\"").count() >= size, "{}", answer.text);
    }
    counts
}

#[tokio::test]
async fn the_home_feed_with_authors_and_counts_takes_six_statements_at_most() {
    let counts = statements(
        "query ($n: Int) { viewer { homeFeed(first: $n) { nodes { id content createdAt author { username
            tweetCount followerCount followingCount profile { nickname avatarUrl } } }
            pageInfo { hasNextPage hasPreviousPage endCursor } } } }",
    )
    .await;
    assert_eq!(counts[0], counts[1]);
    assert!(counts[0] <= 6, "{counts:?}");
}

#[tokio::test]
async fn the_relations_to_all_authors_take_one_statement_more() {
    let counts = statements(
        "query ($n: Int) { viewer { homeFeed(first: $n) { nodes { id author { username followerCount
            viewerIsFollowing isFollowingViewer } } } } }",
    )
    .await;
    assert_eq!(counts[0], counts[1]);
    assert!(counts[0] <= 6, "{counts:?}");
}

#[tokio::test]
async fn lists_of_people_take_a_constant_number_of_statements() {
    for list in ["followers", "following"] {
        let app = TestApp::new().await;
        let reader = busy_reader(&app).await;
        let query = format!(
            "query ($n: Int) {{ user(username: \"reader\") {{ {list}(first: $n) {{ edges {{ followedAt node {{
                id username tweetCount viewerIsFollowing profile {{ nickname }} }} }} }} }} }}"
        );
        let mut counts = Vec::new();
        for size in [3, 12] {
            let before = app.statements();
            app.as_user(&reader).gql(&query, json!({ "n": size })).await.ok();
            counts.push(app.statements() - before);
        }
        assert_eq!(counts[0], counts[1], "{list}");
        assert!(counts[0] <= 6, "{list}: {counts:?}");
    }
}

#[tokio::test]
async fn many_nodes_of_one_type_are_one_statement() {
    let app = TestApp::new().await;
    let reader = busy_reader(&app).await;
    let gids: Vec<String> = app.home_feed(&reader).await;
    let mut counts = Vec::new();
    for size in [5, 50] {
        let before = app.statements();
        let query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
        let answer = app.as_user(&reader).gql(query, json!({ "ids": gids[..size] })).await;
        assert_eq!(answer.ok()["nodes"].as_array().unwrap().len(), size);
        counts.push(app.statements() - before);
    }
    assert_eq!(counts, [2, 2], "the session, and the tweets");
}
