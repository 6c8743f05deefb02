//! Following, unfollowing, and the two public lists.

use serde_json::json;

use crate::support::pages::Pages;
use crate::support::{FOLLOW, Person, TestApp, UNFOLLOW};

#[tokio::test]
async fn following_changes_counts_and_relations_at_once() {
    let app = TestApp::new().await;
    let [alice, bob] = app.cast(["alice", "bob"]).await;
    app.follow(&bob, &alice).await;
    let query =
        "{ alice: user(username: \"alice\") { followerCount followingCount viewerIsFollowing isFollowingViewer }
                   bob: user(username: \"BOB\") { followerCount followingCount viewerIsFollowing isFollowingViewer } }";
    let seen = |followers: i32, following: i32, i_follow: bool, follows_me: bool| {
        json!({ "followerCount": followers, "followingCount": following,
                "viewerIsFollowing": i_follow, "isFollowingViewer": follows_me })
    };
    let by_bob = app.as_user(&bob).gql(query, json!({})).await;
    assert_eq!(*by_bob.ok(), json!({ "alice": seen(1, 0, true, false), "bob": seen(0, 1, false, false) }));
    let by_alice = app.as_user(&alice).gql(query, json!({})).await;
    assert_eq!(*by_alice.ok(), json!({ "alice": seen(1, 0, false, false), "bob": seen(0, 1, false, true) }));
    let by_nobody = app.anonymous().gql(query, json!({})).await;
    assert_eq!(*by_nobody.ok(), json!({ "alice": seen(1, 0, false, false), "bob": seen(0, 1, false, false) }));
    app.drain().await;
}

#[tokio::test]
async fn repeating_a_follow_or_an_unfollow_changes_nothing_and_succeeds() {
    let app = TestApp::new().await;
    let [alice, bob] = app.cast(["alice", "bob"]).await;
    app.unfollow(&bob, &alice).await;
    for _ in 0..2 {
        app.follow(&bob, &alice).await;
    }
    assert_eq!(app.number("SELECT follower_count FROM user_stats WHERE user_id = ?", [alice.id.into()]).await, 1);
    for _ in 0..2 {
        app.unfollow(&bob, &alice).await;
    }
    assert_eq!(app.number("SELECT follower_count FROM user_stats WHERE user_id = ?", [alice.id.into()]).await, 0);
    app.drain().await;
}

#[tokio::test]
async fn whom_one_cannot_follow_is_a_user_error() {
    let app = TestApp::with(|config| config.following_limit = 1).await;
    let [alice, bob, carol] = app.cast(["alice", "bob", "carol"]).await;
    let tweet = app.tweet(&bob, "hello").await;
    app.follow(&alice, &bob).await;
    let unknown = crate::support::user_gid(entity::UserId(1));
    for (query, mutation) in [(FOLLOW, "follow"), (UNFOLLOW, "unfollow")] {
        for (id, fault) in
            [(&alice.gid, "NOT_YOURSELF userId"), (&unknown, "NOT_FOUND userId"), (&tweet, "NOT_FOUND userId")]
        {
            let answer = app.as_user(&alice).gql(query, json!({ "id": id })).await;
            assert_eq!(answer.refused(mutation), [fault]);
        }
    }
    let answer = app.as_user(&alice).gql(FOLLOW, json!({ "id": carol.gid })).await;
    assert_eq!(answer.refused("follow"), ["TOO_MANY"]);
    app.follow(&alice, &bob).await;
    app.drain().await;
}

#[tokio::test]
async fn malformed_ids_are_bad_input_everywhere() {
    let app = TestApp::new().await;
    let alice = app.person("alice").await;
    for id in ["", "1", "nonsense", "VXNlcjow", "VXNlcjotMQ==", "VXNlcjorMQ", "💥"] {
        let node = "query ($id: ID!) { node(id: $id) { id } }";
        let nodes = "query ($id: ID!) { nodes(ids: [$id]) { id } }";
        let delete = "mutation ($id: ID!) { deleteTweet(input: { tweetId: $id }) { deletedTweetId } }";
        for query in [node, nodes, FOLLOW, UNFOLLOW, delete] {
            let answer = app.as_user(&alice).gql(query, json!({ "id": id })).await;
            if id == "VXNlcjow" {
                // A well-formed id of nobody.
                assert!(answer.body.get("errors").is_none(), "{}", answer.text);
            } else {
                assert_eq!(answer.code(), "BAD_USER_INPUT", "{id:?} in {query}");
            }
        }
    }
}

#[tokio::test]
async fn s05_followers_and_following_are_paged_newest_follow_first() {
    let app = TestApp::new().await;
    let star = app.person("star").await;
    let mut fans: Vec<Person> = Vec::new();
    for n in 0..7 {
        let fan = app.person(&format!("fan{n}")).await;
        app.follow(&fan, &star).await;
        app.follow(&star, &fan).await;
        fans.insert(0, fan);
    }
    app.unfollow(&fans[3], &star).await;
    app.unfollow(&star, &fans[3]).await;
    app.drain().await;
    let expected: Vec<String> = [0, 1, 2, 4, 5, 6].map(|n: usize| fans[n].gid.clone()).to_vec();
    for list in ["followers", "following"] {
        let query = format!(
            "query ($first: Int, $after: String, $last: Int, $before: String) {{ user(username: \"star\") {{
                {list}(first: $first, after: $after, last: $last, before: $before) {{
                    edges {{ cursor followedAt }} nodes {{ id }}
                    pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"
        );
        let at = format!("/user/{list}");
        let pages = Pages { app: &app, reader: &star, query: &query, at: &at };
        for size in [1, 2, 4, 6, 10] {
            pages.check(&expected, size).await;
        }
        let page = pages.page(json!({ "first": 1 })).await;
        let followed_at = page["edges"][0]["followedAt"].as_str().unwrap();
        assert!(followed_at.len() == 24 && followed_at.ends_with('Z'), "{followed_at}");
    }
}

#[tokio::test]
async fn a_follow_notifies_once_however_often_it_is_repeated() {
    let app = TestApp::new().await;
    let [alice, bob, carol] = app.cast(["alice", "bob", "carol"]).await;
    let query = "{ viewer { unreadNotificationCount notifications { nodes { kind isRead actor { username } } } } }";
    let seen = async || {
        app.drain().await;
        let answer = app.as_user(&alice).gql(query, json!({})).await;
        let viewer = &answer.ok()["viewer"];
        let nodes = viewer["notifications"]["nodes"].as_array().unwrap().clone();
        let actors: Vec<String> = nodes.iter().map(|n| n["actor"]["username"].as_str().unwrap().to_owned()).collect();
        (viewer["unreadNotificationCount"].as_i64().unwrap(), actors)
    };
    app.follow(&bob, &alice).await;
    assert_eq!(seen().await, (1, vec!["bob".to_owned()]));
    app.follow(&carol, &alice).await;
    assert_eq!(seen().await, (2, vec!["carol".to_owned(), "bob".to_owned()]));
    app.unfollow(&bob, &alice).await;
    assert_eq!(seen().await, (1, vec!["carol".to_owned()]), "what is unread is withdrawn");
    app.follow(&bob, &alice).await;
    assert_eq!(seen().await, (1, vec!["carol".to_owned()]), "and repeating it tells nobody again");
}
