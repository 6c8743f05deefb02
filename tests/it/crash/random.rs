//! Kills at random moments, while several clients write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use entity::UserId;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::{assert_sound, edges, place, settled, tweets};
use crate::support::process::{Http, until};
use crate::support::{CREATE_TWEET, DELETE_TWEET, FOLLOW, Person, UNFOLLOW};

const KILLS: usize = 20;
const CLIENTS: [&str; 4] = ["ann", "bea", "cid", "dan"];
const PASSWORD: &str = "correct horse";
const SIGN_UP: &str = "mutation ($name: String!, $email: String!, $password: String!) {
    signUp(input: { username: $name, email: $email, password: $password }) {
        viewer { user { id } } sessionToken userErrors { code message field } } }";
const LOG_IN: &str = "mutation ($name: String!, $password: String!) {
    logIn(input: { login: $name, password: $password }) {
        viewer { user { id } } sessionToken userErrors { code message field } } }";

/// Everybody who has signed up for certain: global ids by username.
type People = Arc<Mutex<BTreeMap<String, String>>>;

#[derive(Clone, Debug)]
enum Deed {
    SignUp(String),
    Follow(String),
    Unfollow(String),
    Tweet(String),
    Delete(String),
}

/// One client, with what it was told has been done, and what it does not know.
struct Client {
    name: String,
    token: String,
    dice: StdRng,
    people: People,
    follows: BTreeSet<String>,
    /// Global ids of living tweets by content.
    tweets: BTreeMap<String, String>,
    /// Grows with every deed, so that names and contents are never used twice.
    count: usize,
    /// A deed whose answer did not come.
    pending: Option<Deed>,
}

impl Client {
    fn new(name: &str, seed: u64, people: &People) -> Self {
        Self {
            name: name.to_owned(),
            token: String::new(),
            dice: StdRng::seed_from_u64(seed),
            people: Arc::clone(people),
            follows: BTreeSet::new(),
            tweets: BTreeMap::new(),
            count: 0,
            pending: Some(Deed::SignUp(name.to_owned())),
        }
    }

    fn next(&mut self) -> Deed {
        self.count += 1;
        let people: Vec<String> =
            self.people.lock().unwrap().keys().filter(|name| **name != self.name).cloned().collect();
        let any = |dice: &mut StdRng, from: Vec<String>| {
            (!from.is_empty()).then(|| from[dice.random_range(0..from.len())].clone())
        };
        let deed = match self.dice.random_range(0..20) {
            0 => Some(Deed::SignUp(format!("{}{}", self.name, self.count))),
            1..6 => any(&mut self.dice, people).map(Deed::Follow),
            6..9 => any(&mut self.dice, self.follows.iter().cloned().collect()).map(Deed::Unfollow),
            9..12 => any(&mut self.dice, self.tweets.keys().cloned().collect()).map(Deed::Delete),
            _ => None,
        };
        deed.unwrap_or_else(|| Deed::Tweet(format!("tweet {} of {}", self.count, self.name)))
    }

    /// Does one deed after the other until the server is gone.
    async fn run(mut self, http: Http, done: Arc<AtomicUsize>) -> Self {
        while self.one(http).await.is_ok() {
            done.fetch_add(1, Ordering::Relaxed);
        }
        self
    }

    async fn one(&mut self, http: Http) -> std::io::Result<()> {
        let again = self.pending.is_some();
        let deed = self.pending.take().unwrap_or_else(|| self.next());
        self.pending = Some(deed.clone());
        self.ask(http, &deed, again).await?;
        self.pending = None;
        Ok(())
    }

    async fn ask(&mut self, http: Http, deed: &Deed, again: bool) -> std::io::Result<()> {
        match deed {
            Deed::SignUp(name) => self.sign_up(http, name, again).await?,
            Deed::Follow(name) => {
                let variables = json!({ "id": self.gid(name) });
                http.gql(Some(&self.token), FOLLOW, variables).await?.changed("follow");
                self.follows.insert(name.clone());
            }
            Deed::Unfollow(name) => {
                let variables = json!({ "id": self.gid(name) });
                http.gql(Some(&self.token), UNFOLLOW, variables).await?.changed("unfollow");
                self.follows.remove(name);
            }
            Deed::Tweet(content) => {
                let variables = json!({ "content": content, "key": content });
                let answer = http.gql(Some(&self.token), CREATE_TWEET, variables).await?;
                let gid = answer.changed("createTweet")["tweet"]["id"].as_str().unwrap();
                self.tweets.insert(content.clone(), gid.to_owned());
            }
            Deed::Delete(content) => {
                let variables = json!({ "id": self.tweets[content] });
                let answer = http.gql(Some(&self.token), DELETE_TWEET, variables).await?;
                if !again || answer.ok()["deleteTweet"]["userErrors"] == json!([]) {
                    answer.changed("deleteTweet");
                } else {
                    assert_eq!(answer.refused("deleteTweet"), ["NOT_FOUND tweetId"]);
                }
                self.tweets.remove(content);
            }
        }
        Ok(())
    }

    async fn sign_up(&mut self, http: Http, name: &str, again: bool) -> std::io::Result<()> {
        let variables = json!({ "name": name, "email": format!("{name}@example.org"), "password": PASSWORD });
        let mut answer = http.gql(None, SIGN_UP, variables).await?;
        let mut mutation = "signUp";
        if again && answer.ok()["signUp"]["userErrors"] != json!([]) {
            assert_eq!(answer.refused("signUp"), ["TAKEN username", "TAKEN email"]);
            mutation = "logIn";
            answer = http.gql(None, LOG_IN, json!({ "name": name, "password": PASSWORD })).await?;
        }
        let payload = answer.changed(mutation);
        let gid = payload["viewer"]["user"]["id"].as_str().unwrap().to_owned();
        if name == self.name {
            payload["sessionToken"].as_str().unwrap().clone_into(&mut self.token);
        }
        self.people.lock().unwrap().insert(name.to_owned(), gid);
        Ok(())
    }

    fn gid(&self, name: &str) -> String {
        self.people.lock().unwrap()[name].clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_under_load_lose_nothing_and_do_nothing_twice() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let place = place(2);
    let people = People::default();
    let mut clients: Vec<Client> = CLIENTS.iter().map(|name| Client::new(name, dice.random(), &people)).collect();
    for _ in 0..KILLS {
        let mut server = place.serve().await;
        let (done, enough) = (Arc::new(AtomicUsize::new(0)), dice.random_range(4..60));
        let running: Vec<_> =
            clients.drain(..).map(|client| tokio::spawn(client.run(server.client(), Arc::clone(&done)))).collect();
        until("enough is done", async || {
            done.load(Ordering::Relaxed) >= enough || running.iter().any(tokio::task::JoinHandle::is_finished)
        })
        .await;
        server.kill().await;
        for client in running {
            clients.push(client.await.unwrap());
        }
        assert!(done.load(Ordering::Relaxed) >= enough, "a client was left alone: {}", place.log());
    }

    let mut server = place.serve().await;
    for client in &mut clients {
        while client.pending.is_some() {
            client.one(server.client()).await.unwrap();
        }
    }
    let app = place.open().await;
    settled(&app).await;
    server.kill().await;
    let names = people.lock().unwrap().clone();
    let mut cast = Vec::new();
    for client in &clients {
        let id = app.number("SELECT id FROM users WHERE username = ?", [client.name.as_str().into()]).await;
        cast.push(Person::new(UserId(id), &client.name, client.token.clone()));
    }
    assert_sound(&app, &cast).await;
    assert_eq!(app.number("SELECT COUNT(*) FROM users", []).await, i64::try_from(names.len()).unwrap());
    let told = |of: fn(&Client) -> Vec<String>| {
        let mut pairs: Vec<_> = clients
            .iter()
            .flat_map(|client| of(client).into_iter().map(|other| (client.name.clone(), other)))
            .collect();
        pairs.sort();
        pairs
    };
    assert_eq!(edges(&app).await, told(|client| client.follows.iter().cloned().collect()));
    assert_eq!(tweets(&app).await, told(|client| client.tweets.keys().cloned().collect()));
}
