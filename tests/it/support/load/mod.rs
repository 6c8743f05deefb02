//! Several clients that write all the time, whatever happens meanwhile to what they write to, and that know what they were
//! told has been done. At the end that, all of it, and nothing else has been done, and once.

mod client;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use entity::UserId;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::process::{Http, Process, until};
use super::{Person, TestApp};
use client::Client;

const CLIENTS: [&str; 4] = ["ann", "bea", "cid", "dan"];

/// What a client may meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// Everything is answered.
    None,
    /// The server may be gone, perhaps before its answer was there.
    Gone,
    /// And it may say that it could not do it, or does not know whether it has.
    Failed,
}

/// What the clients share.
struct Town {
    servers: Mutex<Vec<Http>>,
    /// Everybody who has signed up for certain: global ids by username.
    people: Mutex<BTreeMap<String, String>>,
    /// The tweets that live for all anybody knows: author and global id by content.
    tweets: Mutex<BTreeMap<String, (String, String)>>,
    /// How many deeds were answered.
    done: AtomicUsize,
    worst: Trouble,
    stop: CancellationToken,
}

pub struct Load {
    town: Arc<Town>,
    running: Vec<JoinHandle<Client>>,
}

impl Load {
    /// Begins once there are servers.
    pub fn start(worst: Trouble) -> Self {
        let seed: u64 = rand::random();
        println!("seed {seed}");
        let mut dice = StdRng::seed_from_u64(seed);
        let town = Arc::new(Town {
            servers: Mutex::default(),
            people: Mutex::default(),
            tweets: Mutex::default(),
            done: AtomicUsize::new(0),
            worst,
            stop: CancellationToken::new(),
        });
        let clients = CLIENTS.map(|name| Client::new(name, dice.random(), Arc::clone(&town)));
        Self { town, running: clients.map(|client| tokio::spawn(client.run())).into() }
    }

    /// Somebody who does nothing but be followed, and whose tweets are there for everybody.
    pub fn meet(&self, person: &Person, tweets: &[(String, String)]) {
        self.town.people.lock().unwrap().insert(person.name.clone(), person.gid.clone());
        let theirs = tweets.iter().map(|(content, gid)| (content.clone(), (person.name.clone(), gid.clone())));
        self.town.tweets.lock().unwrap().extend(theirs);
    }

    /// Who is asked at any time.
    pub fn asked(&self) -> impl Fn() -> Vec<Http> + Send + 'static {
        let town = Arc::clone(&self.town);
        move || town.servers.lock().unwrap().clone()
    }

    /// From now on these are asked. Without any the clients wait.
    pub fn ask<'a>(&self, servers: impl IntoIterator<Item = &'a Process>) {
        *self.town.servers.lock().unwrap() = servers.into_iter().map(Process::client).collect();
    }

    /// Returns when so many more deeds were answered.
    pub async fn goes_on(&self, deeds: usize) {
        let enough = self.town.done.load(Ordering::Relaxed) + deeds;
        until("enough is done", async || {
            assert!(!self.running.iter().any(JoinHandle::is_finished), "a client has failed");
            self.town.done.load(Ordering::Relaxed) >= enough
        })
        .await;
    }

    /// Stops the clients, once they know of everything that they have begun whether it was done. Somebody has to work off what
    /// is queued.
    pub async fn end(self) -> Told {
        self.town.stop.cancel();
        let mut clients = Vec::new();
        for client in self.running {
            clients.push(client.await.unwrap());
        }
        println!("{} deeds", self.town.done.load(Ordering::Relaxed));
        Told { town: self.town, clients }
    }
}

/// What the clients were told.
pub struct Told {
    town: Arc<Town>,
    clients: Vec<Client>,
}

impl Told {
    /// Asserts that it is so, when nothing is left to do.
    pub async fn check(&self, app: &TestApp) {
        let mut cast = Vec::new();
        for client in &self.clients {
            let id = app.number("SELECT id FROM users WHERE username = ?", [client.name.as_str().into()]).await;
            cast.push(Person::new(UserId(id), &client.name, client.token.clone()));
        }
        app.assert_sound(&cast).await;
        let people = i64::try_from(self.town.people.lock().unwrap().len()).unwrap();
        assert_eq!(app.number("SELECT COUNT(*) FROM users", []).await, people);
        assert_eq!(app.edges().await, self.all(|client| client.follows.iter().cloned().collect()));
        assert_eq!(app.tweets().await, self.tweets());
        let text = "SELECT u.username, t.content FROM liked l
                    JOIN users u ON u.id = l.user_id JOIN tweet t ON t.id = l.subject_id";
        assert_eq!(app.texts(text).await, self.all(|client| self.living(&client.likes)));
        let text = "SELECT u.username, t.content FROM comment c
                    JOIN users u ON u.id = c.author_id JOIN tweet t ON t.id = c.tweet_id";
        assert_eq!(app.texts(text).await, self.all(|client| self.living(&client.comments)));
        let text = "SELECT CASE n.kind WHEN 1 THEN 'like' WHEN 2 THEN 'comment' ELSE 'follow' END, a.username,
                    COALESCE(t.content, r.username) FROM notification n
                    JOIN users a ON a.id = n.actor_id JOIN users r ON r.id = n.recipient_id
                    LEFT JOIN tweet t ON t.id = n.tweet_id WHERE NOT n.is_withdrawn";
        let (certain, perhaps) = self.notifications();
        let mut shown: Vec<[String; 3]> = app.texts(text).await;
        shown.retain(|shown| !perhaps.contains(shown));
        assert_eq!(shown, certain);
    }

    /// Of each client some texts, sorted.
    fn all(&self, of: impl Fn(&Client) -> Vec<String>) -> Vec<[String; 2]> {
        let with_name = |client: &Client, texts: Vec<String>| {
            texts.into_iter().map(|text| [client.name.clone(), text]).collect::<Vec<_>>()
        };
        let mut all: Vec<_> = self.clients.iter().flat_map(|client| with_name(client, of(client))).collect();
        all.sort();
        all
    }

    /// Those tweets, by their contents, that nobody has deleted.
    fn living<'a>(&self, tweets: impl IntoIterator<Item = &'a String>) -> Vec<String> {
        tweets.into_iter().filter(|tweet| self.author(tweet).is_some()).cloned().collect()
    }

    fn author(&self, tweet: &str) -> Option<String> {
        self.town.tweets.lock().unwrap().get(tweet).map(|(author, _)| author.clone())
    }

    /// All that live, by author and content.
    fn tweets(&self) -> Vec<[String; 2]> {
        let tweets = self.town.tweets.lock().unwrap();
        let mut all: Vec<_> = tweets.iter().map(|(content, (author, _))| [author.clone(), content.clone()]).collect();
        all.sort();
        all
    }

    /// Whoever does something to somebody else is told of once, as kind, actor, and tweet or followee. If it was undone and done
    /// again that is perhaps not shown: whatever was withdrawn in between stays so.
    fn notifications(&self) -> (Vec<[String; 3]>, BTreeSet<[String; 3]>) {
        let (mut certain, mut perhaps) = (Vec::new(), BTreeSet::new());
        for client in &self.clients {
            let mut tell = |kind: &str, what: &str| {
                let told = [kind, &client.name, what].map(ToOwned::to_owned);
                if client.undone.contains(what) && kind != "comment" {
                    perhaps.insert(told);
                } else {
                    certain.push(told);
                }
            };
            client.follows.iter().for_each(|followee| tell("follow", followee));
            let is_theirs = |tweet: &&String| self.author(tweet).is_some_and(|author| author != client.name);
            client.likes.iter().filter(is_theirs).for_each(|tweet| tell("like", tweet));
            client.comments.iter().filter(is_theirs).for_each(|tweet| tell("comment", tweet));
        }
        certain.sort();
        (certain, perhaps)
    }
}
