//! Changing the password and the e-mail address.

use serde_json::{Value, json};

use super::{CHANGE_EMAIL, CHANGE_PASSWORD, is_logged_in, log_in, sessions};
use crate::support::{Person, TestApp};

const NEW: &str = "battery staple";

async fn can_log_in(app: &TestApp, login: &str, password: &str) -> bool {
    let query = "mutation ($login: String!, $password: String!) {
        logIn(input: { login: $login, password: $password }) { sessionToken userErrors { code message field } } }";
    let answer = app.anonymous().gql(query, json!({ "login": login, "password": password })).await;
    let is_in = answer.ok()["logIn"]["sessionToken"].is_string();
    assert!(is_in || answer.refused("logIn") == ["WRONG_CREDENTIALS"]);
    is_in
}

fn passwords(old: &str, new: &str) -> Value {
    json!({ "old": old, "new": new })
}

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let others = [log_in(&app, &ada, "phone").await, log_in(&app, &ada, "tablet").await];
    let answer = app.as_user(&ada).gql(CHANGE_PASSWORD, passwords(Person::PASSWORD, NEW)).await;
    assert_eq!(answer.changed("changePassword")["viewer"]["user"]["username"], "ada");
    assert!(is_logged_in(&app, &ada).await && is_logged_in(&app, &bob).await);
    for other in &others {
        assert!(!is_logged_in(&app, other).await);
    }
    assert!(!can_log_in(&app, "ada", Person::PASSWORD).await);
    assert!(can_log_in(&app, "ada", NEW).await && can_log_in(&app, "bob", Person::PASSWORD).await);
}

#[tokio::test]
async fn what_is_wrong_with_two_passwords_is_told_at_once_and_nothing_changes() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let phone = log_in(&app, &ada, "phone").await;
    for (change, faults) in [
        (passwords("wrong horse", "short"), &["WRONG_CREDENTIALS oldPassword", "TOO_SHORT newPassword"][..]),
        (passwords("wrong horse", NEW), &["WRONG_CREDENTIALS oldPassword"]),
        (passwords(Person::PASSWORD, &"x".repeat(129)), &["TOO_LONG newPassword"]),
        (passwords("", ""), &["WRONG_CREDENTIALS oldPassword", "TOO_SHORT newPassword"]),
        (passwords(&"x".repeat(100_000), NEW), &["WRONG_CREDENTIALS oldPassword"]),
        (passwords(&format!(" {} ", Person::PASSWORD), NEW), &["WRONG_CREDENTIALS oldPassword"]),
    ] {
        let answer = app.as_user(&ada).gql(CHANGE_PASSWORD, change).await;
        assert_eq!(answer.refused("changePassword"), faults);
        let path = &answer.body["data"]["changePassword"]["userErrors"][0]["field"][0];
        assert_eq!(path, "input");
    }
    assert!(is_logged_in(&app, &phone).await && can_log_in(&app, "ada", Person::PASSWORD).await);
}

#[tokio::test]
async fn of_many_changes_at_once_one_succeeds() {
    let app = TestApp::new().await;
    for round in 0..5 {
        let ada = app.person(&format!("ada{round}")).await;
        let phone = log_in(&app, &ada, "phone").await;
        let clients = [app.as_user(&ada), app.as_user(&phone)];
        let changes = (0..8).map(|n| {
            let new = format!("new password {n}");
            clients[n % 2].gql(CHANGE_PASSWORD, passwords(Person::PASSWORD, &new))
        });
        let answers = futures_util::future::join_all(changes).await;
        let mut done = Vec::new();
        for (n, answer) in answers.iter().enumerate() {
            if answer.body["data"]["changePassword"]["viewer"].is_object() {
                done.push(n);
            } else if answer.body.get("errors").is_some() {
                assert_eq!(answer.code(), "UNAUTHENTICATED");
            } else {
                assert_eq!(answer.refused("changePassword"), ["WRONG_CREDENTIALS oldPassword"]);
            }
        }
        assert_eq!(done.len(), 1, "{done:?}");
        assert!(can_log_in(&app, &ada.name, &format!("new password {}", done[0])).await);
        let (winner, loser) = if done[0] % 2 == 0 { (&ada, &phone) } else { (&phone, &ada) };
        assert!(is_logged_in(&app, winner).await && !is_logged_in(&app, loser).await);
    }
}

#[tokio::test]
async fn a_log_in_with_the_old_password_does_not_survive_the_change() {
    let app = TestApp::new().await;
    for round in 0..20 {
        let ada = app.person(&format!("ada{round}")).await;
        let query = "mutation ($login: String!, $password: String!) {
            logIn(input: { login: $login, password: $password }) { sessionToken userErrors { code } } }";
        let (owner, thief) = (app.as_user(&ada), app.anonymous());
        let stolen = || thief.gql(query, json!({ "login": ada.name, "password": Person::PASSWORD }));
        let log_ins = futures_util::future::join_all((0..6).map(|_| stolen()));
        let change = owner.gql(CHANGE_PASSWORD, passwords(Person::PASSWORD, NEW));
        let (_, changed) = futures_util::future::join(log_ins, change).await;
        changed.changed("changePassword");
        assert_eq!(sessions(&app, &ada).await.len(), 1, "round {round}");
    }
}

#[tokio::test]
async fn a_session_is_not_started_by_a_password_that_was_changed_meanwhile() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let stale = app.rows("SELECT password_hash FROM users", []).await[0].try_get_by_index::<String>(0).unwrap();
    app.as_user(&ada).gql(CHANGE_PASSWORD, passwords(Person::PASSWORD, NEW)).await.changed("changePassword");
    let new = roost::service::session::NewSession {
        user: ada.id,
        password_hash: &stale,
        token_hash: "of some token",
        user_agent: None,
    };
    let error = roost::service::session::start(&app.app, &new).await.unwrap_err();
    assert!(matches!(error, roost::error::Error::User(_)), "{error:?}");
    assert_eq!(sessions(&app, &ada).await.len(), 1);
}

#[tokio::test]
async fn a_new_address_is_the_one_to_log_in_with() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let phone = log_in(&app, &ada, "phone").await;
    let change = |email: &str, password: &str| json!({ "email": email, "password": password });
    let answer = app.as_user(&ada).gql(CHANGE_EMAIL, change(" Ada@Lovelace.EXAMPLE.org ", Person::PASSWORD)).await;
    assert_eq!(answer.changed("changeEmail")["viewer"]["email"], "ada@lovelace.example.org");
    assert!(can_log_in(&app, "ADA@lovelace.example.org", Person::PASSWORD).await);
    assert!(!can_log_in(&app, "ada@example.org", Person::PASSWORD).await);
    assert!(is_logged_in(&app, &phone).await, "an address ends no session");
    // One's own is no fault.
    app.as_user(&ada)
        .gql(CHANGE_EMAIL, change("ada@lovelace.example.org", Person::PASSWORD))
        .await
        .changed("changeEmail");
}

#[tokio::test]
async fn what_is_wrong_with_an_address_and_a_password_is_told_at_once() {
    let app = TestApp::new().await;
    let [ada, _] = app.cast(["ada", "bob"]).await;
    for (email, password, faults) in [
        ("BOB@example.org", "wrong horse", &["TAKEN email", "WRONG_CREDENTIALS password"][..]),
        ("nowhere", "wrong horse", &["INVALID email", "WRONG_CREDENTIALS password"]),
        ("bob@example.org", Person::PASSWORD, &["TAKEN email"]),
        ("eve@example.org", "wrong horse", &["WRONG_CREDENTIALS password"]),
    ] {
        let answer = app.as_user(&ada).gql(CHANGE_EMAIL, json!({ "email": email, "password": password })).await;
        assert_eq!(answer.refused("changeEmail"), faults);
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM users WHERE email = 'ada@example.org'", []).await, 1);
}

#[tokio::test]
async fn of_many_who_want_one_address_one_gets_it() {
    let app = TestApp::new().await;
    let people = app.cast(["ada", "bob", "carol", "dave"]).await;
    let change = json!({ "email": "we@example.org", "password": Person::PASSWORD });
    let clients: Vec<_> = people.iter().map(|person| app.as_user(person)).collect();
    let answers = clients.iter().map(|client| client.gql(CHANGE_EMAIL, change.clone()));
    let answers = futures_util::future::join_all(answers).await;
    let (done, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.ok()["changeEmail"]["viewer"].is_object());
    assert_eq!(done.len(), 1);
    assert!(refused.iter().all(|answer| answer.refused("changeEmail") == ["TAKEN email"]));
}
