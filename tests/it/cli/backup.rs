//! `roost backup` and `roost restore`.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use roost::db::{Db, Engine};
use serde_json::{Value, json};

use crate::support::database::engine;
use crate::support::process::{Http, Place, until};
use crate::support::{DELETE_TWEET, Form, Person, picture};

const TWEET: &str = "mutation ($input: CreateTweetInput!) {
    createTweet(input: $input) { tweet { id } userErrors { message } } }";
const PHOTOS: &str = "query ($after: String) { viewer { homeFeed(first: 100, after: $after) {
    nodes { id photos { url previewUrl } } pageInfo { hasNextPage endCursor } } } }";

async fn tweet(http: Http, author: &Person, number: u32) -> String {
    let variables = json!({ "input": { "content": format!("{number}"), "photos": [{ "file": null }] } });
    let form = Form::of(TWEET, variables, &[("variables.input.photos.0.file", &picture(number % 50))]);
    let answer = http.upload(&author.token, &form).await.unwrap();
    answer.changed("createTweet")["tweet"]["id"].as_str().unwrap().to_owned()
}

/// Posts pictures and deletes some of them again, until it is told that it is enough. Returns what is left.
async fn post(http: Http, author: &Person, enough: &AtomicBool) -> usize {
    let mut left = 0;
    for number in 0.. {
        let id = tweet(http, author, number).await;
        if number % 3 == 0 {
            left += 1;
        } else {
            http.gql(Some(&author.token), DELETE_TWEET, json!({ "id": id })).await.unwrap().changed("deleteTweet");
        }
        if enough.load(Ordering::Relaxed) {
            break;
        }
    }
    left
}

/// The addresses of all pictures in somebody's feed, and how many tweets there are.
async fn pictures(http: Http, reader: &Person) -> (Vec<String>, usize) {
    let (mut urls, mut tweets, mut after) = (Vec::new(), 0, Value::Null);
    loop {
        let answer = http.gql(Some(&reader.token), PHOTOS, json!({ "after": after })).await.unwrap();
        let feed = &answer.ok()["viewer"]["homeFeed"];
        for node in feed["nodes"].as_array().unwrap() {
            tweets += 1;
            for photo in node["photos"].as_array().unwrap() {
                urls.extend(["url", "previewUrl"].map(|key| photo[key].as_str().unwrap().to_owned()));
            }
        }
        after = feed["pageInfo"]["endCursor"].clone();
        if feed["pageInfo"]["hasNextPage"] == false {
            return (urls, tweets);
        }
    }
}

async fn status(http: Http, url: &str) -> u16 {
    let path = url.find("/media/").map(|at| &url[at..]).unwrap();
    // The body is no text, so only the head is asked for.
    let mut stream = tokio::net::TcpStream::connect(http.address).await.unwrap();
    let head = format!("HEAD {path} HTTP/1.1\r\nHost: roost\r\nConnection: close\r\n\r\n");
    tokio::io::AsyncWriteExt::write_all(&mut stream, head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_backup_under_load_is_whole_and_brings_everything_back() {
    let place = Place::embedded();
    let app = place.open().await;
    let [author, reader] = app.cast(["author", "reader"]).await;
    app.follow(&reader, &author).await;
    let server = place.serve().await;
    let enough = AtomicBool::new(false);
    let backups = async {
        for name in ["first", "second", "third"] {
            let made = place.run(&["backup", name]).await;
            assert!(made.ok().starts_with(&format!("Backed up to {name}: the database and ")), "{made:?}");
        }
        enough.store(true, Ordering::Relaxed);
    };
    let (left, ()) = tokio::join!(post(server.client(), &author, &enough), backups);
    until("the server has done its work", async || app.number("SELECT COUNT(*) FROM outbox", []).await == 0).await;
    assert!(!place.files().iter().any(|name| name.contains("unfinished")), "{:?}", place.files());

    for name in ["first", "second", "third"] {
        let sums = tokio::process::Command::new("sha256sum")
            .args(["--check", "--quiet", "SHA256SUMS"])
            .current_dir(place.path(name))
            .status();
        assert!(sums.await.unwrap().success(), "others can check it as well");
        let again = Place::embedded();
        let restored = again.run(&["restore", place.path(name).to_str().unwrap()]).await;
        assert!(restored.ok().starts_with("Restored from "), "{restored:?}");
        again.run(&["worker", "--drain"]).await.ok();
        again.run(&["feed", "verify"]).await.ok();
        again.run(&["counters", "verify"]).await.ok();
        let server = again.serve().await;
        let (urls, tweets) = pictures(server.client(), &reader).await;
        assert!(tweets <= left + 2, "{tweets} of {left}, and those that were about to be deleted");
        assert_eq!(urls.len(), 2 * tweets);
        for url in &urls {
            assert_eq!(status(server.client(), url).await, 200, "{url} in {name}");
        }
        tweet(server.client(), &author, 1).await;
    }
}

/// Every file below a folder with its content.
fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(tree(&path));
        } else {
            files.push((path.to_str().unwrap().to_owned(), fs::read(&path).unwrap()));
        }
    }
    files.sort();
    files
}

#[tokio::test]
async fn nothing_is_overwritten_and_what_is_damaged_is_not_restored() {
    let place = Place::embedded();
    assert!(place.run(&["backup", "copy"]).await.refused().contains("There is no database of roost"));
    assert!(!place.path("copy").exists() && !place.path("data").exists());
    {
        let app = place.open().await;
        let [author] = app.cast(["author"]).await;
        app.tweet_photo(&author, "look").await;
        app.drain().await;
        app.app.close().await;
    }
    place.run(&["backup", "copy"]).await.ok();
    let before = tree(&place.path("copy"));
    assert!(place.run(&["backup", "copy"]).await.refused().contains("copy is there already"));
    assert_eq!(tree(&place.path("copy")), before);
    let copy = place.path("copy").to_str().unwrap().to_owned();
    assert!(place.run(&["restore", &copy]).await.refused().contains("data is not empty"));

    let again = Place::embedded();
    assert!(again.run(&["restore", "nowhere"]).await.refused().contains("nowhere is no backup of roost"));
    for damaged in ["roost.db", "SHA256SUMS", "manifest.json", &picture_of(&before, &copy)] {
        let file = place.path("copy").join(damaged);
        let content = fs::read(&file).unwrap();
        fs::write(&file, [&content[..content.len() / 2], b"damage"].concat()).unwrap();
        let answer = again.run(&["restore", &copy]).await;
        assert!(!answer.refused().is_empty(), "{damaged}");
        fs::remove_file(&file).unwrap();
        assert!(!again.run(&["restore", &copy]).await.refused().is_empty(), "{damaged}");
        fs::write(&file, content).unwrap();
        assert_eq!(again.files(), ["roost.toml"], "nothing is left of a try");
    }
    again.run(&["restore", &copy]).await.ok();
    again.run(&["feed", "verify"]).await.ok();
}

fn picture_of(files: &[(String, Vec<u8>)], root: &str) -> String {
    let (path, _) = files.iter().find(|(path, _)| path.ends_with(".jpg")).unwrap();
    path.strip_prefix(root).unwrap().trim_start_matches('/').to_owned()
}

#[tokio::test]
async fn a_running_server_is_not_restored_under() {
    let place = Place::embedded();
    let server = place.serve().await;
    place.run(&["backup", "copy"]).await.ok();
    let refused = place.run(&["restore", "copy"]).await;
    assert!(refused.refused().contains("A server or a command of roost runs on"), "{refused:?}");
    // Somewhere else, but listening where it would.
    let mut command = place.roost(&["--data-dir", "other", "restore", "copy"]);
    let listen = server.address().to_string();
    let refused = crate::support::process::ended(command.env("ROOST_LISTEN", &listen)).await;
    assert!(refused.refused().contains(&format!("Something listens on {listen}")), "{refused:?}");
    assert!(!place.path("other").exists());
}

#[tokio::test]
async fn a_database_on_a_server_is_for_its_own_tools() {
    for (url, tool) in [("postgres://u:secret@h/d", "pg_dump"), ("mysql://u:secret@h/d", "mariadb-dump")] {
        let place = Place::embedded();
        for command in ["backup", "restore"] {
            let answer = place.roost(&[command, "copy"]).env("ROOST_DATABASE_URL", url).output().await.unwrap();
            let said = String::from_utf8(answer.stderr).unwrap();
            assert!(answer.status.code() == Some(2) && said.contains(tool) && !said.contains("secret"), "{said}");
        }
        assert_eq!(place.files(), ["roost.toml"]);
    }
}

#[tokio::test]
async fn a_backup_does_not_change_the_database_that_an_older_version_uses() {
    if engine() != Engine::Sqlite {
        return;
    }
    let place = Place::embedded();
    place.run(&["migrate"]).await.ok();
    // As before the last migration, which made another index.
    let db = Db::open(&format!("sqlite://{}", place.path("data/roost.db").display()), 2).await.unwrap();
    let last = "(SELECT MAX(version) FROM seaql_migrations)";
    for text in ["DROP INDEX liked_by", &format!("DELETE FROM seaql_migrations WHERE version = {last}")] {
        sea_orm::ConnectionTrait::execute_unprepared(db.write(), text).await.unwrap();
    }
    db.close().await;
    place.run(&["backup", "copy"]).await.ok();
    let db = Db::open(&format!("sqlite://{}", place.path("data/roost.db").display()), 2).await.unwrap();
    assert!(sea_orm::ConnectionTrait::execute_unprepared(db.write(), "DROP INDEX liked_by").await.is_err());
    db.close().await;
    let again = Place::embedded();
    again.run(&["restore", place.path("copy").to_str().unwrap()]).await.ok();
    again.run(&["queue", "list"]).await.ok();
}
