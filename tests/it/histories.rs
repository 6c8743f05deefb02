//! Random histories: whatever people do, and however the queue behaves, every feed is right.
//!
//! After every step a feed holds nothing that its definition does not (soundness), loses nothing that could be seen and
//! still should be (no flicker), and has one's own tweets and the past of somebody just followed at once. Once the queue is
//! empty it equals the definition, in pages of every size, from both ends. Two processes with clocks apart share the
//! database; messages are handled late, out of order and more than once.

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use roost::service::feed::{sweep, threshold, verify};
use roost::worker;

use crate::support::database::share;
use crate::support::pages::Pages;
use crate::support::{HOME_FEED, Person, TestApp};

#[derive(Clone, Debug)]
enum Step {
    SignUp,
    Follow(usize, usize),
    Unfollow(usize, usize),
    Tweet(usize),
    Delete(usize),
    /// The worker handles so many messages.
    Work(u32),
    /// Messages that wait are put into another order.
    Shuffle,
    /// A message that was posted at some time arrives once more.
    Repeat(usize),
    Promote,
    Sweep,
    Drain,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let person = 0..6_usize;
    let step = prop_oneof![
        1 => Just(Step::SignUp),
        6 => (person.clone(), person.clone()).prop_map(|(a, b)| Step::Follow(a, b)),
        3 => (person.clone(), person.clone()).prop_map(|(a, b)| Step::Unfollow(a, b)),
        6 => person.prop_map(Step::Tweet),
        2 => (0..40_usize).prop_map(Step::Delete),
        6 => (1..4_u32).prop_map(Step::Work),
        1 => Just(Step::Shuffle),
        2 => (0..200_usize).prop_map(Step::Repeat),
        1 => Just(Step::Promote),
        1 => Just(Step::Sweep),
        1 => Just(Step::Drain),
    ];
    proptest::collection::vec(step, 5..45)
}

struct World {
    apps: [TestApp; 2],
    people: Vec<Person>,
    tweets: Vec<(usize, String)>,
    /// Every message that was ever posted.
    posted: Vec<String>,
    /// What each person could see at the last look.
    seen: Vec<HashSet<String>>,
    taken: usize,
}

impl World {
    async fn new(limit: i64, batch: u32) -> Self {
        let app = TestApp::with(|config| {
            (config.feed_push_limit, config.feed_batch, config.worker_concurrency) = (limit, batch, 1);
        })
        .await;
        let second = app.second().await;
        app.app.clock.advance(-50);
        second.app.clock.advance(50);
        let mut world =
            Self { apps: [app, second], people: vec![], tweets: vec![], posted: vec![], seen: vec![], taken: 0 };
        for _ in 0..4 {
            world.sign_up().await;
        }
        world
    }

    /// The two processes take turns.
    fn app(&self) -> &TestApp {
        &self.apps[self.taken % 2]
    }

    async fn sign_up(&mut self) {
        let person = self.app().person(&format!("person{}", self.people.len())).await;
        self.people.push(person);
        self.seen.push(HashSet::new());
    }

    async fn take(&mut self, step: &Step) {
        self.taken += 1;
        let count = self.people.len();
        match *step {
            Step::SignUp if count < 6 => self.sign_up().await,
            Step::Follow(a, b) if a < count && b < count && a != b => {
                let pair = [self.people[a].id.into(), self.people[b].id.into()];
                let edge = "SELECT COUNT(*) FROM follow WHERE follower_id = ? AND followee_id = ?";
                let is_new = self.app().number(edge, pair).await == 0;
                self.app().follow(&self.people[a], &self.people[b]).await;
                if is_new {
                    self.check_past(a, b).await;
                }
            }
            Step::Unfollow(a, b) if a < count && b < count && a != b => {
                self.app().unfollow(&self.people[a], &self.people[b]).await;
            }
            Step::Tweet(a) if a < count => {
                let tweet = self.app().tweet(&self.people[a], &format!("tweet {}", self.tweets.len())).await;
                assert!(self.app().home_feed(&self.people[a]).await.contains(&tweet), "an own tweet is there at once");
                self.tweets.push((a, tweet));
            }
            Step::Delete(n) if n < self.tweets.len() => {
                let (author, tweet) = self.tweets.swap_remove(n);
                self.app().delete_tweet(&self.people[author], &tweet).await;
            }
            Step::Work(most) => drop(worker::step(&self.app().app, most).await.unwrap()),
            Step::Shuffle => {
                self.app().damage("UPDATE outbox SET due_at = due_at - ABS(id % 100000 * 7919 % 1000)").await
            }
            Step::Repeat(n) if n < self.posted.len() => self.repeat(n).await,
            Step::Promote => drop(threshold::promote(&self.app().app).await.unwrap()),
            Step::Sweep => drop(sweep::sweep(&self.app().app).await.unwrap()),
            Step::Drain => self.app().drain().await,
            _ => (),
        }
        self.note_posted().await;
    }

    async fn repeat(&self, n: usize) {
        let app = self.app();
        let id = app.app.ids.next();
        let payload = &self.posted[n];
        app.damage(&format!(
            "INSERT INTO outbox (id, payload, attempts, due_at, leased_by, leased_until, created_at)
             VALUES ({id}, '{payload}', 0, 0, 0, 0, 0)"
        ))
        .await;
    }

    async fn note_posted(&mut self) {
        for row in self.app().rows("SELECT payload FROM outbox ORDER BY id", []).await {
            let payload: String = row.try_get_by_index(0).unwrap();
            if !self.posted.contains(&payload) {
                self.posted.push(payload);
            }
        }
    }

    async fn check_past(&self, follower: usize, followee: usize) {
        let feed = self.app().home_feed(&self.people[follower]).await;
        for (author, tweet) in &self.tweets {
            assert!(*author != followee || feed.contains(tweet), "the past is there at the commit of a follow");
        }
    }

    /// Soundness and no flicker, for everybody.
    async fn look(&mut self) {
        for n in 0..self.people.len() {
            let feed: HashSet<String> = self.app().home_feed(&self.people[n]).await.into_iter().collect();
            let defined: HashSet<String> = self.app().oracle_feed(&self.people[n]).await.into_iter().collect();
            assert!(feed.is_subset(&defined), "shown but not defined: {:?}", feed.difference(&defined));
            let lost: Vec<_> = self.seen[n].intersection(&defined).filter(|tweet| !feed.contains(*tweet)).collect();
            assert!(lost.is_empty(), "seen before, still defined, not shown: {lost:?}");
            self.seen[n] = feed;
        }
    }

    /// Equality with the definition, and every proof that there is.
    async fn settle(&mut self) {
        // The one whose clock is ahead: a message is due when the clock of its poster says so.
        self.apps[1].drain().await;
        for (n, person) in self.people.iter().enumerate() {
            let expected = self.app().oracle_feed(person).await;
            let pages = Pages { app: self.app(), reader: person, query: HOME_FEED, at: "/viewer/homeFeed" };
            for size in [1 + n % 3, 5, 100] {
                pages.check(&expected, size).await;
            }
        }
        let report = verify::verify(&self.app().app, None).await.unwrap();
        assert!(report.faults.is_empty(), "{:?}", report.faults);
    }
}

fn run(cases: u32, limit: i64, batch: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config { cases: share(cases), max_shrink_iters: 300, failure_persistence: None, ..Config::default() };
    let tested = TestRunner::new(config).run(&steps(), |steps| {
        runtime.block_on(async {
            let mut world = World::new(limit, batch).await;
            for step in &steps {
                world.take(step).await;
                world.look().await;
            }
            world.settle().await;
        });
        Ok(())
    });
    tested.unwrap_or_else(|fault| panic!("{fault}"));
}

#[test]
fn feeds_are_right_when_people_cross_the_limit_all_the_time() {
    run(100, 2, 2);
}

#[test]
fn feeds_are_right_when_everybody_is_pushed() {
    run(60, 100, 1);
}

#[test]
fn feeds_are_right_when_nearly_everybody_is_pulled() {
    run(60, 1, 3);
}
