//! Whatever is wrong with the input of a mutation is told at once. Mutations are found by introspection: a new one with
//! several fields has to say here what its faults are.

use entity::user::Role;
use roost::service::admin;
use roost::service::audit::Actor;
use serde_json::{Value, json};

use crate::support::{Form, Person, TestApp};

/// Mutations with several input fields whose faults are not told together, and why.
const ONE_FAULT: [(&str, &str); 1] = [("logIn", "which of the two is wrong is not told")];

/// A mutation, an input with a fault in as many fields as can have one, and these faults.
struct Case {
    mutation: &'static str,
    input: Value,
    /// Paths below `input` to which a file belongs that is no picture.
    files: Vec<&'static str>,
    faults: Vec<&'static str>,
}

fn case(mutation: &'static str, input: Value, faults: &[&'static str]) -> Case {
    Case { mutation, input, files: Vec::new(), faults: faults.to_vec() }
}

fn cases(eve: &Person) -> Vec<Case> {
    let long = "x".repeat(2_000);
    vec![
        case(
            "signUp",
            json!({ "username": "a b", "email": "nowhere", "password": "short", "nickname": "" }),
            &["INVALID username", "INVALID email", "TOO_SHORT password", "TOO_SHORT nickname"],
        ),
        case(
            "signUp",
            json!({ "username": "EVE", "email": "Eve@example.org", "password": "short", "nickname": long }),
            &["TOO_SHORT password", "TOO_LONG nickname", "TAKEN username", "TAKEN email"],
        ),
        case(
            "changePassword",
            json!({ "oldPassword": "wrong horse", "newPassword": "short" }),
            &["WRONG_CREDENTIALS oldPassword", "TOO_SHORT newPassword"],
        ),
        case(
            "changeEmail",
            json!({ "email": "eve@example.org", "password": "wrong horse" }),
            &["TAKEN email", "WRONG_CREDENTIALS password"],
        ),
        Case {
            mutation: "updateProfile",
            input: json!({ "nickname": null, "bio": long, "avatar": null }),
            files: vec!["avatar"],
            faults: vec!["INVALID nickname", "TOO_LONG bio", "UNSUPPORTED_MEDIA avatar"],
        },
        Case {
            mutation: "createTweet",
            input: json!({ "content": " ", "idempotencyKey": "", "photos": [
                { "file": null, "altText": "a\u{7}b" }, { "file": null, "altText": long }] }),
            files: vec!["photos.0.file", "photos.1.file"],
            faults: vec![
                "TOO_SHORT content",
                "TOO_SHORT idempotencyKey",
                "INVALID photos.0.altText",
                "TOO_LONG photos.1.altText",
                "UNSUPPORTED_MEDIA photos.0.file",
                "UNSUPPORTED_MEDIA photos.1.file",
            ],
        },
        Case {
            mutation: "createTweet",
            input: json!({ "content": long, "photos": [{ "file": null, "altText": long }, { "file": null },
                { "file": null }, { "file": null }, { "file": null }, { "file": null }, { "file": null },
                { "file": null }, { "file": null }, { "file": null }] }),
            files: vec![
                "photos.0.file",
                "photos.1.file",
                "photos.2.file",
                "photos.3.file",
                "photos.4.file",
                "photos.5.file",
                "photos.6.file",
                "photos.7.file",
                "photos.8.file",
                "photos.9.file",
            ],
            faults: vec!["TOO_LONG content", "TOO_MANY photos", "TOO_LONG photos.0.altText"],
        },
        case(
            "createComment",
            json!({ "tweetId": eve.gid, "content": "", "idempotencyKey": long }),
            &["NOT_FOUND tweetId", "TOO_SHORT content", "TOO_LONG idempotencyKey"],
        ),
        case(
            "updateComment",
            json!({ "commentId": eve.gid, "content": "a\u{7}b" }),
            &["NOT_FOUND commentId", "INVALID content"],
        ),
        case(
            "markNotificationsRead",
            json!({ "notificationIds": [eve.gid], "upTo": notification_cursor(), "read": true }),
            &["INVALID", "NOT_FOUND notificationIds"],
        ),
        case(
            "adminSetGate",
            json!({ "name": "No Name", "percent": 101, "description": long, "allow": [crate::support::tweet_gid(1)],
                "deny": [eve.gid], "unlist": [eve.gid] }),
            &["INVALID name", "INVALID percent", "TOO_LONG description", "NOT_FOUND allow", "INVALID unlist"],
        ),
    ]
}

/// A cursor as one is given out for the first notification.
fn notification_cursor() -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode("notifications:1")
}

#[tokio::test]
async fn all_faults_of_an_input_are_told_at_once_and_nothing_is_changed() {
    let app = TestApp::new().await;
    let [ada, eve] = app.cast(["ada", "eve"]).await;
    admin::set_role(&app.app, Actor::CommandLine, ada.id, Role::Admin).await.unwrap();
    let before = app.number("SELECT (SELECT COUNT(*) FROM users) + (SELECT COUNT(*) FROM outbox)", []).await;
    for case in cases(&eve) {
        let Case { mutation, input, files, faults } = case;
        let ty = mutation[..1].to_uppercase() + &mutation[1..];
        let query = format!(
            "mutation ($input: {ty}Input!) {{ {mutation}(input: $input) {{ userErrors {{ code message field }} }} }}"
        );
        let paths: Vec<String> = files.iter().map(|path| format!("variables.input.{path}")).collect();
        let files: Vec<(&str, &[u8])> = paths.iter().map(|path| (path.as_str(), b"no picture".as_slice())).collect();
        let answer = if files.is_empty() {
            app.as_user(&ada).gql(&query, json!({ "input": input })).await
        } else {
            app.as_user(&ada).upload(Form::of(&query, json!({ "input": input }), &files)).await
        };
        let told: Vec<String> = answer.ok()[mutation]["userErrors"].as_array().unwrap().iter().map(describe).collect();
        assert_eq!(told, faults, "{mutation}: {}", answer.text);
    }
    let after = app.number("SELECT (SELECT COUNT(*) FROM users) + (SELECT COUNT(*) FROM outbox)", []).await;
    assert_eq!(after, before, "nothing was changed");
}

fn describe(fault: &Value) -> String {
    assert!(fault["message"].as_str().unwrap().ends_with('.'), "{fault}");
    let code = fault["code"].as_str().unwrap();
    match fault["field"].as_array() {
        Some(path) => {
            assert_eq!(path[0], "input");
            let below: Vec<_> = path[1..].iter().map(|step| step.as_str().unwrap()).collect();
            format!("{code} {}", below.join("."))
        }
        None => code.to_owned(),
    }
}

#[tokio::test]
async fn every_mutation_with_several_fields_has_a_case() {
    let app = TestApp::new().await;
    let eve = app.person("eve").await;
    let query = "{ __schema { mutationType { fields { name args { type { ofType { inputFields { name } } } } } } } }";
    let answer = app.anonymous().gql(query, json!({})).await;
    let cases = cases(&eve);
    for mutation in answer.ok()["__schema"]["mutationType"]["fields"].as_array().unwrap() {
        let name = mutation["name"].as_str().unwrap();
        let fields = mutation["args"][0]["type"]["ofType"]["inputFields"].as_array().map_or(0, Vec::len);
        let is_known = cases.iter().any(|case| case.mutation == name) || ONE_FAULT.iter().any(|(one, _)| *one == name);
        assert!(fields < 2 || is_known, "say in `cases` what can be wrong with the input of {name}");
    }
}
