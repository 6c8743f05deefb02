//! What holds for every mutation and every node, those to come included: they are found by introspection.

use std::collections::BTreeMap;

use entity::user::Role;
use roost::service::admin;
use roost::service::audit::Actor;
use roost::service::gate::{self, GateChange};
use serde_json::{Value, json};

use crate::support::TestApp;

/// Mutations that need nobody to be logged in, and why.
const OPEN: [(&str, &str); 3] = [
    ("signUp", "makes the account"),
    ("logIn", "starts the session"),
    ("logOut", "succeeds without a session, so that a client need not know whether it has one"),
];

const SCHEMA: &str = "{ __schema {
    mutationType { fields { name args { name type { ...Type } } } }
    types { name kind enumValues { name } inputFields { name defaultValue type { ...Type } } possibleTypes { name } } } }
fragment Type on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

async fn introspect(app: &TestApp) -> Value {
    app.anonymous().gql(SCHEMA, json!({})).await.ok()["__schema"].clone()
}

fn type_named<'a>(schema: &'a Value, name: &Value) -> &'a Value {
    schema["types"].as_array().unwrap().iter().find(|ty| ty["name"] == *name).unwrap()
}

/// The least that a type takes, as a literal: what may be left out is left out.
fn least(schema: &Value, ty: &Value, id: &str) -> Option<String> {
    if ty["kind"] != "NON_NULL" {
        return None;
    }
    Some(some(schema, &ty["ofType"], id))
}

fn some(schema: &Value, ty: &Value, id: &str) -> String {
    match (ty["kind"].as_str().unwrap(), ty["name"].as_str()) {
        ("LIST", _) => "[]".to_owned(),
        ("INPUT_OBJECT", _) => {
            let fields = type_named(schema, &ty["name"])["inputFields"].as_array().unwrap();
            let given: Vec<_> = fields
                .iter()
                .filter(|field| field["defaultValue"].is_null())
                .filter_map(|field| {
                    Some(format!("{}: {}", field["name"].as_str()?, least(schema, &field["type"], id)?))
                })
                .collect();
            format!("{{ {} }}", given.join(", "))
        }
        ("ENUM", _) => type_named(schema, &ty["name"])["enumValues"][0]["name"].as_str().unwrap().to_owned(),
        (_, Some("ID")) => format!("{id:?}"),
        (_, Some("Int" | "Float")) => "1".to_owned(),
        (_, Some("Boolean")) => "true".to_owned(),
        _ => "\"x\"".to_owned(),
    }
}

#[tokio::test]
async fn every_mutation_refuses_an_anonymous_caller_unless_it_is_known_to_be_open() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let schema = introspect(&app).await;
    let mutations = schema["mutationType"]["fields"].as_array().unwrap();
    assert!(mutations.len() > OPEN.len());
    for (open, _) in OPEN {
        assert!(mutations.iter().any(|mutation| mutation["name"] == open), "{open} is no mutation any more");
    }
    let before = app.number("SELECT COUNT(*) FROM outbox", []).await;
    for mutation in mutations {
        let name = mutation["name"].as_str().unwrap();
        let arguments: Vec<_> = mutation["args"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|arg| Some(format!("{}: {}", arg["name"].as_str()?, least(&schema, &arg["type"], &ada.gid)?)))
            .collect();
        let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
        let query = format!("mutation {{ {name}{arguments} {{ __typename }} }}");
        let answer = app.anonymous().gql(&query, json!({})).await;
        if OPEN.iter().any(|(open, _)| *open == name) {
            answer.ok();
        } else {
            assert_eq!(answer.code(), "UNAUTHENTICATED", "{query}");
            assert_eq!(answer.body["data"], json!({ name: null }), "{query}");
        }
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM outbox", []).await, before, "nothing was done");
}

/// One object of each kind that has an id, made and found through the API.
async fn ids(app: &TestApp) -> (crate::support::Person, BTreeMap<String, String>) {
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let tweet = app.tweet_photo(&ada, "hello").await;
    let comment =
        "mutation ($id: ID!) { createComment(input: { tweetId: $id, content: \"hi\" }) { userErrors { code } } }";
    app.as_user(&bob).gql(comment, json!({ "id": tweet })).await.changed("createComment");
    app.follow(&bob, &ada).await;
    app.drain().await;
    admin::set_role(&app.app, Actor::CommandLine, ada.id, Role::Admin).await.unwrap();
    let change = GateChange { percent: Some(5), ..GateChange::default() };
    gate::set(&app.app, Actor::CommandLine, "new", &change).await.unwrap();
    app.damage(
        "INSERT INTO dead_letter (id, payload, attempts, error, created_at, died_at) VALUES (1, '{}', 5, 'x', 0, 0)",
    )
    .await;
    let query =
        "{ admin { users { nodes { ...Id } } gates { ...Id } deadLetters { nodes { ...Id } } audit { nodes { ...Id } } }
           viewer { ...Id sessions { ...Id } user { ...Id profile { ...Id } tweets { nodes { ...Id photos { ...Id } comments { nodes { ...Id } } } } }
                   notifications { nodes { ...Id } } } }
                 fragment Id on Node { __typename id }";
    let answer = app.as_user(&ada).gql(query, json!({})).await;
    let mut ids = BTreeMap::new();
    collect(answer.ok(), &mut ids);
    (ada, ids)
}

fn collect(value: &Value, ids: &mut BTreeMap<String, String>) {
    if let (Some(ty), Some(id)) = (value["__typename"].as_str(), value["id"].as_str()) {
        ids.insert(ty.to_owned(), id.to_owned());
    }
    match value {
        Value::Object(fields) => fields.values().for_each(|value| collect(value, ids)),
        Value::Array(items) => items.iter().for_each(|value| collect(value, ids)),
        _ => (),
    }
}

#[tokio::test]
async fn every_node_can_be_fetched_by_its_id() {
    let mut app = TestApp::new().await;
    // There is a dead letter, to be found.
    app.checks_queue = false;
    let (ada, ids) = ids(&app).await;
    let schema = introspect(&app).await;
    let nodes = type_named(&schema, &json!("Node"))["possibleTypes"].as_array().unwrap();
    let names: Vec<_> = nodes.iter().map(|node| node["name"].as_str().unwrap()).collect();
    assert!(names.iter().all(|name| ids.contains_key(*name)), "make one of each of {names:?}, but there is {ids:?}");

    let query = "query ($id: ID!, $ids: [ID!]!) { node(id: $id) { __typename id } nodes(ids: $ids) { __typename id } }";
    for (ty, id) in &ids {
        let answer = app.as_user(&ada).gql(query, json!({ "id": id, "ids": [id, id] })).await;
        let expected = json!({ "__typename": ty, "id": id });
        assert_eq!(*answer.ok(), json!({ "node": expected, "nodes": [expected, expected] }));
    }
}

#[tokio::test]
async fn what_is_somebodys_own_is_a_node_for_nobody_else() {
    let mut app = TestApp::new().await;
    // There is a dead letter, to be found.
    app.checks_queue = false;
    let (_, ids) = ids(&app).await;
    let eve = app.person("eve").await;
    for (ty, id) in &ids {
        let is_private =
            ["Viewer", "Notification", "Session", "Account", "AuditEntry", "DeadLetter", "Gate"].contains(&ty.as_str());
        for client in [app.anonymous(), app.as_user(&eve)] {
            let answer = client.gql("query ($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
            assert_eq!(answer.ok()["node"].is_null(), is_private, "{ty}");
        }
    }
}
