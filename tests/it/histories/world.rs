//! A small society in two processes: takes a step after the other, and looks at everything in between.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use roost::service::audit::Actor;
use roost::service::feed::{sweep, threshold, verify};
use roost::service::suspension;
use roost::worker;
use serde_json::json;

use super::deeds::{Comment, Deeds, Tweet};
use super::told::{Inbox, Worked};
use super::{House, Step, society};
use crate::support::pages::Pages;
use crate::support::process::until;
use crate::support::social::UNLIKE;
use crate::support::{HOME_FEED, Person, TestApp};

/// No more people than this sign up.
const MOST: usize = 6;

pub struct World {
    apps: Vec<TestApp>,
    people: Vec<Person>,
    deeds: Deeds,
    inboxes: Vec<Inbox>,
    /// Every message that was ever posted.
    posted: Vec<String>,
    /// What each person has ever seen.
    seen: Vec<HashSet<String>>,
    taken: usize,
}

impl World {
    pub async fn new(house: House) -> Self {
        let app = TestApp::with(|config| {
            (config.feed_push_limit, config.feed_batch, config.worker_concurrency) = (house.limit, house.batch, 1);
            if !house.is_cached {
                config.cache_bytes = 0;
            }
        })
        .await;
        let mut apps = vec![app];
        if house.is_shared {
            let second = apps[0].second().await;
            apps[0].app.clock.advance(-50);
            second.app.clock.advance(50);
            apps.push(second);
        }
        for app in apps.iter().filter(|app| app.app.redis.is_some()) {
            until("news to get to each process", async || !app.app.live.must_look()).await;
        }
        let mut world = Self {
            apps,
            people: vec![],
            deeds: Deeds::default(),
            inboxes: vec![],
            posted: vec![],
            seen: vec![],
            taken: 0,
        };
        for _ in 0..4 {
            world.sign_up().await;
        }
        world
    }

    /// The processes take turns.
    fn app(&self) -> &TestApp {
        &self.apps[self.taken % self.apps.len()]
    }

    fn is_active(&self, person: usize) -> bool {
        person < self.people.len() && self.deeds.is_active(person)
    }

    async fn sign_up(&mut self) {
        let person = self.app().person(&format!("person{}", self.people.len())).await;
        self.people.push(person);
        self.inboxes.push(Inbox::default());
        self.seen.push(HashSet::new());
    }

    /// Returns what the worker has had the time for by now.
    pub async fn take(&mut self, step: &Step) -> Worked {
        self.taken += 1;
        match *step {
            Step::SignUp if self.people.len() < MOST => self.sign_up().await,
            Step::Follow(a, b) if self.is_active(a) && self.is_active(b) && a != b => self.follow(a, b).await,
            Step::Unfollow(a, n) if self.is_active(a) => self.unfollow(a, n).await,
            Step::Tweet(a) if self.is_active(a) => self.tweet(a).await,
            Step::Delete(n) => self.delete_tweet(n).await,
            Step::Comment(a, n) if self.is_active(a) => self.comment(a, n).await,
            Step::DeleteComment(n, own) => self.delete_comment(n, own).await,
            Step::Like(a, n) if self.is_active(a) => self.like(a, n).await,
            Step::Unlike(a, n) if self.is_active(a) => self.unlike(a, n).await,
            Step::Read(a) | Step::ReadUpTo(a, _) | Step::Mark(a, _) => self.mark(a, step).await,
            Step::Suspend(a) if self.is_active(a) => self.suspend(a).await,
            Step::Restore(a) if self.deeds.suspended.contains(&a) => self.restore(a).await,
            Step::Work(most) => drop(worker::step(&self.app().app, most).await.unwrap()),
            Step::Shuffle => {
                self.app().damage("UPDATE outbox SET due_at = due_at - ABS(id % 100000 * 7919 % 1000)").await;
            }
            Step::Repeat(n) => self.repeat(n).await,
            Step::Promote => drop(threshold::promote(&self.app().app).await.unwrap()),
            Step::Sweep => drop(sweep::sweep(&self.app().app).await.unwrap()),
            Step::Drain => self.app().drain().await,
            Step::Forget(part) => self.forget(part),
            _ => (),
        }
        self.hear().await;
        self.note_posted().await;
        let is_embedded = self.app().app.config.amqp_url.is_none();
        if is_embedded && self.app().number("SELECT COUNT(*) FROM outbox", []).await == 0 {
            return Worked::All;
        }
        if matches!(step, Step::Work(_) | Step::Drain) { Worked::Some } else { Worked::Not }
    }

    /// The caches lose something that they could have lost for want of room.
    fn forget(&self, part: usize) {
        let caches = self.app().app.db.caches();
        match part % 5 {
            0 => caches.forget_all(),
            1 => caches.tips.forget_all(),
            2 => caches.tweets.shelf.forget_all(),
            3 => caches.timelines.shelf.forget_all(),
            _ => {
                caches.likes.shelf.forget_all();
                caches.liked_tweets.shelf.forget_all();
                caches.newest_comments.shelf.forget_all();
            }
        }
    }

    /// What one process has done acts in the other within a second: waits until it has heard of it.
    async fn hear(&self) {
        let [one, other] = self.apps.as_slice() else { return };
        if one.app.redis.is_none() {
            return; // then each asks the database
        }
        let news = || [one, other].map(|app| app.app.db.caches().news());
        let deadline = Instant::now() + Duration::from_secs(2);
        // What Redis did not pass on is made up for by then.
        while let [[told, heard], [told_there, heard_there]] = news()
            && (heard_there < told || heard < told_there)
            && Instant::now() < deadline
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn follow(&mut self, a: usize, b: usize) {
        self.app().follow(&self.people[a], &self.people[b]).await;
        if self.deeds.follows.contains(&(a, b)) {
            return;
        }
        self.deeds.follows.push((a, b));
        let feed = self.app().home_feed(&self.people[a]).await;
        for tweet in self.deeds.tweets.iter().filter(|tweet| tweet.author == b) {
            assert!(feed.contains(&tweet.gid), "the past is there at the commit of a follow");
        }
    }

    async fn unfollow(&mut self, a: usize, n: usize) {
        let edges: Vec<usize> = self.deeds.follows.iter().filter(|(by, _)| *by == a).map(|(_, other)| *other).collect();
        let other = if n.is_multiple_of(4) { Some(n % MOST) } else { round(&edges, n).copied() };
        if let Some(b) = other.filter(|b| self.is_active(*b) && *b != a) {
            self.app().unfollow(&self.people[a], &self.people[b]).await;
            self.deeds.follows.retain(|edge| *edge != (a, b));
        }
    }

    async fn tweet(&mut self, author: usize) {
        let gid = self.app().tweet(&self.people[author], &format!("tweet {}", self.taken)).await;
        let feed = self.app().home_feed(&self.people[author]).await;
        assert!(feed.contains(&gid), "an own tweet is there at once");
        self.deeds.tweets.push(Tweet { author, gid });
    }

    async fn delete_tweet(&mut self, n: usize) {
        let Some(Tweet { author, gid }) = round(&self.deeds.tweets, n) else { return };
        if self.is_active(*author) {
            let gid = gid.clone();
            self.app().delete_tweet(&self.people[*author], &gid).await;
            self.deeds.delete_tweet(&gid);
        }
    }

    async fn comment(&mut self, author: usize, n: usize) {
        let Some(tweet) = round(&self.deeds.tweets, n).map(|tweet| tweet.gid.clone()) else { return };
        let input = json!({ "tweetId": tweet, "content": format!("comment {}", self.taken) });
        let answer = self.app().try_comment(&self.people[author], input).await;
        if self.deeds.is_seen(&tweet) {
            let gid = answer.changed("createComment")["comment"]["id"].as_str().unwrap().to_owned();
            self.deeds.comments.push(Comment { author, tweet, gid });
        } else {
            assert_eq!(answer.refused("createComment"), ["NOT_FOUND tweetId"]);
        }
    }

    async fn delete_comment(&mut self, n: usize, own: bool) {
        let Some(Comment { author, tweet, gid }) = round(&self.deeds.comments, n) else { return };
        let (gid, by) = (gid.clone(), if own { *author } else { self.deeds.author(tweet) });
        if !self.is_active(by) {
            return;
        }
        let answer = self.app().try_delete_comment(&self.people[by], &gid).await;
        if self.deeds.is_seen(&gid) {
            answer.changed("deleteComment");
            self.deeds.delete_comment(&gid);
        } else {
            assert_eq!(answer.refused("deleteComment"), ["NOT_FOUND commentId"]);
        }
    }

    async fn like(&mut self, person: usize, n: usize) {
        let Some(subject) = round(&self.deeds.subjects(), n).cloned() else { return };
        let answer = self.app().try_like(&self.people[person], &subject).await;
        if self.deeds.is_seen(&subject) {
            answer.changed("like");
            self.deeds.like(&subject, person);
        } else {
            assert_eq!(answer.refused("like"), ["NOT_FOUND subjectId"]);
        }
    }

    async fn unlike(&mut self, person: usize, n: usize) {
        let theirs = self.deeds.likes.iter().filter(|(_, by)| *by == person).map(|(subject, _)| subject.clone());
        let among = if n.is_multiple_of(4) { self.deeds.subjects() } else { theirs.collect() };
        let Some(subject) = round(&among, n).cloned() else { return };
        let answer = self.app().as_user(&self.people[person]).gql(UNLIKE, json!({ "id": subject })).await;
        if self.deeds.is_seen(&subject) {
            answer.changed("unlike");
            self.deeds.likes.retain(|like| *like != (subject.clone(), person));
        } else {
            assert_eq!(answer.refused("unlike"), ["NOT_FOUND subjectId"]);
        }
    }

    async fn mark(&mut self, which: usize, step: &Step) {
        let is_told = |n: &usize| self.is_active(*n) && !self.inboxes[*n].shown(&self.deeds).is_empty();
        let told: Vec<usize> = (0..self.people.len()).filter(is_told).collect();
        let Some(a) = round(&told, which).copied() else { return };
        let (app, person, inbox) = (&self.apps[self.taken % self.apps.len()], &self.people[a], &mut self.inboxes[a]);
        match *step {
            Step::Mark(_, n) => inbox.mark(app, person, a, &self.deeds, n).await,
            Step::ReadUpTo(_, n) => inbox.read_up_to(app, person, &self.deeds, n).await,
            _ => inbox.read_all(app, person, &self.deeds).await,
        }
    }

    async fn suspend(&mut self, a: usize) {
        suspension::suspend(&self.app().app, Actor::CommandLine, self.people[a].id).await.unwrap();
        self.deeds.suspended.insert(a);
    }

    async fn restore(&mut self, a: usize) {
        suspension::restore(&self.app().app, Actor::CommandLine, self.people[a].id).await.unwrap();
        self.deeds.suspended.remove(&a);
        let password = Person::PASSWORD.to_owned();
        let session = roost::auth::log_in(&self.app().app, &self.people[a].name, password, None).await.unwrap();
        self.people[a].token = session.token;
    }

    async fn repeat(&self, n: usize) {
        let Some(payload) = round(&self.posted, n) else { return };
        let app = self.app();
        let id = app.app.ids.next();
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

    /// Soundness and no flicker of every feed; counts, lists and notifications of everybody.
    pub async fn look(&mut self, worked: Worked) {
        for n in (0..self.people.len()).filter(|n| self.deeds.is_active(*n)) {
            let feed: HashSet<String> = self.app().home_feed(&self.people[n]).await.into_iter().collect();
            let defined = self.defined(n);
            assert!(feed.is_subset(&defined), "shown but not defined: {:?}", feed.difference(&defined));
            let lost: Vec<_> = self.seen[n].intersection(&defined).filter(|tweet| !feed.contains(*tweet)).collect();
            assert!(lost.is_empty(), "seen before, still defined, not shown: {lost:?}");
            self.seen[n].extend(feed);
        }
        society::check(self.app(), &self.people, &self.deeds).await;
        let app = &self.apps[self.taken % self.apps.len()];
        for (n, inbox) in self.inboxes.iter_mut().enumerate() {
            inbox.check(app, &self.people, n, &self.deeds, worked).await;
        }
    }

    /// The tweets that live, by those whom somebody follows and by themselves, suspended people left out.
    fn defined(&self, reader: usize) -> HashSet<String> {
        let is_theirs = |author| author == reader || self.deeds.follows.contains(&(reader, author));
        let tweets =
            self.deeds.tweets.iter().filter(|tweet| is_theirs(tweet.author) && self.deeds.is_active(tweet.author));
        tweets.map(|tweet| tweet.gid.clone()).collect()
    }

    /// Equality with the definition, and every proof that there is.
    pub async fn settle(&mut self) {
        // The one whose clock is ahead: a message is due when the clock of its poster says so.
        if let Some(app) = self.apps.last() {
            app.drain().await;
        }
        self.hear().await;
        self.look(Worked::All).await;
        for (n, person) in self.people.iter().enumerate().filter(|(n, _)| self.deeds.is_active(*n)) {
            let expected = self.app().oracle_feed(person).await;
            assert_eq!(expected.iter().cloned().collect::<HashSet<_>>(), self.defined(n));
            let pages = Pages { app: self.app(), reader: person, query: HOME_FEED, at: "/viewer/homeFeed" };
            for size in [1 + n % 3, 5, 100] {
                pages.check(&expected, size).await;
            }
        }
        let report = verify::verify(&self.app().app, None).await.unwrap();
        assert!(report.faults.is_empty(), "{:?}", report.faults);
    }
}

/// The nth, counted round and round.
fn round<T>(all: &[T], n: usize) -> Option<&T> {
    all.get(n.checked_rem(all.len())?)
}
