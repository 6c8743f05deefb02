//! Notifications: of likes, comments and follows; told once, withdrawn unread, marked.

use serde_json::{Value, json};

use crate::support::{Answer, Person, TestApp};

const MARK: &str = "mutation ($input: MarkNotificationsReadInput!) { markNotificationsRead(input: $input) {
    markedCount notifications { id isRead } viewer { unreadNotificationCount } userErrors { code message field } } }";
const LIST: &str =
    "query ($unreadOnly: Boolean! = false) { viewer { notifications(unreadOnly: $unreadOnly) { edges { cursor
    node { id isRead } } } } }";

async fn mark(app: &TestApp, person: &Person, input: Value) -> Answer {
    app.as_user(person).gql(MARK, json!({ "input": input })).await
}

/// The ids and cursors of somebody's notifications, newest first.
async fn list(app: &TestApp, person: &Person, unread_only: bool) -> Vec<[String; 2]> {
    let answer = app.as_user(person).gql(LIST, json!({ "unreadOnly": unread_only })).await;
    let edges = answer.ok()["viewer"]["notifications"]["edges"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    edges.iter().map(|edge| [text(&edge["node"]["id"]), text(&edge["cursor"])]).collect()
}

#[tokio::test]
async fn each_deed_is_told_with_what_it_was_done_to() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let tweet = app.tweet(&ada, "tweet").await;
    let comment = app.comment(&ada, &tweet, "own").await;
    app.like(&bob, &tweet).await;
    app.drain().await;
    app.like(&bob, &comment).await;
    app.drain().await;
    app.comment(&bob, &tweet, "theirs").await;
    app.comment(&bob, &tweet, "again").await;
    app.drain().await;
    app.follow(&bob, &ada).await;
    app.drain().await;
    let (mut told, unread) = app.inbox(&ada).await;
    told[1..3].sort();
    let expected = [
        "FOLLOWED bob - -",
        "COMMENTED bob tweet again",
        "COMMENTED bob tweet theirs",
        "LIKED bob own -",
        "LIKED bob tweet -",
    ];
    assert_eq!(told, expected);
    assert_eq!(unread, 5);
    assert_eq!(app.inbox(&bob).await, (vec![], 0));
    app.check_counters().await;
}

#[tokio::test]
async fn nobody_is_told_of_their_own_deeds() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let tweet = app.tweet(&ada, "tweet").await;
    let comment = app.comment(&ada, &tweet, "own").await;
    app.like(&ada, &tweet).await;
    app.like(&ada, &comment).await;
    let theirs = app.comment(&bob, &tweet, "theirs").await;
    app.like(&bob, &theirs).await;
    app.drain().await;
    assert_eq!(app.inbox(&ada).await.0, ["COMMENTED bob tweet theirs"]);
    assert_eq!(app.inbox(&bob).await, (vec![], 0));
}

#[tokio::test]
async fn s24_liking_and_following_again_and_again_tells_once() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let tweet = app.tweet(&ada, "tweet").await;
    app.like(&bob, &tweet).await;
    app.follow(&bob, &ada).await;
    app.drain().await;
    app.read_all(&ada).await;
    for _ in 0..3 {
        app.unlike(&bob, &tweet).await;
        app.unfollow(&bob, &ada).await;
        app.drain().await;
        app.like(&bob, &tweet).await;
        app.follow(&bob, &ada).await;
        app.drain().await;
    }
    let (mut told, unread) = app.inbox(&ada).await;
    told.sort();
    assert_eq!((told, unread), (vec!["FOLLOWED bob - -".to_owned(), "LIKED bob tweet -".to_owned()], 0));
    app.check_counters().await;
}

#[tokio::test]
async fn what_is_undone_unread_is_withdrawn_for_good() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let tweet = app.tweet(&ada, "tweet").await;
    let comment = app.comment(&bob, &tweet, "theirs").await;
    app.like(&bob, &tweet).await;
    app.follow(&bob, &ada).await;
    app.drain().await;
    assert_eq!(app.inbox(&ada).await.1, 3);
    app.unlike(&bob, &tweet).await;
    app.unfollow(&bob, &ada).await;
    app.delete_comment(&ada, &comment).await;
    app.drain().await;
    assert_eq!(app.inbox(&ada).await, (vec![], 0));
    app.like(&bob, &tweet).await;
    app.follow(&bob, &ada).await;
    app.drain().await;
    assert_eq!(app.inbox(&ada).await, (vec![], 0), "the tombstones remember");
    app.check_counters().await;
}

#[tokio::test]
async fn what_was_undone_before_anybody_was_told_is_never_told() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let tweet = app.tweet(&ada, "tweet").await;
    let comment = app.comment(&ada, &tweet, "own").await;
    app.like(&bob, &tweet).await;
    app.unlike(&bob, &tweet).await;
    app.like(&bob, &comment).await;
    app.delete_comment(&ada, &comment).await;
    let theirs = app.comment(&bob, &tweet, "theirs").await;
    app.delete_comment(&bob, &theirs).await;
    app.drain().await;
    assert_eq!(app.number("SELECT COUNT(*) FROM notification", []).await, 0);
}

#[tokio::test]
async fn read_ones_of_deleted_things_stay_without_them() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let tweet = app.tweet(&ada, "tweet").await;
    let own = app.comment(&ada, &tweet, "own").await;
    app.like(&bob, &own).await;
    app.drain().await;
    let theirs = app.comment(&bob, &tweet, "theirs").await;
    app.drain().await;
    app.read_all(&ada).await;
    app.delete_comment(&ada, &own).await;
    app.delete_comment(&ada, &theirs).await;
    app.drain().await;
    assert_eq!(app.inbox(&ada).await, (vec!["COMMENTED bob tweet -".to_owned(), "LIKED bob - -".to_owned()], 0));
    app.delete_tweet(&ada, &tweet).await;
    app.drain().await;
    assert_eq!(app.inbox(&ada).await, (vec!["COMMENTED bob - -".to_owned(), "LIKED bob - -".to_owned()], 0));
    app.check_counters().await;
}

#[tokio::test]
async fn deletion_of_a_tweet_withdraws_what_is_unread_about_it_and_its_comments() {
    let app = TestApp::with(|config| config.feed_batch = 2).await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let tweet = app.tweet(&ada, "tweet").await;
    for n in 0..5 {
        let liker = app.person(&format!("liker{n}")).await;
        let comment = app.comment(&liker, &tweet, "theirs").await;
        app.like(&liker, &tweet).await;
        app.like(&bob, &comment).await;
    }
    app.drain().await;
    assert_eq!(app.inbox(&ada).await.1, 10);
    app.delete_tweet(&ada, &tweet).await;
    app.drain().await;
    assert_eq!(app.inbox(&ada).await, (vec![], 0));
    assert_eq!(app.number("SELECT COUNT(*) FROM inbox WHERE unread <> 0", []).await, 0);
    app.check_counters().await;
}

#[tokio::test]
async fn deeds_of_suspended_people_are_hidden_until_they_come_back() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let tweet = app.tweet(&ada, "tweet").await;
    app.like(&bob, &tweet).await;
    app.drain().await;
    app.damage(&format!("INSERT INTO suspended (user_id) VALUES ({})", bob.id)).await;
    assert_eq!(app.inbox(&ada).await.0, [""; 0]);
    app.damage("DELETE FROM suspended").await;
    assert_eq!(app.inbox(&ada).await.0, ["LIKED bob tweet -"]);
}

/// Ada with six unread notifications, newest first.
async fn six(app: &TestApp) -> (Person, Vec<[String; 2]>) {
    let ada = app.person("ada").await;
    let tweet = app.tweet(&ada, "tweet").await;
    for n in 0..6 {
        app.like(&app.person(&format!("liker{n}")).await, &tweet).await;
        app.drain().await;
    }
    let all = list(app, &ada, true).await;
    assert_eq!(all.len(), 6);
    (ada, all)
}

#[tokio::test]
async fn some_are_marked_by_id_and_unmarked_again() {
    let app = TestApp::new().await;
    let (ada, all) = six(&app).await;
    let ids = json!([all[4][0], all[1][0], all[4][0]]);
    for (read, changed, unread) in [(true, 2, 4), (true, 0, 4), (false, 2, 6), (false, 0, 6)] {
        let answer = mark(&app, &ada, json!({ "notificationIds": ids, "read": read })).await;
        let payload = answer.changed("markNotificationsRead");
        assert_eq!(payload["markedCount"], changed);
        let named = json!([{ "id": all[4][0], "isRead": read }, { "id": all[1][0], "isRead": read }]);
        assert_eq!(payload["notifications"], named);
        assert_eq!(payload["viewer"]["unreadNotificationCount"], unread);
        assert_eq!(list(&app, &ada, true).await.len(), unread);
        app.check_counters().await;
    }
}

#[tokio::test]
async fn all_are_marked_up_to_a_cursor_or_altogether() {
    let app = TestApp::new().await;
    let (ada, all) = six(&app).await;
    let none = mark(&app, &ada, json!({ "notificationIds": [] })).await;
    assert_eq!(none.changed("markNotificationsRead")["markedCount"], 0);
    let answer = mark(&app, &ada, json!({ "upTo": all[3][1] })).await;
    let payload = answer.changed("markNotificationsRead");
    assert_eq!((&payload["markedCount"], &payload["viewer"]["unreadNotificationCount"]), (&json!(3), &json!(3)));
    let marked: Vec<&Value> = payload["notifications"].as_array().unwrap().iter().map(|row| &row["id"]).collect();
    assert_eq!(marked, [&all[3][0], &all[4][0], &all[5][0]]);
    assert_eq!(list(&app, &ada, true).await, all[..3]);
    for left in [3, 0] {
        let answer = mark(&app, &ada, json!({ "notificationIds": null, "upTo": null })).await;
        assert_eq!(answer.changed("markNotificationsRead")["markedCount"], left);
    }
    assert_eq!(app.inbox(&ada).await.1, 0);
    app.check_counters().await;
}

#[tokio::test]
async fn what_cannot_be_marked_is_refused_and_nothing_changes() {
    let app = TestApp::new().await;
    let (ada, all) = six(&app).await;
    let bob = app.person("bob").await;
    app.follow(&ada, &bob).await;
    app.drain().await;
    let foreign = list(&app, &bob, false).await;
    let (id, cursor) = (&all[0][0], &all[0][1]);
    for (input, faults) in [
        (json!({ "notificationIds": [id], "upTo": cursor }), vec!["INVALID"]),
        (json!({ "read": false }), vec!["INVALID read"]),
        (json!({ "upTo": cursor, "read": false }), vec!["INVALID read"]),
        (json!({ "notificationIds": [id, foreign[0][0]] }), vec!["NOT_FOUND notificationIds"]),
        (json!({ "notificationIds": [id, ada.gid] }), vec!["NOT_FOUND notificationIds"]),
        (json!({ "notificationIds": vec![id; 101] }), vec!["TOO_MANY notificationIds"]),
        (json!({ "notificationIds": [ada.gid], "upTo": cursor }), vec!["INVALID", "NOT_FOUND notificationIds"]),
    ] {
        assert_eq!(mark(&app, &ada, input).await.refused("markNotificationsRead"), faults);
    }
    for input in [json!({ "notificationIds": ["?"] }), json!({ "upTo": "?" })] {
        assert_eq!(mark(&app, &ada, input).await.code(), "BAD_USER_INPUT");
    }
    let anonymous = app.anonymous().gql(MARK, json!({ "input": {} })).await;
    assert_eq!(anonymous.code(), "UNAUTHENTICATED");
    assert_eq!(app.inbox(&ada).await.1, 6);
    assert_eq!(app.inbox(&bob).await.1, 1, "others' are untouched");
}

#[tokio::test]
async fn a_withdrawn_one_is_not_there_to_be_marked() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    app.follow(&bob, &ada).await;
    app.drain().await;
    let told = list(&app, &ada, false).await;
    app.unfollow(&bob, &ada).await;
    app.drain().await;
    let answer = mark(&app, &ada, json!({ "notificationIds": [told[0][0]], "read": false })).await;
    assert_eq!(answer.refused("markNotificationsRead"), ["NOT_FOUND notificationIds"]);
    assert_eq!(mark(&app, &ada, json!({})).await.changed("markNotificationsRead")["markedCount"], 0);
    app.check_counters().await;
}

#[tokio::test]
async fn likes_comments_and_follows_arrive_live_in_their_order() {
    let app = TestApp::new().await;
    let [ada, bob, eve] = app.cast(["ada", "bob", "eve"]).await;
    let tweet = app.tweet(&ada, "tweet").await;
    app.follow(&eve, &ada).await;
    app.drain().await;
    let after = &list(&app, &ada, false).await[0][1];
    let query = "subscription ($after: String) { notificationAdded(after: $after) {
        node { kind actor { username } subject { ... on Tweet { content } } comment { content } } } }";
    let request = json!({ "query": query, "variables": { "after": after } });
    let mut events = app.listen(app.as_user(&ada).request(&request)).await;
    app.like(&bob, &tweet).await;
    app.drain().await;
    app.unlike(&bob, &tweet).await;
    app.drain().await;
    app.like(&eve, &tweet).await;
    app.drain().await;
    let mut told = vec![events.data().await];
    app.comment(&bob, &tweet, "theirs").await;
    app.drain().await;
    told.push(events.data().await);
    app.follow(&bob, &ada).await;
    app.drain().await;
    told.push(events.data().await);
    let about = json!({ "content": "tweet" });
    let expected = [
        json!({ "kind": "LIKED", "actor": { "username": "eve" }, "subject": about, "comment": null }),
        json!({ "kind": "COMMENTED", "actor": { "username": "bob" }, "subject": about, "comment": { "content": "theirs" } }),
        json!({ "kind": "FOLLOWED", "actor": { "username": "bob" }, "subject": null, "comment": null }),
    ];
    let told: Vec<&Value> = told.iter().map(|data| &data["notificationAdded"]["node"]).collect();
    assert_eq!(told, expected.iter().collect::<Vec<_>>());
}
