//! S11 to S14: lists that were cut, doubled or shuffled by a cache, or that skipped what was made at the same moment.

use futures_util::future::join_all;

use crate::support::pages::Pages;
use crate::support::{HOME_FEED, TestApp};

#[tokio::test]
async fn s11_a_long_feed_is_whole_whatever_a_process_has_read_before() {
    let app = TestApp::new().await;
    let [ann, ben] = app.cast(["ann", "ben"]).await;
    app.follow(&ben, &ann).await;
    app.drain().await;
    for n in 0..230 {
        app.tweet(&ann, &format!("{n}")).await;
    }
    app.drain().await;
    // One process has the feed warm, one has just started; one more tweet must not become the whole list in either.
    assert_eq!(app.home_feed(&ben).await.len(), 230);
    let cold = app.second().await;
    cold.tweet(&ann, "newest").await;
    cold.drain().await;
    let expected = app.oracle_feed(&ben).await;
    assert_eq!(expected.len(), 231);
    for app in [&app, &cold, &app.second().await] {
        Pages { app, reader: &ben, query: HOME_FEED, at: "/viewer/homeFeed" }.check(&expected, 100).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s12_many_first_readers_at_once_see_every_tweet_once() {
    let app = TestApp::with(|config| config.feed_push_limit = 1).await;
    let [reader, pushed, pulled, other] = app.cast(["reader", "pushed", "pulled", "other"]).await;
    app.follow(&reader, &pushed).await;
    app.follow(&reader, &pulled).await;
    for n in 0..30 {
        if n == 15 {
            // From now on there are two sources for what the reader has of this author.
            app.drain().await;
            app.follow(&other, &pulled).await;
        }
        app.tweet(if n % 2 == 0 { &pushed } else { &pulled }, &format!("{n}")).await;
    }
    app.drain().await;
    let expected = app.oracle_feed(&reader).await;
    assert_eq!(expected.len(), 30);
    let cold = app.second().await;
    for feed in join_all((0..16).map(|_| cold.home_feed(&reader))).await {
        assert_eq!(feed, expected);
    }
}

#[tokio::test]
async fn s13_tweets_that_arrive_late_stand_in_their_place() {
    let app = TestApp::with(|config| (config.worker_concurrency, config.amqp_url) = (1, None)).await;
    let [ann, ben, reader] = app.cast(["ann", "ben", "reader"]).await;
    app.follow(&reader, &ann).await;
    app.follow(&reader, &ben).await;
    app.drain().await;
    for n in 0..5 {
        app.tweet(&ann, &format!("{n}")).await;
        app.tweet(&ben, &format!("{n}")).await;
    }
    let defined = app.oracle_feed(&reader).await;
    // The last one posted is handled first.
    app.damage("UPDATE outbox SET due_at = -id").await;
    for arrived in 1..=10 {
        roost::worker::step(&app.app, 1).await.unwrap();
        let feed = app.home_feed(&reader).await;
        assert_eq!(feed, defined[..arrived], "newest first, whatever came last");
        Pages { app: &app, reader: &reader, query: HOME_FEED, at: "/viewer/homeFeed" }.check(&feed, 3).await;
    }
    app.drain().await;
}

#[tokio::test]
async fn s14_tweets_of_the_same_moment_are_all_on_some_page() {
    let app = TestApp::new().await;
    let ann = app.person("ann").await;
    for n in 0..20 {
        app.tweet(&ann, &format!("{n}")).await;
    }
    app.drain().await;
    app.damage("UPDATE tweet SET created_at = 1").await;
    let expected = app.oracle_feed(&ann).await;
    assert_eq!(expected.len(), 20);
    let timeline = "query ($first: Int, $after: String, $last: Int, $before: String) { viewer { user {
        tweets(first: $first, after: $after, last: $last, before: $before) { edges { cursor } nodes { id }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }";
    for (query, at) in [(HOME_FEED, "/viewer/homeFeed"), (timeline, "/viewer/user/tweets")] {
        for size in [1, 3, 7, 20] {
            Pages { app: &app, reader: &ann, query, at }.check(&expected, size).await;
        }
    }
}
