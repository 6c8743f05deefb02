//! What is asked of every engine alike: no conflict reaches anybody, text is compared by its bytes, a connection that breaks is
//! replaced, tables may grow, and a database that cannot be used is told in plain words.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use roost::app::App;
use roost::db::Engine;
use roost::service::feed::verify;
use serde_json::{Value, json};

use crate::support::database::{Database, break_connections, engine};
use crate::support::process::Place;
use crate::support::{CREATE_TWEET, Person, TestApp};

/// What one of many does, each with the same few people and the same tweet.
async fn write(app: &TestApp, people: &[Person], n: usize, shared: &str) {
    let me = &people[n % people.len()];
    for round in 0..8 {
        let other = &people[(n * 7 + round * 3 + 1) % people.len()];
        match (n + round) % 8 {
            0 | 1 if me.id != other.id => app.follow(me, other).await,
            2 if me.id != other.id => app.unfollow(me, other).await,
            3 => app.like(me, shared).await,
            4 => app.unlike(me, shared).await,
            5 => {
                let comment = app.comment(me, shared, "here").await;
                app.like(other, &comment).await;
                app.delete_comment(me, &comment).await;
            }
            6 => {
                let tweet = app.tweet(me, "soon gone").await;
                app.comment(other, &tweet, "there").await;
                app.delete_tweet(me, &tweet).await;
            }
            _ => drop(app.tweet(me, "stays").await),
        }
    }
}

async fn work_until_done(app: &TestApp, left: &AtomicUsize) {
    while left.load(Ordering::Relaxed) > 0 {
        app.drain().await;
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_who_write_at_once_nobody_meets_a_conflict_and_every_counter_is_exact() {
    let app = TestApp::with(|config| (config.feed_push_limit, config.feed_batch) = (5, 3)).await;
    let second = app.second().await;
    let mut people = Vec::new();
    for n in 0..12 {
        people.push(app.person(&format!("writer{n}")).await);
    }
    let shared = app.tweet(&people[0], "for everybody").await;
    let left = AtomicUsize::new(64);
    let writers = join_all((0..64).map(|n| {
        let (app, people, shared, left) = (if n % 2 == 0 { &app } else { &second }, &people, &shared, &left);
        async move {
            write(app, people, n, shared).await;
            left.fetch_sub(1, Ordering::Relaxed);
        }
    }));
    tokio::join!(writers, work_until_done(&app, &left), work_until_done(&second, &left));
    app.drain().await;
    app.check_counters().await;
    let report = verify::verify(&app.app, None).await.unwrap();
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    for person in &people {
        assert_eq!(app.home_feed(person).await, app.oracle_feed(person).await);
    }
    let likes = app.number("SELECT COUNT(*) FROM liked", []).await;
    assert_eq!(app.counts(&people[0], &shared).await["likeCount"], likes);
}

#[tokio::test]
async fn text_is_compared_by_its_bytes() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let keys = ["k", "K", "k ", " k", "\u{212A}", "\u{E9}", "e\u{301}", "e", "ß", "ss", "🐦", "🐧", "%", "_", "\\"];
    let mut tweets = Vec::new();
    for key in keys {
        let made = async || {
            let answer = app.as_user(&ada).gql(CREATE_TWEET, json!({ "content": "hello", "key": key })).await;
            answer.changed("createTweet")["tweet"]["id"].as_str().unwrap().to_owned()
        };
        let tweet = made().await;
        assert_eq!(made().await, tweet, "{key}");
        tweets.push(tweet);
    }
    tweets.sort();
    tweets.dedup();
    assert_eq!(tweets.len(), keys.len());
    app.drain().await;
}

#[tokio::test]
async fn text_that_not_every_engine_can_hold_is_nobodys_and_no_key() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let query = "query ($name: String!) { user(username: $name) { id } }";
    assert_eq!(app.anonymous().gql(query, json!({ "name": "ada\0" })).await.ok()["user"], Value::Null);
    app.damage("UPDATE users SET role = 1").await;
    let search = "query ($name: String!) { admin { users(search: $name) { nodes { __typename } } } }";
    let found = app.as_user(&ada).gql(search, json!({ "name": "ada\0" })).await;
    assert_eq!(found.ok()["admin"]["users"]["nodes"], json!([]));
    let log_in = "mutation { logIn(input: { login: \"ada\\u0000\", password: \"correct horse\" }) {
        sessionToken userErrors { code message field } } }";
    assert_eq!(app.anonymous().gql(log_in, json!({})).await.refused("logIn"), ["WRONG_CREDENTIALS"]);
    let answer = app.as_user(&ada).gql(CREATE_TWEET, json!({ "content": "x", "key": "\0" })).await;
    assert_eq!(answer.refused("createTweet"), ["INVALID idempotencyKey"]);
}

/// Tweets, and again with the same key if it is not known whether it happened.
async fn tweet_for_certain(app: &TestApp, author: &Person, content: &str) {
    for _ in 0..20 {
        let answer = app.as_user(author).gql(CREATE_TWEET, json!({ "content": content, "key": content })).await;
        if answer.body.get("errors").is_none() {
            answer.changed("createTweet");
            return;
        }
        assert!(["INTERNAL", "UNAVAILABLE"].contains(&answer.code()), "{}", answer.text);
    }
    panic!("{content} could not be tweeted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn connections_that_break_lose_nothing_and_do_nothing_twice() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    app.follow(&bob, &ada).await;
    let url = app.app.config.database_url();
    let writers = (0..4).map(|writer| {
        let (app, ada, url) = (&app, &ada, &url);
        async move {
            for n in 0..25 {
                if n % 5 == writer {
                    break_connections(url).await;
                }
                tweet_for_certain(app, ada, &format!("{n} of {writer}")).await;
            }
        }
    });
    join_all(writers).await;
    app.drain().await;
    assert_eq!(app.home_feed(&bob).await.len(), 100);
    app.check_counters().await;
}

#[tokio::test]
async fn requests_that_are_given_up_leave_no_transaction_open() {
    const LOG_OUT: &str = "mutation { logOut { userErrors { code message field } } }";
    let app = TestApp::new().await;
    let (second, ada) = (app.second().await, app.person("ada").await);
    for patience in (0..600).step_by(3) {
        let given_up = async {
            for _ in 0..patience {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            _ = app.tweet(&ada, "perhaps") => (),
            () = given_up => (),
        }
    }
    // More statements that stand alone than there are connections: what they do is seen by others.
    for _ in 0..40 {
        let log_in = roost::auth::log_in(&app.app, "ada", Person::PASSWORD.to_owned(), None).await.unwrap();
        let somebody = Person::new(ada.id, "ada", log_in.token);
        app.as_user(&somebody).gql(LOG_OUT, json!({})).await.ok();
        assert_eq!(second.as_user(&somebody).gql("{ viewer { id } }", json!({})).await.status, 401);
    }
    app.drain().await;
    app.check_counters().await;
}

#[tokio::test]
async fn an_idle_server_whose_connections_all_break_answers_as_before() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    for _ in 0..3 {
        // More connections than a transaction is tried.
        let read = async |_| drop(app.as_user(&ada).gql("{ viewer { id } }", json!({})).await.ok().clone());
        join_all((0..32).map(read)).await;
        break_connections(&app.app.config.database_url()).await;
        read(0).await;
        app.tweet(&ada, "still here").await;
    }
    app.drain().await;
}

#[tokio::test]
async fn a_migration_that_was_broken_off_goes_on_where_it_ended() {
    let place = Place::empty();
    if engine() == Engine::MySql {
        // The first table is there, but no word of it: so a kill leaves it where every change commits by itself.
        let app = place.open().await;
        app.damage("DELETE FROM seaql_migrations").await;
    }
    assert_eq!(place.run(&["migrate"]).await.code, Some(0));
    place.open().await.person("ada").await;
}

#[tokio::test]
async fn a_newer_version_may_add_a_column_while_this_one_runs() {
    if engine() == Engine::Sqlite {
        return; // A file belongs to one version at a time: what its connections have prepared, they would read wrongly.
    }
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    app.follow(&bob, &ada).await;
    let read = async || {
        let tweets = "{ user(username: \"ada\") { tweets(first: 9) { nodes { content comments(first: 3) { nodes { content } } } } } }";
        app.anonymous().gql(tweets, json!({})).await.ok();
        app.home_feed(&bob).await.len()
    };
    for (n, table) in ["tweet", "comment", "outbox", "users"].into_iter().enumerate() {
        let tweet = app.tweet(&ada, "hello").await;
        app.comment(&bob, &tweet, "there").await;
        app.drain().await;
        // On every connection there is.
        assert_eq!(join_all((0..20).map(|_| read())).await, [n + 1; 20]);
        app.damage(&format!("ALTER TABLE {table} ADD COLUMN added BIGINT NULL")).await;
        assert_eq!(join_all((0..20).map(|_| read())).await, [n + 1; 20], "{table}");
    }
    app.tweet(&ada, "still here").await;
    app.drain().await;
}

#[tokio::test]
async fn only_who_is_not_logged_in_reads_from_the_replica_and_from_the_primary_if_that_is_away() {
    // It has the tables and nobody in them, so that it shows who has been asked.
    let Some(replica) = Database::new() else { return };
    let app = TestApp::with(|config| config.database_replica_url = Some(replica.url.clone())).await;
    let sign_up =
        "mutation { signUp(input: { username: \"ada\", email: \"ada@example.org\", password: \"correct horse\" }) {
        viewer { user { username } } userErrors { code message field } } }";
    let answer = app.anonymous().gql(sign_up, json!({})).await;
    assert_eq!(answer.changed("signUp")["viewer"]["user"]["username"], "ada", "they see what they have just done");
    let bob = app.person("bob").await;
    let query = "{ user(username: \"ada\") { username } }";
    assert_eq!(app.anonymous().gql(query, json!({})).await.ok()["user"], Value::Null);
    assert_eq!(app.as_user(&bob).gql(query, json!({})).await.ok()["user"]["username"], "ada");

    let nowhere = app.app.config.database_url().replace("127.0.0.1", "127.0.0.2");
    let app = TestApp::with(|config| config.database_replica_url = Some(nowhere)).await;
    app.person("ada").await;
    for _ in 0..2 {
        assert_eq!(app.anonymous().gql(query, json!({})).await.ok()["user"]["username"], "ada");
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_told_in_one_sentence_without_its_password() {
    let place = Place::embedded();
    let mut wrong = vec![
        ("postgres://ada:secret@127.0.0.1:1/x".to_owned(), "nothing answers there within 5 seconds"),
        ("mariadb://ada:secret@127.0.0.1:1/x".to_owned(), "nothing answers there within 5 seconds"),
        ("postgres://ada:secret@[::/x".to_owned(), "database_url has to begin with sqlite://"),
    ];
    if let Some(server) = Database::empty() {
        wrong.push((format!("{}_nothing", server.url), "the server has no database of this name; create it first"));
        if engine() == Engine::MySql {
            let url = server.url.replace(":roost@", ":secret@");
            wrong.push((url, "it refuses the user or the password"));
        }
    }
    let tried = wrong.iter().map(async |(url, expected)| {
        let mut command = place.roost(&["serve"]);
        let ended = crate::support::process::ended(command.env("ROOST_DATABASE_URL", url)).await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
        assert!(ended.stderr.contains(expected), "{expected}: {ended:?}");
        assert!(!ended.stderr.contains("secret"), "{ended:?}");
    });
    join_all(tried).await;
}

#[tokio::test]
async fn a_clock_far_from_the_databases_is_refused() {
    let app = TestApp::new().await;
    if engine() != Engine::Postgres {
        return; // Only there can a test set the clock of one database.
    }
    let name = app.app.config.database_url().rsplit('/').next().unwrap().to_owned();
    app.damage(&format!(
        "CREATE SCHEMA late; ALTER DATABASE {name} SET search_path = late, pg_catalog, public;
         CREATE FUNCTION late.clock_timestamp() RETURNS timestamptz LANGUAGE sql
         AS 'SELECT pg_catalog.clock_timestamp() - INTERVAL ''60.5 seconds'''"
    ))
    .await;
    let refused = App::new((*app.app.config).clone()).await.map(drop).unwrap_err();
    assert!(refused.log().contains("its clock and this machine's are 60 seconds apart"), "{}", refused.log());
}
