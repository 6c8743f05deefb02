//! The list of sessions, and ending one of them.

use axum::http::header;
use roost::clock::{DAY, HOUR};
use serde_json::{Value, json};

use super::{REVOKE, SESSIONS, WHO, current, is_logged_in, log_in, sessions};
use crate::support::{Person, TestApp};

fn agents(sessions: &[Value]) -> Vec<&str> {
    sessions.iter().map(|session| session["userAgent"].as_str().unwrap_or("-")).collect()
}

#[tokio::test]
async fn sessions_are_listed_latest_first_with_what_is_known_of_them() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    app.app.clock.advance(HOUR);
    let phone = log_in(&app, &ada, "phone").await;
    log_in(&app, &ada, &"x".repeat(1_000)).await;
    app.person("bob").await;
    app.app.clock.advance(2 * HOUR);
    let found = sessions(&app, &phone).await;
    assert_eq!(agents(&found), [&"x".repeat(400), "phone", "-"]);
    let is_current: Vec<_> = found.iter().map(|session| session["isCurrent"].as_bool().unwrap()).collect();
    assert_eq!(is_current, [false, true, false]);
    let time = |session: &Value, name: &str| {
        chrono::DateTime::parse_from_rfc3339(session[name].as_str().unwrap()).unwrap().timestamp_millis()
    };
    assert!(time(&found[1], "createdAt") - time(&found[2], "createdAt") >= HOUR);
    assert!(time(&found[1], "lastSeenAt") - time(&found[1], "createdAt") >= 2 * HOUR, "seen just now");
    assert_eq!(time(&found[2], "lastSeenAt"), time(&found[2], "createdAt"), "not seen since");
}

#[tokio::test]
async fn expired_sessions_are_not_listed_and_are_no_nodes() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let id = current(&app, &ada).await;
    app.app.clock.advance(31 * DAY);
    let again = log_in(&app, &ada, "again").await;
    assert_eq!(agents(&sessions(&app, &again).await), ["again"]);
    let node = app.as_user(&again).gql("query ($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
    assert_eq!(node.ok()["node"], Value::Null);
    assert_eq!(
        app.as_user(&again).gql(REVOKE, json!({ "id": id })).await.refused("revokeSession"),
        ["NOT_FOUND sessionId"]
    );
}

#[tokio::test]
async fn there_are_never_more_than_fifty() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let mut latest = ada.clone();
    for n in 0..50 {
        latest = log_in(&app, &ada, &n.to_string()).await;
    }
    let found = sessions(&app, &latest).await;
    let expected: Vec<String> = (0..50).rev().map(|n| n.to_string()).collect();
    assert_eq!(agents(&found), expected);
    assert!(!is_logged_in(&app, &ada).await);
}

#[tokio::test]
async fn revoking_a_session_ends_that_one() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let phone = log_in(&app, &ada, "phone").await;
    let id = current(&app, &phone).await;
    let answer = app.as_user(&ada).gql(REVOKE, json!({ "id": id })).await;
    assert_eq!(answer.changed("revokeSession")["revokedSessionId"], id);
    assert!(!answer.headers.contains_key(header::SET_COOKIE), "the cookie is another session's");
    assert!(!is_logged_in(&app, &phone).await);
    assert!(is_logged_in(&app, &ada).await);
    assert_eq!(agents(&sessions(&app, &ada).await), ["-"]);
    // Once more there is none.
    assert_eq!(
        app.as_user(&ada).gql(REVOKE, json!({ "id": id })).await.refused("revokeSession"),
        ["NOT_FOUND sessionId"]
    );
}

#[tokio::test]
async fn revoking_the_current_session_is_logging_out() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let query = "mutation ($id: ID!) {
        a: revokeSession(input: { sessionId: $id }) { revokedSessionId userErrors { code } }
        b: revokeSession(input: { sessionId: $id }) { revokedSessionId } }";
    let id = current(&app, &ada).await;
    let answer = app.as_user(&ada).gql(query, json!({ "id": id })).await;
    assert_eq!(answer.body["data"], json!({ "a": { "revokedSessionId": id, "userErrors": [] }, "b": null }));
    assert_eq!(answer.code(), "UNAUTHENTICATED");
    assert!(answer.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert!(!is_logged_in(&app, &ada).await);
}

#[tokio::test]
async fn somebody_elses_session_is_none() {
    let app = TestApp::new().await;
    let [ada, eve] = app.cast(["ada", "eve"]).await;
    let id = current(&app, &ada).await;
    for (id, fault) in [(&id, "NOT_FOUND sessionId"), (&json!(ada.gid), "NOT_FOUND sessionId")] {
        assert_eq!(app.as_user(&eve).gql(REVOKE, json!({ "id": id })).await.refused("revokeSession"), [fault]);
    }
    assert_eq!(app.as_user(&eve).gql(REVOKE, json!({ "id": "nonsense" })).await.code(), "BAD_USER_INPUT");
    assert!(is_logged_in(&app, &ada).await);
}

#[tokio::test]
async fn of_two_who_revoke_a_session_at_once_one_does() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let id = current(&app, &log_in(&app, &ada, "phone").await).await;
    let client = app.as_user(&ada);
    let answers = futures_util::future::join_all((0..8).map(|_| client.gql(REVOKE, json!({ "id": id })))).await;
    let done = answers.iter().filter(|answer| answer.ok()["revokeSession"]["revokedSessionId"].is_string()).count();
    assert_eq!(done, 1);
}

#[tokio::test]
async fn nobody_sees_sessions_of_a_stranger() {
    let app = TestApp::new().await;
    app.person("ada").await;
    assert_eq!(app.anonymous().gql(SESSIONS, json!({})).await.ok()["viewer"], Value::Null);
    let bob: Person = app.person("bob").await;
    assert_eq!(sessions(&app, &bob).await.len(), 1);
    assert_eq!(app.as_user(&bob).gql(WHO, json!({})).await.ok()["viewer"]["user"]["username"], "bob");
}

#[tokio::test]
async fn expired_sessions_are_forgotten_in_the_end() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    app.app.clock.advance(29 * DAY);
    let phone = log_in(&app, &ada, "phone").await;
    app.app.clock.advance(2 * DAY);
    assert_eq!(roost::service::session::sweep(&app.app).await.unwrap(), 1);
    assert_eq!(app.number("SELECT COUNT(*) FROM session", []).await, 1);
    assert!(is_logged_in(&app, &phone).await);
}
