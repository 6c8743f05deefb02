//! Each thing that people do, held against an app that keeps nothing: at once, and again from memory.

use std::sync::atomic::{AtomicBool, Ordering};

use roost::clock::{DAY, HOUR};
use roost::service::audit::Actor;
use roost::service::feed::threshold;
use roost::service::{deletion, suspension};
use serde_json::{Value, json};

use super::{all, counted, open, society};
use crate::support::{CREATE_TWEET, Person, TestApp};

/// An app that remembers beside one that does not, and what there is to be looked at.
struct Pair {
    app: TestApp,
    plain: TestApp,
    people: [Person; 3],
    ids: Vec<String>,
}

impl Pair {
    async fn new() -> Self {
        let app = TestApp::with(|config| (config.feed_push_limit, config.feed_batch) = (1, 2)).await;
        let people = society(&app).await;
        let plain = app.restarted(|config| config.cache_bytes = 0).await;
        // That one changes nothing.
        app.app.live.others_are_there(0, std::time::Duration::from_secs(86_400));
        open(&app).await;
        let ids = people.iter().map(|person| person.gid.clone()).collect();
        Self { app, plain, people, ids }
    }

    /// What everybody sees is what is so, three times: as it is found, as it was kept, and with nothing asked.
    async fn look(&self, done: &str) {
        for person in &self.people {
            let expected = all(&self.plain, person, &self.ids).await;
            assert_eq!(all(&self.app, person, &self.ids).await, expected, "{} after: {done}", person.name);
            let (seen, statements) = counted(&self.app, person, &self.ids).await;
            assert_eq!(seen, expected, "{} after: {done}", person.name);
            // Feeds in which somebody is hidden are read anew after each, and so is what has gone from under them.
            assert_eq!(statements, 0, "{} after: {done}", person.name);
        }
    }

    async fn changed(&self, person: &Person, query: &str, input: Value) -> Value {
        let answer = self.app.as_user(person).gql(query, json!({ "input": input })).await;
        assert!(answer.body["errors"].is_null() && !answer.text.contains("\"code\""), "{}", answer.text);
        answer.body["data"].clone()
    }
}

const UPDATE_COMMENT: &str = "mutation ($input: UpdateCommentInput!) { updateComment(input: $input) {
    comment { content } userErrors { code } } }";
const UPDATE_PROFILE: &str = "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) {
    userErrors { code } } }";
const CHANGE_EMAIL: &str =
    "mutation ($input: ChangeEmailInput!) { changeEmail(input: $input) { userErrors { code } } }";

#[tokio::test]
async fn what_is_done_to_tweets_comments_and_likes_shows_at_once() {
    let mut pair = Pair::new().await;
    let [ada, bob, eve] = pair.people.clone();
    pair.look("nothing").await;
    let mut tweets = Vec::new();
    for author in [&bob, &eve, &ada, &bob, &eve] {
        let tweet = pair.app.tweet(author, "hello").await;
        pair.ids.push(tweet.clone());
        pair.look("a tweet").await;
        pair.app.drain().await;
        pair.look("its delivery").await;
        tweets.push(tweet);
    }
    let mut comments = Vec::new();
    for n in 0..5 {
        let comment = pair.app.comment(&ada, &tweets[n % 2], &format!("{n}")).await;
        pair.ids.push(comment.clone());
        pair.look("a comment").await;
        comments.push(comment);
    }
    pair.changed(&ada, UPDATE_COMMENT, json!({ "commentId": comments[4], "content": "better" })).await;
    pair.look("a change of a comment").await;
    for subject in [&tweets[0], &comments[4]] {
        pair.app.like(&bob, subject).await;
        pair.look("a like").await;
        pair.app.unlike(&bob, subject).await;
        pair.look("no like").await;
        pair.app.like(&ada, subject).await;
    }
    pair.app.delete_comment(&ada, &comments[2]).await;
    pair.look("the deletion of a comment").await;
    for (author, tweet) in [(&bob, 0), (&ada, 2), (&eve, 4)] {
        pair.app.delete_tweet(author, &tweets[tweet]).await;
        pair.look("a deletion").await;
        pair.app.drain().await;
        pair.look("all that follows from it").await;
    }
}

#[tokio::test]
async fn what_becomes_of_people_and_edges_shows_at_once() {
    let mut pair = Pair::new().await;
    let [ada, bob, eve] = pair.people.clone();
    for author in [&eve, &bob, &eve, &ada] {
        let tweet = pair.app.tweet(author, "hello").await;
        pair.ids.push(tweet);
    }
    pair.app.drain().await;
    pair.look("the beginning").await;
    pair.app.unfollow(&ada, &eve).await;
    pair.look("no follow").await;
    pair.app.follow(&ada, &eve).await;
    pair.look("a follow").await;
    pair.app.follow(&eve, &bob).await;
    pair.look("one that crosses the limit").await;
    pair.app.drain().await;
    pair.look("the edges turned").await;
    pair.app.tweet(&bob, "merged in").await;
    pair.look("a tweet of somebody who is pulled").await;
    pair.app.unfollow(&eve, &bob).await;
    pair.app.unfollow(&ada, &eve).await;
    pair.app.drain().await;
    threshold::promote(&pair.app.app).await.unwrap();
    pair.app.drain().await;
    pair.look("the edges turned back").await;
    pair.app.tweet(&bob, "pushed").await;
    pair.app.drain().await;
    pair.look("a tweet of somebody who is pushed").await;

    pair.changed(&bob, UPDATE_PROFILE, json!({ "nickname": "Bobby", "bio": "Me." })).await;
    pair.look("another nickname").await;
    let input = json!({ "password": Person::PASSWORD, "email": "ada@example.com" });
    pair.changed(&ada, CHANGE_EMAIL, input).await;
    pair.look("another address").await;

    suspension::suspend(&pair.app.app, Actor::CommandLine, eve.id).await.unwrap();
    pair.people[2] = ada.clone();
    pair.look("a suspension").await;
    suspension::restore(&pair.app.app, Actor::CommandLine, eve.id).await.unwrap();
    pair.look("a restoration").await;
    deletion::delete(&pair.app.app, Actor::CommandLine, eve.id).await.unwrap();
    pair.look("the end of an account").await;
    pair.app.drain().await;
    pair.look("the last of it").await;
}

#[tokio::test]
async fn a_session_that_is_known_ends_at_once_and_by_the_clock() {
    let app = TestApp::new().await;
    open(&app).await;
    let is_known = async |person: &Person| {
        let answer = app.as_user(person).gql("{ viewer { id } }", json!({})).await;
        answer.status == 200
    };
    let [ada, bob, eve] = app.cast(["ada", "bob", "eve"]).await;
    for person in [&ada, &bob, &eve] {
        assert!(is_known(person).await && is_known(person).await);
    }
    app.as_user(&ada).gql("mutation { logOut { userErrors { code } } }", json!({})).await.ok();
    assert!(!is_known(&ada).await && is_known(&bob).await);
    suspension::suspend(&app.app, Actor::CommandLine, eve.id).await.unwrap();
    assert!(!is_known(&eve).await && is_known(&bob).await);

    let seen = async || app.number("SELECT last_seen_at FROM session WHERE user_id = ?", [bob.id.into()]).await;
    let before = seen().await;
    app.app.clock.advance(2 * HOUR);
    assert!(is_known(&bob).await);
    let now = seen().await;
    assert!(now >= before + 2 * HOUR, "that it was seen is written down");
    let statements = app.statements();
    assert!(is_known(&bob).await);
    assert!(app.statements() <= statements + 1, "and not with each request");
    app.app.clock.advance(29 * DAY);
    assert!(is_known(&bob).await);
    app.app.clock.advance(31 * DAY);
    assert!(!is_known(&bob).await);
    app.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_who_race_writers_leave_nothing_behind() {
    let app = TestApp::with(|config| config.cache_bytes = 1 << 20).await;
    open(&app).await;
    let [ada, bob, eve] = society(&app).await;
    let tweet = app.tweet(&bob, "liked and unliked").await;
    app.drain().await;
    let query = "query ($id: ID!) { node(id: $id) { ... on Tweet { likeCount viewerHasLiked commentCount } } }";
    let look =
        async |person: &Person| app.as_user(person).gql(query, json!({ "id": tweet })).await.ok()["node"].clone();
    let is_done = AtomicBool::new(false);
    let read = async |person: &Person| {
        while !is_done.load(Ordering::Relaxed) {
            look(person).await;
        }
    };
    let write = async |person: &Person| {
        for round in 0..40 {
            app.like(person, &tweet).await;
            assert_eq!(look(person).await["viewerHasLiked"], true, "round {round}");
            app.unlike(person, &tweet).await;
            assert_eq!(look(person).await["viewerHasLiked"], false, "round {round}");
        }
        app.like(person, &tweet).await;
    };
    let written = async {
        futures_util::join!(write(&ada), write(&eve));
        is_done.store(true, Ordering::Relaxed);
    };
    futures_util::join!(written, read(&ada), read(&bob), read(&eve), read(&ada));
    let expected = |liked: bool| json!({ "likeCount": 2, "viewerHasLiked": liked, "commentCount": 0 });
    assert_eq!([look(&ada).await, look(&bob).await, look(&eve).await], [true, false, true].map(expected));
    app.drain().await;
}

#[tokio::test]
async fn with_hardly_any_room_all_is_as_right() {
    let app = TestApp::with(|config| (config.cache_bytes, config.feed_push_limit) = (100_000, 1)).await;
    open(&app).await;
    let [ada, bob, eve] = society(&app).await;
    for n in 0..60 {
        let author = [&ada, &bob, &eve][n % 3];
        app.as_user(author).gql(CREATE_TWEET, json!({ "content": "x".repeat(200) })).await.changed("createTweet");
    }
    app.drain().await;
    for person in [&ada, &bob, &eve] {
        assert_eq!(app.home_feed(person).await, app.oracle_feed(person).await);
    }
    let held: u64 = app.app.db.caches().counts().iter().map(|(_, [_, _, held])| held).sum();
    assert!(held <= 100_000, "{held}");
}
