//! Automatic persisted queries: the hash first, the text when the server asks for it.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::get::get;
use crate::support::{Answer, CREATE_TWEET, Served, TestApp};

pub fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn extension(hash: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

async fn by_hash(app: &TestApp, hash: &str) -> Answer {
    app.send(app.anonymous().request(&json!({ "extensions": extension(hash) }))).await
}

async fn register(app: &TestApp, text: &str, hash: &str) -> Answer {
    app.send(app.anonymous().request(&json!({ "query": text, "extensions": extension(hash) }))).await
}

#[track_caller]
fn is_unknown(answer: &Answer) {
    assert_eq!(answer.code(), "PERSISTED_QUERY_NOT_FOUND");
    assert_eq!(answer.body["errors"][0]["message"], "PersistedQueryNotFound");
    assert!(answer.body.get("data").is_none());
}

#[tokio::test]
async fn an_unknown_hash_is_asked_for_and_then_known() {
    let app = TestApp::new().await;
    let text = "query A($name: String!) { user(username: $name) { id } }";
    let hash = sha256(text);
    let answer = by_hash(&app, &hash).await;
    assert_eq!(answer.status, 200);
    is_unknown(&answer);
    let variables = json!({ "name": "nobody" });
    let both = json!({ "query": text, "variables": variables, "extensions": extension(&hash) });
    assert_eq!(*app.send(app.anonymous().request(&both)).await.ok(), json!({ "user": null }));
    for query in [json!(null), json!("")] {
        let again = json!({ "query": query, "variables": variables, "extensions": extension(&hash) });
        assert_eq!(*app.send(app.anonymous().request(&again)).await.ok(), json!({ "user": null }));
    }
    let shouted = json!({ "variables": variables, "extensions": extension(&hash.to_uppercase()) });
    app.send(app.anonymous().request(&shouted)).await.ok();
    let named = json!({ "documentId": format!("sha256:{hash}"), "variables": variables });
    assert_eq!(*app.send(app.anonymous().request(&named)).await.ok(), json!({ "user": null }));
}

#[tokio::test]
async fn by_get_as_well_but_no_mutation() {
    let app = TestApp::new().await;
    let text = "{ __typename }";
    let extensions = extension(&sha256(text)).to_string();
    let hash_only = [("extensions", extensions.as_str())];
    is_unknown(&app.send(get("application/json", &hash_only)).await);
    app.send(get("application/json", &[("query", text), hash_only[0]])).await.ok();
    assert_eq!(app.send(get("application/json", &hash_only)).await.ok()["__typename"], "Query");
    let id = format!("sha256:{}", sha256(text));
    assert_eq!(app.send(get("application/json", &[("documentId", &id)])).await.ok()["__typename"], "Query");

    let ada = app.person("ada").await;
    let known = json!({ "query": CREATE_TWEET, "variables": { "content": "mine" }, "extensions": extension(&sha256(CREATE_TWEET)) });
    app.send(app.as_user(&ada).request(&known)).await.changed("createTweet");
    let extensions = extension(&sha256(CREATE_TWEET)).to_string();
    let forged = [("extensions", extensions.as_str()), ("variables", r#"{"content":"forged"}"#)];
    assert_eq!(app.send(get("application/json", &forged)).await.status, 405);
    app.drain().await;
}

#[tokio::test]
async fn over_a_socket_and_as_events_too() {
    let served = Served::new().await;
    let text = "{ __typename }";
    let mut socket = served.anonymous().await;
    let by_hash = json!({ "id": "1", "type": "subscribe", "payload": { "extensions": extension(&sha256(text)) } });
    socket.send(&by_hash).await;
    assert_eq!(socket.error("1").await, "PERSISTED_QUERY_NOT_FOUND");
    let both = json!({ "query": text, "extensions": extension(&sha256(text)) });
    socket.send(&json!({ "id": "2", "type": "subscribe", "payload": both })).await;
    assert_eq!(socket.event("2").await["__typename"], "Query");
    socket.next().await;
    socket.send(&by_hash).await;
    assert_eq!(socket.event("1").await["__typename"], "Query");

    let app = &served.app;
    register(app, text, &sha256(text)).await.ok();
    let mut events = app.listen(app.anonymous().request(&by_hash["payload"])).await;
    assert_eq!(events.data().await["__typename"], "Query");
}

#[tokio::test]
async fn a_hash_that_is_not_the_texts_registers_nothing() {
    let app = TestApp::new().await;
    let hash = sha256("{ viewer { id } }");
    let answer = register(&app, "{ __typename }", &hash).await;
    assert_eq!(answer.code(), "BAD_USER_INPUT");
    assert!(answer.body.get("data").is_none());
    is_unknown(&by_hash(&app, &hash).await);
    is_unknown(&by_hash(&app, &sha256("{ __typename }")).await);
}

#[tokio::test]
async fn what_is_no_document_or_asks_for_too_much_is_not_kept() {
    let app = TestApp::new().await;
    for (text, code) in [
        ("{".to_owned(), "GRAPHQL_PARSE_FAILED"),
        (crate::limits::bomb(30), "TOO_COSTLY"),
        ("{ viewer".repeat(16) + &"}".repeat(16), "TOO_COSTLY"),
    ] {
        assert_eq!(register(&app, &text, &sha256(&text)).await.code(), code);
        is_unknown(&by_hash(&app, &sha256(&text)).await);
    }
}

#[tokio::test]
async fn a_malformed_extension_is_400() {
    let app = TestApp::new().await;
    let hash = sha256("{ __typename }");
    for extension in [
        json!({ "version": 2, "sha256Hash": hash }),
        json!({ "sha256Hash": hash }),
        json!({ "version": "1", "sha256Hash": hash }),
        json!({ "version": 1 }),
        json!({ "version": 1, "sha256Hash": 1 }),
        json!([1, hash]),
        json!(hash),
        json!(true),
    ] {
        let body = json!({ "query": "{ __typename }", "extensions": { "persistedQuery": extension } });
        let answer = app.send(app.anonymous().request(&body)).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "BAD_USER_INPUT"), "{extension}");
    }
    let two = json!({ "documentId": "a", "query": "{ __typename }" });
    assert_eq!(app.send(app.anonymous().request(&two)).await.status, 400);
    let two = json!({ "documentId": "a", "extensions": extension(&hash) });
    assert_eq!(app.send(app.anonymous().request(&two)).await.status, 400);
}

#[tokio::test]
async fn a_flood_of_strangers_documents_does_not_drive_out_those_in_use() {
    let app = TestApp::with(|config| config.persisted_query_bytes = 40_000).await;
    let used = "{ used: __typename }";
    register(&app, used, &sha256(used)).await.ok();
    by_hash(&app, &sha256(used)).await.ok();
    let texts: Vec<String> = (0..200).map(|n| format!("{{ a{n}: __typename }} # {}", "x".repeat(300))).collect();
    for text in &texts {
        register(&app, text, &sha256(text)).await.ok();
    }
    by_hash(&app, &sha256(used)).await.ok();
    let mut kept = 0;
    for text in &texts {
        let answer = by_hash(&app, &sha256(text)).await;
        kept += usize::from(answer.body.get("errors").is_none());
    }
    // A quarter of 40,000 bytes, at some 580 bytes each.
    assert!((10..=20).contains(&kept), "{kept} of 200 are kept");
}

#[tokio::test]
async fn they_can_be_switched_off() {
    let app = TestApp::with(|config| config.persisted_query_bytes = 0).await;
    let text = "{ __typename }";
    let answer = by_hash(&app, &sha256(text)).await;
    assert_eq!(answer.code(), "PERSISTED_QUERY_NOT_FOUND");
    assert_eq!(answer.body["errors"][0]["message"], "PersistedQueryNotSupported");
    register(&app, text, &sha256(text)).await.ok();
    assert_eq!(by_hash(&app, &sha256(text)).await.code(), "PERSISTED_QUERY_NOT_FOUND");
}
