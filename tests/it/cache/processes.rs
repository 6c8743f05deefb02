//! What one process changes is gone from the memory of the others within a second: told through Redis, or not kept at all.

use std::time::{Duration, Instant};

use roost::service::audit::Actor;
use roost::service::suspension;
use serde_json::json;

use super::{all, counted, open, society};
use crate::support::process::{Place, until};
use crate::support::proxy::Proxy;
use crate::support::services::redis_url;
use crate::support::{Person, TestApp};

/// How long it may take on a machine that is busy: a second is promised of one that is not.
const SOON: Duration = Duration::from_secs(5);

/// Waits until a process shows somebody what another one shows.
async fn agree(app: &TestApp, other: &TestApp, person: &Person, ids: &[String], done: &str) {
    let (expected, begun) = (all(other, person, ids).await, Instant::now());
    until(done, async || all(app, person, ids).await == expected).await;
    assert!(begun.elapsed() < SOON, "{done}: {:?}", begun.elapsed());
}

#[tokio::test]
async fn each_change_in_one_process_shows_in_the_other() {
    let app = TestApp::with(|config| config.feed_push_limit = 1).await;
    let [ada, bob, eve] = society(&app).await;
    let other = app.second().await;
    if redis_url().is_some() {
        open(&app).await;
    }
    let mut ids = vec![bob.gid.clone(), eve.gid.clone()];
    let tweet = other.tweet(&bob, "one").await;
    ids.push(tweet.clone());
    other.drain().await;
    let at_home = async |done: &str, ids: &[String]| agree(&app, &other, &ada, ids, done).await;
    at_home("a tweet and its delivery", &ids).await;
    let comment = other.comment(&eve, &tweet, "two").await;
    at_home("a comment", &ids).await;
    other.like(&ada, &tweet).await;
    other.like(&ada, &comment).await;
    at_home("likes", &ids).await;
    other.unlike(&ada, &tweet).await;
    at_home("no like", &ids).await;
    other.unfollow(&ada, &bob).await;
    at_home("no follow", &ids).await;
    other.follow(&ada, &bob).await;
    at_home("a follow", &ids).await;
    suspension::suspend(&other.app, Actor::CommandLine, eve.id).await.unwrap();
    at_home("a suspension", &ids).await;
    other.delete_tweet(&bob, &tweet).await;
    at_home("a deletion", &ids).await;
    other.drain().await;
    at_home("all that follows", &ids).await;
}

#[tokio::test]
async fn without_redis_nothing_is_kept_while_there_are_others() {
    let app = TestApp::with(|config| config.redis_url = None).await;
    let [ada, ..] = society(&app).await;
    open(&app).await;
    all(&app, &ada, &[]).await;
    assert_eq!(counted(&app, &ada, &[]).await.1, 0);
    let _other = app.second().await;
    assert!(counted(&app, &ada, &[]).await.1 > 0);
    assert!(counted(&app, &ada, &[]).await.1 > 0, "nor is it for the next time");
}

#[tokio::test]
async fn a_process_that_is_cut_off_keeps_nothing_and_is_right() {
    let Some(url) = redis_url() else { return };
    let way = Proxy::to(&url).await;
    let through = way.url(&url);
    let app = TestApp::with(|config| config.redis_url = Some(through)).await;
    let [ada, bob, _] = society(&app).await;
    let other = app.restarted(|config| config.redis_url = Some(url)).await;
    open(&other).await;
    for break_it in [Proxy::cut as fn(&Proxy), Proxy::hold] {
        open(&app).await;
        all(&app, &ada, &[]).await;
        break_it(&way);
        until("the caches to be closed", async || app.app.db.caches().now().is_none()).await;
        let tweet = other.tweet(&bob, "unheard").await;
        other.drain().await;
        assert!(app.home_feed(&ada).await.contains(&tweet));
        assert!(counted(&app, &ada, &[]).await.1 > 0);
        other.delete_tweet(&bob, &tweet).await;
        assert!(!app.home_feed(&ada).await.contains(&tweet));
        way.mend();
        open(&app).await;
        agree(&app, &other, &ada, &[], "the line mended").await;
        other.drain().await;
    }
}

/// On the command line, while a server runs that has all of it in memory.
#[tokio::test]
async fn a_command_that_has_come_and_gone_shows_in_a_server() {
    let place = Place::new();
    let app = place.open().await;
    let [ada, bob, _] = society(&app).await;
    let tweet = app.tweet(&bob, "here and gone").await;
    app.drain().await;
    let mut server = place.serve().await;
    let ids = json!({ "ids": [tweet] });
    let query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } viewer { homeFeed { nodes { id } } } }";
    let sees = async || {
        let answer = server.client().gql(Some(&ada.token), query, ids.clone()).await.unwrap();
        let data = &answer.body["data"];
        assert_eq!(data["nodes"][0].is_null(), data["viewer"]["homeFeed"]["nodes"] == json!([]), "{}", answer.text);
        !data["nodes"][0].is_null()
    };
    until("the server to show it", async || sees().await).await;
    for (command, is_shown) in [("suspend", false), ("restore", true)] {
        // Until nothing speaks against keeping it.
        for _ in 0..50 {
            sees().await;
        }
        assert_eq!(place.run(&["user", command, "bob"]).await.code, Some(0));
        let begun = Instant::now();
        until(command, async || sees().await == is_shown).await;
        assert!(begun.elapsed() < SOON, "{command}: {:?}", begun.elapsed());
    }
    server.terminate().await;
    server.wait().await;
}
