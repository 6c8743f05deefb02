//! The home feed: what it holds, when, and in which pages.

use serde_json::json;

use crate::support::pages::{Pages, ids};
use crate::support::{HOME_FEED, Person, TestApp};

fn feed<'a>(app: &'a TestApp, reader: &'a Person) -> Pages<'a> {
    Pages { app, reader, query: HOME_FEED, at: "/viewer/homeFeed" }
}

#[tokio::test]
async fn a_tweet_reaches_the_followers_and_nobody_else() {
    let app = TestApp::new().await;
    let [alice, bob, carol] = app.cast(["alice", "bob", "carol"]).await;
    app.follow(&bob, &alice).await;
    app.drain().await;
    let hello = app.tweet(&alice, "hello").await;
    app.drain().await;
    assert_eq!(app.home_feed(&bob).await, [hello.as_str()]);
    assert_eq!(app.home_feed(&carol).await, [""; 0]);
}

#[tokio::test]
async fn s10_ones_own_tweet_is_there_before_any_worker_runs() {
    let app = TestApp::new().await;
    let alice = app.person("alice").await;
    let hello = app.tweet(&alice, "hello").await;
    assert_eq!(app.home_feed(&alice).await, [hello.as_str()]);
    app.drain().await;
    assert_eq!(app.home_feed(&alice).await, [hello.as_str()]);
}

#[tokio::test]
async fn s23_a_follow_brings_the_past_and_an_unfollow_takes_it_before_any_worker_runs() {
    let app = TestApp::new().await;
    let [alice, bob] = app.cast(["alice", "bob"]).await;
    let mut past = Vec::new();
    for n in 0..5 {
        past.insert(0, app.tweet(&alice, &format!("tweet {n}")).await);
    }
    app.drain().await;
    app.follow(&bob, &alice).await;
    assert_eq!(app.home_feed(&bob).await, past, "at the commit of the follow");
    app.drain().await;
    assert_eq!(app.home_feed(&bob).await, past, "when the past has been copied");
    app.unfollow(&bob, &alice).await;
    assert!(app.home_feed(&bob).await.is_empty(), "at the commit of the unfollow");
    app.follow(&bob, &alice).await;
    assert_eq!(app.home_feed(&bob).await, past, "at the commit of the second follow");
    app.drain().await;
    assert_eq!(app.home_feed(&bob).await, past);
    app.unfollow(&bob, &alice).await;
    app.drain().await;
    assert!(app.home_feed(&bob).await.is_empty());
    assert_eq!(app.number("SELECT COUNT(*) FROM feed_entry WHERE user_id = ?", [bob.id.into()]).await, 0);
}

#[tokio::test]
async fn s17_a_deleted_tweet_is_gone_from_every_answer_at_once() {
    let app = TestApp::new().await;
    let [alice, bob] = app.cast(["alice", "bob"]).await;
    app.follow(&bob, &alice).await;
    let kept = app.tweet(&alice, "kept").await;
    let gone = app.tweet(&alice, "gone").await;
    app.drain().await;
    app.delete_tweet(&alice, &gone).await;
    for reader in [&alice, &bob] {
        assert_eq!(app.home_feed(reader).await, [kept.as_str()]);
    }
    let query =
        "query ($id: ID!) { node(id: $id) { id } user(username: \"alice\") { tweetCount tweets { nodes { id } } } }";
    let answer = app.as_user(&bob).gql(query, json!({ "id": gone })).await;
    let expected = json!({ "node": null, "user": { "tweetCount": 1, "tweets": { "nodes": [{ "id": kept }] } } });
    assert_eq!(*answer.ok(), expected);
    app.drain().await;
    assert_eq!(app.number("SELECT COUNT(*) FROM tweet", []).await, 1, "its row goes with its last entry");
    assert_eq!(app.number("SELECT COUNT(*) FROM feed_entry", []).await, 2);
}

#[tokio::test]
async fn pages_of_every_size_give_every_tweet_once_in_both_directions() {
    let app = TestApp::with(|config| config.feed_push_limit = 1).await;
    let [reader, small, large, other] = app.cast(["reader", "small", "large", "other"]).await;
    for (follower, followee) in [(&reader, &small), (&reader, &large), (&other, &large)] {
        app.follow(follower, followee).await;
    }
    let mut gone = Vec::new();
    for n in 0..12 {
        for author in [&small, &large, &reader] {
            let tweet = app.tweet(author, &format!("{} {n}", author.name)).await;
            if n % 3 == 0 {
                gone.push((author, tweet));
            }
        }
    }
    app.drain().await;
    for (author, tweet) in gone {
        app.delete_tweet(author, &tweet).await;
    }
    let expected = app.oracle_feed(&reader).await;
    assert_eq!(expected.len(), 24);
    for size in [1, 2, 3, 7, 23, 24, 25, 100] {
        feed(&app, &reader).check(&expected, size).await;
    }
    app.drain().await;
    feed(&app, &reader).check(&expected, 5).await;
}

#[tokio::test]
async fn s14_pages_follow_each_other_while_the_list_changes() {
    let app = TestApp::new().await;
    let alice = app.person("alice").await;
    let mut tweets = Vec::new();
    for n in 0..9 {
        tweets.insert(0, app.tweet(&alice, &format!("{n}")).await);
    }
    let first = feed(&app, &alice).page(json!({ "first": 3 })).await;
    assert_eq!(ids(&first), tweets[..3]);
    // New ones at the head, and the very row that the cursor was made from is deleted.
    app.tweet(&alice, "new").await;
    app.delete_tweet(&alice, &tweets[2]).await;
    app.delete_tweet(&alice, &tweets[4]).await;
    let next = feed(&app, &alice).page(json!({ "first": 3, "after": first["pageInfo"]["endCursor"] })).await;
    assert_eq!(ids(&next), [tweets[3].clone(), tweets[5].clone(), tweets[6].clone()]);
    assert_eq!(next["pageInfo"]["hasPreviousPage"], true);
    app.drain().await;
}

#[tokio::test]
async fn cursors_cut_the_list_on_both_sides() {
    let app = TestApp::new().await;
    let alice = app.person("alice").await;
    for n in 0..8 {
        app.tweet(&alice, &format!("{n}")).await;
    }
    app.drain().await;
    let all = feed(&app, &alice).page(json!({ "first": 8 })).await;
    let (ids_of_all, cursors) = (ids(&all), &all["edges"]);
    let (newer, older) = (&cursors[1]["cursor"], &cursors[6]["cursor"]);
    let between = feed(&app, &alice).page(json!({ "first": 10, "after": newer, "before": older })).await;
    assert_eq!(ids(&between), ids_of_all[2..6]);
    assert_eq!(between["pageInfo"]["hasNextPage"], true, "the row of `before` and the one behind it");
    assert_eq!(between["pageInfo"]["hasPreviousPage"], true);
    let last = feed(&app, &alice).page(json!({ "last": 2, "after": newer, "before": older })).await;
    assert_eq!(ids(&last), ids_of_all[4..6]);
    let none = feed(&app, &alice).page(json!({ "first": 0 })).await;
    assert_eq!((ids(&none).len(), &none["pageInfo"]["hasNextPage"]), (0, &json!(true)));
    assert_eq!(none["pageInfo"]["startCursor"], json!(null));
}

#[tokio::test]
async fn bad_page_arguments_are_typed_errors() {
    let app = TestApp::new().await;
    let alice = app.person("alice").await;
    app.tweet(&alice, "hello").await;
    app.drain().await;
    let tweets = "{ viewer { user { tweets { pageInfo { endCursor } } } } }";
    let answer = app.as_user(&alice).gql(tweets, json!({})).await;
    let other_kind = &answer.ok()["viewer"]["user"]["tweets"]["pageInfo"]["endCursor"];
    for variables in [
        json!({ "first": 1, "last": 1 }),
        json!({ "first": -1 }),
        json!({ "last": -1 }),
        json!({ "first": 101 }),
        json!({ "last": 101 }),
        json!({ "after": "nonsense" }),
        json!({ "before": "" }),
        json!({ "after": other_kind }),
        json!({ "after": "💥" }),
    ] {
        let answer = app.as_user(&alice).gql(HOME_FEED, variables.clone()).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{variables}");
        assert!(answer.text.len() < 500, "{}", answer.text);
    }
    let answer = app.as_user(&alice).gql(HOME_FEED, json!({ "first": null, "after": null })).await;
    assert_eq!(answer.ok()["viewer"]["homeFeed"]["nodes"].as_array().unwrap().len(), 1, "null is as left out");
}

#[tokio::test]
async fn without_arguments_a_page_has_twenty() {
    let app = TestApp::new().await;
    let alice = app.person("alice").await;
    for n in 0..21 {
        app.tweet(&alice, &format!("{n}")).await;
    }
    app.drain().await;
    let page = feed(&app, &alice).page(json!({})).await;
    assert_eq!(ids(&page).len(), 20);
    assert_eq!(page["pageInfo"]["hasNextPage"], true);
}

#[tokio::test]
async fn crossing_the_limit_in_either_direction_changes_nothing_that_a_reader_sees() {
    let app = TestApp::with(|config| (config.feed_push_limit, config.feed_batch) = (2, 1)).await;
    let star = app.person("star").await;
    let fans = app.cast(["fan1", "fan2", "fan3"]).await;
    let mut expected = Vec::new();
    for fan in &fans {
        app.follow(fan, &star).await;
        expected.insert(0, app.tweet(&star, &format!("for {}", fan.name)).await);
        app.drain().await;
    }
    let pushed = "SELECT COUNT(*) FROM follow WHERE pushed = 1";
    assert_eq!(app.number(pushed, []).await, 0, "three followers are above the limit: all edges are pulled");
    for fan in &fans {
        assert_eq!(app.home_feed(fan).await, expected);
    }
    app.unfollow(&fans[0], &star).await;
    app.unfollow(&fans[1], &star).await;
    app.drain().await;
    assert_eq!(app.home_feed(&fans[2]).await, expected);
    assert_eq!(roost::service::feed::threshold::promote(&app.app).await.unwrap(), 1);
    assert_eq!(app.home_feed(&fans[2]).await, expected);
    app.drain().await;
    assert_eq!(app.number(pushed, []).await, 1);
    assert_eq!(app.home_feed(&fans[2]).await, expected);
}

#[tokio::test]
async fn a_long_stretch_of_dead_entries_hides_nothing_behind_it() {
    let app = TestApp::new().await;
    let [alice, bob, carol] = app.cast(["alice", "bob", "carol"]).await;
    app.follow(&carol, &alice).await;
    app.follow(&carol, &bob).await;
    app.drain().await;
    let old = app.tweet(&alice, "old").await;
    for n in 0..150 {
        app.tweet(&bob, &format!("{n}")).await;
    }
    app.drain().await;
    app.unfollow(&carol, &bob).await;
    // 150 entries stay until the purge runs; none is shown, and the one behind them is.
    assert_eq!(app.number("SELECT COUNT(*) FROM feed_entry WHERE user_id = ?", [carol.id.into()]).await, 151);
    feed(&app, &carol).check(&[old], 3).await;
    app.drain().await;
}

#[tokio::test]
async fn many_pulled_authors_are_merged() {
    let app = TestApp::with(|config| config.feed_push_limit = 0).await;
    let reader = app.person("reader").await;
    for n in 0..70 {
        let author = app.person(&format!("author{n}")).await;
        app.follow(&reader, &author).await;
        app.tweet(&author, "one").await;
        app.tweet(&author, "two").await;
    }
    app.drain().await;
    let expected = app.oracle_feed(&reader).await;
    assert_eq!(expected.len(), 140);
    feed(&app, &reader).check(&expected, 30).await;
}

#[tokio::test]
async fn a_suspended_authors_tweets_are_gone_and_come_back() {
    let app = TestApp::new().await;
    let [alice, bob] = app.cast(["alice", "bob"]).await;
    app.follow(&bob, &alice).await;
    app.drain().await;
    let hello = app.tweet(&alice, "hello").await;
    app.drain().await;
    app.damage(&format!("INSERT INTO suspended (user_id) VALUES ({})", alice.id)).await;
    assert!(app.home_feed(&bob).await.is_empty());
    app.damage("DELETE FROM suspended").await;
    assert_eq!(app.home_feed(&bob).await, [hello.as_str()]);
}
