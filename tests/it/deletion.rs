//! Deleting somebody for good: at once for everybody else, and in the end without a trace.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use roost::clock::HOUR;
use roost::db::Engine;
use roost::service::audit::Actor::CommandLine;
use roost::service::feed::verify;
use roost::service::{deletion, gate, media};
use roost::worker;
use serde_json::{Value, json};

use crate::support::database::engine;
use crate::support::{CREATE_TWEET, Form, Person, Served, TestApp, picture};

pub const DELETE: &str = "mutation ($password: String!) { deleteAccount(input: { password: $password }) {
    deletedUserId userErrors { code message field } } }";

async fn delete_account(app: &TestApp, person: &Person) {
    let answer = app.as_user(person).gql(DELETE, json!({ "password": Person::PASSWORD })).await;
    assert_eq!(answer.changed("deleteAccount")["deletedUserId"], json!(person.gid));
}

/// Alan has a row in every table, and what is his is entangled with Ada's and Grace's.
pub async fn entangled(app: &TestApp) -> [Person; 3] {
    let cast = app.cast(["ada", "grace", "alan"]).await;
    let [ada, grace, alan] = &cast;
    for (one, other) in [(alan, ada), (alan, grace), (ada, alan), (grace, alan), (grace, ada)] {
        app.follow(one, other).await;
    }
    let avatar = "mutation ($file: Upload) { updateProfile(input: { bio: \"me\", avatar: $file }) {
        userErrors { code message field } } }";
    let form = Form::of(avatar, json!({ "file": null }), &[("variables.file", &picture(1))]);
    app.as_user(alan).upload(form).await.changed("updateProfile");
    for author in &cast {
        app.tweet(author, "one").await;
        app.as_user(author).gql(CREATE_TWEET, json!({ "content": "two", "key": "key" })).await.changed("createTweet");
        let tweet = app.tweet_photo(author, "three").await;
        for person in &cast {
            for n in 0..3 {
                let comment = app.comment(person, &tweet, &format!("comment {n}")).await;
                for liker in &cast {
                    app.like(liker, &comment).await;
                }
            }
            app.like(person, &tweet).await;
        }
    }
    app.drain().await;
    // A tombstone, something read, something undone whose message still waits.
    app.unfollow(alan, grace).await;
    app.drain().await;
    app.read_all(ada).await;
    app.follow(alan, grace).await;
    let gone = app.tweet(alan, "deleted before").await;
    app.drain().await;
    app.delete_tweet(alan, &gone).await;
    let listed = gate::GateChange { allow: vec![alan.id], ..gate::GateChange::default() };
    gate::set(&app.app, CommandLine, "new", &listed).await.unwrap();
    cast
}

/// Every place where a number of the database is this one: table and column.
async fn traces(app: &TestApp, number: i64) -> Vec<String> {
    let (columns, text) = match engine() {
        Engine::Sqlite => {
            ("SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'", "TEXT")
        }
        Engine::Postgres => (
            "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns
             WHERE table_schema = 'public'",
            "TEXT",
        ),
        Engine::MySql => {
            ("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()", "CHAR")
        }
    };
    let mut found = Vec::new();
    for row in app.rows(columns, []).await {
        let (table, column): (String, String) = (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap());
        let count = format!("SELECT COUNT(*) FROM {table} WHERE CAST({column} AS {text}) LIKE '%{number}%'");
        if app.number(&count, []).await > 0 {
            found.push(format!("{table}.{column}"));
        }
    }
    found
}

/// Everything that is true when somebody is gone for good.
pub async fn assert_gone(app: &TestApp, gone: &Person, others: &[&Person]) {
    assert_eq!(traces(app, gone.id.0).await, [""; 0], "{} is still there", gone.name);
    let text = "SELECT COUNT(*) FROM users WHERE username = ? OR email LIKE ?";
    let values = [gone.name.clone().into(), format!("{}@%", gone.name).into()];
    assert_eq!(app.number(text, values).await, 0);
    app.check_counters().await;
    let report = verify::verify(&app.app, None).await.unwrap();
    let garbage = report.remarks.iter().filter(|finding| finding.check == verify::Check::Garbage).count();
    assert!(report.faults.is_empty() && garbage == 0 && report.waiting == 0, "{report:?}");
    for reader in others {
        assert_eq!(app.home_feed(reader).await, app.oracle_feed(reader).await);
        let text = "SELECT COUNT(*) FROM notification WHERE recipient_id = ? AND NOT is_read AND NOT is_withdrawn";
        assert_eq!(app.inbox(reader).await.1, app.number(text, [reader.id.into()]).await);
    }
    for (what, orphans) in [
        (
            "likes",
            "SELECT COUNT(*) FROM liked l WHERE l.subject_id NOT IN (SELECT id FROM tweet UNION SELECT id FROM comment)",
        ),
        ("comments", "SELECT COUNT(*) FROM comment WHERE tweet_id NOT IN (SELECT id FROM tweet)"),
        ("photos", "SELECT COUNT(*) FROM photo WHERE tweet_id NOT IN (SELECT id FROM tweet)"),
        ("counters", "SELECT COUNT(*) FROM tweet_stats WHERE tweet_id NOT IN (SELECT id FROM tweet)"),
        ("counters", "SELECT COUNT(*) FROM comment_stats WHERE comment_id NOT IN (SELECT id FROM comment)"),
        ("trash", "SELECT COUNT(*) FROM media_trash"),
        ("suspended", "SELECT COUNT(*) FROM suspended"),
    ] {
        assert_eq!(app.number(orphans, []).await, 0, "{what}");
    }
}

#[tokio::test]
async fn nothing_is_left_of_somebody_who_leaves() {
    for batch in [1, 2, 1_000] {
        let app = TestApp::with(|config| (config.feed_batch, config.feed_push_limit) = (batch, 1)).await;
        let [ada, grace, alan] = entangled(&app).await;
        assert!(traces(&app, alan.id.0).await.len() > 15, "{:?}", traces(&app, alan.id.0).await);
        let files = app.media_files();
        delete_account(&app, &alan).await;
        app.drain().await;
        assert_gone(&app, &alan, &[&ada, &grace]).await;
        assert!(app.media_files().len() < files.len());
        for person in [&ada, &grace] {
            delete_account(&app, person).await;
        }
        app.drain().await;
        assert_gone(&app, &ada, &[]).await;
        assert_gone(&app, &grace, &[]).await;
        let rows =
            "SELECT (SELECT COUNT(*) FROM users) + (SELECT COUNT(*) FROM profile) + (SELECT COUNT(*) FROM user_stats)
            + (SELECT COUNT(*) FROM inbox) + (SELECT COUNT(*) FROM tweet) + (SELECT COUNT(*) FROM feed_entry)
            + (SELECT COUNT(*) FROM follow) + (SELECT COUNT(*) FROM notification) + (SELECT COUNT(*) FROM session)
            + (SELECT COUNT(*) FROM idempotency) + (SELECT COUNT(*) FROM gate_user)";
        assert_eq!(app.number(rows, []).await, 0);
        assert_eq!(app.media_files(), [""; 0], "the media folder is empty");
        assert_eq!(
            app.number("SELECT COUNT(*) FROM audit WHERE gate = 'new'", []).await,
            2,
            "what was done stays in the log"
        );
    }
}

#[tokio::test]
async fn at_the_commit_nobody_sees_anything_of_them_any_more() {
    let app = TestApp::new().await;
    let [ada, _, alan] = entangled(&app).await;
    delete_account(&app, &alan).await;
    let query = "{ user(username: \"alan\") { id } viewer { homeFeed(first: 50) { nodes { author { username } comments { nodes {
        author { username } } } } } notifications { nodes { actor { username } } } user { followers { nodes { username } } } } }";
    let answer = app.as_user(&ada).gql(query, json!({})).await;
    answer.ok();
    assert!(!answer.text.contains("alan"), "{}", answer.text);
    assert_eq!(app.as_user(&alan).gql(CREATE_TWEET, json!({ "content": "late" })).await.code(), "UNAUTHENTICATED");
    let log_in = "mutation { logIn(input: { login: \"alan\", password: \"correct horse\" }) { sessionToken
        userErrors { code message field } } }";
    let answer = app.anonymous().gql(log_in, json!({})).await;
    assert_eq!(answer.refused("logIn"), ["WRONG_CREDENTIALS"]);
    assert_eq!(answer.body["data"]["logIn"]["userErrors"][0]["message"], "The login or the password is wrong.");
    let sign_up =
        "mutation { signUp(input: { username: \"alan\", email: \"alan@example.org\", password: \"battery staple\" }) {
        viewer { id } userErrors { code message field } } }";
    let answer = app.anonymous().gql(sign_up, json!({})).await;
    assert_eq!(answer.refused("signUp"), ["TAKEN username", "TAKEN email"], "until the last of it is gone");
    app.drain().await;
    app.anonymous().gql(sign_up, json!({})).await.changed("signUp");
    let answer = app
        .as_user(&ada)
        .gql("{ user(username: \"alan\") { tweetCount followerCount tweets { nodes { id } } } }", json!({}))
        .await;
    assert_eq!(answer.ok()["user"], json!({ "tweetCount": 0, "followerCount": 0, "tweets": { "nodes": [] } }));
}

#[tokio::test]
async fn a_wrong_password_deletes_nothing() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    for password in ["wrong horse", "", &"x".repeat(10_000)] {
        let answer = app.as_user(&ada).gql(DELETE, json!({ "password": password })).await;
        assert_eq!(answer.refused("deleteAccount"), ["WRONG_CREDENTIALS password"]);
    }
    let query =
        "mutation { deleteAccount(input: { password: \"correct horse\" }) { deletedUserId } createTweet(input: {
        content: \"late\" }) { tweet { id } } }";
    let answer = app.as_user(&ada).gql(query, json!({})).await;
    assert_eq!(answer.code(), "UNAUTHENTICATED", "the rest of the operation is nobody's");
    assert_eq!(answer.body["data"]["createTweet"], Value::Null);
    assert!(answer.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    app.drain().await;
    assert_gone(&app, &ada, &[]).await;
}

#[tokio::test]
async fn sockets_of_somebody_who_leaves_close() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let mut socket = served.of(&ada).await;
    delete_account(&served.app, &ada).await;
    assert_eq!(socket.closed().await.0, 4401);
    served.app.drain().await;
}

/// What others do meanwhile, between any two statements of the deletion.
#[tokio::test]
async fn what_others_do_at_the_same_time_leaves_no_rows() {
    let app = TestApp::with(|config| (config.feed_batch, config.feed_push_limit) = (2, 2)).await;
    let [ada, grace, alan] = entangled(&app).await;
    let tweet = app.tweet(&alan, "the last").await;
    let hers = app.tweet(&ada, "hers").await;
    let comment = app.comment(&alan, &hers, "his").await;
    let done = AtomicBool::new(false);
    let meddle = async {
        let mut refused = 0;
        while !done.load(Ordering::Relaxed) {
            for person in [&ada, &grace] {
                for id in [&tweet, &comment] {
                    let answer = app.try_like(person, id).await;
                    refused += usize::from(answer.ok()["like"]["userErrors"] != json!([]));
                }
                let comment = json!({ "input": { "tweetId": tweet, "content": "hi" } });
                app.as_user(person).gql(crate::support::social::JUST_COMMENT, comment).await.ok();
                app.as_user(person).gql(crate::support::FOLLOW, json!({ "id": alan.gid })).await.ok();
            }
        }
        refused
    };
    let second = app.second().await;
    let delete = async {
        delete_account(&second, &alan).await;
        while app.number("SELECT COUNT(*) FROM users WHERE username = 'alan'", []).await > 0 {
            worker::step(&second.app, 2).await.unwrap();
        }
        done.store(true, Ordering::Relaxed);
    };
    let (refused, ()) = tokio::join!(meddle, delete);
    assert!(refused > 0);
    app.drain().await;
    assert_gone(&app, &alan, &[&ada, &grace]).await;
}

#[tokio::test]
async fn two_who_follow_each_other_leave_at_once() {
    let app = TestApp::with(|config| config.feed_batch = 2).await;
    let [ada, grace, alan] = entangled(&app).await;
    let second = app.second().await;
    tokio::join!(delete_account(&app, &ada), delete_account(&second, &alan));
    deletion::delete(&app.app, CommandLine, alan.id).await.unwrap();
    tokio::join!(app.drain(), second.drain());
    app.drain().await;
    assert_gone(&app, &ada, &[&grace]).await;
    assert_gone(&app, &alan, &[&grace]).await;
}

#[tokio::test]
async fn messages_that_arrive_again_or_late_bring_nothing_back() {
    let app = TestApp::with(|config| config.feed_batch = 2).await;
    let [ada, grace, alan] = entangled(&app).await;
    delete_account(&app, &alan).await;
    let mut posted = std::collections::BTreeSet::new();
    loop {
        for row in app.rows("SELECT payload FROM outbox", []).await {
            posted.insert(row.try_get_by_index::<String>(0).unwrap());
        }
        if worker::step(&app.app, 3).await.unwrap() == 0 {
            break;
        }
    }
    assert!(posted.len() > 20);
    for payload in posted {
        let id = app.app.ids.next();
        app.damage(&format!(
            "INSERT INTO outbox (id, payload, attempts, due_at, leased_by, leased_until, created_at)
             VALUES ({id}, '{payload}', 0, 0, 0, 0, 0)"
        ))
        .await;
    }
    app.drain().await;
    assert_gone(&app, &alan, &[&ada, &grace]).await;
}

#[tokio::test]
async fn a_deletion_that_came_to_a_stop_goes_on() {
    let app = TestApp::with(|config| config.feed_batch = 2).await;
    let [ada, grace, alan] = entangled(&app).await;
    delete_account(&app, &alan).await;
    for _ in 0..3 {
        worker::step(&app.app, 1).await.unwrap();
    }
    app.damage("DELETE FROM outbox WHERE payload LIKE '%delete_user%' OR payload LIKE '%retract%'").await;
    app.drain().await;
    assert!(!traces(&app, alan.id.0).await.is_empty());
    assert_eq!(deletion::resume_all(&app.app).await.unwrap(), 1);
    app.drain().await;
    assert_gone(&app, &alan, &[&ada, &grace]).await;
    assert_eq!(deletion::resume_all(&app.app).await.unwrap(), 0);
}

#[tokio::test]
async fn a_late_entry_of_somebody_gone_is_swept() {
    let app = TestApp::new().await;
    let [ada, grace, alan] = entangled(&app).await;
    delete_account(&app, &alan).await;
    app.drain().await;
    app.damage(&format!(
        "INSERT INTO feed_entry SELECT {}, id, author_id FROM tweet WHERE author_id = {} LIMIT 1",
        alan.id, ada.id
    ))
    .await;
    assert_eq!(roost::service::feed::sweep::sweep(&app.app).await.unwrap(), 1);
    assert_gone(&app, &alan, &[&ada, &grace]).await;
}

#[tokio::test]
async fn files_of_a_tweet_in_the_making_are_not_left_behind() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let stopped = Arc::new(AtomicBool::new(false));
    let (copy, person) = (app.app.clone(), ada.id);
    let is_first = Arc::clone(&stopped);
    app.app.failpoints.set(Arc::new(move |label| {
        let (app, is_first) = (copy.clone(), Arc::clone(&is_first));
        Box::pin(async move {
            // Between the files and the transaction that names them.
            if label == "media: stored" && !is_first.swap(true, Ordering::Relaxed) {
                deletion::delete(&app, CommandLine, person).await.unwrap();
            }
        })
    }));
    let query = "mutation ($input: CreateTweetInput!) { createTweet(input: $input) { tweet { id } } }";
    let variables = json!({ "input": { "content": "late", "photos": [{ "file": null }] } });
    let form = Form::of(query, variables, &[("variables.input.photos.0.file", &picture(0))]);
    assert_eq!(app.as_user(&ada).upload(form).await.code(), "UNAUTHENTICATED");
    assert!(stopped.load(Ordering::Relaxed));
    app.drain().await;
    assert_gone(&app, &ada, &[]).await;
    assert_eq!(app.media_files(), [""; 0]);
    app.app.clock.advance(2 * HOUR);
    assert_eq!(media::sweep(&app.app).await.unwrap(), 0);
}
