//! The real ones, two that serve and two that work: what is done at one is known at the other.

use std::time::{Duration, Instant};

use roost::config::Config;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::cluster::Cluster;
use crate::support::process::{DEADLINE, Http, Place};
use crate::support::services::redis_url;
use crate::support::{CREATE_TWEET, FOLLOW, Person, Socket};

const FEED: &str = "subscription { homeFeedTweetAdded { node { content } } }";
const NOTIFIED: &str = "subscription { notificationAdded { node { actor { username } } } }";
const SET_GATE: &str =
    "mutation ($percent: Int!) { adminSetGate(input: { name: \"hybrid-fanout\", percent: $percent }) {
    gate { percent } userErrors { code message field } } }";

/// On what the tests run on, and the same without Redis if that has one.
fn places(change: fn(&mut Config)) -> Vec<Place> {
    let mut places = vec![Place::with(change)];
    if redis_url().is_some() {
        let mut alone = Place::with(change);
        alone.config.redis_url = None;
        places.push(alone);
    }
    places
}

async fn follow(server: Http, follower: &Person, followee: &Person) {
    server.gql(Some(&follower.token), FOLLOW, json!({ "id": followee.gid })).await.unwrap().changed("follow");
}

async fn tweet(server: Http, author: &Person, content: &str) {
    server.gql(Some(&author.token), CREATE_TWEET, json!({ "content": content })).await.unwrap().changed("createTweet");
}

/// The next event for which this is so. A stream says by nothing that it has begun, so what it is to tell is done again.
async fn event(socket: &mut Socket, id: &str, again: impl AsyncFn(usize), is_it: impl Fn(&Value) -> bool) {
    let begun = Instant::now();
    for attempt in 0.. {
        assert!(begun.elapsed() < DEADLINE, "nothing was told");
        again(attempt).await;
        while let Some(message) = socket.try_next(Duration::from_millis(500)).await {
            assert_eq!((&message["type"], &message["id"]), (&json!("next"), &json!(id)), "{message}");
            if is_it(&message["payload"]["data"]) {
                return;
            }
        }
    }
}

#[tokio::test]
async fn a_stream_of_one_tells_what_is_done_at_the_other() {
    for place in places(|_| ()) {
        let cluster = Cluster::start(place).await;
        let app = cluster.place.open().await;
        let [ada, bob] = app.cast(["ada", "bob"]).await;
        let [here, there] = [0, 1].map(|which| cluster.servers[which].client());
        follow(there, &ada, &bob).await;
        let mut socket = Socket::of(here.address, &ada).await;
        socket.subscribe("feed", FEED, json!({})).await;
        let content = |data: &Value| data["homeFeedTweetAdded"]["node"]["content"].clone();
        event(&mut socket, "feed", async |_| tweet(there, &bob, "are you there?").await, |_| true).await;
        tweet(there, &bob, "from over there").await;
        event(&mut socket, "feed", async |_| (), |data| content(data) == "from over there").await;
        let mut socket = Socket::of(here.address, &ada).await;
        socket.subscribe("told", NOTIFIED, json!({})).await;
        let fan = async |n| follow(there, &app.person(&format!("fan{n}")).await, &ada).await;
        event(&mut socket, "told", fan, |_| true).await;
        app.settled().await;
    }
}

#[tokio::test]
async fn a_session_that_is_ended_at_one_has_its_socket_closed_at_the_other() {
    const LOG_OUT: &str = "mutation { logOut { userErrors { code message field } } }";
    for place in places(|_| ()) {
        let cluster = Cluster::start(place).await;
        let app = cluster.place.open().await;
        let ada = app.person("ada").await;
        let mut socket = Socket::of(cluster.servers[0].address(), &ada).await;
        let there = cluster.servers[1].client();
        there.gql(Some(&ada.token), LOG_OUT, json!({})).await.unwrap().ok();
        assert_eq!(timeout(DEADLINE, socket.closed()).await.unwrap().0, 4401);
    }
}

/// The gate decides who is pushed, and with this limit it alone.
#[tokio::test]
async fn a_gate_that_is_changed_at_one_acts_at_the_others_within_two_seconds() {
    for place in places(|config| config.feed_push_limit = 0) {
        let cluster = Cluster::start(place).await;
        let app = cluster.place.open().await;
        let [ada, author] = app.cast(["ada", "author"]).await;
        app.damage("UPDATE users SET role = 1 WHERE username = 'ada'").await;
        let [here, there] = [0, 1].map(|which| cluster.servers[which].client());
        let mut fans = 0;
        for (percent, pushed) in [(100, 0), (0, 1), (100, 0), (0, 1)] {
            here.gql(Some(&ada.token), SET_GATE, json!({ "percent": percent })).await.unwrap().changed("adminSetGate");
            let changed = Instant::now();
            loop {
                fans += 1;
                let fan = app.person(&format!("fan{fans}")).await;
                let begun = changed.elapsed();
                follow(there, &fan, &author).await;
                app.settled().await;
                let text = "SELECT pushed FROM follow WHERE follower_id = ?";
                if app.number(text, [fan.id.into()]).await == pushed {
                    break;
                }
                assert!(begun < Duration::from_secs(2), "the gate is at {percent}");
            }
        }
    }
}

#[tokio::test]
async fn of_two_that_migrate_at_once_one_waits() {
    let place = Place::empty();
    let migrate = || place.run(&["migrate"]);
    let (one, two, three) = tokio::join!(migrate(), migrate(), migrate());
    for ended in [one, two, three] {
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "The database is up to date.\n"), "{ended:?}");
    }
    place.open().await.person("ada").await;
}
