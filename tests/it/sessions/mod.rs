//! Where somebody is logged in: the list, the end of a session, and what one logs in with.

mod credentials;
mod ends;
mod list;

use serde_json::{Value, json};

use crate::support::{Person, TestApp};

const WHO: &str = "{ viewer { user { username } } }";
const SESSIONS: &str = "{ viewer { sessions { id createdAt lastSeenAt userAgent isCurrent } } }";
const REVOKE: &str = "mutation ($id: ID!) { revokeSession(input: { sessionId: $id }) {
    revokedSessionId userErrors { code message field } } }";
const CHANGE_PASSWORD: &str = "mutation ($old: String!, $new: String!) {
    changePassword(input: { oldPassword: $old, newPassword: $new }) {
        viewer { user { username } } userErrors { code message field } } }";
const CHANGE_EMAIL: &str = "mutation ($email: String!, $password: String!) {
    changeEmail(input: { email: $email, password: $password }) { viewer { email } userErrors { code message field } } }";

/// The same person once more, logged in elsewhere.
async fn log_in(app: &TestApp, person: &Person, user_agent: &str) -> Person {
    let password = Person::PASSWORD.to_owned();
    let log_in = roost::auth::log_in(&app.app, &person.name, password, Some(user_agent)).await.unwrap();
    Person { token: log_in.token, ..person.clone() }
}

async fn sessions(app: &TestApp, person: &Person) -> Vec<Value> {
    let answer = app.as_user(person).gql(SESSIONS, json!({})).await;
    answer.ok()["viewer"]["sessions"].as_array().unwrap().clone()
}

/// The id of the session by which somebody asks.
async fn current(app: &TestApp, person: &Person) -> Value {
    let sessions = sessions(app, person).await;
    let current: Vec<_> = sessions.iter().filter(|session| session["isCurrent"] == true).collect();
    assert_eq!(current.len(), 1);
    current[0]["id"].clone()
}

async fn is_logged_in(app: &TestApp, person: &Person) -> bool {
    app.as_user(person).gql(WHO, json!({})).await.status == 200
}
