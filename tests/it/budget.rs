//! How many statements a query takes: the same for a page of 5 and of 50. And none at all if the answer is known.

use serde_json::json;

use crate::support::process::until;
use crate::support::{Person, TestApp};

/// An app that keeps nothing in memory, so that each query shows what it asks for.
async fn forgetful(feed_push_limit: i64) -> TestApp {
    TestApp::with(|config| (config.feed_push_limit, config.cache_bytes) = (feed_push_limit, 0)).await
}

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

/// The statements that a query sends for pages of 5 and of 50 of a feed without comments and likes.
async fn statements(query: &str) -> [u64; 2] {
    let app = forgetful(1).await;
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
        let app = forgetful(10_000).await;
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
    let app = forgetful(10_000).await;
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

/// The home feed of somebody who follows many that are liked and commented, pulled authors among them.
async fn sociable_reader(app: &TestApp) -> Person {
    let reader = app.person("reader").await;
    let mut authors = Vec::new();
    for n in 0..12 {
        let author = app.person(&format!("author{n}")).await;
        app.follow(&reader, &author).await;
        authors.push(author);
    }
    app.follow(&authors[1], &authors[0]).await;
    // People who write no tweets: otherwise the authors of a large page have been read before the comments are.
    let commenters = app.cast(["one", "two", "three", "four"]).await;
    for (n, author) in authors.iter().cycle().take(60).enumerate() {
        let tweet = app.tweet(author, &format!("{n}")).await;
        for commenter in &commenters[..n % 5] {
            let comment = app.comment(commenter, &tweet, "hm").await;
            app.like(&reader, &comment).await;
        }
        if n.is_multiple_of(2) {
            app.like(&reader, &tweet).await;
        }
    }
    app.drain().await;
    reader
}

/// The statements that home feeds of 5 and of 50 take, for each selection of fields.
async fn of_feeds<const N: usize>(selections: [&str; N]) -> [[u64; 2]; N] {
    let app = forgetful(1).await;
    let reader = sociable_reader(&app).await;
    let mut counts = [[0; 2]; N];
    for (fields, counts) in selections.iter().zip(&mut counts) {
        let query = format!("query ($n: Int) {{ viewer {{ homeFeed(first: $n) {{ nodes {{ {fields} }} }} }} }}");
        for (count, size) in counts.iter_mut().zip([5, 50]) {
            let before = app.statements();
            let answer = app.as_user(&reader).gql(&query, json!({ "n": size })).await;
            *count = app.statements() - before;
            let nodes = answer.ok()["viewer"]["homeFeed"]["nodes"].as_array().unwrap();
            assert_eq!(nodes.len(), size);
        }
    }
    counts
}

/// The two queries of the benchmark, as its load generator sends them.
const HOME_LEAN: &str = "id content createdAt author { username profile { nickname avatarUrl } }
    likeCount commentCount viewerHasLiked";
const HOME_FULL: &str = "id content createdAt author { username profile { nickname avatarUrl } }
    likeCount commentCount viewerHasLiked
    comments(first: 3) { nodes { id content createdAt author { username profile { nickname avatarUrl } } } }";

#[tokio::test]
async fn s18_the_benchmarks_home_feeds_take_at_most_seven_and_nine_statements() {
    let [lean, full] = of_feeds([HOME_LEAN, HOME_FULL]).await;
    assert_eq!((lean[0], full[0]), (lean[1], full[1]), "as many for 50 tweets as for 5");
    assert!(lean[0] <= 7, "home-lean: {lean:?}");
    assert!(full[0] <= 9, "home-full: {full:?}");
}

#[tokio::test]
async fn what_only_the_engine_can_present_takes_no_statement_a_tweet() {
    // `viewerCanDelete` of a comment looks at its tweet.
    let comments = "id comments(first: 3) { nodes { viewerCanDelete likeCount viewerHasLiked author { username } } }";
    let [counts] = of_feeds([comments]).await;
    assert_eq!(counts[0], counts[1]);
    assert!(counts[0] <= 9, "{counts:?}");
}

#[tokio::test]
async fn s18_likes_counts_and_comments_of_a_page_are_one_statement_each() {
    let fields = ["id", "id viewerHasLiked", "id likeCount commentCount", "id comments(first: 3) { nodes { id } }"];
    let [bare, liked, counted, commented] = of_feeds(fields).await;
    for more in [liked, counted, commented] {
        assert_eq!(more, bare.map(|count| count + 1));
    }
}

#[tokio::test]
async fn s18_likes_of_comments_take_two_statements_more_whatever_the_page() {
    let plain = "id comments(first: 3) { nodes { id content } }";
    let liked = "id comments(first: 3) { nodes { id content likeCount viewerHasLiked } }";
    let [plain, liked] = of_feeds([plain, liked]).await;
    assert_eq!(liked, plain.map(|count| count + 2));
}

/// The statements of one query.
async fn statements_of(app: &TestApp, reader: &Person, fields: &str, size: usize) -> u64 {
    let query = format!("query ($n: Int) {{ viewer {{ homeFeed(first: $n) {{ nodes {{ {fields} }} }} }} }}");
    let before = app.statements();
    let answer = app.as_user(reader).gql(&query, json!({ "n": size })).await;
    let statements = app.statements() - before;
    assert_eq!(answer.ok()["viewer"]["homeFeed"]["nodes"].as_array().unwrap().len(), size);
    statements
}

#[tokio::test]
async fn what_is_known_takes_no_statement_and_what_was_forgotten_as_many_as_without_memory() {
    let app = TestApp::with(|config| config.feed_push_limit = 1).await;
    let reader = sociable_reader(&app).await;
    until("the caches to be open", async || app.app.db.caches().now().is_some()).await;
    for (fields, most) in [(HOME_LEAN, 7), (HOME_FULL, 9)] {
        for size in [5, 50] {
            app.app.db.caches().forget_all();
            let cold = statements_of(&app, &reader, fields, size).await;
            assert!(cold <= most, "{fields}: {cold}");
            assert_eq!(statements_of(&app, &reader, fields, size).await, 0, "{fields}");
        }
    }
}
