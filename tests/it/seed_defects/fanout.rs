//! S7 to S9: deliveries that carried everything at once, broke half-way, or were never ordered.

use std::sync::Arc;

use roost::worker;
use serde_json::json;

use crate::support::{CREATE_TWEET, Person, TestApp};

/// A star with so many followers, all of them pushed to.
async fn star(app: &TestApp, followers: usize) -> (Person, Vec<Person>) {
    let star = app.person("star").await;
    let mut fans = Vec::new();
    for n in 0..followers {
        let fan = app.person(&format!("fan{n}")).await;
        app.follow(&fan, &star).await;
        fans.push(fan);
    }
    app.drain().await;
    (star, fans)
}

async fn entries(app: &TestApp) -> i64 {
    app.number("SELECT COUNT(*) FROM feed_entry WHERE user_id <> author_id", []).await
}

async fn waiting(app: &TestApp) -> i64 {
    app.number("SELECT COUNT(*) FROM outbox", []).await
}

#[tokio::test]
async fn s07_a_fan_out_is_a_message_a_batch_and_goes_on_where_it_was_stopped() {
    let app = TestApp::with(|config| (config.feed_batch, config.amqp_url) = (2, None)).await;
    let (star, _) = star(&app, 5).await;
    app.tweet(&star, "hello").await;
    for delivered in [2, 4, 5] {
        assert_eq!(waiting(&app).await, 1, "the next batch waits, and nothing else");
        // Each batch in another process: there is nothing that only the first one knows.
        let next = app.second().await;
        assert_eq!(worker::step(&next.app, 1).await.unwrap(), 1);
        assert_eq!(entries(&app).await, delivered);
    }
    assert_eq!(waiting(&app).await, 0);
}

#[tokio::test]
async fn s08_a_batch_that_arrives_again_delivers_the_rest_of_it() {
    let app = TestApp::with(|config| config.amqp_url = None).await;
    let (star, fans) = star(&app, 5).await;
    let tweet = app.tweet(&star, "hello").await;
    let message = "INSERT INTO outbox (id, payload, attempts, due_at, leased_by, leased_until, created_at)
                   SELECT id + 1, payload, 0, due_at, 0, 0, created_at FROM outbox";
    app.damage(message).await;
    assert_eq!(worker::step(&app.app, 1).await.unwrap(), 1);
    // As if the first time it had got to the third follower and no further.
    for fan in &fans[3..] {
        app.damage(&format!("DELETE FROM feed_entry WHERE user_id = {}", fan.id)).await;
    }
    app.drain().await;
    for fan in &fans {
        assert_eq!(app.home_feed(fan).await, [tweet.as_str()]);
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM dead_letter", []).await, 0);
}

#[tokio::test]
async fn s09_what_is_committed_is_delivered_though_nobody_lives_to_order_it() {
    let app = TestApp::new().await;
    let (star, fans) = star(&app, 2).await;
    for (label, is_there) in [("tweet: before commit", false), ("tweet: after commit", true)] {
        let dying = app.second().await;
        dying.app.failpoints.set(Arc::new(move |at| {
            assert!(at != label, "the process dies here");
            Box::pin(async {})
        }));
        let answer = dying.as_user(&star).gql(CREATE_TWEET, json!({ "content": label })).await;
        assert_eq!(answer.code(), "INTERNAL", "{}", answer.text);
        let next = app.second().await;
        next.drain().await;
        for fan in &fans {
            let feed = next.home_feed(fan).await;
            assert_eq!((feed.len(), &feed), (usize::from(is_there), &next.oracle_feed(fan).await), "{label}");
        }
    }
}
