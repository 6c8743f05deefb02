//! One of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::{Town, Trouble};
use crate::support::process::Http;
use crate::support::social::{JUST_COMMENT, LIKE, UNLIKE};
use crate::support::{Answer, CREATE_TWEET, DELETE_TWEET, FOLLOW, HOME_FEED, Person, UNFOLLOW};

const SIGN_UP: &str = "mutation ($name: String!, $email: String!, $password: String!) {
    signUp(input: { username: $name, email: $email, password: $password }) {
        viewer { user { id } } sessionToken userErrors { code message field } } }";
const LOG_IN: &str = "mutation ($name: String!, $password: String!) {
    logIn(input: { login: $name, password: $password }) {
        viewer { user { id } } sessionToken userErrors { code message field } } }";
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// Tweets are named by their contents, which are never used twice.
#[derive(Clone, Debug)]
enum Deed {
    SignUp(String),
    Follow(String),
    Unfollow(String),
    Tweet(String),
    Delete(String),
    Like(String),
    Unlike(String),
    Comment(String),
}

/// Why nobody knows whether it was done.
type Unknown = (Trouble, String);

/// With what it was told has been done, and what it does not know.
pub struct Client {
    pub name: String,
    pub token: String,
    pub follows: BTreeSet<String>,
    /// Global ids by content.
    pub tweets: BTreeMap<String, String>,
    pub likes: BTreeSet<String>,
    /// What was commented, once by comment.
    pub comments: Vec<String>,
    /// Whom the client has unfollowed, and what it has unliked, at some time.
    pub undone: BTreeSet<String>,
    town: Arc<Town>,
    dice: StdRng,
    /// Grows with every deed.
    count: usize,
    /// A deed whose answer did not come.
    pending: Option<Deed>,
}

impl Client {
    pub fn new(name: &str, seed: u64, town: Arc<Town>) -> Self {
        Self {
            name: name.to_owned(),
            token: String::new(),
            follows: BTreeSet::new(),
            tweets: BTreeMap::new(),
            likes: BTreeSet::new(),
            comments: Vec::new(),
            undone: BTreeSet::new(),
            town,
            dice: StdRng::seed_from_u64(seed),
            count: 0,
            pending: Some(Deed::SignUp(name.to_owned())),
        }
    }

    /// Does one deed after the other; each again until it is answered.
    pub async fn run(mut self) -> Self {
        while self.pending.is_some() || !self.town.stop.is_cancelled() {
            let again = self.pending.is_some();
            let deed = self.pending.take().unwrap_or_else(|| self.next());
            self.pending = Some(deed.clone());
            match self.perform(&deed, again).await {
                Ok(()) => {
                    self.pending = None;
                    self.town.done.fetch_add(1, Ordering::Relaxed);
                }
                Err((trouble, why)) => {
                    assert!(trouble <= self.town.worst, "{deed:?}: {why}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        self
    }

    fn next(&mut self) -> Deed {
        self.count += 1;
        let others: Vec<String> = self.town.people.lock().unwrap().keys().cloned().collect();
        let tweets: Vec<String> = self.town.tweets.lock().unwrap().keys().cloned().collect();
        let any = |dice: &mut StdRng, from: Vec<String>| {
            (!from.is_empty()).then(|| from[dice.random_range(0..from.len())].clone())
        };
        let deed = match self.dice.random_range(0..32) {
            0 => Some(Deed::SignUp(format!("{}{}", self.name, self.count))),
            1..6 => any(&mut self.dice, others).filter(|name| *name != self.name).map(Deed::Follow),
            6..9 => any(&mut self.dice, self.follows.iter().cloned().collect()).map(Deed::Unfollow),
            9..12 => any(&mut self.dice, self.tweets.keys().cloned().collect()).map(Deed::Delete),
            12..17 => any(&mut self.dice, tweets).map(Deed::Like),
            17..19 => any(&mut self.dice, self.likes.iter().cloned().collect()).map(Deed::Unlike),
            19..23 => any(&mut self.dice, tweets).map(Deed::Comment),
            _ => None,
        };
        deed.unwrap_or_else(|| Deed::Tweet(format!("tweet {} of {}", self.count, self.name)))
    }

    async fn perform(&mut self, deed: &Deed, again: bool) -> Result<(), Unknown> {
        match deed {
            Deed::SignUp(name) => self.sign_up(name, again).await?,
            Deed::Follow(name) => {
                self.ask(FOLLOW, json!({ "id": self.user(name) })).await?.changed("follow");
                self.follows.insert(name.clone());
            }
            Deed::Unfollow(name) => {
                self.ask(UNFOLLOW, json!({ "id": self.user(name) })).await?.changed("unfollow");
                self.follows.remove(name);
                self.undone.insert(name.clone());
            }
            Deed::Tweet(content) => self.tweet(content).await?,
            Deed::Delete(content) => self.delete(content, again).await?,
            Deed::Like(tweet) => {
                let Some(id) = self.living(tweet) else { return Ok(()) };
                if done(&self.ask(LIKE, json!({ "id": id })).await?, "like", "NOT_FOUND subjectId") {
                    self.likes.insert(tweet.clone());
                }
            }
            Deed::Unlike(tweet) => {
                if let Some(id) = self.living(tweet) {
                    done(&self.ask(UNLIKE, json!({ "id": id })).await?, "unlike", "NOT_FOUND subjectId");
                }
                self.likes.remove(tweet);
                self.undone.insert(tweet.clone());
            }
            Deed::Comment(tweet) => {
                let Some(id) = self.living(tweet) else { return Ok(()) };
                let input = json!({ "tweetId": id, "content": "here", "idempotencyKey": self.count.to_string() });
                let answer = self.ask(JUST_COMMENT, json!({ "input": input })).await?;
                if done(&answer, "createComment", "NOT_FOUND tweetId") {
                    self.comments.push(tweet.clone());
                }
            }
        }
        Ok(())
    }

    async fn tweet(&mut self, content: &str) -> Result<(), Unknown> {
        let server = self.server().await;
        let answer = self.ask_of(server, CREATE_TWEET, json!({ "content": content, "key": content })).await?;
        let gid = answer.changed("createTweet")["tweet"]["id"].as_str().unwrap().to_owned();
        self.tweets.insert(content.to_owned(), gid.clone());
        self.town.tweets.lock().unwrap().insert(content.to_owned(), (self.name.clone(), gid.clone()));
        if self.count.is_multiple_of(4) {
            let answer = self.ask_of(server, HOME_FEED, json!({ "first": 50 })).await?;
            let nodes = answer.ok()["viewer"]["homeFeed"]["nodes"].as_array().unwrap();
            assert!(nodes.iter().any(|node| node["id"] == *gid), "an own tweet is there at once: {content}");
        }
        Ok(())
    }

    async fn delete(&mut self, content: &str, again: bool) -> Result<(), Unknown> {
        let answer = self.ask(DELETE_TWEET, json!({ "id": self.tweets[content] })).await?;
        assert!(done(&answer, "deleteTweet", "NOT_FOUND tweetId") || again, "{}", answer.text);
        self.tweets.remove(content);
        self.town.tweets.lock().unwrap().remove(content);
        Ok(())
    }

    async fn sign_up(&mut self, name: &str, again: bool) -> Result<(), Unknown> {
        let password = Person::PASSWORD;
        let variables = json!({ "name": name, "email": format!("{name}@example.org"), "password": password });
        let mut answer = self.ask(SIGN_UP, variables).await?;
        let mut mutation = "signUp";
        if again && answer.ok()["signUp"]["userErrors"] != json!([]) {
            assert_eq!(answer.refused("signUp"), ["TAKEN username", "TAKEN email"]);
            mutation = "logIn";
            answer = self.ask(LOG_IN, json!({ "name": name, "password": password })).await?;
        }
        let payload = answer.changed(mutation);
        let gid = payload["viewer"]["user"]["id"].as_str().unwrap().to_owned();
        if name == self.name {
            payload["sessionToken"].as_str().unwrap().clone_into(&mut self.token);
        }
        self.town.people.lock().unwrap().insert(name.to_owned(), gid);
        Ok(())
    }

    fn user(&self, name: &str) -> String {
        self.town.people.lock().unwrap()[name].clone()
    }

    /// The global id of a tweet, unless its author knows it to be gone.
    fn living(&self, tweet: &str) -> Option<String> {
        self.town.tweets.lock().unwrap().get(tweet).map(|(_, gid)| gid.clone())
    }

    async fn server(&mut self) -> Http {
        loop {
            let servers = self.town.servers.lock().unwrap().clone();
            if !servers.is_empty() {
                return servers[self.dice.random_range(0..servers.len())];
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn ask(&mut self, query: &str, variables: Value) -> Result<Answer, Unknown> {
        let server = self.server().await;
        self.ask_of(server, query, variables).await
    }

    async fn ask_of(&self, server: Http, query: &str, variables: Value) -> Result<Answer, Unknown> {
        let token = (!self.token.is_empty()).then_some(self.token.as_str());
        let answer = server.gql(token, query, variables).await;
        let answer = answer.map_err(|error| (Trouble::Gone, error.to_string()))?;
        let code = &answer.body["errors"][0]["extensions"]["code"];
        match code.as_str() {
            Some("INTERNAL" | "UNAVAILABLE" | "TIMEOUT") => Err((Trouble::Failed, answer.text)),
            _ => Ok(answer),
        }
    }
}

/// Whether it was done; else it was refused for this reason, which is as good.
fn done(answer: &Answer, mutation: &str, reason: &str) -> bool {
    if answer.ok()[mutation]["userErrors"] == json!([]) {
        return true;
    }
    assert_eq!(answer.refused(mutation), [reason]);
    false
}
