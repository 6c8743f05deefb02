//! notificationAdded: each once, in order, to everybody concerned.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Person, Served, Socket};

const ADDED: &str = "subscription ($after: String) {
    notificationAdded(after: $after) { cursor node { id kind isRead actor { username followingCount } } } }";
const LIST: &str = "{ viewer { unreadNotificationCount notifications(last: 100) {
    edges { cursor node { id actor { username } } } } } }";
/// The cursor before all notifications.
const START: &str = "bm90aWZpY2F0aW9uczow";

/// The notifications as the list has them, oldest first: cursor and actor.
async fn list(served: &Served, reader: &Person) -> Vec<(String, String)> {
    let answer = served.app.as_user(reader).gql(LIST, json!({})).await;
    let edges = answer.ok()["viewer"]["notifications"]["edges"].as_array().unwrap().clone();
    edges.iter().rev().map(describe).collect()
}

fn describe(edge: &Value) -> (String, String) {
    let actor = &edge["node"]["actor"]["username"];
    (edge["cursor"].as_str().unwrap().to_owned(), actor.as_str().unwrap().to_owned())
}

async fn added(socket: &mut Socket) -> (String, String) {
    describe(&socket.event("n").await["notificationAdded"])
}

/// Somebody whose stream has told everything up to now, which is that `first` follows them.
async fn listen(served: &Served, reader: &Person, first: &Person) -> Socket {
    served.app.follow(first, reader).await;
    served.app.drain().await;
    let mut socket = served.of(reader).await;
    socket.subscribe("n", ADDED, json!({ "after": START })).await;
    assert_eq!(added(&mut socket).await.1, first.name);
    socket
}

async fn people(served: &Served, count: usize) -> Vec<Person> {
    let mut people = Vec::new();
    for n in 0..count {
        people.push(served.app.person(&format!("person{n:02}")).await);
    }
    people
}

#[tokio::test]
async fn a_new_follower_is_told_live() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let mut socket = served.of(&ada).await;
    socket.subscribe("n", ADDED, json!({})).await;
    // Nobody is told when a stream has begun, so this is tried until it has.
    let mut followers = 0;
    let event = loop {
        let follower = served.app.person(&format!("follower{followers}")).await;
        followers += 1;
        served.app.follow(&follower, &ada).await;
        served.app.drain().await;
        if let Some(event) = socket.try_next(Duration::from_millis(50)).await {
            break event["payload"]["data"]["notificationAdded"].clone();
        }
    };
    assert_eq!(event["node"]["kind"], "FOLLOWED");
    assert_eq!(event["node"]["isRead"], false);
    assert_eq!(event["node"]["actor"]["followingCount"], 1);
    assert!(list(&served, &ada).await.contains(&describe(&event)));
}

#[tokio::test]
async fn what_was_missed_comes_first_in_order_and_then_what_happens_each_once() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let people = people(&served, 6).await;
    for follower in &people[..4] {
        served.app.follow(follower, &ada).await;
        served.app.drain().await;
    }
    let missed = list(&served, &ada).await;
    let mut socket = served.of(&ada).await;
    socket.subscribe("n", ADDED, json!({ "after": missed[0].0 })).await;
    for expected in &missed[1..] {
        assert_eq!(added(&mut socket).await, *expected);
    }
    for follower in &people[4..] {
        served.app.follow(follower, &ada).await;
        served.app.drain().await;
        assert_eq!(added(&mut socket).await.1, follower.name);
    }
    socket.quiet().await;
}

#[tokio::test]
async fn twenty_followers_at_the_same_time_arrive_each_once_in_the_order_of_the_list() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let first = served.app.person("first").await;
    let people = people(&served, 20).await;
    let mut socket = listen(&served, &ada, &first).await;
    let follows = people.iter().map(async |follower| {
        served.app.follow(follower, &ada).await;
        served.app.drain().await;
    });
    join_all(follows).await;
    served.app.drain().await;
    let mut told = Vec::new();
    for _ in &people {
        told.push(added(&mut socket).await);
    }
    socket.quiet().await;
    assert_eq!(told, list(&served, &ada).await[1..]);
    told.sort_by(|one, other| one.1.cmp(&other.1));
    assert!(told.iter().map(|(_, name)| name).eq(people.iter().map(|person| &person.name)), "{told:?}");
}

#[tokio::test]
async fn a_follow_that_was_taken_back_is_not_sent() {
    let served = Served::new().await;
    let [ada, first, bob, eve, zoe] = served.app.cast(["ada", "first", "bob", "eve", "zoe"]).await;
    let mut socket = listen(&served, &ada, &first).await;
    // Taken back before anybody was told.
    served.app.follow(&bob, &ada).await;
    served.app.unfollow(&bob, &ada).await;
    served.app.drain().await;
    served.app.follow(&eve, &ada).await;
    served.app.drain().await;
    assert_eq!(added(&mut socket).await.1, "eve");
    // Taken back before a replay.
    served.app.unfollow(&eve, &ada).await;
    served.app.follow(&zoe, &ada).await;
    served.app.drain().await;
    assert_eq!(added(&mut socket).await.1, "zoe");
    socket.subscribe("again", ADDED, json!({ "after": START })).await;
    for expected in ["first", "zoe"] {
        let event = socket.event("again").await;
        assert_eq!(event["notificationAdded"]["node"]["actor"]["username"], expected);
    }
    socket.quiet().await;
}

#[tokio::test]
async fn following_again_tells_nobody_again() {
    let served = Served::new().await;
    let [ada, bob, zoe] = served.app.cast(["ada", "bob", "zoe"]).await;
    let mut socket = listen(&served, &ada, &bob).await;
    served.app.unfollow(&bob, &ada).await;
    served.app.drain().await;
    served.app.follow(&bob, &ada).await;
    served.app.drain().await;
    served.app.follow(&zoe, &ada).await;
    served.app.drain().await;
    assert_eq!(added(&mut socket).await.1, "zoe");
}

#[tokio::test]
async fn all_streams_of_one_person_are_told_and_those_of_others_are_not() {
    let served = Served::new().await;
    let [ada, bob, eve, first] = served.app.cast(["ada", "bob", "eve", "first"]).await;
    let mut mine = [listen(&served, &ada, &first).await, listen(&served, &ada, &first).await];
    let mut others = listen(&served, &eve, &first).await;
    served.app.follow(&bob, &ada).await;
    served.app.drain().await;
    for socket in &mut mine {
        assert_eq!(added(socket).await.1, "bob");
    }
    others.quiet().await;
}

#[tokio::test]
async fn who_missed_more_than_1000_notifications_has_to_read_again() {
    let served = Served::new().await;
    let [ada, bob] = served.app.cast(["ada", "bob"]).await;
    let many = format!(
        "INSERT INTO notification (recipient_id, seq, kind, subject_id, actor_id, created_at, is_read, is_withdrawn)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 77),
             m (i) AS (SELECT a.i + 77 * (b.i - 1) FROM n a JOIN n b ON b.i <= 13)
         SELECT {}, i, (SELECT MIN(kind) FROM notification), -i, {}, 0, FALSE, FALSE FROM m",
        ada.id.0, bob.id.0
    );
    // One that is real says how a kind is stored.
    served.app.follow(&ada, &bob).await;
    served.app.drain().await;
    served.app.damage(&many).await;
    served.app.damage(&format!("UPDATE inbox SET last_seq = 1001, unread = 1001 WHERE user_id = {}", ada.id.0)).await;

    let mut socket = served.of(&ada).await;
    socket.subscribe("n", ADDED, json!({ "after": START })).await;
    assert_eq!(socket.error("n").await, "RESUBSCRIBE");
    // The cursor of the first.
    socket.subscribe("n", ADDED, json!({ "after": "bm90aWZpY2F0aW9uczox" })).await;
    for _ in 0..1_000 {
        added(&mut socket).await;
    }
    socket.quiet().await;
}

#[tokio::test]
async fn only_cursors_of_notifications_are_taken() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let mut socket = served.of(&ada).await;
    // The third is one of the feed.
    for after in ["", "nonsense", "ZmVlZDox"] {
        socket.subscribe("n", ADDED, json!({ "after": after })).await;
        assert_eq!(socket.error("n").await, "BAD_USER_INPUT", "{after}");
    }
}

#[tokio::test]
async fn a_worker_in_another_process_is_noticed() {
    let served = Served::new().await;
    served.app.app.live.work_is_elsewhere(true);
    let worker = served.app.second().await;
    let [ada, first, bob] = served.app.cast(["ada", "first", "bob"]).await;
    let mut socket = listen(&served, &ada, &first).await;
    served.app.follow(&bob, &ada).await;
    worker.drain().await;
    assert_eq!(added(&mut socket).await.1, "bob");
}
