//! Pictures in a bucket of a real S3 server, through the public surface. These tests need a run that has one.

use axum::http::{Method, header};
use bytes::Bytes;
use roost::clock::HOUR;
use roost::media::{Format, MediaName};
use roost::service::media;
use serde_json::{Value, json};

use crate::support::process::{Place, until};
use crate::support::proxy::Proxy;
use crate::support::services::s3_url;
use crate::support::{Form, Person, TestApp, picture};

const TWEET: &str = "mutation ($input: CreateTweetInput!) { createTweet(input: $input) {
    tweet { id photos { url previewUrl } } userErrors { code message field } } }";

fn form() -> Form {
    let variables = json!({ "input": { "content": "look", "photos": [{ "file": null }] } });
    Form::of(TWEET, variables, &[("variables.input.photos.0.file", &picture(0))])
}

async fn tweet(app: &TestApp, author: &Person) -> Value {
    app.as_user(author).upload(form()).await.changed("createTweet")["tweet"].clone()
}

#[tokio::test]
async fn pictures_are_kept_served_in_parts_and_removed() {
    let Some(url) = s3_url() else { return };
    let app = TestApp::with(|config| config.media_url = Some(url)).await;
    let ada = app.person("ada").await;
    let tweet = tweet(&app, &ada).await;
    let url = tweet["photos"][0]["url"].as_str().unwrap();
    let (response, whole) = app.fetch(Method::GET, url, &[]).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "image/jpeg");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert!(whole.starts_with(b"\xFF\xD8\xFF"));
    let etag = response.headers()[header::ETAG].to_str().unwrap();
    assert_eq!(app.fetch(Method::GET, url, &[("if-none-match", etag)]).await.0.status(), 304);
    let (head, nothing) = app.fetch(Method::HEAD, url, &[]).await;
    assert_eq!(head.headers()[header::CONTENT_LENGTH], whole.len().to_string());
    assert!(nothing.is_empty());
    let length = whole.len();
    for (range, part) in [("bytes=0-9", 0..10), ("bytes=10-", 10..length), ("bytes=-5", length - 5..length)] {
        let (response, bytes) = app.fetch(Method::GET, url, &[("range", range)]).await;
        assert_eq!((response.status().as_u16(), &bytes), (206, &whole.slice(part)), "{range}");
    }
    assert_eq!(app.fetch(Method::GET, url, &[("range", "bytes=1000000-")]).await.0.status(), 416);

    app.delete_tweet(&ada, tweet["id"].as_str().unwrap()).await;
    app.drain().await;
    assert_eq!(app.fetch(Method::GET, url, &[]).await.0.status(), 404);
}

#[tokio::test]
async fn the_sweep_finds_what_nobody_names_in_a_bucket() {
    let Some(url) = s3_url() else { return };
    let app = TestApp::with(|config| config.media_url = Some(url)).await;
    let ada = app.person("ada").await;
    let tweet = tweet(&app, &ada).await;
    let store = &app.app.media.store;
    let orphan = MediaName::new(rand::random(), Format::Jpeg);
    store.put(orphan, Bytes::from_static(b"of a crash")).await.unwrap();
    assert_eq!(media::sweep(&app.app).await.unwrap(), 0, "it might be named any moment");
    app.app.clock.advance(2 * HOUR);
    assert_eq!(media::sweep(&app.app).await.unwrap(), 1);
    assert!(store.head(orphan).await.is_err());
    assert_eq!(app.fetch(Method::GET, tweet["photos"][0]["url"].as_str().unwrap(), &[]).await.0.status(), 200);
    app.drain().await;
}

async fn nothing_is_left(app: &TestApp) {
    assert_eq!(app.number("SELECT COUNT(*) FROM tweet", []).await, 0);
    assert_eq!(app.number("SELECT COUNT(*) FROM photo", []).await, 0);
    assert_eq!(app.number("SELECT COUNT(*) FROM outbox", []).await, 0);
}

#[tokio::test]
async fn a_bucket_that_is_away_costs_an_upload_and_nothing_else() {
    let Some(url) = s3_url() else { return };
    let (start, endpoint) = url.split_once("endpoint=").unwrap();
    let way = Proxy::to(endpoint).await;
    let through = format!("{start}endpoint={}", way.url(endpoint));
    let app = TestApp::with(|config| config.media_url = Some(through)).await;
    let ada = app.person("ada").await;
    way.cut();
    let answer = app.as_user(&ada).upload(form()).await;
    assert_eq!(answer.code(), "UNAVAILABLE");
    assert!(!answer.text.contains("127.0.0.1"), "{}", answer.text);
    nothing_is_left(&app).await;
    let ready = async || app.fetch(Method::GET, "/health/ready", &[]).await;
    let (response, body) = ready().await;
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((response.status().as_u16(), body), (200, json!({ "status": "degraded", "degraded": ["media"] })));
    app.tweet(&ada, "without a picture").await;
    way.mend();
    let url = tweet(&app, &ada).await["photos"][0]["url"].as_str().unwrap().to_owned();
    assert_eq!(app.fetch(Method::GET, &url, &[]).await.0.status(), 200);
    way.cut();
    assert_eq!(app.fetch(Method::GET, &url, &[]).await.0.status(), 503);
    way.mend();
    until("it is noticed that the bucket is back", async || ready().await.1.ends_with(b"{\"status\":\"ok\"}")).await;
    app.drain().await;
}

#[tokio::test]
async fn keys_that_the_bucket_does_not_know_are_told_in_the_log_only() {
    let Some(url) = s3_url() else { return };
    let place = Place::with(|config| config.media_url = Some(url));
    let app = place.open().await;
    let ada = app.person("ada").await;
    let server = place.start(place.roost(&["serve"]).env("AWS_SECRET_ACCESS_KEY", "wrong")).await;
    let answer = server.client().upload(&ada.token, &form()).await.unwrap();
    assert_eq!(answer.code(), "UNAVAILABLE");
    assert!(place.log().contains("the media store does not work"), "{}", place.log());
    nothing_is_left(&app).await;
    let ready = server.client().get("/health/ready", "").await.unwrap();
    assert_eq!(ready.body, json!({ "status": "degraded", "degraded": ["media"] }));
}
