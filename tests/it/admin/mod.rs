//! The administration by the API: who may, and what it does.

mod queue;
mod users;

use entity::user::Role;
use roost::service::admin;
use roost::service::audit::Actor::CommandLine;
use serde_json::{Value, json};

use crate::support::{Person, TestApp};

/// Somebody who administers.
async fn root(app: &TestApp) -> Person {
    let root = app.person("root").await;
    admin::set_role(&app.app, CommandLine, root.id, Role::Admin).await.unwrap();
    root
}

/// Every mutation of the administration by its name, with an input that would do something.
fn mutations(user: &Person) -> Vec<(&'static str, Value)> {
    let of_user = json!({ "userId": user.gid });
    vec![
        ("adminSuspendUser", of_user.clone()),
        ("adminRestoreUser", of_user.clone()),
        ("adminDeleteUser", of_user.clone()),
        ("adminPromoteUser", of_user.clone()),
        ("adminDemoteUser", of_user),
        ("adminSetGate", json!({ "name": "new", "percent": 5 })),
        ("adminRetryDeadLetters", json!({})),
        ("adminDropDeadLetters", json!({})),
    ]
}

/// Calls a mutation of the administration.
async fn call(app: &TestApp, person: &Person, mutation: &str, input: &Value) -> crate::support::Answer {
    let ty = match mutation {
        "adminSetGate" => "AdminSetGateInput",
        _ if mutation.contains("Letters") => "AdminDeadLettersInput",
        _ => "AdminUserInput",
    };
    let query =
        format!("mutation ($input: {ty}!) {{ {mutation}(input: $input) {{ userErrors {{ code message field }} }} }}");
    app.as_user(person).gql(&query, json!({ "input": input })).await
}

#[tokio::test]
async fn only_administrators_administer() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let schema = "{ __schema { mutationType { fields { name } } } }";
    let answer = app.anonymous().gql(schema, json!({})).await;
    let fields = answer.ok()["__schema"]["mutationType"]["fields"].as_array().unwrap();
    let mut named: Vec<_> =
        fields.iter().filter_map(|field| field["name"].as_str()).filter(|name| name.starts_with("admin")).collect();
    let mut known: Vec<_> = mutations(&ada).iter().map(|(name, _)| *name).collect();
    named.sort_unstable();
    known.sort_unstable();
    assert_eq!(named, known);

    for (mutation, input) in mutations(&ada) {
        let answer = call(&app, &bob, mutation, &input).await;
        assert_eq!(answer.code(), "FORBIDDEN", "{mutation}");
        assert_eq!(answer.body["data"], json!({ mutation: null }));
    }
    let query = "{ admin { gates { name } } viewer { id } }";
    let answer = app.as_user(&bob).gql(query, json!({})).await;
    assert_eq!((answer.code(), &answer.body["data"]["admin"]), ("FORBIDDEN", &Value::Null));
    assert!(answer.body["data"]["viewer"]["id"].is_string(), "only that field is null");
    let answer = app.anonymous().gql(query, json!({})).await;
    assert_eq!((answer.code(), &answer.body["data"]["admin"]), ("UNAUTHENTICATED", &Value::Null));
    let untouched =
        "SELECT (SELECT COUNT(*) FROM audit) + (SELECT COUNT(*) FROM suspended) + (SELECT COUNT(*) FROM outbox)";
    assert_eq!(app.number(untouched, []).await, 0);

    let root = root(&app).await;
    app.as_user(&root).gql(query, json!({})).await.ok();
    admin::set_role(&app.app, CommandLine, root.id, Role::Person).await.unwrap();
    assert_eq!(app.as_user(&root).gql(query, json!({})).await.code(), "FORBIDDEN", "at once");
}

#[tokio::test]
async fn gates_are_set_and_read() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let root = root(&app).await;
    let query = "mutation ($input: AdminSetGateInput!) { adminSetGate(input: $input) {
        gate { name percent description allowed { username } denied { username } } userErrors { code message field } } }";
    let input =
        json!({ "name": "new", "percent": 5, "description": "A feature.", "allow": [ada.gid], "deny": [root.gid] });
    let answer = app.as_user(&root).gql(query, json!({ "input": input })).await;
    let gate = json!({ "name": "new", "percent": 5, "description": "A feature.",
        "allowed": [{ "username": "ada" }], "denied": [{ "username": "root" }] });
    assert_eq!(answer.changed("adminSetGate")["gate"], gate);
    let read = "query ($id: ID!) { admin { gates { name percent } gate(name: \"new\") { percent description isOpen(userId: $id) }
        none: gate(name: \"none\") { name } } }";
    let answer = app.as_user(&root).gql(read, json!({ "id": ada.gid })).await;
    assert_eq!(
        answer.ok()["admin"],
        json!({ "gates": [{ "name": "hybrid-fanout", "percent": 100 }, { "name": "new", "percent": 5 }],
            "gate": { "percent": 5, "description": "A feature.", "isOpen": true }, "none": null })
    );
    let wrong = json!({ "name": "N", "percent": -1, "allow": [ada.gid], "unlist": [ada.gid] });
    let answer = app.as_user(&root).gql(query, json!({ "input": wrong })).await;
    assert_eq!(answer.refused("adminSetGate"), ["INVALID name", "INVALID percent", "INVALID unlist"]);
    assert_eq!(
        app.as_user(&root).gql(query, json!({ "input": { "name": "new", "allow": ["?"] } })).await.code(),
        "BAD_USER_INPUT"
    );
}

#[tokio::test]
async fn the_log_says_who_did_what_to_whom_and_when() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let root = root(&app).await;
    for (mutation, input) in mutations(&ada).iter().filter(|(mutation, _)| *mutation != "adminDeleteUser") {
        for _ in 0..2 {
            // A repeat changes nothing, and the log is silent of it.
            call(&app, &root, mutation, input).await.changed(mutation);
        }
    }
    app.drain().await;
    let query = "{ admin { audit(first: 50) { nodes { createdAt origin actor { username } action user { username } gate
        oldValue newValue } } } }";
    let answer = app.as_user(&root).gql(query, json!({})).await;
    let log = answer.ok()["admin"]["audit"]["nodes"].as_array().unwrap();
    let told: Vec<_> = log
        .iter()
        .rev()
        .map(|entry| {
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            assert!(text(&entry["createdAt"]).ends_with('Z'));
            let who = if entry["origin"] == "API" { text(&entry["actor"]["username"]) } else { text(&entry["origin"]) };
            format!("{who} {} {}", text(&entry["action"]), text(&entry["user"]["username"]))
        })
        .collect();
    assert_eq!(
        told,
        [
            "COMMAND_LINE USER_PROMOTED root",
            "root USER_SUSPENDED ada",
            "root USER_RESTORED ada",
            "root USER_PROMOTED ada",
            "root USER_DEMOTED ada",
            "root GATE_CHANGED -",
        ]
    );
    assert_eq!((&log[0]["gate"], &log[0]["oldValue"]), (&json!("new"), &Value::Null));
}

#[tokio::test]
async fn wrong_counters_are_told() {
    let app = TestApp::new().await;
    let root = root(&app).await;
    let query = "{ admin { wrongCounters { counter stored counted } } }";
    assert_eq!(app.as_user(&root).gql(query, json!({})).await.ok()["admin"]["wrongCounters"], json!([]));
    app.damage("UPDATE user_stats SET follower_count = 7").await;
    let expected = json!([{ "counter": format!("followers of user {}", root.id), "stored": 7, "counted": 0 }]);
    assert_eq!(app.as_user(&root).gql(query, json!({})).await.ok()["admin"]["wrongCounters"], expected);
}
