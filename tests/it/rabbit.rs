//! RabbitMQ as the queue: what is posted arrives, whatever ends meanwhile. These tests need a run that has a broker.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lapin::options::QueueDeleteOptions;
use roost::bus::rabbit::{Link, Rabbit, Source};
use roost::bus::{Lane, Queue};
use roost::service::audit::Actor::CommandLine;
use roost::service::feed::verify;
use roost::service::queue;
use roost::worker;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::process::until;
use crate::support::proxy::Proxy;
use crate::support::services::amqp_url;
use crate::support::{CREATE_TWEET, Person, TestApp};

const POST: &str = "INSERT INTO outbox (id, payload, attempts, due_at, leased_by, leased_until, created_at)
    VALUES (1, '{\"v\":1,\"type\":\"empty_trash\"}', 0, 0, 0, 0, 0)";

/// A worker in the background, as `roost worker` runs it.
struct Worker {
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Worker {
    fn start(app: &TestApp) -> Self {
        let stop = CancellationToken::new();
        Self { running: tokio::spawn(worker::run(app.app.clone(), stop.clone())), stop }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.running.await.unwrap();
    }
}

fn rabbit(app: &TestApp) -> Arc<Rabbit> {
    match &app.app.bus.queue {
        Queue::Rabbit(rabbit) => Arc::clone(rabbit),
        Queue::Embedded => panic!("this run has no broker"),
    }
}

async fn link(app: &TestApp) -> Link {
    rabbit(app).link().await.unwrap()
}

async fn outbox(app: &TestApp) -> i64 {
    app.number("SELECT COUNT(*) FROM outbox", []).await
}

async fn dead(app: &TestApp) -> Vec<entity::dead_letter::Model> {
    queue::dead_letters(&app.app).await.unwrap()
}

async fn sees(app: &TestApp, reader: &Person, tweets: usize) -> bool {
    let entries = app.number("SELECT COUNT(*) FROM feed_entry WHERE user_id = ?", [reader.id.into()]).await;
    usize::try_from(entries).unwrap() == tweets
}

/// An author whose one follower is pushed to.
async fn author_and_reader(app: &TestApp) -> [Person; 2] {
    let [author, reader] = app.cast(["author", "reader"]).await;
    app.follow(&reader, &author).await;
    app.drain().await;
    [author, reader]
}

#[tokio::test]
async fn a_handler_that_fails_is_tried_five_times_and_delays_nobody_else() {
    if amqp_url().is_none() {
        return;
    }
    let app = TestApp::new().await;
    let [author, reader] = author_and_reader(&app).await;
    let tries = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tries);
    app.app.failpoints.set(Arc::new(move |label| {
        if label == "deliver: inserted" {
            count.fetch_add(1, Ordering::Relaxed);
            panic!("a bug in the delivery");
        }
        Box::pin(async {})
    }));
    app.tweet(&author, "hello").await;
    app.follow(&author, &reader).await;
    let worker = Worker::start(&app);
    until("the message is given up", async || dead(&app).await.len() == 1).await;
    let unread = app.number("SELECT unread FROM inbox WHERE user_id = ?", [reader.id.into()]).await;
    assert_eq!(unread, 1, "the notification of the follow");
    let letter = dead(&app).await.pop().unwrap();
    assert_eq!((letter.attempts, tries.load(Ordering::Relaxed)), (5, 5));
    assert!(letter.error.contains("a bug in the delivery"), "{}", letter.error);
    worker.stop().await;
    queue::drop_letters(&app.app, CommandLine, None).await.unwrap();
}

#[tokio::test]
async fn what_was_given_up_can_be_tried_again() {
    if amqp_url().is_none() {
        return;
    }
    let app = TestApp::new().await;
    let [author, reader] = author_and_reader(&app).await;
    app.damage(&POST.replace("empty_trash", "dance")).await;
    let worker = Worker::start(&app);
    until("what cannot be read is given up at once", async || dead(&app).await.len() == 1).await;
    assert!(dead(&app).await[0].error.contains("unknown variant `dance`"));
    queue::drop_letters(&app.app, CommandLine, None).await.unwrap();
    app.damage(POST).await;
    let count = async || outbox(&app).await == 0;
    until("what can be read is done", count).await;
    worker.stop().await;
    app.tweet(&author, "hello").await;
    app.drain().await;
    assert!(sees(&app, &reader, 1).await);
    assert!(dead(&app).await.is_empty());
}

#[tokio::test]
async fn a_message_that_always_ends_its_process_is_given_up_by_the_broker() {
    if amqp_url().is_none() {
        return;
    }
    let app = TestApp::new().await;
    app.damage(POST).await;
    worker::step(&app.app, 0).await.unwrap();
    assert_eq!(outbox(&app).await, 1, "it was sent, and waits to be handled");
    // Each of these takes the message and is gone without an answer.
    let takes = async || link(&app).await.get(Source::Lane(Lane::Bulk)).await.unwrap().is_none();
    until("the broker has had enough", takes).await;
    app.drain().await;
    until("the dead letter is in the database", async || {
        app.drain().await;
        !dead(&app).await.is_empty()
    })
    .await;
    let letter = dead(&app).await.pop().unwrap();
    assert_eq!(letter.id.0, 1);
    assert!(letter.error.contains("delivered too often"), "{}", letter.error);
    queue::drop_letters(&app.app, CommandLine, None).await.unwrap();
}

#[tokio::test]
async fn posting_goes_on_without_the_broker_and_all_of_it_arrives_later() {
    let Some(url) = amqp_url() else { return };
    let way = Proxy::to(&url).await;
    let through = way.url(&url);
    let app = TestApp::with(|config| config.amqp_url = Some(through)).await;
    let [author, reader] = author_and_reader(&app).await;
    let worker = Worker::start(&app);
    way.cut();
    for number in 0..20 {
        let posted = app.as_user(&author).gql(CREATE_TWEET, json!({ "content": format!("{number}") })).await;
        posted.changed("createTweet");
    }
    assert!(outbox(&app).await > 0, "the messages wait");
    way.mend();
    until("all has arrived", async || sees(&app, &reader, 20).await).await;
    worker.stop().await;
    assert_eq!(app.home_feed(&reader).await, app.oracle_feed(&reader).await);
    app.drain().await;
}

#[tokio::test]
async fn connections_that_end_again_and_again_lose_nothing() {
    let Some(url) = amqp_url() else { return };
    let way = Proxy::to(&url).await;
    let through = way.url(&url);
    let app = TestApp::with(|config| (config.amqp_url, config.feed_batch) = (Some(through), 1)).await;
    let cast = app.cast(["author", "reader", "second", "third"]).await;
    for reader in &cast[1..] {
        app.follow(reader, &cast[0]).await;
    }
    app.drain().await;
    let worker = Worker::start(&app);
    for number in 0..30 {
        app.tweet(&cast[0], &format!("{number}")).await;
        if number % 10 == 5 {
            way.cut();
            way.mend();
        }
    }
    for reader in &cast[1..] {
        until("all has arrived", async || sees(&app, reader, 30).await).await;
        assert_eq!(app.home_feed(reader).await, app.oracle_feed(reader).await);
    }
    worker.stop().await;
    // What was delivered over a connection that has ended comes back when the broker has noticed.
    until("all is handled", async || {
        app.drain().await;
        outbox(&app).await == 0
    })
    .await;
    assert!(dead(&app).await.is_empty());
    assert!(verify::verify(&app.app, None).await.unwrap().faults.is_empty());
}

#[tokio::test]
async fn a_queue_that_is_deleted_under_its_consumer_is_made_and_consumed_again() {
    if amqp_url().is_none() {
        return;
    }
    let app = TestApp::new().await;
    let [author, reader] = author_and_reader(&app).await;
    let worker = Worker::start(&app);
    app.tweet(&author, "before").await;
    until("the first has arrived", async || sees(&app, &reader, 1).await).await;
    for name in ["feed", "notify", "bulk"] {
        let queue = format!("{}.{name}", app.app.config.queue_prefix);
        link(&app).await.channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
    }
    app.tweet(&author, "after").await;
    until("the second has arrived", async || sees(&app, &reader, 2).await).await;
    worker.stop().await;
    app.drain().await;
}

#[tokio::test]
async fn what_the_broker_has_lost_is_sent_again() {
    if amqp_url().is_none() {
        return;
    }
    let app = TestApp::new().await;
    let [author, reader] = author_and_reader(&app).await;
    app.tweet(&author, "lost on the way").await;
    worker::step(&app.app, 0).await.unwrap();
    link(&app).await.delete_all().await.unwrap();
    *rabbit(&app).kept.lock().await = None;
    app.drain().await;
    assert!(sees(&app, &reader, 0).await);
    app.app.clock.advance(i64::from(app.app.config.queue_resend_seconds) * 1_000);
    app.drain().await;
    assert!(sees(&app, &reader, 1).await);
}

#[tokio::test]
async fn a_message_that_is_delivered_twice_is_handled_once() {
    if amqp_url().is_none() {
        return;
    }
    let app = TestApp::new().await;
    let [author, reader] = author_and_reader(&app).await;
    let handled = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&handled);
    app.app.failpoints.set(Arc::new(move |label| {
        count.fetch_add(usize::from(label == "worker: committed"), Ordering::Relaxed);
        Box::pin(async {})
    }));
    app.tweet(&author, "hello").await;
    worker::step(&app.app, 0).await.unwrap();
    // The relay was killed before it could say that the row was sent.
    app.damage("UPDATE outbox SET leased_until = 0").await;
    app.drain().await;
    assert_eq!(handled.load(Ordering::Relaxed), 1);
    assert!(sees(&app, &reader, 1).await);
}
