//! S1 to S6: friendships that were lost, doubled, stale or skipped.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::pages::ids;
use crate::support::{Person, TestApp};

/// What a viewer is told of somebody: the two relations and the two counts.
async fn relation(app: &TestApp, viewer: &Person, other: &Person) -> Value {
    let query = "query ($name: String!) { user(username: $name) {
        viewerIsFollowing isFollowingViewer followerCount followingCount } }";
    app.as_user(viewer).gql(query, json!({ "name": other.name })).await.ok()["user"].clone()
}

/// A page of somebody's followers.
async fn followers(app: &TestApp, of: &Person, variables: Value) -> Value {
    let query = format!(
        "query ($first: Int, $after: String, $last: Int, $before: String) {{ user(username: \"{}\") {{
            followers(first: $first, after: $after, last: $last, before: $before) {{ nodes {{ id }}
            pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}",
        of.name
    );
    app.anonymous().gql(&query, variables).await.ok()["user"]["followers"].clone()
}

#[tokio::test]
async fn s01_after_a_switch_new_followers_receive_and_former_ones_do_not() {
    let pushing = TestApp::with(|config| config.feed_push_limit = 100).await;
    let pulling = pushing.restarted(|config| config.feed_push_limit = 0).await;
    let [star, old, former, new] = pushing.cast(["star", "old", "former", "new"]).await;
    pushing.follow(&old, &star).await;
    pushing.follow(&former, &star).await;
    pushing.drain().await;
    let mut expected = vec![pushing.tweet(&star, "before").await];
    // There and back: from copying to merging at read, and to copying again.
    for app in [&pulling, &pushing] {
        app.drain().await;
        app.unfollow(&former, &star).await;
        app.follow(&new, &star).await;
        expected.insert(0, app.tweet(&star, "after").await);
        app.drain().await;
        for (reader, feed) in [(&old, &expected[..]), (&new, &expected), (&former, &[])] {
            assert_eq!(app.home_feed(reader).await, feed, "{}", reader.name);
        }
        app.unfollow(&new, &star).await;
        app.follow(&former, &star).await;
    }
    pushing.drain().await;
}

#[tokio::test]
async fn s02_a_switch_keeps_every_friendship_and_every_feed() {
    let before = TestApp::with(|config| config.feed_push_limit = 100).await;
    let people = before.cast(["ann", "ben", "cat", "dan"]).await;
    for follower in &people {
        for followee in people.iter().filter(|followee| followee.name != follower.name) {
            before.follow(follower, followee).await;
        }
        before.tweet(follower, "hello").await;
    }
    before.drain().await;
    for limit in [0, 2, 3, 100] {
        let after = before.restarted(|config| config.feed_push_limit = limit).await;
        let feed = after.oracle_feed(&people[0]).await;
        // Before anything is delivered, and after.
        for _ in 0..2 {
            for person in &people {
                assert_eq!(ids(&followers(&after, person, json!({})).await).len(), 3, "{limit}");
                assert_eq!(after.home_feed(person).await, feed, "{limit}");
            }
            after.drain().await;
        }
        after.tweet(&people[0], "and one more").await;
        after.drain().await;
        after.check_counters().await;
    }
}

#[tokio::test]
async fn s04_a_follow_is_seen_at_once_in_every_process() {
    let app = TestApp::new().await;
    let other = app.second().await;
    let [ann, ben] = app.cast(["ann", "ben"]).await;
    for follows in [false, true, false, true] {
        for look in [&other, &app] {
            let expected = json!({ "viewerIsFollowing": follows, "isFollowingViewer": false,
                "followerCount": i32::from(follows), "followingCount": 0 });
            assert_eq!(relation(look, &ann, &ben).await, expected);
        }
        if follows { app.unfollow(&ann, &ben).await } else { app.follow(&ann, &ben).await }
    }
    app.drain().await;
}

#[tokio::test]
async fn s05_a_page_goes_on_behind_a_follow_that_is_gone_and_repeats_nothing() {
    let app = TestApp::new().await;
    let star = app.person("star").await;
    let mut fans = Vec::new();
    for n in 0..7 {
        let fan = app.person(&format!("fan{n}")).await;
        if n < 6 {
            app.follow(&fan, &star).await;
        }
        fans.insert(0, fan);
    }
    let [newest, fans @ ..] = &fans[..] else { unreachable!() };
    let first = followers(&app, &star, json!({ "first": 3 })).await;
    let after = &first["pageInfo"]["endCursor"];
    let next = followers(&app, &star, json!({ "first": 2, "after": after })).await;
    assert_eq!(ids(&next), [fans[3].gid.clone(), fans[4].gid.clone()]);
    // The very follow that the cursor was made from is gone, and there is a new one at the head.
    app.unfollow(&fans[2], &star).await;
    app.follow(newest, &star).await;
    let next = followers(&app, &star, json!({ "first": 2, "after": after })).await;
    assert_eq!(ids(&next), [fans[3].gid.clone(), fans[4].gid.clone()]);
    let newer = followers(&app, &star, json!({ "last": 5, "before": first["pageInfo"]["startCursor"] })).await;
    assert_eq!(
        ids(&newer),
        std::slice::from_ref(&newest.gid),
        "a refresh gives what is newer, without the row at the border"
    );
    app.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s06_follows_of_the_same_moment_are_all_kept() {
    let app = TestApp::new().await;
    let star = app.person("star").await;
    let mut fans = Vec::new();
    for n in 0..20 {
        fans.push(app.person(&format!("fan{n}")).await);
    }
    join_all(fans.iter().map(|fan| app.follow(fan, &star))).await;
    app.damage("UPDATE follow SET created_at = 1").await;
    let (mut found, mut after) = (Vec::new(), Value::Null);
    for _ in 0..fans.len() {
        let page = followers(&app, &star, json!({ "first": 3, "after": after })).await;
        found.extend(ids(&page));
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    let mut expected: Vec<String> = fans.into_iter().map(|fan| fan.gid).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    app.drain().await;
    app.check_counters().await;
}
