//! The outbox as the queue: what is posted is handled once, or given up with a reason. (`rabbit` has the same of RabbitMQ.)

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use entity::{
    MessageId, comment, dead_letter, feed_entry, follow, inbox, liked, notification, outbox, tweet, tweet_stats,
    user_stats,
};
use roost::app::App;
use roost::bus::outbox as queue;
use roost::clock::SECOND;
use roost::config::Config;
use roost::service::audit::Actor::CommandLine;
use roost::service::feed::verify;
use roost::service::queue as dead_letters;
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};

use crate::support::TestApp;

/// Whatever else the tests run on.
async fn embedded(change: impl FnOnce(&mut Config)) -> TestApp {
    TestApp::with(|config| {
        (config.amqp_url, config.queue_retry_milliseconds) = (None, 1_000);
        change(config);
    })
    .await
}

async fn waiting(app: &App) -> Vec<outbox::Model> {
    outbox::Entity::find().order_by_asc(outbox::Column::Id).all(app.db.read()).await.unwrap()
}

async fn dead(app: &App) -> Vec<dead_letter::Model> {
    dead_letters::dead_letters(app).await.unwrap()
}

/// Posts a message as somebody else might have.
async fn post(app: &TestApp, id: usize, payload: &str) {
    app.damage(&format!(
        "INSERT INTO outbox (id, payload, attempts, due_at, leased_by, leased_until, created_at)
         VALUES ({id}, '{payload}', 0, 0, 0, 0, 0)"
    ))
    .await;
}

/// Counts how often an app commits the work of a message.
fn count_commits(app: &App) -> Arc<AtomicUsize> {
    let commits = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&commits);
    app.failpoints.set(Arc::new(move |label| {
        count.fetch_add(usize::from(label == "worker: committed"), Ordering::Relaxed);
        Box::pin(async {})
    }));
    commits
}

#[tokio::test]
async fn a_message_that_cannot_be_read_goes_to_the_dead_letters_at_once() {
    let app = embedded(|_| ()).await;
    for (id, payload, reason) in [
        (1, "gibberish", "expected value"),
        (2, r#"{"v":1,"type":"dance"}"#, "unknown variant `dance`"),
        (3, r#"{"v":1,"type":"deliver","tweet":1}"#, "missing field `after`"),
        (4, r#"{"v":2,"type":"deliver","tweet":1,"after":0}"#, "version 2, not 1"),
    ] {
        post(&app, id, payload).await;
        app.drain().await;
        let letter = dead(&app.app).await.pop().unwrap();
        assert_eq!((letter.payload.as_str(), letter.attempts), (payload, 1));
        assert!(letter.error.contains(reason), "{reason}: {}", letter.error);
    }
    assert!(waiting(&app.app).await.is_empty());
    assert_eq!(dead_letters::drop_letters(&app.app, CommandLine, Some(&[MessageId(3)])).await.unwrap(), 1);
    assert_eq!(dead_letters::drop_letters(&app.app, CommandLine, None).await.unwrap(), 3);
}

#[tokio::test]
async fn a_handler_that_fails_is_tried_again_ever_later_and_given_up_after_five_tries() {
    let app = embedded(|_| ()).await;
    let [alice, bob, carol] = app.cast(["alice", "bob", "carol"]).await;
    app.follow(&bob, &alice).await;
    app.drain().await;
    let tweet = app.tweet(&alice, "hello").await;
    app.follow(&carol, &alice).await;
    app.damage("ALTER TABLE feed_entry RENAME TO feed_entry_lost").await;
    for (attempt, back_off) in [(1, SECOND), (2, 4 * SECOND), (3, 16 * SECOND), (4, 64 * SECOND)] {
        let before = app.app.clock.now();
        app.drain().await;
        let due = before + back_off..=app.app.clock.now() + back_off;
        let left = waiting(&app.app).await;
        assert_eq!(left.len(), 2, "the delivery and the fill");
        for message in left {
            assert_eq!((message.attempts, message.leased_by), (attempt, 0));
            assert!(due.contains(&message.due_at), "{due:?} {message:?}");
        }
        let unread = app.number("SELECT unread FROM inbox WHERE user_id = ?", [alice.id.into()]).await;
        assert_eq!(unread, 2, "other messages are not held up");
        app.app.clock.advance(back_off);
    }
    app.drain().await;
    assert!(waiting(&app.app).await.is_empty());
    let letters = dead(&app.app).await;
    assert_eq!(letters.len(), 2);
    for letter in letters {
        assert_eq!(letter.attempts, 5);
        assert!(letter.error.contains("feed_entry"), "{}", letter.error);
    }

    app.damage("ALTER TABLE feed_entry_lost RENAME TO feed_entry").await;
    assert_eq!(dead_letters::retry(&app.app, CommandLine, None).await.unwrap(), 2);
    assert!(dead(&app.app).await.is_empty());
    assert!(waiting(&app.app).await.iter().all(|message| message.attempts == 0));
    app.drain().await;
    for reader in [&bob, &carol] {
        assert_eq!(app.home_feed(reader).await, std::slice::from_ref(&tweet));
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM follow WHERE pushed = 1", []).await, 2);
}

#[tokio::test]
async fn a_failure_that_passes_is_forgotten() {
    let app = embedded(|_| ()).await;
    let [alice, bob] = app.cast(["alice", "bob"]).await;
    app.follow(&bob, &alice).await;
    app.damage("ALTER TABLE feed_entry RENAME TO feed_entry_lost").await;
    app.drain().await;
    app.damage("ALTER TABLE feed_entry_lost RENAME TO feed_entry").await;
    app.app.clock.advance(SECOND);
    app.drain().await;
    assert_eq!((waiting(&app.app).await, dead(&app.app).await), (Vec::new(), Vec::new()));
    assert_eq!(app.number("SELECT pushed FROM follow", []).await, 1);
}

#[tokio::test]
async fn a_handler_that_panics_fails_its_message_and_not_the_worker() {
    let app = embedded(|_| ()).await;
    let [alice, bob] = app.cast(["alice", "bob"]).await;
    app.follow(&bob, &alice).await;
    app.drain().await;
    app.app.failpoints.set(Arc::new(|label| {
        assert!(label != "deliver: inserted", "a bug in the delivery");
        Box::pin(async {})
    }));
    app.tweet(&alice, "hello").await;
    app.follow(&alice, &bob).await;
    for _ in 0..5 {
        app.drain().await;
        app.app.clock.advance(64 * SECOND);
    }
    let letters = dead(&app.app).await;
    assert_eq!((letters.len(), letters[0].attempts), (1, 5));
    assert!(letters[0].error.contains("the handler panicked: a bug in the delivery"), "{}", letters[0].error);
    assert_eq!(app.number("SELECT unread FROM inbox WHERE user_id = ?", [bob.id.into()]).await, 1);
    let entries = app.number("SELECT COUNT(*) FROM feed_entry WHERE user_id = ?", [bob.id.into()]).await;
    assert_eq!(entries, 0, "what the handler had done is rolled back");
    dead_letters::drop_letters(&app.app, CommandLine, None).await.unwrap();
}

#[tokio::test]
async fn work_is_done_once_when_a_lease_runs_out_and_another_worker_does_it() {
    let app = embedded(|config| config.feed_batch = 1).await;
    let other = app.second().await;
    let cast = app.cast(["alice", "bob", "carol", "dave"]).await;
    for follower in &cast[1..] {
        app.follow(follower, &cast[0]).await;
    }
    app.drain().await;
    app.tweet(&cast[0], "hello").await;
    let (late, commits) = (Arc::new(AtomicUsize::new(0)), count_commits(&other.app));
    let (worker, count) = (other.app.clone(), Arc::clone(&late));
    let overtaken = AtomicBool::new(false);
    app.app.failpoints.set(Arc::new(move |label| {
        count.fetch_add(usize::from(label == "worker: committed"), Ordering::Relaxed);
        let overtakes = label == "worker: leased" && !overtaken.swap(true, Ordering::Relaxed);
        let worker = worker.clone();
        Box::pin(async move {
            if overtakes {
                worker.clock.advance(i64::from(worker.config.worker_lease_seconds) * SECOND + 1);
                roost::worker::drain(&worker).await.unwrap();
            }
        })
    }));
    app.drain().await;
    assert_eq!(late.load(Ordering::Relaxed), 0, "the first worker was too late");
    assert_eq!(commits.load(Ordering::Relaxed), 4, "a batch for each follower, and the empty end");
    assert_eq!((waiting(&app.app).await, dead(&app.app).await), (Vec::new(), Vec::new()));
    assert_eq!(app.number("SELECT COUNT(*) FROM feed_entry", []).await, 4);
}

#[tokio::test]
async fn a_worker_does_not_finish_what_another_has_leased_meanwhile() {
    let app = embedded(|_| ()).await;
    let other = app.second().await;
    let [alice] = app.cast(["alice"]).await;
    app.tweet(&alice, "hello").await;
    let commits = Arc::new(AtomicUsize::new(0));
    let (worker, count, taken) = (other.app.clone(), Arc::clone(&commits), Arc::new(Mutex::new(Vec::new())));
    let takes = Arc::clone(&taken);
    app.app.failpoints.set(Arc::new(move |label| {
        count.fetch_add(usize::from(label == "worker: committed"), Ordering::Relaxed);
        let (worker, takes) = (worker.clone(), Arc::clone(&takes));
        Box::pin(async move {
            if label == "worker: leased" && takes.lock().unwrap().is_empty() {
                worker.clock.advance(i64::from(worker.config.worker_lease_seconds) * SECOND + 1);
                let leased = queue::lease(&worker, 10).await.unwrap();
                takes.lock().unwrap().extend(leased);
            }
        })
    }));
    app.drain().await;
    assert_eq!(commits.load(Ordering::Relaxed), 0);
    let taken = taken.lock().unwrap().clone();
    assert_eq!(taken.len(), 1);
    assert_eq!(waiting(&app.app).await, taken, "neither removed, nor put back, nor counted as a failure");
    queue::release(&other.app, &taken[0]).await.unwrap();
    other.drain().await;
}

#[tokio::test]
async fn no_two_workers_lease_the_same_message_and_each_is_handled_once() {
    let app = embedded(|_| ()).await;
    let other = app.second().await;
    let [alice] = app.cast(["alice"]).await;
    for number in 0..40 {
        app.tweet(&alice, &format!("tweet {number}")).await;
    }
    let lease = async |app: &App| queue::lease(app, 15).await.unwrap();
    let leased = tokio::join!(lease(&app.app), lease(&other.app), lease(&app.app), lease(&other.app));
    let leased = [leased.0, leased.1, leased.2, leased.3].concat();
    assert_eq!(leased.iter().map(|message| message.id).collect::<BTreeSet<_>>().len(), 40);
    assert_eq!(leased.len(), 40);
    assert!(queue::lease(&app.app, 15).await.unwrap().is_empty());
    for message in &leased {
        queue::release(&app.app, message).await.unwrap();
    }
    let commits = [count_commits(&app.app), count_commits(&other.app)];
    tokio::join!(app.drain(), other.drain());
    assert_eq!(commits.iter().map(|commits| commits.load(Ordering::Relaxed)).sum::<usize>(), 40);
}

/// Everything that messages change.
async fn state(app: &TestApp) -> Vec<String> {
    let db = app.app.db.read();
    let edges = follow::Entity::find().order_by_asc(follow::Column::Id).all(db).await.unwrap();
    let entries = feed_entry::Entity::find().all(db).await.unwrap();
    let entries = entries.iter().map(|entry| format!("{entry:?}")).collect::<BTreeSet<_>>();
    let stats = user_stats::Entity::find().order_by_asc(user_stats::Column::UserId).all(db).await.unwrap();
    let inboxes = inbox::Entity::find().order_by_asc(inbox::Column::UserId).all(db).await.unwrap();
    let told = notification::Entity::find().order_by_asc(notification::Column::RecipientId);
    let told = told.order_by_asc(notification::Column::Seq).all(db).await.unwrap();
    let tweets = tweet::Entity::find().order_by_asc(tweet::Column::Id).all(db).await.unwrap();
    let counts = tweet_stats::Entity::find().order_by_asc(tweet_stats::Column::TweetId).all(db).await.unwrap();
    let comments = comment::Entity::find().order_by_asc(comment::Column::Id).all(db).await.unwrap();
    let likes = liked::Entity::find().order_by_asc(liked::Column::Id).all(db).await.unwrap();
    vec![
        format!("{counts:?}"),
        format!("{comments:?}"),
        format!("{likes:?}"),
        format!("{edges:?}"),
        format!("{entries:?}"),
        format!("{stats:?}"),
        format!("{inboxes:?}"),
        format!("{told:?}"),
        format!("{tweets:?}"),
    ]
}

/// A history that posts messages of every kind, with walks of several steps; returns all that were ever posted.
async fn eventful_history(app: &TestApp) -> Vec<String> {
    let posted = Arc::new(Mutex::new(BTreeSet::new()));
    let (keep, seen) = (Arc::clone(&posted), app.app.clone());
    app.app.failpoints.set(Arc::new(move |label| {
        let (keep, seen) = (Arc::clone(&keep), seen.clone());
        Box::pin(async move {
            if label == "worker: leased" {
                let payloads = waiting(&seen).await.into_iter().map(|message| message.payload);
                keep.lock().unwrap().extend(payloads);
            }
        })
    }));
    let cast = app.cast(["star", "ann", "bea", "cid", "dan"]).await;
    let [star, ann, bea, cid, dan] = &cast;
    let mut tweets = Vec::new();
    for author in [star, ann, star, star, ann, star, star] {
        tweets.push(app.tweet(author, "a tweet").await);
    }
    for (follower, followee) in [(ann, star), (bea, star), (cid, star), (bea, ann), (cid, ann), (dan, ann), (dan, cid)]
    {
        app.follow(follower, followee).await;
        app.drain().await;
    }
    app.tweet(ann, "to three").await;
    app.drain().await;
    for (actor, tweet) in [(ann, &tweets[2]), (bea, &tweets[2]), (cid, &tweets[0])] {
        let like = "mutation ($id: ID!) { like(input: { subjectId: $id }) { userErrors { code } } }";
        app.as_user(actor).gql(like, json!({ "id": tweet })).await.changed("like");
        let comment = "mutation ($id: ID!) {
            createComment(input: { tweetId: $id, content: \"hi\" }) { userErrors { code } } }";
        app.as_user(actor).gql(comment, json!({ "id": tweet })).await.changed("createComment");
    }
    app.drain().await;
    app.delete_tweet(star, &tweets[2]).await;
    app.unfollow(cid, ann).await;
    app.drain().await;
    app.follow(dan, star).await;
    app.drain().await;
    app.follow(cid, ann).await;
    app.unfollow(dan, cid).await;
    app.tweet(star, "to all, pulled").await;
    app.drain().await;
    posted.lock().unwrap().iter().cloned().collect()
}

#[tokio::test]
async fn messages_that_are_repeated_in_any_order_have_the_effect_of_once() {
    let app = embedded(|config| (config.feed_batch, config.feed_push_limit) = (2, 3)).await;
    let posted = eventful_history(&app).await;
    let kinds: BTreeSet<String> =
        posted.iter().map(|message| serde_json::from_str::<Value>(message).unwrap()["type"].to_string()).collect();
    assert_eq!(kinds.len(), 9, "every type of message: {kinds:?}");
    let before = state(&app).await;
    for repeat in [posted.clone(), posted.iter().rev().cloned().collect(), [&posted[..], &posted].concat()] {
        for (id, payload) in repeat.iter().enumerate() {
            post(&app, id + 1, payload).await;
        }
        app.drain().await;
        assert_eq!(state(&app).await, before);
        for (id, payload) in repeat.iter().enumerate() {
            post(&app, id + 1, payload).await;
            app.drain().await;
            assert_eq!(state(&app).await, before, "{payload}");
        }
    }
    assert!(verify::verify(&app.app, None).await.unwrap().faults.is_empty());
}

#[tokio::test]
async fn messages_carry_ids_and_nothing_else() {
    let app = embedded(|config| (config.feed_batch, config.feed_push_limit) = (2, 3)).await;
    for message in eventful_history(&app).await {
        let mut fields: serde_json::Map<String, Value> = serde_json::from_str(&message).unwrap();
        assert_eq!(fields.remove("v"), Some(1.into()));
        assert!(fields.remove("type").unwrap().is_string());
        let is_id = |value: &Value| value.is_i64() || value.is_boolean();
        let is_subject = |value: &Value| value.as_object().is_some_and(|subject| subject.values().all(is_id));
        assert!(fields.values().all(|value| is_id(value) || is_subject(value)), "{message}");
    }
}
