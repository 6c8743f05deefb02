//! `feed verify`, `feed sweep` and `feed promote`: each kind of damage is found as what it is, and mended.

use std::collections::BTreeSet;

use entity::UserId;
use roost::service::feed::verify::{self, Check};
use roost::service::feed::{sweep, threshold};

use crate::support::{Person, TestApp};

/// An app where many things have happened: `star` has too many followers to be pushed to, the others have not.
async fn busy() -> (TestApp, [Person; 5]) {
    let app = TestApp::with(|config| (config.feed_batch, config.feed_push_limit) = (2, 3)).await;
    let cast = app.cast(["star", "alice", "bob", "carol", "dave"]).await;
    let [star, alice, bob, carol, dave] = &cast;
    let past = app.tweet(alice, "the past").await;
    for (follower, followee) in [(alice, star), (bob, star), (bob, alice), (carol, alice), (dave, alice)] {
        app.follow(follower, followee).await;
    }
    for author in [star, alice, bob, alice, star, alice, alice] {
        app.tweet(author, "hello").await;
    }
    app.drain().await;
    app.delete_tweet(alice, &past).await;
    app.unfollow(dave, alice).await;
    app.unfollow(carol, alice).await;
    app.follow(carol, alice).await;
    app.drain().await;
    for (follower, followee) in [(carol, star), (dave, star), (star, alice)] {
        app.follow(follower, followee).await;
        app.drain().await;
    }
    app.tweet(star, "pulled by four").await;
    app.tweet(alice, "pushed to three").await;
    app.drain().await;
    (app, cast)
}

/// Which checks found something about whom.
async fn found(app: &TestApp, only: Option<UserId>) -> Vec<(Check, UserId)> {
    let report = verify::verify(&app.app, only).await.unwrap();
    assert!(report.faults.iter().all(|finding| !finding.check.is_remark()));
    assert!(report.remarks.iter().all(|finding| finding.check.is_remark()));
    report.faults.iter().chain(&report.remarks).map(|finding| (finding.check, finding.user)).collect()
}

async fn assert_feeds_are_defined(app: &TestApp, people: &[Person]) {
    for reader in people {
        assert_eq!(app.home_feed(reader).await, app.oracle_feed(reader).await, "{}", reader.name);
    }
}

#[tokio::test]
async fn nothing_is_found_after_a_busy_history() {
    let (app, cast) = busy().await;
    assert_eq!(found(&app, None).await, []);
    let report = verify::verify(&app.app, None).await.unwrap();
    assert_eq!((report.waiting, report.readers), (0, 5));
    assert_feeds_are_defined(&app, &cast).await;
}

#[tokio::test]
async fn work_that_waits_is_told() {
    let (app, cast) = busy().await;
    app.tweet(&cast[1], "on its way").await;
    assert_eq!(verify::verify(&app.app, None).await.unwrap().waiting, 1);
    app.drain().await;
}

/// Does damage, expects it to be found as what it is, and mended.
async fn mends(damage: impl Fn(&[UserId; 5]) -> String, expected: &[(Check, usize)]) {
    let (app, cast) = busy().await;
    let ids = cast.each_ref().map(|person| person.id);
    for statement in damage(&ids).split(';') {
        app.damage(statement).await;
    }
    let expected: Vec<_> = expected.iter().map(|(check, person)| (*check, ids[*person])).collect();
    assert_eq!(found(&app, None).await, expected);
    for id in ids {
        let of_one: Vec<_> = expected.iter().copied().filter(|(_, user)| *user == id).collect();
        assert_eq!(found(&app, Some(id)).await, of_one, "only of one");
    }
    let report = verify::verify(&app.app, None).await.unwrap();
    verify::repair(&app.app, &report).await.unwrap();
    assert_feeds_are_defined(&app, &cast).await;
    app.drain().await;
    assert_eq!(found(&app, None).await, []);
    assert_feeds_are_defined(&app, &cast).await;
    app.tweet(&cast[0], "after it").await;
    app.tweet(&cast[1], "after it").await;
    app.drain().await;
    assert_feeds_are_defined(&app, &cast).await;
}

const ALICE: usize = 1;
const BOB: usize = 2;

#[tokio::test]
async fn v1_an_entry_missing_on_a_pushed_edge_is_found_and_mended() {
    mends(
        |[_, alice, bob, ..]| format!("DELETE FROM feed_entry WHERE user_id = {bob} AND author_id = {alice}"),
        &[(Check::PushedComplete, BOB), (Check::FeedIsDefinition, BOB)],
    )
    .await;
}

#[tokio::test]
async fn v2_an_entry_missing_below_the_mark_of_a_fill_is_found_and_mended() {
    mends(
        |[star, _, bob, ..]| {
            format!(
                "UPDATE follow SET filled_to = (SELECT MAX(id) FROM tweet WHERE author_id = {star})
                 WHERE follower_id = {bob} AND followee_id = {star};
                 DELETE FROM feed_entry WHERE user_id = {bob} AND author_id = {star}"
            )
        },
        &[(Check::FilledComplete, BOB)],
    )
    .await;
}

#[tokio::test]
async fn v3_a_missing_own_tweet_is_found_and_mended() {
    mends(
        |[_, alice, ..]| format!("DELETE FROM feed_entry WHERE user_id = {alice} AND author_id = {alice}"),
        &[(Check::OwnComplete, ALICE), (Check::FeedIsDefinition, ALICE)],
    )
    .await;
}

#[tokio::test]
async fn v4_an_entry_with_the_wrong_author_is_found_and_mended() {
    mends(
        |[star, alice, bob, ..]| {
            format!("UPDATE feed_entry SET author_id = {star} WHERE user_id = {bob} AND author_id = {alice}")
        },
        &[(Check::EntryAuthor, BOB)],
    )
    .await;
}

#[tokio::test]
async fn v5_a_last_tweet_that_is_not_the_last_is_found_and_mended() {
    mends(
        |[_, alice, ..]| format!("UPDATE user_stats SET last_tweet_id = last_tweet_id - 1 WHERE user_id = {alice}"),
        &[(Check::LastTweet, ALICE)],
    )
    .await;
}

#[tokio::test]
async fn v6_every_wrong_counter_is_found_and_mended() {
    for counter in ["tweet_count", "follower_count", "following_count"] {
        for wrong in ["+ 1", "- 1"] {
            mends(
                |[_, alice, ..]| format!("UPDATE user_stats SET {counter} = {counter} {wrong} WHERE user_id = {alice}"),
                &[(Check::Counters, ALICE)],
            )
            .await;
        }
    }
}

#[tokio::test]
async fn v7_a_feed_that_differs_for_no_other_reason_is_found_and_mended() {
    mends(
        |[_, alice, bob, ..]| {
            format!(
                "UPDATE follow SET pushed = 2 WHERE follower_id = {bob};
                     DELETE FROM feed_entry WHERE user_id = {bob} AND author_id = {alice}"
            )
        },
        &[(Check::FeedIsDefinition, BOB)],
    )
    .await;
}

#[tokio::test]
async fn v8_an_edge_that_could_be_pushed_is_remarked_and_pushed() {
    mends(
        |[_, alice, bob, ..]| {
            format!("UPDATE follow SET pushed = 0 WHERE follower_id = {bob} AND followee_id = {alice}")
        },
        &[(Check::CouldBePushed, BOB)],
    )
    .await;
}

/// Entries of bob's that nobody is shown: of somebody not followed, of no tweet, of a dead tweet, and one of dave's.
fn garbage([_, alice, bob, carol, dave]: &[UserId; 5]) -> String {
    format!(
        "INSERT INTO tweet (id, author_id, content, created_at, deleted_at) VALUES (7, {carol}, 'x', 0, NULL);
         INSERT INTO tweet (id, author_id, content, created_at, deleted_at) VALUES (8, {alice}, 'x', 0, 1);
         INSERT INTO feed_entry (user_id, tweet_id, author_id) VALUES ({bob}, 7, {carol}), ({bob}, 8, {alice}),
             ({bob}, 9, {alice}), ({dave}, (SELECT MAX(id) FROM tweet WHERE author_id = {alice}), {alice});
         INSERT INTO feed_entry (user_id, tweet_id, author_id) VALUES ({carol}, 7, {carol});
         UPDATE user_stats SET tweet_count = 1, last_tweet_id = 7 WHERE user_id = {carol}"
    )
}

#[tokio::test]
async fn v9_garbage_is_remarked_and_swept() {
    const DAVE: usize = 4;
    mends(garbage, &[(Check::Garbage, BOB), (Check::Garbage, DAVE)]).await;
}

async fn entries(app: &TestApp) -> BTreeSet<(i64, i64)> {
    let rows = app.rows("SELECT user_id, tweet_id FROM feed_entry", []).await;
    rows.iter().map(|row| (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap())).collect()
}

#[tokio::test]
async fn sweep_deletes_garbage_and_nothing_else() {
    let (app, cast) = busy().await;
    let before = entries(&app).await;
    assert_eq!(sweep::sweep(&app.app).await.unwrap(), 0);
    assert_eq!(entries(&app).await, before);
    let ids = cast.each_ref().map(|person| person.id);
    for statement in garbage(&ids).split(';') {
        app.damage(statement).await;
    }
    assert_eq!(sweep::sweep(&app.app).await.unwrap(), 4);
    let own = (ids[3].0, 7);
    assert!(entries(&app).await.contains(&own));
    assert_eq!(&entries(&app).await - &BTreeSet::from([own]), before);
    assert_feeds_are_defined(&app, &cast).await;
}

#[tokio::test]
async fn promote_pushes_again_and_no_reader_sees_a_change() {
    let app = TestApp::with(|config| (config.feed_batch, config.feed_push_limit) = (2, 6)).await;
    let cast = app.cast(["shrunk", "middling", "r0", "r1", "r2", "r3", "r4", "r5", "r6"]).await;
    let (authors, readers) = cast.split_at(2);
    for author in authors {
        for number in 0..5 {
            app.tweet(author, &format!("tweet {number}")).await;
        }
        for reader in readers {
            app.follow(reader, author).await;
        }
    }
    app.drain().await;
    for (author, leaving) in [(&authors[0], 4), (&authors[1], 3)] {
        for reader in &readers[..leaving] {
            app.unfollow(reader, author).await;
        }
    }
    app.drain().await;
    let pushed = "SELECT COUNT(*) FROM follow WHERE pushed = 1 AND followee_id = ?";
    assert_eq!(app.number(pushed, [authors[0].id.into()]).await, 0);
    assert_feeds_are_defined(&app, &cast).await;

    let promoted = threshold::promote(&app.app).await.unwrap();
    assert_eq!(promoted, 3, "all of the shrunk author, though a batch is two; none of the middling one");
    assert_feeds_are_defined(&app, &cast).await;
    app.drain().await;
    assert_eq!(app.number(pushed, [authors[0].id.into()]).await, 3);
    assert_eq!(app.number(pushed, [authors[1].id.into()]).await, 0);
    assert_feeds_are_defined(&app, &cast).await;
    assert_eq!(threshold::promote(&app.app).await.unwrap(), 0);

    app.tweet(&authors[0], "pushed").await;
    app.tweet(&authors[1], "pulled").await;
    app.drain().await;
    assert_feeds_are_defined(&app, &cast).await;
    assert!(verify::verify(&app.app, None).await.unwrap().faults.is_empty());
}
