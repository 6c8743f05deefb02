//! The protocol of uploads: what a form has to look like, and how all else is refused.

use axum::body::{Body, Bytes};
use axum::http::header;
use futures_util::{StreamExt, future, stream};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::{Form, TestApp, picture};

const AVATAR: &str = "mutation ($file: Upload) { updateProfile(input: { avatar: $file }) {
    user { profile { avatarUrl } } userErrors { code message field } } }";
const TWEET: &str = "mutation ($input: CreateTweetInput!) { createTweet(input: $input) {
    tweet { id photos { url } } userErrors { code message field } } }";

fn avatar() -> Form {
    Form::of(AVATAR, json!({ "file": null }), &[("variables.file", &picture(0))])
}

/// A body that comes piece by piece.
fn piecewise() -> (mpsc::Sender<Bytes>, Body) {
    let (sender, receiver) = mpsc::channel(1);
    let pieces = stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)));
    (sender, Body::from_stream(pieces.map(Ok::<_, String>)))
}

fn operations(variables: &Value) -> Value {
    json!({ "query": AVATAR, "variables": variables })
}

#[tokio::test]
async fn a_file_gets_to_its_place_in_the_variables() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let answer = app.as_user(&ada).upload(avatar()).await;
    assert!(answer.changed("updateProfile")["user"]["profile"]["avatarUrl"].is_string());
}

#[tokio::test]
async fn one_file_may_be_for_several_places() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let photos = json!([{ "file": null }, { "file": null }]);
    let operations = json!({ "query": TWEET, "variables": { "input": { "content": "twice", "photos": photos } } });
    let paths = json!({ "x": ["variables.input.photos.0.file", "variables.input.photos.1.file"] });
    let form = Form::start(&operations, &paths).file("x", &picture(0)).end();
    let answer = app.as_user(&ada).upload(form).await;
    let photos = &answer.changed("createTweet")["tweet"]["photos"];
    assert_eq!(photos.as_array().unwrap().len(), 2);
    assert_ne!(photos[0]["url"], photos[1]["url"], "each has a file of its own, so that each can be removed");
    app.drain().await;
}

#[tokio::test]
async fn a_form_without_files_is_an_operation_like_any_other() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let operations = json!({ "query": "{ viewer { user { username } } }" });
    // Whatever the part calls itself, it is read as JSON.
    let headers = "Content-Disposition: form-data; name=\"operations\"\r\nContent-Type: multipart/mixed; boundary=YY";
    let form = Form::default().part(headers, operations.to_string().as_bytes()).text("map", "{}").end();
    let answer = app.as_user(&ada).upload(form).await;
    assert_eq!(answer.ok()["viewer"]["user"]["username"], "ada");
}

#[tokio::test]
async fn a_form_needs_a_header_that_no_other_site_can_send() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let request = |header: Option<(&'static str, &'static str)>| {
        let mut request = app.as_user(&ada).form(Body::from(avatar().body));
        request.headers_mut().remove("graphql-require-preflight").unwrap();
        if let Some((name, value)) = header {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        request
    };
    for header in [None, Some(("graphql-require-preflight", "")), Some(("x-preflight", "1"))] {
        let answer = app.send(request(header)).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "BAD_USER_INPUT"));
        assert!(answer.text.contains("GraphQL-Require-Preflight"), "{}", answer.text);
    }
    assert_eq!(app.media_files(), Vec::<String>::new());
    for name in ["graphql-require-preflight", "apollo-require-preflight", "x-apollo-operation-name"] {
        app.send(request(Some((name, "yes")))).await.changed("updateProfile");
    }
    app.drain().await;
}

#[tokio::test]
async fn a_malformed_form_is_refused_and_leaves_nothing_behind() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let one = operations(&json!({ "file": null }));
    let map = json!({ "0": ["variables.file"] });
    let file = picture(0);
    let whole = avatar().body;
    let eleven: Value = (0..11).map(|n| (n.to_string(), json!([]))).collect();
    let mapped = |map: Value| Form::start(&one, &map).file("0", &file).end();
    let cases = [
        ("nothing", Form::default()),
        ("no part", Form::default().end()),
        ("no form", Form { body: b"hello".to_vec() }),
        ("no operations", Form::default().file("0", &file).end()),
        ("map first", Form::default().text("map", &map.to_string()).text("operations", &one.to_string()).end()),
        ("no map", Form::default().text("operations", &one.to_string()).file("0", &file).end()),
        ("file before the map", Form::default().text("operations", &one.to_string()).file("0", &file).end()),
        ("operations no JSON", Form::default().text("operations", "{").text("map", "{}").end()),
        ("a batch", Form::start(&json!([one]), &map).file("0", &file).end()),
        ("map no JSON", Form::default().text("operations", &one.to_string()).text("map", "{").end()),
        ("map a list", mapped(json!(["variables.file"]))),
        ("map of strings", mapped(json!({ "0": "variables.file" }))),
        ("no such variable", mapped(json!({ "0": ["variables.other"] }))),
        ("no such field", mapped(json!({ "0": ["variables.file.deeper"] }))),
        ("no variable at all", mapped(json!({ "0": ["variables"] }))),
        ("not in the variables", mapped(json!({ "0": ["query"] }))),
        ("an empty path", mapped(json!({ "0": [""] }))),
        ("a place twice", mapped(json!({ "0": ["variables.file", "variables.file"] }))),
        ("a file that the map has not", Form::start(&one, &json!({})).file("0", &file).end()),
        ("a part without a name", Form::start(&one, &map).part("Content-Disposition: form-data", &file).end()),
        ("the same file twice", Form::start(&one, &map).file("0", &file).file("0", &file).end()),
        ("a file that does not come", Form::start(&one, &map).end()),
        ("eleven files", Form::start(&one, &eleven).end()),
        ("a place that is taken", { Form::start(&operations(&json!({ "file": "x" })), &map).file("0", &file).end() }),
        ("a garbled header", Form::start(&one, &map).part("\0\0: \0", &file).end()),
    ];
    for (case, form) in cases {
        let answer = app.as_user(&ada).upload(form).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "BAD_USER_INPUT"), "{case}: {}", answer.text);
    }
    // Cut anywhere before its end.
    for length in (0..whole.len() - 4).step_by(7) {
        let answer = app.as_user(&ada).upload(Form { body: whole[..length].to_vec() }).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "BAD_USER_INPUT"), "{length}: {}", answer.text);
    }
    let mut unbounded = app.as_user(&ada).form(Body::from(whole));
    unbounded.headers_mut().insert(header::CONTENT_TYPE, "multipart/form-data".parse().unwrap());
    assert_eq!(app.send(unbounded).await.status, 400);
    assert_eq!(app.media_files(), Vec::<String>::new());
    app.as_user(&ada).upload(avatar()).await.changed("updateProfile");
}

#[tokio::test]
async fn what_is_too_long_is_413() {
    let app = TestApp::with(|config| config.upload_bytes = 3 << 20).await;
    let ada = app.person("ada").await;
    let spaces = |count: usize| " ".repeat(count);
    let one = operations(&json!({ "file": null }));
    let map = json!({ "0": ["variables.file"] });
    let long = vec![0; 3 << 20];
    for form in [
        Form::default().text("operations", &format!("{}{one}", spaces(1 << 20))).text("map", "{}").end(),
        Form::default().text("operations", &one.to_string()).text("map", &format!("{}{map}", spaces(10_000))).end(),
        Form::start(&one, &map).file("0", &long).end(),
    ] {
        // Told by the length in the header, and found out on the way.
        let pieces: Vec<_> = form.body.chunks(100_000).map(Bytes::copy_from_slice).map(Ok::<_, String>).collect();
        let streamed = app.as_user(&ada).form(Body::from_stream(stream::iter(pieces)));
        for answer in [app.as_user(&ada).upload(form).await, app.send(streamed).await] {
            assert_eq!((answer.status.as_u16(), answer.code()), (413, "TOO_COSTLY"), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn the_headers_of_a_part_end_in_time() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let (sender, body) = piecewise();
    let answer = app.send(app.as_user(&ada).form(body));
    let endless = async {
        sender.send(Bytes::from_static(b"--XX\r\nX-Long: ")).await.unwrap();
        while sender.send(Bytes::from_static(&[b'x'; 1024])).await.is_ok() {}
    };
    let (answer, ()) = future::join(answer, endless).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (400, "BAD_USER_INPUT"), "{}", answer.text);
}

#[tokio::test]
async fn all_uploads_share_one_allowance_of_memory() {
    let app = TestApp::with(|config| {
        config.upload_bytes = 100_000;
        config.upload_memory_bytes = 100_000;
    })
    .await;
    let ada = app.person("ada").await;
    let half = {
        let one = operations(&json!({ "file": null }));
        Form::start(&one, &json!({ "0": ["variables.file"] })).file("0", &[0; 60_000]).end()
    };
    let (sender, body) = piecewise();
    let request = app.as_user(&ada).form(body);
    let first = app.send(request);
    let others = async {
        let (start, rest) = half.body.split_at(half.body.len() - 10);
        sender.send(Bytes::copy_from_slice(start)).await.unwrap();
        drop(sender.reserve().await.unwrap()); // there is room again: it was taken
        let second = app.as_user(&ada).upload(half.clone()).await;
        assert_eq!((second.status.as_u16(), second.code()), (503, "UNAVAILABLE"), "{}", second.text);
        sender.send(Bytes::copy_from_slice(rest)).await.unwrap();
        drop(sender);
    };
    let (first, ()) = future::join(first, others).await;
    assert_eq!(first.refused("updateProfile"), ["UNSUPPORTED_MEDIA avatar"]);
    let third = app.as_user(&ada).upload(half).await;
    assert_eq!(third.refused("updateProfile"), ["UNSUPPORTED_MEDIA avatar"], "the allowance is free again");
}

#[tokio::test]
async fn a_file_in_json_is_bad_input() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    for file in [json!("#__graphql_file__:0"), json!("#__graphql_file__:x"), json!(""), json!(1), json!([0]), json!({})]
    {
        let answer = app.as_user(&ada).gql(AVATAR, json!({ "file": file })).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (200, "BAD_USER_INPUT"), "{file}: {}", answer.text);
        assert_eq!(answer.body["data"]["updateProfile"], Value::Null);
    }
    let literal = "mutation { updateProfile(input: { avatar: \"x\" }) { userErrors { code } } }";
    assert_eq!(app.as_user(&ada).gql(literal, json!({})).await.code(), "BAD_USER_INPUT");
    let photos = json!({ "content": "hi", "photos": [{ "file": "x" }] });
    assert_eq!(app.as_user(&ada).gql(TWEET, json!({ "input": photos })).await.code(), "BAD_USER_INPUT");
    assert_eq!(app.number("SELECT COUNT(*) FROM tweet", []).await, 0);
}

#[tokio::test]
async fn somebody_who_is_not_logged_in_uploads_nothing() {
    let app = TestApp::new().await;
    assert_eq!(app.anonymous().upload(avatar()).await.code(), "UNAUTHENTICATED");
    let large = Form::of(AVATAR, json!({ "file": null }), &[("variables.file", &[0; 2 << 20])]);
    assert_eq!(app.anonymous().upload(large).await.status, 413);
    let mut request = app.anonymous().form(Body::from(avatar().body));
    request.headers_mut().insert(header::AUTHORIZATION, "Bearer nonsense".parse().unwrap());
    assert_eq!(app.send(request).await.status, 401);
    assert_eq!(app.media_files(), Vec::<String>::new());
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_nothing_behind() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let body = avatar().body;
    let start = Bytes::copy_from_slice(&body[..body.len() - 30]);
    let pieces = [Ok(start), Err("the connection broke".to_owned())];
    let broken = stream::iter(pieces).boxed();
    let answer = app.send(app.as_user(&ada).form(Body::from_stream(broken))).await;
    assert_eq!(answer.status, 400);
    assert_eq!(app.media_files(), Vec::<String>::new());
}
