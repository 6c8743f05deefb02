//! Photos of tweets: all or nothing, from the upload to the removal of the files.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use axum::http::Method;
use futures_util::FutureExt;
use image::ImageFormat;
use roost::clock::HOUR;
use roost::service::media;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::media::make::{encode, exif, jpeg_with, png_chunk, quarters};
use crate::support::{Answer, Form, Person, TestApp, picture};

const TWEET: &str = "mutation ($input: CreateTweetInput!) { createTweet(input: $input) {
    tweet { id content photos { id url previewUrl width height altText } } userErrors { code message field } } }";

fn with_photos(mut input: Value, photos: &[(&[u8], Option<&str>)]) -> Form {
    input["photos"] = photos.iter().map(|(_, alt)| json!({ "file": null, "altText": alt })).collect();
    let paths: Vec<String> = (0..photos.len()).map(|n| format!("variables.input.photos.{n}.file")).collect();
    let files: Vec<(&str, &[u8])> = paths.iter().zip(photos).map(|(path, photo)| (path.as_str(), photo.0)).collect();
    Form::of(TWEET, json!({ "input": input }), &files)
}

async fn tweet(app: &TestApp, author: &Person, photos: &[&[u8]]) -> Answer {
    let photos: Vec<_> = photos.iter().map(|photo| (*photo, None)).collect();
    app.as_user(author).upload(with_photos(json!({ "content": "look" }), &photos)).await
}

async fn assert_nothing(app: &TestApp) {
    assert_eq!(app.number("SELECT COUNT(*) FROM tweet", []).await, 0);
    assert_eq!(app.number("SELECT COUNT(*) FROM photo", []).await, 0);
    assert_eq!(app.media_files(), Vec::<String>::new());
}

/// Lets a future run until it gets to a label, then drops it, as a crash would. Who comes there later passes.
async fn crash(app: &TestApp, wanted: &'static str, doomed: impl Future) {
    let (is_reached, was_reached) = (Arc::new(Notify::new()), AtomicBool::new(false));
    let reached = Arc::clone(&is_reached);
    app.app.failpoints.set(Arc::new(move |label| {
        if label != wanted || was_reached.swap(true, Ordering::Relaxed) {
            return async {}.boxed();
        }
        reached.notify_one();
        std::future::pending().boxed()
    }));
    tokio::select! {
        _ = doomed => panic!("it did not get to {wanted:?}"),
        () = is_reached.notified() => (),
    }
}

#[tokio::test]
async fn a_tweet_shows_its_photos_in_their_order() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let wide = encode(&quarters(2100, 700), ImageFormat::Jpeg);
    let photos = [(wide.as_slice(), Some(" a wide one ")), (&picture(1), None), (&picture(2), Some(""))];
    let answer = app.as_user(&ada).upload(with_photos(json!({ "content": "three" }), &photos)).await;
    let made = answer.changed("createTweet")["tweet"]["photos"].clone();
    let shown: Vec<_> =
        made.as_array().unwrap().iter().map(|p| json!([p["width"], p["height"], p["altText"]])).collect();
    assert_eq!(shown, [json!([2048, 683, "a wide one"]), json!([31, 20, ""]), json!([32, 20, ""])]);
    assert_eq!(made[1]["url"], made[1]["previewUrl"], "a small photo is its own preview");
    assert_eq!(app.media_files().len(), 4);

    for (url, width) in [(&made[0]["url"], 2048), (&made[0]["previewUrl"], 680), (&made[1]["url"], 31)] {
        let (response, bytes) = app.fetch(Method::GET, url.as_str().unwrap(), &[]).await;
        assert_eq!(response.status(), 200);
        assert_eq!(image::load_from_memory(&bytes).unwrap().width(), width);
    }
    let query =
        "query ($id: ID!) { node(id: $id) { ... on Tweet { photos { id url previewUrl width height altText } } } }";
    let id = &answer.ok()["createTweet"]["tweet"]["id"];
    assert_eq!(app.anonymous().gql(query, json!({ "id": id })).await.ok()["node"]["photos"], made);
    app.drain().await;
}

#[tokio::test]
async fn nine_photos_are_taken_and_ten_refused() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let file = picture(0);
    let file = file.as_slice();
    assert_eq!(tweet(&app, &ada, &[file; 10]).await.refused("createTweet"), ["TOO_MANY photos"]);
    assert_nothing(&app).await;
    let answer = tweet(&app, &ada, &[file; 9]).await;
    assert_eq!(answer.changed("createTweet")["tweet"]["photos"].as_array().unwrap().len(), 9);
    app.drain().await;
}

#[tokio::test]
async fn no_photos_is_an_empty_list() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let query = "mutation ($photos: [PhotoInput!], $content: String!) {
        createTweet(input: { content: $content, photos: $photos }) {
            tweet { photos { id } } userErrors { code message field } } }";
    for photos in [json!([]), json!(null)] {
        let answer = app.as_user(&ada).gql(query, json!({ "content": "plain", "photos": photos })).await;
        assert_eq!(answer.changed("createTweet")["tweet"]["photos"], json!([]));
        let blank = app.as_user(&ada).gql(query, json!({ "content": " ", "photos": photos })).await;
        assert_eq!(blank.refused("createTweet"), ["TOO_SHORT content"]);
    }
    app.drain().await;
}

/// S21: the course project stores whatever it is sent.
#[tokio::test]
async fn what_is_no_picture_is_refused_and_leaves_no_tweet_no_row_and_no_file() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let good = picture(0);
    let cut = &encode(&quarters(64, 64), ImageFormat::Jpeg)[..400];
    for bad in [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".as_slice(),
        b"<!doctype html><script>alert(1)</script>",
        b"%PDF-1.7",
        b"",
        cut,
    ] {
        let answer = tweet(&app, &ada, &[&good, &good, bad]).await;
        assert_eq!(answer.refused("createTweet"), ["UNSUPPORTED_MEDIA file"]);
        let fault = &answer.ok()["createTweet"]["userErrors"][0];
        assert_eq!(fault["field"], json!(["input", "photos", "2", "file"]));
        assert_nothing(&app).await;
    }
}

/// S21: it also keeps where a photo was taken.
#[tokio::test]
async fn no_metadata_gets_into_the_store() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let block = [b"Exif\0\0", exif(6, b"52.5163N 13.3777E").as_slice()].concat();
    let photo = jpeg_with(&encode(&quarters(1000, 500), ImageFormat::Jpeg), &[(0xE1, block)]);
    let answer = tweet(&app, &ada, &[&photo]).await;
    let made = &answer.changed("createTweet")["tweet"]["photos"][0];
    assert_eq!(
        (&made["width"], &made["height"]),
        (&json!(500), &json!(1000)),
        "turned upright by what is then removed"
    );
    for name in app.media_files() {
        let bytes = std::fs::read(app.data_dir().join("media").join(name)).unwrap();
        assert!(!bytes.windows(8).any(|window| window == b"52.5163N") && !bytes.windows(4).any(|w| w == b"Exif"));
    }
    app.drain().await;
}

#[tokio::test]
async fn too_many_bytes_and_too_many_pixels_are_faults_of_that_photo() {
    let app = TestApp::with(|config| config.media_photo_bytes = 20_000).await;
    let ada = app.person("ada").await;
    let header = [50_000_u32.to_be_bytes(), 50_000_u32.to_be_bytes()].concat();
    let bomb = [
        b"\x89PNG\r\n\x1A\n".to_vec(),
        png_chunk(b"IHDR", &[header.as_slice(), &[8, 6, 0, 0, 0]].concat()),
        png_chunk(b"IDAT", &[0; 5000]),
        png_chunk(b"IEND", b""),
    ]
    .concat();
    assert_eq!(tweet(&app, &ada, &[&bomb]).await.refused("createTweet"), ["UNSUPPORTED_MEDIA file"]);
    let mut heavy = picture(0);
    heavy.resize(20_001, 0);
    assert_eq!(tweet(&app, &ada, &[&heavy]).await.refused("createTweet"), ["TOO_LONG file"]);
    // Longer than any picture may be: what is cut off on the way is still told as too long.
    heavy.resize(8 << 20, 0);
    assert_eq!(tweet(&app, &ada, &[&heavy]).await.refused("createTweet"), ["TOO_LONG file"]);
    assert_nothing(&app).await;
}

#[tokio::test]
async fn all_faults_of_a_tweet_are_told_at_once() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let file = picture(0);
    let long = "x".repeat(1001);
    let photos = [(file.as_slice(), Some(long.as_str())), (b"text", None), (&file, Some("bell \u{7}"))];
    let answer = app.as_user(&ada).upload(with_photos(json!({ "content": " " }), &photos)).await;
    let expected = ["TOO_SHORT content", "TOO_LONG altText", "INVALID altText", "UNSUPPORTED_MEDIA file"];
    assert_eq!(answer.refused("createTweet"), expected);
    assert_nothing(&app).await;
    let widest = "x".repeat(1000);
    let answer = app.as_user(&ada).upload(with_photos(json!({ "content": "ok" }), &[(&file, Some(&widest))])).await;
    assert_eq!(answer.changed("createTweet")["tweet"]["photos"][0]["altText"], widest);
    app.drain().await;
}

#[tokio::test]
async fn a_repeat_with_photos_stores_nothing_twice() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let (file, other) = (picture(0), picture(1));
    let send = async |file: &[u8], alt: &str| {
        let input = json!({ "content": "once", "idempotencyKey": "k" });
        app.as_user(&ada).upload(with_photos(input, &[(file, Some(alt))])).await
    };
    // Both at once, then once more.
    let (first, second) = futures_util::future::join(send(&file, "a"), send(&file, "a")).await;
    let files = app.media_files();
    assert_eq!(files.len(), 1);
    for repeat in [second, send(&file, "a").await] {
        assert_eq!(repeat.changed("createTweet"), first.changed("createTweet"));
    }
    assert_eq!(send(&other, "a").await.code(), "IDEMPOTENCY_MISMATCH");
    assert_eq!(send(&file, "b").await.code(), "IDEMPOTENCY_MISMATCH");
    assert_eq!(app.media_files(), files);
    assert_eq!(app.number("SELECT COUNT(*) FROM photo", []).await, 1);
    app.drain().await;
}

#[tokio::test]
async fn a_tweet_that_cannot_be_written_leaves_no_file() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    app.forbid("INSERT", "photo").await;
    assert_eq!(tweet(&app, &ada, &[&picture(0)]).await.code(), "INTERNAL");
    assert_nothing(&app).await;
}

#[tokio::test]
async fn a_store_that_does_not_work_leaves_no_tweet() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    std::fs::remove_dir_all(app.data_dir().join("media")).unwrap();
    std::fs::write(app.data_dir().join("media"), b"in the way").unwrap();
    assert_eq!(tweet(&app, &ada, &[&picture(0)]).await.code(), "UNAVAILABLE");
    assert_eq!(app.number("SELECT COUNT(*) FROM tweet", []).await, 0);
}

#[tokio::test]
async fn deleting_a_tweet_removes_its_photos_and_their_files() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let large = encode(&quarters(900, 700), ImageFormat::Jpeg);
    tweet(&app, &ada, &[&picture(7)]).await.changed("createTweet");
    let kept = app.media_files();
    let answer = tweet(&app, &ada, &[&large, &picture(1)]).await;
    let made = &answer.changed("createTweet")["tweet"];
    assert_eq!(app.media_files().len(), 4);

    app.delete_tweet(&ada, made["id"].as_str().unwrap()).await;
    let node = "query ($id: ID!) { node(id: $id) { id } }";
    let photo = json!({ "id": made["photos"][0]["id"] });
    assert_eq!(app.anonymous().gql(node, photo).await.ok()["node"], Value::Null, "gone at once");
    app.drain().await;
    assert_eq!(app.number("SELECT COUNT(*) FROM photo", []).await, 1);
    assert_eq!(app.number("SELECT COUNT(*) FROM media_trash", []).await, 0);
    assert_eq!(app.media_files(), kept);
}

#[tokio::test]
async fn files_are_removed_though_the_worker_crashes_in_between() {
    for label in ["discard: removed", "media: removed", "worker: before commit"] {
        let app = TestApp::new().await;
        let ada = app.person("ada").await;
        let answer = tweet(&app, &ada, &[&picture(0)]).await;
        app.drain().await;
        app.delete_tweet(&ada, answer.changed("createTweet")["tweet"]["id"].as_str().unwrap()).await;
        crash(&app, label, app.drain()).await;
        app.app.clock.advance(HOUR); // until the message's lease has run out
        app.drain().await;
        assert_nothing(&app).await;
        assert_eq!(app.number("SELECT COUNT(*) FROM media_trash", []).await, 0, "{label}");
    }
}

#[tokio::test]
async fn what_a_crash_before_the_commit_leaves_is_swept_after_an_hour() {
    for label in ["media: stored", "tweet: before commit"] {
        let app = TestApp::new().await;
        let ada = app.person("ada").await;
        let file = picture(0);
        crash(&app, label, tweet(&app, &ada, &[&file])).await;
        assert_eq!(app.number("SELECT COUNT(*) FROM tweet", []).await, 0);
        assert_eq!(app.media_files().len(), 1, "{label}");

        let answer = tweet(&app, &ada, &[&file]).await;
        let kept = answer.changed("createTweet")["tweet"]["photos"][0]["url"].as_str().unwrap();
        assert_eq!(media::sweep(&app.app).await.unwrap(), 0, "it might be named any moment");
        app.app.clock.advance(HOUR + HOUR / 60);
        assert_eq!(media::sweep(&app.app).await.unwrap(), 1);
        assert_eq!(app.media_files().len(), 1);
        assert_eq!(app.fetch(Method::GET, kept, &[]).await.0.status(), 200);
        app.drain().await;
    }
}

#[tokio::test]
async fn the_sweep_spares_what_is_named_and_what_is_not_ours() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let large = encode(&quarters(900, 700), ImageFormat::Jpeg);
    let answer = tweet(&app, &ada, &[&large, &picture(1)]).await;
    answer.changed("createTweet");
    let avatar = "mutation ($file: Upload) { updateProfile(input: { avatar: $file }) { userErrors { code } } }";
    let form = Form::of(avatar, json!({ "file": null }), &[("variables.file", &picture(2))]);
    app.as_user(&ada).upload(form).await.changed("updateProfile");
    let named = app.media_files();
    let folder = app.data_dir().join("media").join("ab");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["cdef.txt", "0123456789abcdef0123456789abcd.jpg", "0123456789abcdef0123456789abcd.jpg#1"] {
        std::fs::write(folder.join(name), b"x").unwrap();
    }
    app.app.clock.advance(2 * HOUR);
    assert_eq!(media::sweep(&app.app).await.unwrap(), 2);
    let mut expected = [named, vec!["ab/cdef.txt".to_owned()]].concat();
    expected.sort();
    assert_eq!(app.media_files(), expected);
    app.drain().await;
}

#[tokio::test]
async fn the_command_line_sweeps() {
    let app = TestApp::new().await;
    let folder = app.data_dir().join("media").join("ab");
    std::fs::create_dir_all(&folder).unwrap();
    let file = std::fs::File::create(folder.join("0123456789abcdef0123456789abcd.jpg")).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_roost"))
        .args(["media", "sweep", "--data-dir"])
        .arg(app.data_dir())
        .envs(app.app.config.database_url.as_ref().map(|url| ("ROOST_DATABASE_URL", url)))
        .output()
        .await
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "1 files removed\n");
    assert_eq!(app.media_files(), Vec::<String>::new());
}

#[tokio::test]
async fn photos_cost_a_page_one_statement() {
    let app = TestApp::with(|config| config.cache_bytes = 0).await;
    let ada = app.person("ada").await;
    let file = picture(0);
    for _ in 0..50 {
        tweet(&app, &ada, &[&file, &file]).await.changed("createTweet");
    }
    app.drain().await;
    let cost = async |first: u32, photos: &str| {
        let query =
            format!("query ($first: Int) {{ viewer {{ homeFeed(first: $first) {{ nodes {{ id {photos} }} }} }} }}");
        let before = app.statements();
        let answer = app.as_user(&ada).gql(&query, json!({ "first": first })).await;
        let nodes = &answer.ok()["viewer"]["homeFeed"]["nodes"];
        assert_eq!(nodes.as_array().unwrap().len(), first as usize);
        assert!(photos.is_empty() || nodes[0]["photos"].as_array().unwrap().len() == 2);
        app.statements() - before
    };
    let photos = "photos { url previewUrl width height altText }";
    assert_eq!(cost(5, photos).await, cost(5, "").await + 1);
    assert_eq!(cost(50, photos).await, cost(5, photos).await);
}

#[tokio::test]
async fn a_photo_is_a_node_as_long_as_its_tweet_is_seen() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let answer = tweet(&app, &ada, &[&picture(0)]).await;
    let photo = answer.changed("createTweet")["tweet"]["photos"][0].clone();
    let node = "query ($id: ID!) { node(id: $id) { id ... on Photo { url } } }";
    let found = app.anonymous().gql(node, json!({ "id": photo["id"] })).await;
    assert_eq!(found.ok()["node"], json!({ "id": photo["id"], "url": photo["url"] }));
    app.damage(&format!("INSERT INTO suspended (user_id) VALUES ({})", ada.id)).await;
    assert_eq!(app.anonymous().gql(node, json!({ "id": photo["id"] })).await.ok()["node"], Value::Null);
    app.drain().await;
}
