//! `roost user`.

use std::process::Stdio;

use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::support::Person;
use crate::support::process::{Ended, Place, until};

const LOG_IN: &str = "mutation ($login: String!, $password: String!) {
    logIn(input: { login: $login, password: $password }) { sessionToken userErrors { code message field } } }";

/// Runs a command that is told a password.
async fn told(place: &Place, args: &[&str], password: &str) -> Ended {
    let mut command = place.roost(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(format!("{password}\nnot this\n").as_bytes()).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[tokio::test]
async fn accounts_are_made_listed_and_changed() {
    let place = Place::new();
    let app = place.open().await;
    let made = place.run(&["user", "create", "Root", "root@example.org", "--admin"]).await;
    let password = made.ok().strip_prefix("Made root, an administrator\nPassword: ").unwrap().trim_end().to_owned();
    assert_eq!(password.len(), 16);
    let made = told(&place, &["user", "create", "ada", "ada@example.org", "--password-stdin"], "correct horse").await;
    assert_eq!(made.ok(), "Made ada\n");
    let log_in = async |login: &str, password: &str| {
        app.anonymous().gql(LOG_IN, json!({ "login": login, "password": password })).await
    };
    let token = log_in("root", &password).await.changed("logIn")["sessionToken"].as_str().unwrap().to_owned();
    let root = Person::new(entity::UserId(0), "root", token);
    app.as_user(&root).gql("{ admin { gates { name } } }", json!({})).await.ok();
    log_in("ada", "correct horse").await.changed("logIn");

    let list = place.run(&["user", "list"]).await;
    assert_eq!(
        list.ok(),
        "ada                   ada@example.org\nroot                  root@example.org  administrator\n"
    );
    assert_eq!(place.run(&["user", "list", "RO"]).await.ok().lines().count(), 1);
    assert!(
        place.run(&["user", "list", "--limit", "1"]).await.ok().ends_with("and more: --limit shows more of them\n")
    );

    assert_eq!(place.run(&["user", "suspend", "ada"]).await.ok(), "ada is suspended\n");
    assert!(place.run(&["user", "list", "--suspended"]).await.ok().ends_with("ada@example.org  suspended\n"));
    assert_eq!(log_in("ada", "correct horse").await.refused("logIn"), ["WRONG_CREDENTIALS"]);
    assert_eq!(place.run(&["user", "restore", "ada@example.org"]).await.ok(), "ada@example.org is restored\n");
    log_in("ada", "correct horse").await.changed("logIn");

    assert_eq!(place.run(&["user", "demote", "root"]).await.ok(), "root is no administrator\n");
    assert_eq!(app.as_user(&root).gql("{ admin { gates { name } } }", json!({})).await.code(), "FORBIDDEN");
    assert_eq!(place.run(&["user", "promote", "root"]).await.ok(), "root is an administrator\n");
    app.as_user(&root).gql("{ admin { gates { name } } }", json!({})).await.ok();

    let reset = place.run(&["user", "reset-password", "root"]).await;
    let said = "The password of root is changed, and their sessions are ended\nPassword: ";
    let new = reset.ok().strip_prefix(said).unwrap().trim_end().to_owned();
    assert_eq!(app.as_user(&root).gql("{ viewer { id } }", json!({})).await.code(), "UNAUTHENTICATED");
    assert_eq!(log_in("root", &password).await.refused("logIn"), ["WRONG_CREDENTIALS"]);
    log_in("root", &new).await.changed("logIn");

    place.run(&["user", "delete", "ada"]).await.ok();
    assert!(place.run(&["user", "list", "ada"]).await.ok().ends_with("being deleted\n"));
    place.run(&["worker", "--drain"]).await.ok();
    assert_eq!(place.run(&["user", "list", "ada"]).await.ok(), "");
    let log = "SELECT COUNT(*) FROM audit WHERE origin = 1";
    assert_eq!(app.number(log, []).await, 9, "each of these is in the log");
}

#[tokio::test]
async fn what_cannot_be_done_is_said_in_a_sentence() {
    let place = Place::new();
    place.run(&["migrate"]).await.ok();
    for command in ["suspend", "restore", "delete", "promote", "demote", "reset-password"] {
        assert_eq!(place.run(&["user", command, "nobody"]).await.refused(), "There is nobody named nobody");
    }
    let refused = told(&place, &["user", "create", "a", "b", "--password-stdin"], "short").await;
    assert_eq!(
        refused.refused(),
        "The username has to have at least 3 characters; this has 1. This is not an e-mail address. \
         The password has to have at least 8 characters; this has 5."
    );
}

#[tokio::test]
async fn suspending_by_the_command_line_ends_sessions_in_a_running_server() {
    let place = Place::new();
    let app = place.open().await;
    let ada = app.person("ada").await;
    let mut server = place.serve().await;
    let ask = async || server.client().gql(Some(&ada.token), "{ viewer { id } }", json!({})).await.unwrap().status;
    assert_eq!(ask().await, 200);
    place.run(&["user", "suspend", "ada"]).await.ok();
    assert_eq!(ask().await, 401, "at once");
    until("the queue is empty", async || app.number("SELECT COUNT(*) FROM outbox", []).await == 0).await;
    server.kill().await;
}
