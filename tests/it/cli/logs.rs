//! The log: by whose request something was done, in every process that did a part of it.

use serde_json::{Value, json};

use crate::support::process::{Place, until};
use crate::support::{CREATE_TWEET, FOLLOW};

/// The lines that belong to a request: what they say, and within what.
fn lines(place: &Place, request: &str) -> Vec<(String, String)> {
    let log = place.log();
    let lines =
        log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("no JSON: {line}")));
    let of_it = lines.filter(|line| line["span"]["request_id"] == request);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    of_it.map(|line| (text(&line["span"]["name"]), text(&line["message"]))).collect()
}

async fn the_id_of_a_request_is_in_the_log_of_its_worker(mut place: Place) {
    // Two batches: the second is a message that the first has posted.
    place.config.feed_batch = 1;
    let app = place.open().await;
    let [author, first, second] = app.cast(["author", "first", "second"]).await;
    for reader in [&first, &second] {
        app.follow(reader, &author).await;
    }
    app.drain().await;
    let with = |args: &[&str]| {
        let mut command = place.roost(args);
        command.env("ROOST_LOG", "warn,roost=debug").env("ROOST_LOG_FORMAT", "json").env("ROOST_FEED_BATCH", "1");
        command
    };
    let server = place.start(&mut with(&["serve", "--no-worker"])).await;
    let variables = json!({ "content": "hello" });
    let id = "of-the-front-end:42";
    let answer = server.client().gql_as(id, &author.token, CREATE_TWEET, variables).await.unwrap();
    answer.changed("createTweet");
    let told = lines(&place, id);
    assert!(told.contains(&("request".to_owned(), "executed".to_owned())), "{told:?}");
    assert!(!told.iter().any(|line| line.0 == "message"), "nobody has worked yet: {told:?}");

    let _worker = place.start(&mut with(&["worker"])).await;
    let handled = || lines(&place, id).iter().filter(|line| line.0 == "message" && line.1 == "handled").count();
    until("both batches are handled under the id", async || handled() >= 2).await;
    until("nothing is left", async || app.number("SELECT COUNT(*) FROM outbox", []).await == 0).await;

    // An id that could do harm in a log is none, and nothing of another request stands under the first.
    let before = handled();
    let evil = format!("{} {{}}", "x".repeat(100));
    server.client().gql_as(&evil, &author.token, FOLLOW, json!({ "id": first.gid })).await.unwrap().changed("follow");
    until("that is done", async || app.number("SELECT COUNT(*) FROM outbox", []).await == 0).await;
    assert!(!place.log().contains(&evil), "{}", place.log());
    assert_eq!(handled(), before);
}

#[tokio::test]
async fn the_id_of_a_request_is_in_the_log_of_its_worker_without_a_broker() {
    the_id_of_a_request_is_in_the_log_of_its_worker(Place::embedded()).await;
}

#[tokio::test]
async fn the_id_of_a_request_is_in_the_log_of_its_worker_on_the_servers_of_this_run() {
    the_id_of_a_request_is_in_the_log_of_its_worker(Place::new()).await;
}

#[tokio::test]
async fn text_has_the_id_as_well_and_an_unknown_format_is_refused() {
    let place = Place::embedded();
    let server = place.start(place.roost(&["serve"]).env("ROOST_LOG", "roost=debug")).await;
    server.client().gql_as("an-id", "nobody", "{ __typename }", json!({})).await.unwrap();
    assert!(
        place.log().lines().any(|line| line.contains("request{request_id=\"an-id\"}: answered")),
        "{}",
        place.log()
    );
    let mut command = place.roost(&["config"]);
    let refused = crate::support::process::ended(command.env("ROOST_LOG_FORMAT", "xml")).await;
    assert!(refused.refused().contains("log_format"), "{refused:?}");
}
