//! The counts of one tweet, live.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::events::Events;

const QUERY: &str =
    "subscription ($id: ID!) { tweetChanged(tweetId: $id) { id likeCount commentCount viewerHasLiked } }";

async fn listen(app: &TestApp, tweet: &str) -> Events {
    app.listen(app.anonymous().request(&json!({ "query": QUERY, "variables": { "id": tweet } }))).await
}

#[tokio::test]
async fn the_first_item_is_the_state_now_and_each_change_of_counts_the_next() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let tweet = app.tweet(&ada, "hello").await;
    app.like(&ada, &tweet).await;
    app.drain().await;
    let mut events = listen(&app, &tweet).await;
    let mut expected = json!({ "id": tweet, "likeCount": 1, "commentCount": 0, "viewerHasLiked": false });
    assert_eq!(events.data().await["tweetChanged"], expected);
    app.like(&bob, &tweet).await;
    app.drain().await;
    expected["likeCount"] = json!(2);
    assert_eq!(events.data().await["tweetChanged"], expected);
    let comment = app.comment(&bob, &tweet, "one").await;
    app.drain().await;
    expected["commentCount"] = json!(1);
    assert_eq!(events.data().await["tweetChanged"], expected);
    // Neither a like of the comment nor one that was there already changes the tweet's counts.
    app.like(&ada, &comment).await;
    app.like(&bob, &tweet).await;
    app.drain().await;
    app.delete_comment(&bob, &comment).await;
    app.unlike(&bob, &tweet).await;
    app.drain().await;
    expected = json!({ "id": tweet, "likeCount": 1, "commentCount": 0, "viewerHasLiked": false });
    assert_eq!(events.data().await["tweetChanged"], expected);
}

#[tokio::test]
async fn a_tweet_that_goes_is_null_once_and_then_the_stream_ends() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let tweet = app.tweet(&ada, "hello").await;
    let mut events = listen(&app, &tweet).await;
    events.data().await;
    app.delete_tweet(&ada, &tweet).await;
    app.drain().await;
    assert_eq!(events.data().await, json!({ "tweetChanged": null }));
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn there_has_to_be_a_tweet_at_the_start() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let tweet = app.tweet(&ada, "hello").await;
    app.delete_tweet(&ada, &tweet).await;
    app.drain().await;
    for id in [&tweet, &ada.gid, &crate::support::tweet_gid(1)] {
        let mut events = listen(&app, id).await;
        assert_eq!(events.code().await, "NOT_FOUND");
        assert_eq!(events.next().await, None);
    }
    assert_eq!(listen(&app, "?").await.code().await, "BAD_USER_INPUT");
}

#[tokio::test]
async fn many_changes_are_told_at_most_twice_a_second_and_the_last_is_the_truth() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let tweet = app.tweet(&ada, "hello").await;
    app.drain().await;
    let mut events = listen(&app, &tweet).await;
    let begun = Instant::now();
    let mut items = vec![events.data().await["tweetChanged"]["commentCount"].clone()];
    let reader = async {
        while items.last() != Some(&Value::from(40)) {
            items.push(events.data().await["tweetChanged"]["commentCount"].clone());
        }
        begun.elapsed()
    };
    let writer = async {
        for _ in 0..40 {
            app.comment(&bob, &tweet, "again").await;
            app.drain().await;
        }
    };
    let (took, ()) = tokio::join!(reader, writer);
    // Between two items lies half a second at least, however long the machine takes for all.
    let pauses = u32::try_from(items.len() - 1).unwrap();
    assert!(took >= pauses * Duration::from_millis(500), "{} items in {took:?}", items.len());
    assert!(items.is_sorted_by_key(Value::as_i64), "{items:?}");
}

#[tokio::test]
async fn changes_are_seen_without_wakes_when_the_worker_is_elsewhere() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let tweet = app.tweet(&ada, "hello").await;
    let worker = app.second().await;
    app.app.live.work_is_elsewhere(true);
    let mut events = listen(&app, &tweet).await;
    assert_eq!(events.data().await["tweetChanged"]["likeCount"], 0);
    app.like(&ada, &tweet).await;
    worker.drain().await;
    assert_eq!(events.data().await["tweetChanged"]["likeCount"], 1);
    app.delete_tweet(&ada, &tweet).await;
    worker.drain().await;
    assert_eq!(events.data().await, json!({ "tweetChanged": null }));
}
