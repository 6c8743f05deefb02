//! Signing up, logging in and out.

use axum::http::{Request, header};
use roost::clock::DAY;
use serde_json::{Value, json};

use crate::support::{Person, TestApp};

const SIGN_UP: &str = "mutation ($input: SignUpInput!) { signUp(input: $input) {
    viewer { email user { id username profile { nickname bio avatarUrl } } } sessionToken
    userErrors { code message field } } }";
const LOG_IN: &str =
    "mutation ($login: String!, $password: String!) { logIn(input: { login: $login, password: $password }) {
    viewer { user { username } } sessionToken userErrors { code message field } } }";
const WHO: &str = "{ viewer { user { username } } }";

fn ada() -> Value {
    json!({ "username": "Ada_1", "email": "Ada@Example.org", "password": "correct horse" })
}

fn sign_up_with(change: &Value) -> Value {
    let mut input = ada();
    input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    json!({ "input": input })
}

#[tokio::test]
async fn sign_up_makes_an_account_that_is_logged_in() {
    let app = TestApp::new().await;
    let answer = app.anonymous().gql(SIGN_UP, json!({ "input": ada() })).await;
    let payload = answer.changed("signUp");
    assert_eq!(payload["viewer"]["email"], "ada@example.org");
    assert_eq!(payload["viewer"]["user"]["username"], "ada_1");
    assert_eq!(payload["viewer"]["user"]["profile"], json!({ "nickname": "ada_1", "bio": "", "avatarUrl": null }));
    let ada = Person::new(entity::UserId(0), "ada_1", payload["sessionToken"].as_str().unwrap().to_owned());
    assert_eq!(app.as_user(&ada).gql(WHO, json!({})).await.ok()["viewer"]["user"]["username"], "ada_1");
}

#[tokio::test]
async fn a_chosen_nickname_is_kept() {
    let app = TestApp::new().await;
    let answer = app.anonymous().gql(SIGN_UP, sign_up_with(&json!({ "nickname": "  Ada L. " }))).await;
    assert_eq!(answer.changed("signUp")["viewer"]["user"]["profile"]["nickname"], "Ada L.");
}

#[tokio::test]
async fn faults_of_a_sign_up_are_told_all_at_once_and_nothing_is_made() {
    let app = TestApp::new().await;
    let input = json!({ "username": "a b", "email": "nowhere", "password": "short", "nickname": "" });
    let answer = app.anonymous().gql(SIGN_UP, json!({ "input": input })).await;
    let expected = ["INVALID username", "INVALID email", "TOO_SHORT password", "TOO_SHORT nickname"];
    assert_eq!(answer.refused("signUp"), expected);
    assert_eq!(app.number("SELECT COUNT(*) FROM users", []).await, 0);
}

#[tokio::test]
async fn each_bound_of_a_sign_up_holds() {
    let app = TestApp::new().await;
    for (change, fault) in [
        (json!({ "username": "ab" }), "TOO_SHORT username"),
        (json!({ "username": "a".repeat(21) }), "TOO_LONG username"),
        (json!({ "username": "über" }), "INVALID username"),
        (json!({ "username": "" }), "TOO_SHORT username"),
        (json!({ "email": format!("{}@example.org", "a".repeat(250)) }), "TOO_LONG email"),
        (json!({ "email": "a@b@example.org" }), "INVALID email"),
        (json!({ "password": "1234567" }), "TOO_SHORT password"),
        (json!({ "password": "x".repeat(129) }), "TOO_LONG password"),
        (json!({ "nickname": "x".repeat(51) }), "TOO_LONG nickname"),
        (json!({ "nickname": "a\u{7}b" }), "INVALID nickname"),
    ] {
        let answer = app.anonymous().gql(SIGN_UP, sign_up_with(&change)).await;
        assert_eq!(answer.refused("signUp"), [fault], "{change}");
    }
    let widest = json!({ "username": "a".repeat(20), "password": "ä".repeat(128), "nickname": "🏳️‍🌈".repeat(10) });
    app.anonymous().gql(SIGN_UP, sign_up_with(&widest)).await.changed("signUp");
}

#[tokio::test]
async fn names_are_taken_in_every_letter_case() {
    let app = TestApp::new().await;
    app.anonymous().gql(SIGN_UP, json!({ "input": ada() })).await.changed("signUp");
    let other = json!({ "username": "ADA_1", "email": "ADA@EXAMPLE.ORG" });
    let answer = app.anonymous().gql(SIGN_UP, sign_up_with(&other)).await;
    assert_eq!(answer.refused("signUp"), ["TAKEN username", "TAKEN email"]);
    assert_eq!(app.number("SELECT COUNT(*) FROM users", []).await, 1);
}

#[tokio::test]
async fn of_many_sign_ups_with_one_name_one_succeeds() {
    let app = TestApp::new().await;
    let tries = (0..20).map(|n| {
        let client = app.anonymous();
        async move {
            let input = sign_up_with(&json!({ "email": format!("ada{n}@example.org") }));
            client.gql(SIGN_UP, input).await
        }
    });
    let answers = futures_util::future::join_all(tries).await;
    let made = answers.iter().filter(|answer| answer.ok()["signUp"]["viewer"].is_object()).count();
    assert_eq!(made, 1);
    for answer in answers.iter().filter(|answer| answer.ok()["signUp"]["viewer"].is_null()) {
        assert_eq!(answer.refused("signUp"), ["TAKEN username"]);
    }
}

#[tokio::test]
async fn log_in_takes_the_username_or_the_address_in_any_case() {
    let app = TestApp::new().await;
    app.person("ada").await;
    for login in ["ada", "ADA", "Ada@Example.ORG"] {
        let answer = app.anonymous().gql(LOG_IN, json!({ "login": login, "password": Person::PASSWORD })).await;
        assert_eq!(answer.changed("logIn")["viewer"]["user"]["username"], "ada");
    }
}

#[tokio::test]
async fn an_unknown_login_and_a_wrong_password_get_the_same_answer() {
    let app = TestApp::new().await;
    app.person("ada").await;
    let wrong = app.anonymous().gql(LOG_IN, json!({ "login": "ada", "password": "wrong horse" })).await;
    let unknown = app.anonymous().gql(LOG_IN, json!({ "login": "bob", "password": "wrong horse" })).await;
    assert_eq!(wrong.refused("logIn"), ["WRONG_CREDENTIALS"]);
    assert_eq!(wrong.text, unknown.text);
    let endless = json!({ "login": "ada", "password": "x".repeat(100_000) });
    assert_eq!(app.anonymous().gql(LOG_IN, endless).await.refused("logIn"), ["WRONG_CREDENTIALS"]);
}

#[tokio::test]
async fn the_cookie_logs_a_browser_in_and_log_out_takes_it_away() {
    let app = TestApp::new().await;
    let answer = app.anonymous().gql(SIGN_UP, json!({ "input": ada() })).await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "a browser would not send it to http://: {cookie}");
    let pair = cookie.split(';').next().unwrap();
    let with_cookie = |query: &str| {
        let mut request = app.anonymous().request(&json!({ "query": query }));
        request.headers_mut().insert(header::COOKIE, pair.parse().unwrap());
        request
    };
    assert_eq!(app.send(with_cookie(WHO)).await.ok()["viewer"]["user"]["username"], "ada_1");

    let out = app.send(with_cookie("mutation { logOut { userErrors { code } } }")).await;
    out.changed("logOut");
    assert!(out.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));

    let stale = app.send(with_cookie(WHO)).await;
    assert_eq!(stale.ok()["viewer"], Value::Null, "a bad cookie counts as anonymous");
    assert!(stale.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"), "and is cleared");
}

#[tokio::test]
async fn on_https_the_cookie_is_secure_and_bound_to_the_host() {
    let app = TestApp::with(|config| config.public_url = Some("https://social.example".to_owned())).await;
    let answer = app.anonymous().gql(SIGN_UP, json!({ "input": ada() })).await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("__Host-") && cookie.contains("; Secure"), "{cookie}");
}

#[tokio::test]
async fn a_bad_bearer_token_is_401() {
    let app = TestApp::new().await;
    let mut request = app.anonymous().request(&json!({ "query": WHO }));
    request.headers_mut().insert(header::AUTHORIZATION, "Bearer nonsense".parse().unwrap());
    let answer = app.send(request).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.code(), "UNAUTHENTICATED");
    assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
}

#[tokio::test]
async fn log_out_ends_the_session_and_succeeds_without_one() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let out = "mutation { logOut { userErrors { code } } }";
    app.as_user(&ada).gql(out, json!({})).await.changed("logOut");
    assert_eq!(app.as_user(&ada).gql(WHO, json!({})).await.status, 401);
    app.anonymous().gql(out, json!({})).await.changed("logOut");
}

#[tokio::test]
async fn sessions_end_after_30_idle_days_and_after_180_days_in_all() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    app.app.clock.advance(29 * DAY);
    app.as_user(&ada).gql(WHO, json!({})).await.ok();
    app.app.clock.advance(29 * DAY);
    app.as_user(&ada).gql(WHO, json!({})).await.ok();
    app.app.clock.advance(30 * DAY);
    assert_eq!(app.as_user(&ada).gql(WHO, json!({})).await.status, 401);

    let bob = app.person("bob").await;
    for _ in 0..8 {
        app.app.clock.advance(20 * DAY);
        app.as_user(&bob).gql(WHO, json!({})).await.ok();
    }
    app.app.clock.advance(20 * DAY);
    assert_eq!(app.as_user(&bob).gql(WHO, json!({})).await.status, 401);
}

#[tokio::test]
async fn the_51st_session_ends_the_oldest() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    for _ in 0..50 {
        roost::auth::log_in(&app.app, "ada", Person::PASSWORD.to_owned(), None).await.unwrap();
    }
    assert_eq!(app.as_user(&ada).gql(WHO, json!({})).await.status, 401);
    assert_eq!(app.number("SELECT COUNT(*) FROM session", []).await, 50);
}

#[tokio::test]
async fn passwords_and_tokens_are_stored_nowhere() {
    let app = TestApp::new().await;
    let answer = app.anonymous().gql(SIGN_UP, json!({ "input": ada() })).await;
    let token = answer.changed("signUp")["sessionToken"].as_str().unwrap().to_owned();
    let entries = std::fs::read_dir(app.data_dir()).unwrap().map(|entry| entry.unwrap().path());
    for file in entries.filter(|path| path.is_file()) {
        let bytes = std::fs::read(file).unwrap();
        for secret in ["correct horse", &token] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
        }
    }
    let texts = ["users.username", "users.email", "users.password_hash", "session.token_hash", "outbox.payload"];
    for (table, column) in texts.map(|text| text.split_once('.').unwrap()) {
        let text = format!("SELECT COUNT(*) FROM {table} WHERE {column} LIKE ? OR {column} LIKE ?");
        let secrets = ["correct horse", &token].map(|secret| format!("%{secret}%").into());
        assert_eq!(app.number(&text, secrets).await, 0, "{table}.{column}");
    }
}

#[tokio::test]
async fn a_request_that_logs_in_goes_on_as_that_person() {
    let app = TestApp::new().await;
    let [_, bob] = app.cast(["ada", "bob"]).await;
    let query = "mutation ($id: ID!) {
        logIn(input: { login: \"ada\", password: \"correct horse\" }) { viewer { user { username } } }
        follow(input: { userId: $id }) { user { viewerIsFollowing followerCount } } }";
    let answer = app.anonymous().gql(query, json!({ "id": bob.gid })).await;
    assert_eq!(answer.ok()["follow"]["user"], json!({ "viewerIsFollowing": true, "followerCount": 1 }));
    app.drain().await;
}

#[tokio::test]
async fn hostile_headers_are_no_server_error() {
    let app = TestApp::new().await;
    for (name, value) in [
        (header::COOKIE, b"roost_session=\xff\xfe; =; ;;".as_slice()),
        (header::AUTHORIZATION, b"Bearer \xff".as_slice()),
        (header::AUTHORIZATION, b"Basic YTpi".as_slice()),
        (header::USER_AGENT, b"\xff".as_slice()),
    ] {
        let mut request: Request<_> = app.anonymous().request(&json!({ "query": WHO }));
        request.headers_mut().insert(name, header::HeaderValue::from_bytes(value).unwrap());
        assert!(app.send(request).await.status.as_u16() < 500);
    }
}
