//! Trusted documents: a list from the client's build, preferred or enforced.

use roost::config::TrustedDocuments;
use serde_json::{Value, json};

use super::get::get;
use super::persisted::sha256;
use crate::support::process::Place;
use crate::support::{Answer, Served, TestApp};

const LISTED: &str = "query Listed($name: String!) { user(username: $name) { id } }";

fn manifests() -> [Value; 2] {
    let operation = json!({ "id": "the-id", "body": LISTED, "name": "Listed", "type": "query" });
    [
        json!({ "the-id": LISTED }),
        json!({ "format": "apollo-persisted-query-manifest", "version": 1, "operations": [operation] }),
    ]
}

async fn app(manifest: &Value, mode: TrustedDocuments) -> TestApp {
    let manifest = manifest.to_string();
    TestApp::with(|config| {
        let path = config.data_dir.join("trusted.json");
        std::fs::write(&path, manifest).unwrap();
        config.trusted_documents = Some(path);
        config.trusted_documents_mode = mode;
    })
    .await
}

/// Every way to name the listed document.
fn names() -> Vec<Value> {
    let hash = sha256(LISTED);
    let persisted = |hash: &str| json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    vec![
        json!({ "documentId": "the-id" }),
        json!({ "documentId": "the-id", "query": "" }),
        json!({ "documentId": format!("sha256:{hash}") }),
        json!({ "extensions": persisted("the-id") }),
        json!({ "extensions": persisted(&hash) }),
        json!({ "extensions": persisted(&hash), "query": LISTED }),
        json!({ "query": LISTED }),
    ]
}

async fn ask(app: &TestApp, mut request: Value) -> Answer {
    request["variables"] = json!({ "name": "nobody" });
    app.send(app.anonymous().request(&request)).await
}

#[tokio::test]
async fn a_listed_document_is_executed_by_its_id_or_hash_in_both_modes() {
    for manifest in manifests() {
        for mode in [TrustedDocuments::Prefer, TrustedDocuments::Enforce] {
            let app = app(&manifest, mode).await;
            for name in names() {
                assert_eq!(*ask(&app, name.clone()).await.ok(), json!({ "user": null }), "{name}");
            }
            let parameters = [("documentId", "the-id"), ("variables", r#"{"name":"nobody"}"#)];
            app.send(get("application/json", &parameters)).await.ok();
        }
    }
}

#[tokio::test]
async fn an_id_that_is_not_listed_is_told_in_the_media_types_way() {
    let app = app(&manifests()[0], TrustedDocuments::Prefer).await;
    for (accept, status) in [("application/json", 200), ("application/graphql-response+json", 400)] {
        let answer = app.send(get(accept, &[("documentId", "another")])).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (status, "PERSISTED_QUERY_NOT_FOUND"));
    }
}

#[tokio::test]
async fn other_documents_are_executed_if_the_list_is_only_preferred() {
    let app = app(&manifests()[0], TrustedDocuments::Prefer).await;
    assert_eq!(ask(&app, json!({ "query": "{ __typename }" })).await.ok()["__typename"], "Query");
}

#[tokio::test]
async fn enforced_nothing_else_is_executed_on_any_transport() {
    let app = app(&manifests()[0], TrustedDocuments::Enforce).await;
    let text = "{ __typename }";
    let persisted = json!({ "persistedQuery": { "version": 1, "sha256Hash": sha256(text) } });
    for request in [
        json!({ "query": text }),
        json!({ "query": format!("{LISTED} ") }),
        json!({ "query": text, "extensions": persisted }),
        json!({ "extensions": persisted }),
        json!({ "query": include_str!("../limits/introspection.graphql") }),
    ] {
        assert_eq!(ask(&app, request.clone()).await.code(), "PERSISTED_QUERY_NOT_FOUND", "{request}");
        let mut events = app.listen(app.anonymous().request(&request)).await;
        assert_eq!(events.code().await, "PERSISTED_QUERY_NOT_FOUND");
    }
    assert_eq!(app.send(get("application/json", &[("query", text)])).await.code(), "PERSISTED_QUERY_NOT_FOUND");
}

#[tokio::test]
async fn enforced_over_a_socket_too() {
    let set = |config: &mut roost::config::Config| {
        let path = config.data_dir.join("trusted.json");
        std::fs::write(&path, json!({ "the-id": LISTED }).to_string()).unwrap();
        config.trusted_documents = Some(path);
        config.trusted_documents_mode = TrustedDocuments::Enforce;
    };
    let served = Served::with(set, roost::http::Timings::default()).await;
    let mut socket = served.anonymous().await;
    socket.subscribe("1", "{ __typename }", json!({})).await;
    assert_eq!(socket.error("1").await, "PERSISTED_QUERY_NOT_FOUND");
    let payload = json!({ "documentId": "the-id", "variables": { "name": "nobody" } });
    socket.send(&json!({ "id": "2", "type": "subscribe", "payload": payload })).await;
    assert_eq!(socket.event("2").await, json!({ "user": null }));
}

#[tokio::test]
async fn limits_hold_for_listed_documents() {
    let manifest = json!({ "bomb": crate::limits::bomb(30) });
    let app = app(&manifest, TrustedDocuments::Enforce).await;
    assert_eq!(ask(&app, json!({ "documentId": "bomb" })).await.code(), "TOO_COSTLY");
}

#[tokio::test]
async fn a_list_that_cannot_be_used_is_told_in_one_sentence() {
    let place = Place::new();
    std::fs::write(place.path("roost.toml"), "trusted_documents = \"list.json\"").unwrap();
    for (list, expected) in [
        (None, "list.json cannot be read"),
        (Some("nonsense"), "list.json is neither"),
        (Some("[]"), "list.json is neither"),
        (Some(r#"{"id": 1}"#), "what stands at \"id\" is no text"),
        (Some(r#"{"operations": [{"id": "x"}]}"#), "missing field `body`"),
    ] {
        if let Some(list) = list {
            std::fs::write(place.path("list.json"), list).unwrap();
        }
        let answer = place.run(&["serve"]).await;
        assert_eq!((answer.code, answer.stdout.as_str()), (Some(2), ""), "{answer:?}");
        assert!(answer.stderr.starts_with("roost: The list of trusted documents"), "{answer:?}");
        assert!(answer.stderr.contains(expected) && answer.stderr.lines().count() == 1, "{answer:?}");
    }
}
