//! Several processes that share a Redis: what happens in one is told in the others, and nothing is lost when Redis is away.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use crate::support::process::{DEADLINE, until};
use crate::support::proxy::Proxy;
use crate::support::services::redis_url;
use crate::support::{Person, Served, Socket, TestApp};

const NOTIFIED: &str = "subscription { notificationAdded { node { actor { username } } } }";
const FEED: &str = "subscription { homeFeedTweetAdded { node { content } } }";

/// Waits until the server hears what other processes tell, or until it does not.
async fn heard(served: &Served, is_heard: bool) {
    until("the line to be as it should", async || served.app.app.live.must_look() != is_heard).await;
}

/// A stream that has begun, which it says of itself by nothing: so one event is sent until it has arrived.
async fn listening(served: &Served, reader: &Person, author: &Person) -> Socket {
    let mut socket = served.of(reader).await;
    socket.subscribe("feed", FEED, json!({})).await;
    loop {
        served.app.tweet(author, "are you there?").await;
        served.app.drain().await;
        if socket.try_next(Duration::from_millis(200)).await.is_some() {
            return socket;
        }
    }
}

async fn next_of(socket: &mut Socket, content: &str) {
    while socket.event("feed").await["homeFeedTweetAdded"]["node"]["content"] != content {}
}

#[tokio::test]
async fn a_tweet_posted_and_delivered_elsewhere_arrives_here() {
    if redis_url().is_none() {
        return;
    }
    let served = Served::new().await;
    let other = served.app.second().await;
    let [ada, bob] = served.app.cast(["ada", "bob"]).await;
    served.app.follow(&ada, &bob).await;
    heard(&served, true).await;
    let mut socket = listening(&served, &ada, &bob).await;
    other.tweet(&bob, "from over there").await;
    other.drain().await;
    next_of(&mut socket, "from over there").await;
    assert!(!served.app.app.live.must_look(), "it was told, not looked for");
}

#[tokio::test]
async fn a_session_revoked_elsewhere_ends_its_socket_here() {
    if redis_url().is_none() {
        return;
    }
    let served = Served::new().await;
    let other = served.app.second().await;
    let ada = served.app.person("ada").await;
    heard(&served, true).await;
    let mut socket = served.of(&ada).await;
    other.as_user(&ada).gql("mutation { logOut { userErrors { message } } }", json!({})).await.ok();
    let closed = timeout(Duration::from_secs(5), socket.closed()).await.unwrap();
    assert_eq!(closed.0, 4401);
}

#[tokio::test]
async fn what_happens_while_redis_is_cut_off_or_silent_arrives_all_the_same() {
    let Some(url) = redis_url() else { return };
    let way = Proxy::to(&url).await;
    let through = way.url(&url);
    let served = Served::with(|config| config.redis_url = Some(through), Default::default()).await;
    let other = served.app.second().await;
    let [ada, bob] = served.app.cast(["ada", "bob"]).await;
    served.app.follow(&ada, &bob).await;
    heard(&served, true).await;
    let mut socket = listening(&served, &ada, &bob).await;
    for (break_it, content) in [(Proxy::cut as fn(&Proxy), "cut off"), (Proxy::hold, "silence")] {
        break_it(&way);
        heard(&served, false).await;
        other.tweet(&bob, content).await;
        other.drain().await;
        next_of(&mut socket, content).await;
        way.mend();
        heard(&served, true).await;
        let content = format!("after the {content}");
        other.tweet(&bob, &content).await;
        other.drain().await;
        next_of(&mut socket, &content).await;
    }
}

#[tokio::test]
async fn notifications_are_told_across_processes() {
    if redis_url().is_none() {
        return;
    }
    let served = Served::new().await;
    let other = served.app.second().await;
    let [ada, bob] = served.app.cast(["ada", "bob"]).await;
    heard(&served, true).await;
    let mut socket = served.of(&ada).await;
    socket.subscribe("n", NOTIFIED, json!({})).await;
    let mut fan = bob;
    for number in 0.. {
        other.follow(&fan, &ada).await;
        other.drain().await;
        if socket.try_next(Duration::from_millis(200)).await.is_some() {
            return;
        }
        fan = other.person(&format!("fan{number}")).await;
    }
}

#[tokio::test]
async fn what_is_posted_here_wakes_the_workers_elsewhere() {
    if redis_url().is_none() {
        return;
    }
    let app = TestApp::new().await;
    let other = app.second().await;
    let bob = app.person("bob").await;
    // Until the two have found each other nothing is heard.
    let posting = async {
        loop {
            app.tweet(&bob, "there is work").await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = other.app.bus.posted() => (),
        () = posting => (),
        () = tokio::time::sleep(DEADLINE) => panic!("nobody was woken"),
    }
    app.drain().await;
}
