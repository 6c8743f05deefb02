//! Counters: exact under many writers, and recounted on demand.

use futures_util::future::join_all;
use roost::service::counters;
use serde_json::json;

use crate::support::{Person, TestApp};

async fn crowd(app: &TestApp, size: usize) -> Vec<Person> {
    let mut people = Vec::new();
    for n in 0..size {
        people.push(app.person(&format!("person{n}")).await);
    }
    people
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s16_counts_are_exact_under_64_writers_of_one_tweet() {
    let app = TestApp::new().await;
    let people = crowd(&app, 64).await;
    let ada = app.person("ada").await;
    let tweet = app.tweet(&ada, "hot").await;
    join_all(people.iter().enumerate().map(async |(n, person)| {
        app.like(person, &tweet).await;
        let comment = app.comment(person, &tweet, "me too").await;
        app.like(&ada, &comment).await;
        app.like(person, &tweet).await;
        if n.is_multiple_of(2) {
            app.unlike(person, &tweet).await;
            app.unlike(person, &tweet).await;
            app.delete_comment(person, &comment).await;
        }
    }))
    .await;
    let counts = app.counts(&ada, &tweet).await;
    assert_eq!(counts, json!({ "likeCount": 32, "commentCount": 32, "viewerHasLiked": false }));
    app.drain().await;
    app.check_counters().await;
    assert_eq!(app.inbox(&ada).await.1, 64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_likes_by_one_person_at_once_one_counts() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let tweet = app.tweet(&ada, "hot").await;
    join_all((0..64).map(|_| app.like(&bob, &tweet))).await;
    assert_eq!(app.counts(&bob, &tweet).await["likeCount"], 1);
    join_all((0..64).map(|_| app.unlike(&bob, &tweet))).await;
    assert_eq!(app.counts(&bob, &tweet).await["likeCount"], 0);
    app.drain().await;
    app.check_counters().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_tweet_that_is_deleted_among_writers_leaves_nothing_behind() {
    let app = TestApp::with(|config| config.feed_batch = 5).await;
    let people = crowd(&app, 32).await;
    let ada = app.person("ada").await;
    let tweet = app.tweet(&ada, "hot").await;
    let comment = async |person: &Person| {
        let comment = app.try_comment(person, json!({ "tweetId": tweet, "content": "x" })).await;
        // Its tweet may be gone before the answer is made: that is an error of the answer's own.
        comment.body["data"]["createComment"]["commentEdge"]["node"]["id"].as_str().map(ToOwned::to_owned)
    };
    // By the deletion all have commented and some likes of comments are there; the rest comes too late.
    let writers = join_all(people.iter().enumerate().map(async |(n, person)| {
        let id = comment(person).await;
        app.try_like(person, &tweet).await.ok();
        if n == 16 {
            app.delete_tweet(&ada, &tweet).await;
        }
        if let Some(id) = id {
            app.try_like(&ada, &id).await.ok();
        }
        comment(person).await;
    }));
    tokio::join!(writers, app.drain());
    app.drain().await;
    for table in ["tweet", "comment", "liked", "tweet_stats", "comment_stats"] {
        assert_eq!(app.number(&format!("SELECT COUNT(*) FROM {table}"), []).await, 0, "{table}");
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM inbox WHERE unread <> 0", []).await, 0);
    app.check_counters().await;
}

#[tokio::test]
async fn s16_verify_finds_every_wrong_counter_and_repair_mends_it() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let tweet = app.tweet(&ada, "one").await;
    let comment = app.comment(&bob, &tweet, "two").await;
    app.like(&bob, &tweet).await;
    app.like(&ada, &comment).await;
    app.follow(&bob, &ada).await;
    app.drain().await;
    app.check_counters().await;
    for (damage, least) in [
        ("UPDATE user_stats SET tweet_count = 9, follower_count = 9, following_count = 9", 6),
        ("UPDATE tweet_stats SET like_count = 0, comment_count = -1", 2),
        ("UPDATE comment_stats SET like_count = 2", 1),
        ("UPDATE inbox SET unread = 9", 2),
        ("DELETE FROM tweet_stats", 2),
        ("DELETE FROM comment_stats", 1),
    ] {
        app.damage(damage).await;
        let findings = counters::verify(&app.app).await.unwrap();
        assert_eq!(findings.len(), least, "{damage}: {findings:?}");
        counters::repair(&app.app, &findings).await.unwrap();
        app.check_counters().await;
    }
    let expected = json!({ "likeCount": 1, "commentCount": 1, "viewerHasLiked": true });
    assert_eq!(app.counts(&bob, &tweet).await, expected);
}

#[tokio::test]
async fn the_command_line_verifies_and_repairs() {
    // Another process changes what this one would remember for a second.
    let app = TestApp::with(|config| config.cache_bytes = 0).await;
    let ada = app.person("ada").await;
    let tweet = app.tweet(&ada, "one").await;
    app.drain().await;
    let roost = async |command: &str| {
        let mut roost = tokio::process::Command::new(env!("CARGO_BIN_EXE_roost"));
        roost.arg("--data-dir").arg(app.data_dir()).args(["counters", command]).env_remove("ROOST_CONFIG");
        roost.env("ROOST_DATABASE_URL", app.app.config.database_url());
        let output = roost.output().await.unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let (code, said) = roost("verify").await;
    assert!(code == Some(0) && said.contains("nothing is wrong"), "{code:?} {said}");
    app.damage("UPDATE tweet_stats SET like_count = 7").await;
    let (code, said) = roost("verify").await;
    assert!(code == Some(1) && said.contains("likes of tweet") && said.contains("7, counted 0"), "{code:?} {said}");
    assert_eq!(app.counts(&ada, &tweet).await["likeCount"], 7, "verify changes nothing");
    let (code, said) = roost("repair").await;
    assert!(code == Some(0) && said.contains("Mended"), "{code:?} {said}");
    assert_eq!(app.counts(&ada, &tweet).await["likeCount"], 0);
    assert_eq!(roost("verify").await.0, Some(0));
}
