//! The shelf itself: old reads are refused, a read is made once, and there is only so much room.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use entity::{Subject, TweetId, UserId};
use futures_util::future::join_all;
use roost::cache::{Caches, Change, Pool, Shelf};
use tokio::sync::Notify;

type Key = (UserId, Subject);

fn key(id: i64) -> Key {
    (UserId(1), Subject::Tweet(TweetId(id)))
}

fn opened(bytes: usize) -> Caches {
    let caches = Caches::new(bytes, None);
    caches.open(None);
    caches
}

#[test]
fn what_was_read_before_something_was_forgotten_is_refused() {
    let shelf: Shelf<i64, bool> = Shelf::new(&Pool::new(1 << 20), 64);
    let before = shelf.generation(&1);
    shelf.forget(&1);
    shelf.put(1, true, before, 0);
    assert_eq!(shelf.peek(&1, 0), None);
    let now = shelf.generation(&1);
    shelf.put(1, true, now, 0);
    assert_eq!(shelf.peek(&1, 0), Some(true));
    shelf.forget_all();
    shelf.put(1, true, now, 0);
    assert_eq!(shelf.peek(&1, 0), None);
}

#[test]
fn nothing_is_believed_for_longer_than_five_minutes() {
    let shelf: Shelf<i64, bool> = Shelf::new(&Pool::new(1 << 20), 64);
    shelf.put(1, true, shelf.generation(&1), 1_000);
    assert_eq!(shelf.peek(&1, 301_000), Some(true));
    assert_eq!(shelf.peek(&1, 301_001), None);
}

#[test]
fn there_is_room_for_so_many_bytes_and_what_is_used_stays() {
    let shelf: Shelf<i64, bool> = Shelf::new(&Pool::new(1 << 16), 64);
    shelf.put(-1, true, shelf.generation(&-1), 0);
    for n in 0..20_000 {
        shelf.put(n, true, shelf.generation(&n), 0);
        assert_eq!(shelf.peek(&-1, 0), Some(true), "after {n}");
        if n % 5 == 0 {
            shelf.forget(&n);
        }
    }
    let [_, _, held] = shelf.counts();
    // A shard that holds less than its part may go on when the others are full.
    assert!((1 << 15..=(1 << 16) + (1 << 12)).contains(&held), "{held}");
    assert_eq!(shelf.peek(&1, 0), None, "the oldest went");
}

#[test]
fn what_one_shelf_leaves_another_takes_and_gives_back() {
    let pool = Pool::new(1 << 16);
    let [few, many]: [Shelf<i64, bool>; 2] = [Shelf::new(&pool, 16), Shelf::new(&pool, 16)];
    let fill = |shelf: &Shelf<i64, bool>| (0..20_000).for_each(|n| shelf.put(n, true, shelf.generation(&n), 0));
    let held = |shelf: &Shelf<i64, bool>| shelf.counts()[2];
    fill(&many);
    assert!(held(&many) > 1 << 15, "{}", held(&many));
    // The other one has its part all the same.
    fill(&few);
    assert!(held(&few) > (1 << 14) - (1 << 12), "{}", held(&few));
    fill(&many);
    assert!(held(&few) + held(&many) <= (1 << 16) + (1 << 12), "{} {}", held(&few), held(&many));
    few.forget_all();
    fill(&many);
    assert!(held(&many) > 1 << 15, "{}", held(&many));
}

#[tokio::test]
async fn those_who_ask_at_the_same_time_share_one_read_and_what_is_not_there_is_known() {
    let caches = opened(1 << 20);
    let (reads, go) = (AtomicU64::new(0), Notify::new());
    let read = async |keys: Vec<Key>| {
        reads.fetch_add(1, Ordering::Relaxed);
        go.notified().await;
        Ok::<_, ()>(keys.into_iter().filter(|one| *one == key(1)).map(|one| (one, true)).collect())
    };
    let asked = (0..20).map(|_| caches.likes.get(caches.now(), &[], &read));
    assert_eq!(join_all(asked).await.len(), 20);
    let keys = [key(1), key(2), key(1)];
    let asked = join_all((0..20).map(|_| caches.likes.get(caches.now(), &keys, &read)));
    let (all, ()) = futures_util::join!(asked, async { go.notify_one() });
    assert!(all.iter().all(|found| *found == Ok(vec![true, false, true])), "{all:?}");
    assert_eq!(reads.load(Ordering::Relaxed), 1);
    assert_eq!(caches.likes.get(caches.now(), &keys, &read).await, Ok(vec![true, false, true]));
    assert_eq!(reads.load(Ordering::Relaxed), 1, "nor is what is missing asked for again");
}

#[tokio::test]
async fn who_asks_after_a_change_does_not_get_what_was_read_before_it() {
    let caches = opened(1 << 20);
    let (begun, go) = (Notify::new(), Notify::new());
    let old = async |keys: Vec<Key>| {
        begun.notify_one();
        go.notified().await;
        Ok::<_, ()>(keys.into_iter().map(|one| (one, false)).collect::<Vec<_>>())
    };
    let new = async |keys: Vec<Key>| Ok::<_, ()>(keys.into_iter().map(|one| (one, true)).collect::<Vec<_>>());
    let keys = [key(1)];
    let first = caches.likes.get(caches.now(), &keys, &old);
    let second = async {
        begun.notified().await;
        caches.apply(Change::Liked { user: UserId(1), subject: Subject::Tweet(TweetId(1)) });
        let asked = caches.likes.get(caches.now(), &keys, &new);
        futures_util::join!(asked, async { go.notify_one() }).0
    };
    let (first, second) = futures_util::join!(first, second);
    assert_eq!((first, second), (Ok(vec![false]), Ok(vec![true])));
    assert_eq!(caches.likes.get(caches.now(), &keys, &old).await, Ok(vec![true]));
}

#[tokio::test]
async fn closed_caches_give_nothing_and_take_nothing() {
    let caches = opened(1 << 20);
    let read = async |keys: Vec<Key>| Ok::<_, ()>(keys.into_iter().map(|one| (one, true)).collect::<Vec<_>>());
    let keys = [key(1)];
    let known = || caches.now().and_then(|now| caches.likes.shelf.peek(&keys[0], now));
    caches.likes.get(caches.now(), &keys, &read).await.unwrap();
    assert_eq!(known(), Some(true));
    let now = caches.now();
    caches.close();
    assert_eq!((caches.now(), known()), (None, None));
    let generation = caches.likes.shelf.generation(&keys[0]);
    caches.likes.get(caches.now(), &keys, &read).await.unwrap();
    caches.likes.shelf.put(keys[0], true, generation, now.unwrap());
    caches.open(Some(Duration::from_millis(1)));
    assert_eq!(known(), None, "what came in between is forgotten");
    // No news for too long.
    while caches.now().is_some() {
        std::hint::spin_loop();
    }
    assert_eq!(caches.passed_by().now(), None);
}
