//! Many at once: exact counters, one row per pair, one tweet per key, and never an error of ours.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{CREATE_TWEET, FOLLOW, Person, TestApp, UNFOLLOW};

/// What concurrent requests are: tasks of their own on several threads.
macro_rules! at_once {
    ($n:expr, $app:expr, $body:expr) => {
        join_all((0..$n).map(|n| {
            let app = &$app;
            #[expect(clippy::redundant_closure_call, reason = "the body is the closure that is given")]
            ($body)(app, n)
        }))
        .await
    };
}

async fn counters(app: &TestApp, person: &Person) -> [i64; 3] {
    let text = "SELECT tweet_count, follower_count, following_count FROM user_stats WHERE user_id = ?";
    let rows = app.rows(text, [person.id.into()]).await;
    [0, 1, 2].map(|column| rows[0].try_get_by_index(column).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s06_a_hundred_equal_follows_are_one_edge() {
    let app = TestApp::new().await;
    let [alice, bob] = app.cast(["alice", "bob"]).await;
    let answers = at_once!(100, app, async |app: &TestApp, _| {
        app.as_user(&bob).gql(FOLLOW, json!({ "id": alice.gid })).await
    });
    for answer in answers {
        assert_eq!(answer.changed("follow")["user"]["followerCount"], 1);
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM follow", []).await, 1);
    assert_eq!(counters(&app, &alice).await, [0, 1, 0]);
    assert_eq!(counters(&app, &bob).await, [0, 0, 1]);
    app.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s16_counters_are_exact_after_a_hundred_follows_and_unfollows() {
    let app = TestApp::new().await;
    let people = app.cast(["alice", "bob", "carol", "dave"]).await;
    let answers = at_once!(100, app, async |app: &TestApp, n: usize| {
        let (query, follower) = if n % 3 == 0 { (UNFOLLOW, 1 + n % 2) } else { (FOLLOW, 1 + n % 3) };
        app.as_user(&people[follower]).gql(query, json!({ "id": people[0].gid })).await
    });
    for answer in answers {
        answer.ok();
    }
    // In both directions at once, so that a wrong order of locks would deadlock.
    at_once!(100, app, async |app: &TestApp, n: usize| {
        let (follower, followee) = (&people[n % 2], &people[1 - n % 2]);
        let query = if n % 5 == 0 { UNFOLLOW } else { FOLLOW };
        app.as_user(follower).gql(query, json!({ "id": followee.gid })).await.ok();
    });
    app.drain().await;
    for person in &people {
        let followers = app.number("SELECT COUNT(*) FROM follow WHERE followee_id = ?", [person.id.into()]).await;
        let following = app.number("SELECT COUNT(*) FROM follow WHERE follower_id = ?", [person.id.into()]).await;
        assert_eq!(counters(&app, person).await, [0, followers, following]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_tweets_with_one_key_are_one_and_without_a_key_a_hundred() {
    let app = TestApp::new().await;
    let alice = app.person("alice").await;
    let answers = at_once!(100, app, async |app: &TestApp, _| {
        app.as_user(&alice).gql(CREATE_TWEET, json!({ "content": "once", "key": "k" })).await
    });
    let first = answers[0].changed("createTweet")["tweet"]["id"].clone();
    assert!(answers.iter().all(|answer| answer.changed("createTweet")["tweet"]["id"] == first));
    assert_eq!(counters(&app, &alice).await, [1, 0, 0]);
    at_once!(100, app, async |app: &TestApp, n: usize| {
        let answer = app.as_user(&alice).gql(CREATE_TWEET, json!({ "content": format!("tweet {n}") })).await;
        answer.changed("createTweet");
    });
    assert_eq!(counters(&app, &alice).await, [101, 0, 0]);
    assert_eq!(app.home_feed(&alice).await.len(), 101);
    app.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn feeds_are_right_after_everybody_did_everything_at_once() {
    let app = TestApp::with(|config| (config.feed_push_limit, config.feed_batch) = (3, 2)).await;
    let second = app.second().await;
    second.app.clock.advance(-50);
    let people = app.cast(["a_1", "b_1", "c_1", "d_1", "e_1", "f_1"]).await;
    let work = async |app: &TestApp| {
        for _ in 0..60 {
            app.drain().await;
            tokio::task::yield_now().await;
        }
    };
    let deeds = async {
        at_once!(300, app, async |app: &TestApp, n: usize| {
            let app = if n % 2 == 0 { app } else { &second };
            let (me, other) = (&people[n % 6], &people[(n / 6 + n) % 6]);
            match n % 7 {
                0..3 if me.id != other.id => app.follow(me, other).await,
                3 if me.id != other.id => app.unfollow(me, other).await,
                4 => {
                    let tweet = app.tweet(me, "soon gone").await;
                    app.delete_tweet(me, &tweet).await;
                }
                _ => drop(app.tweet(me, "hello").await),
            }
        })
    };
    tokio::join!(deeds, work(&app), work(&second));
    app.drain().await;
    for person in &people {
        assert_eq!(app.home_feed(person).await, app.oracle_feed(person).await);
    }
    let report = roost::service::feed::verify::verify(&app.app, None).await.unwrap();
    assert!(report.faults.is_empty(), "{:?}", report.faults);
}
