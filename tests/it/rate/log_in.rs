//! Guessing passwords is slow, and keeps nobody out but the one who guesses.

use serde_json::json;

use super::{from, limited, quota, retry_after};
use crate::support::{Answer, Person, TestApp};
use roost::clock::{DAY, SECOND};

const LOG_IN: &str = "mutation ($login: String!, $password: String!) {
    logIn(input: { login: $login, password: $password }) { sessionToken userErrors { code message field } } }";
const HERE: &str = "192.0.2.1";
const THERE: &str = "198.51.100.1";

async fn try_at(app: &TestApp, address: &str, login: &str, password: &str) -> Answer {
    let body = json!({ "query": LOG_IN, "variables": { "login": login, "password": password } });
    app.send(from(address, app.anonymous().request(&body))).await
}

async fn guess(app: &TestApp, address: &str, login: &str) -> Answer {
    try_at(app, address, login, "wrong horse").await
}

/// An app where an address may try as often as it likes, so that only the other limit is seen.
async fn by_account() -> TestApp {
    limited(|config| config.rate_log_ins_by_address = quota("100000, 1000/s")).await
}

#[tokio::test]
async fn after_ten_tries_there_is_one_every_ten_seconds() {
    let app = limited(|_| ()).await;
    app.person("ada").await;
    for _ in 0..10 {
        assert_eq!(guess(&app, HERE, "ada").await.refused("logIn"), ["WRONG_CREDENTIALS"]);
    }
    let answer = guess(&app, HERE, "ada").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["data"], json!({ "logIn": null }));
    assert!((1..=10).contains(&retry_after(&answer)), "{}", answer.text);
    assert_eq!(try_at(&app, HERE, "ada", Person::PASSWORD).await.code(), "RATE_LIMITED", "right or wrong");
    app.app.clock.advance(10 * SECOND);
    try_at(&app, HERE, "ada", Person::PASSWORD).await.changed("logIn");
}

#[tokio::test]
async fn an_owner_elsewhere_is_never_kept_out() {
    let app = limited(|_| ()).await;
    app.person("ada").await;
    for _ in 0..60 {
        guess(&app, HERE, "ada").await;
        app.app.clock.advance(30 * SECOND);
    }
    assert_eq!(guess(&app, HERE, "ada").await.code(), "RATE_LIMITED");
    try_at(&app, THERE, "ada", Person::PASSWORD).await.changed("logIn");
}

#[tokio::test]
async fn every_further_failure_doubles_the_wait_until_a_success() {
    let app = by_account().await;
    app.person("ada").await;
    for _ in 0..10 {
        guess(&app, HERE, "ada").await.refused("logIn");
    }
    for expected in [10, 20, 40, 80, 160, 320, 640, 900, 900] {
        let seconds = retry_after(&guess(&app, HERE, "ada").await);
        assert!((expected - 2..=expected).contains(&seconds), "{seconds} and not {expected}");
        app.app.clock.advance(i64::try_from(seconds).unwrap() * SECOND);
        guess(&app, HERE, "ada").await.refused("logIn");
    }
    // A long pause fills the bucket, but does not forget the failures.
    app.app.clock.advance(3_600 * SECOND);
    guess(&app, HERE, "ada").await.refused("logIn");
    let seconds = retry_after(&guess(&app, HERE, "ada").await);
    assert!((898..=900).contains(&seconds), "{seconds}");
    app.app.clock.advance(900 * SECOND);
    try_at(&app, HERE, "ada", Person::PASSWORD).await.changed("logIn");
    for _ in 0..10 {
        guess(&app, HERE, "ada").await.refused("logIn");
    }
    assert!(retry_after(&guess(&app, HERE, "ada").await) <= 10);
    // A day does.
    app.app.clock.advance(DAY + SECOND);
    for _ in 0..10 {
        guess(&app, HERE, "ada").await.refused("logIn");
    }
}

#[tokio::test]
async fn an_account_that_does_not_exist_behaves_as_one_that_does() {
    let app = by_account().await;
    app.person("ada").await;
    for n in 0..14 {
        let (known, unknown) = (guess(&app, HERE, "ada").await, guess(&app, HERE, "nobody").await);
        assert_eq!(known.status, unknown.status, "{n}");
        if known.body.get("errors").is_none() {
            assert_eq!(known.text, unknown.text);
            continue;
        }
        let (known, unknown) = (retry_after(&known), retry_after(&unknown));
        assert!(known.abs_diff(unknown) <= 1, "{n}: {known} {unknown}");
        app.app.clock.advance(i64::try_from(known.max(unknown)).unwrap() * SECOND);
    }
}

#[tokio::test]
async fn spelling_a_login_differently_gives_no_further_tries() {
    let app = by_account().await;
    for n in 0..10 {
        guess(&app, HERE, if n % 2 == 0 { "ada" } else { "  ADA " }).await.refused("logIn");
    }
    assert_eq!(guess(&app, HERE, "Ada").await.code(), "RATE_LIMITED");
    guess(&app, HERE, &"x".repeat(100_000)).await.refused("logIn");
}

#[tokio::test]
async fn an_address_that_tries_many_accounts_is_slowed_down_and_no_other() {
    let app = limited(|_| ()).await;
    app.person("ada").await;
    for n in 0..10 {
        guess(&app, HERE, &format!("user{n}")).await.refused("logIn");
    }
    assert!((1..=10).contains(&retry_after(&guess(&app, HERE, "another").await)));
    assert_eq!(try_at(&app, HERE, "ada", Person::PASSWORD).await.code(), "RATE_LIMITED");
    try_at(&app, THERE, "ada", Person::PASSWORD).await.changed("logIn");
    // It does not grow: there may be many people behind an address.
    app.app.clock.advance(10 * SECOND);
    guess(&app, HERE, "another").await.refused("logIn");
    assert!((1..=10).contains(&retry_after(&guess(&app, HERE, "another").await)));
}

#[tokio::test]
async fn an_open_session_is_no_way_to_guess_the_password() {
    let app = by_account().await;
    let ada = app.person("ada").await;
    let change =
        "mutation ($old: String!) { changePassword(input: { oldPassword: $old, newPassword: \"staple battery\" }) {
        viewer { id } userErrors { code message field } } }";
    let email = "mutation { changeEmail(input: { email: \"eve@example.org\", password: \"wrong horse\" }) {
        viewer { id } userErrors { code message field } } }";
    for n in 0..10 {
        if n % 2 == 0 {
            let answer = app.as_user(&ada).gql(change, json!({ "old": "wrong horse" })).await;
            assert_eq!(answer.refused("changePassword"), ["WRONG_CREDENTIALS oldPassword"]);
        } else {
            let answer = app.as_user(&ada).gql(email, json!({})).await;
            assert_eq!(answer.refused("changeEmail"), ["WRONG_CREDENTIALS password"]);
        }
    }
    let answer = app.as_user(&ada).gql(change, json!({ "old": Person::PASSWORD })).await;
    let seconds = retry_after(&answer);
    app.app.clock.advance(i64::try_from(seconds).unwrap() * SECOND);
    app.as_user(&ada).gql(change, json!({ "old": Person::PASSWORD })).await.changed("changePassword");
}
