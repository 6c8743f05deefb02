//! Stored pictures over HTTP.

use axum::http::{Method, header};
use serde_json::json;

use crate::support::{Form, Person, TestApp, picture};

async fn avatar(app: &TestApp, person: &Person) -> String {
    let query = "mutation ($file: Upload) { updateProfile(input: { avatar: $file }) {
        user { profile { avatarUrl } } userErrors { code } } }";
    let form = Form::of(query, json!({ "file": null }), &[("variables.file", &picture(0))]);
    let answer = app.as_user(person).upload(form).await;
    answer.changed("updateProfile")["user"]["profile"]["avatarUrl"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_picture_is_served_with_its_true_type_to_be_kept_for_good() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let url = avatar(&app, &ada).await;
    assert!(url.starts_with("http://127.0.0.1:8000/media/"), "{url}");
    let (mut response, bytes) = app.fetch(Method::GET, &url, &[]).await;
    assert_eq!(response.status(), 200);
    let expected = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::ACCEPT_RANGES, "bytes"),
        (header::CONTENT_LENGTH, &bytes.len().to_string()),
    ];
    for (name, value) in &expected {
        assert_eq!(response.headers()[name], value);
    }
    assert!(bytes.starts_with(b"\xFF\xD8\xFF"));

    let (mut head, nothing) = app.fetch(Method::HEAD, &url, &[]).await;
    for headers in [head.headers_mut(), response.headers_mut()] {
        assert!(headers.remove("x-request-id").is_some(), "each request has its own");
    }
    assert_eq!((head.status(), head.headers()), (response.status(), response.headers()));
    assert!(nothing.is_empty());
    assert_eq!(app.fetch(Method::POST, &url, &[]).await.0.status(), 405);
}

#[tokio::test]
async fn a_picture_that_is_known_already_is_not_sent_again() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let url = avatar(&app, &ada).await;
    let etag = app.fetch(Method::GET, &url, &[]).await.0.headers()[header::ETAG].to_str().unwrap().to_owned();
    for known in [etag.clone(), format!("\"other\", {etag}"), format!("W/{etag}"), "*".to_owned()] {
        let (response, bytes) = app.fetch(Method::GET, &url, &[("if-none-match", &known)]).await;
        assert_eq!((response.status().as_u16(), bytes.len()), (304, 0), "{known}");
        assert_eq!(response.headers()[header::ETAG], etag.as_str());
    }
    for unknown in ["\"other\"", &etag.replace('"', "")] {
        assert_eq!(app.fetch(Method::GET, &url, &[("if-none-match", unknown)]).await.0.status(), 200, "{unknown}");
    }
}

#[tokio::test]
async fn a_part_of_a_picture_may_be_asked_for() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let url = avatar(&app, &ada).await;
    let (response, whole) = app.fetch(Method::GET, &url, &[]).await;
    let etag = response.headers()[header::ETAG].to_str().unwrap();
    let length = whole.len();
    for (range, part) in [("bytes=0-9", 0..10), ("bytes=10-", 10..length), ("bytes=-5", length - 5..length)] {
        for headers in [vec![("range", range)], vec![("range", range), ("if-range", etag)]] {
            let (response, bytes) = app.fetch(Method::GET, &url, &headers).await;
            assert_eq!((response.status().as_u16(), &bytes), (206, &whole.slice(part.clone())), "{range}");
            let shown = format!("bytes {}-{}/{length}", part.start, part.end - 1);
            assert_eq!(response.headers()[header::CONTENT_RANGE], shown);
            assert_eq!(response.headers()[header::CONTENT_LENGTH], part.len().to_string());
        }
    }
    for ignored in [vec![("range", "bytes=0-1,3-4")], vec![("range", "bytes=0-9"), ("if-range", "\"other\"")]] {
        let (response, bytes) = app.fetch(Method::GET, &url, &ignored).await;
        assert_eq!((response.status().as_u16(), bytes.len()), (200, length));
    }
    let (response, body) = app.fetch(Method::GET, &url, &[("range", "bytes=1000000-")]).await;
    assert_eq!(response.status(), 416);
    assert_eq!(response.headers()[header::CONTENT_RANGE], format!("bytes */{length}"));
    assert!(serde_json::from_slice::<serde_json::Value>(&body).unwrap()["errors"].is_array());
}

#[tokio::test]
async fn all_other_names_are_404_in_json() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let url = avatar(&app, &ada).await;
    let name = url.rsplit_once("/media/").unwrap().1;
    for path in [
        "/media/",
        "/media/..",
        "/media/../roost.db",
        "/media/..%2Froost.db",
        "/media/%2e%2e/roost.db",
        "/media//etc/passwd",
        "/media/%2Fetc%2Fpasswd",
        "/media/%FF",
        "/media/ab/0123456789abcdef0123456789abcd.jpg",
        &format!("/media/{}", name.replace('/', "%2F")),
        &format!("/media/{}", name.replace(".jpg", ".webp")),
        &format!("/media/{}", name.replace(".jpg", ".html")),
        &format!("/media/{name}/"),
        &format!("/media/./{name}"),
        &format!("/media/{name}%00"),
        &format!("/media/{name}%231"),
    ] {
        let (response, body) = app.fetch(Method::GET, path, &[]).await;
        assert_eq!(response.status(), 404, "{path}");
        assert!(response.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("application/json"), "{path}");
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["errors"][0]["extensions"]["code"], "NOT_FOUND", "{path}");
    }
}

#[tokio::test]
async fn a_store_with_a_public_address_is_named_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("file://{}?public=https://cdn.example.org/roost", folder.path().display());
    let app = TestApp::with(|config| config.media_url = Some(address)).await;
    let ada = app.person("ada").await;
    let url = avatar(&app, &ada).await;
    let name = url.strip_prefix("https://cdn.example.org/roost/").unwrap();
    assert!(folder.path().join(name).is_file());
    assert_eq!(app.fetch(Method::GET, &format!("/media/{name}"), &[]).await.0.status(), 200);
}

#[tokio::test]
async fn a_media_setting_that_cannot_be_used_is_one_plain_sentence() {
    let folder = tempfile::tempdir().unwrap();
    for (variable, value, sentence) in [
        (
            "ROOST_MEDIA_URL",
            "ftp://x",
            "The setting media_url cannot be used: the media store's address is wrong: ftp:// is neither file:// nor s3://",
        ),
        (
            "ROOST_MEDIA_URL",
            "/dev/null/media",
            "The setting media_url cannot be used: the media store does not work: Not a directory (os error 20)",
        ),
        ("ROOST_MEDIA_SEATS", "0", "media_seats has to be at least 1, but it is 0."),
        (
            "ROOST_UPLOAD_MEMORY_BYTES",
            "1000",
            "upload_memory_bytes has to be at least upload_bytes: else no upload of that size fits.",
        ),
    ] {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_roost"))
            .args(["migrate", "--data-dir"])
            .arg(folder.path())
            .env(variable, value)
            .output()
            .await
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), format!("roost: {sentence}\n"));
    }
}
