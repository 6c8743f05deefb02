//! The objects that processes share, in Redis and in Memcached by the same rules.

use std::sync::atomic::{AtomicU64, Ordering};

use entity::{TweetId, UserId, tweet};
use roost::cache::Change;
use roost::cache::shared::{Level, Memcached, Store};
use roost::redis::Redis;
use serde_json::json;

use super::{all, counted, open, society};
use crate::support::TestApp;
use crate::support::process::until;
use crate::support::proxy::Proxy;
use crate::support::services::{memcached_url, redis_url};

type Shared = Option<std::sync::Arc<tweet::Model>>;

/// The stores of this run, each with names of its own.
fn levels() -> Vec<Level> {
    let prefix = format!("test-{:016x}", rand::random::<u64>());
    let redis = redis_url().map(|url| Store::Redis(Box::new(Redis::new(&url, &prefix).unwrap())));
    let memcached = memcached_url().map(|url| Store::Memcached(Memcached::new(&url).unwrap()));
    redis.into_iter().chain(memcached).map(|store| Level::new(store, &prefix)).collect()
}

fn tweet(id: i64, content: &str) -> Shared {
    let content = content.to_owned();
    Some(tweet::Model { id: TweetId(id), author_id: UserId(1), content, created_at: 5, deleted_at: None }.into())
}

/// Reads one tweet, whose content in the database is the one given.
async fn read(level: &Level, content: &str, reads: &AtomicU64) -> Shared {
    let read = async |keys: Vec<TweetId>| {
        reads.fetch_add(1, Ordering::Relaxed);
        Ok::<_, ()>(keys.into_iter().map(|key| (key, tweet(key.0, content))).collect::<Vec<_>>())
    };
    let found = level.get(vec![TweetId(7)], read).await.unwrap();
    assert_eq!(found.len(), 1);
    found[0].1.clone()
}

/// Reads until the object is there.
async fn filled(level: &Level, content: &str) {
    let reads = AtomicU64::new(0);
    until("the object to be shared", async || {
        let before = reads.load(Ordering::Relaxed);
        assert_eq!(read(level, content, &reads).await, tweet(7, content));
        reads.load(Ordering::Relaxed) == before
    })
    .await;
}

const BURIED: Change = Change::Buried { tweet: TweetId(7), author: UserId(1) };

#[tokio::test]
async fn what_one_has_read_the_others_need_not_until_it_is_changed() {
    for level in levels() {
        filled(&level, "old").await;
        let reads = AtomicU64::new(0);
        assert_eq!(read(&level, "unread", &reads).await, tweet(7, "old"));
        level.bury(&[BURIED]).await;
        for _ in 0..3 {
            assert_eq!(read(&level, "new", &reads).await, tweet(7, "new"));
        }
        assert_eq!(reads.load(Ordering::Relaxed), 3, "nothing is added where a tombstone is");
    }
}

#[tokio::test]
async fn what_was_read_before_a_change_is_not_added_after_it() {
    for level in levels() {
        // The epoch.
        filled(&level, "another").await;
        for change in [BURIED, Change::Everything] {
            let late = level
                .get(vec![TweetId(8), TweetId(7)], async |keys: Vec<TweetId>| {
                    level.bury(&[change, Change::Buried { tweet: TweetId(8), author: UserId(1) }]).await;
                    Ok::<_, ()>(keys.into_iter().map(|key| (key, tweet(key.0, "old"))).collect::<Vec<_>>())
                })
                .await;
            assert_eq!(late.unwrap().len(), 2);
            for _ in 0..20 {
                let reads = AtomicU64::new(0);
                assert_eq!(read(&level, "new", &reads).await, tweet(7, "new"));
                tokio::task::yield_now().await;
            }
        }
    }
}

#[tokio::test]
async fn two_processes_share_objects_and_nothing_that_is_gone() {
    if levels().is_empty() {
        return;
    }
    let app = TestApp::new().await;
    let [ada, bob, _] = society(&app).await;
    let tweet = app.tweet(&bob, "one").await;
    app.comment(&ada, &tweet, "two").await;
    app.drain().await;
    let other = app.second().await;
    let cold = async || {
        other.app.db.caches().forget_all();
        counted(&other, &ada, &[]).await
    };
    until("the objects to be shared", async || {
        let alone = all(&app, &ada, &[]).await;
        let (seen, statements) = cold().await;
        assert_eq!(seen, alone);
        statements <= 9
    })
    .await;
    other.delete_tweet(&bob, &tweet).await;
    assert!(app.home_feed(&ada).await.is_empty() || redis_url().is_some());
    until("the deletion to be known", async || app.home_feed(&ada).await.is_empty()).await;
    assert_eq!(cold().await.0["viewer"]["homeFeed"]["nodes"], json!([]));
    other.drain().await;
}

#[tokio::test]
async fn without_the_store_all_is_as_right() {
    let Some(url) = memcached_url() else { return };
    let way = Proxy::to(&url).await;
    let through = format!("memcache://{}", way.address);
    let app = TestApp::with(|config| (config.memcached_url, config.redis_url) = (Some(through), None)).await;
    open(&app).await;
    let [ada, bob, _] = society(&app).await;
    for break_it in [Proxy::cut as fn(&Proxy), Proxy::hold, Proxy::mend] {
        let tweet = app.tweet(&bob, "there").await;
        app.drain().await;
        app.app.db.caches().forget_all();
        assert!(app.home_feed(&ada).await.contains(&tweet));
        break_it(&way);
        app.delete_tweet(&bob, &tweet).await;
        app.drain().await;
        app.app.db.caches().forget_all();
        assert!(app.home_feed(&ada).await.is_empty(), "also by what is still in the store");
    }
}
