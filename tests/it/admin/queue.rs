//! The queue and the dead letters.

use serde_json::{Value, json};

use super::{call, root};
use crate::support::{TestApp, gid};

const QUEUE: &str = "{ admin {
    queue { waitingCount waitingSince deadLetterCount }
    deadLetters(first: 2) { nodes { number payload attempts error createdAt diedAt } pageInfo { hasNextPage } } } }";

#[tokio::test]
async fn dead_letters_are_listed_retried_and_dropped() {
    let app = TestApp::new().await;
    let root = root(&app).await;
    let answer = app.as_user(&root).gql(QUEUE, json!({})).await;
    assert_eq!(answer.ok()["admin"]["queue"], json!({ "waitingCount": 0, "waitingSince": null, "deadLetterCount": 0 }));
    for id in 1..=3 {
        app.damage(&format!(
            "INSERT INTO dead_letter (id, payload, attempts, error, created_at, died_at) VALUES
             ({id}, '{{\"v\":1,\"type\":\"fill\",\"follower\":1,\"followee\":2,\"from\":0}}', 5, 'the reason {id}', 0, 0)"
        ))
        .await;
    }
    let answer = app.as_user(&root).gql(QUEUE, json!({})).await;
    let letters = &answer.ok()["admin"]["deadLetters"];
    assert_eq!(letters["nodes"][0]["number"], "3", "latest first");
    assert_eq!((&letters["nodes"][1]["error"], &letters["nodes"][1]["attempts"]), (&json!("the reason 2"), &json!(5)));
    assert_eq!((letters["nodes"].as_array().unwrap().len(), &letters["pageInfo"]["hasNextPage"]), (2, &json!(true)));

    let count = async |mutation: &str, ids: Value| {
        let query = format!(
            "mutation ($ids: [ID!]) {{ {mutation}(input: {{ ids: $ids }}) {{ count userErrors {{ code message field }} }} }}"
        );
        app.as_user(&root).gql(&query, json!({ "ids": ids })).await.changed(mutation)["count"].clone()
    };
    let letter = |number| gid("DeadLetter", number);
    assert_eq!(count("adminDropDeadLetters", json!([letter(3), letter(9), root.gid])).await, 1);
    assert_eq!(count("adminRetryDeadLetters", json!([letter(3)])).await, 0);
    assert_eq!(count("adminRetryDeadLetters", json!([])).await, 0, "none is none, not all");
    assert_eq!(count("adminRetryDeadLetters", json!([letter(1)])).await, 1);
    let answer = app.as_user(&root).gql(QUEUE, json!({})).await;
    let queue = &answer.ok()["admin"]["queue"];
    assert_eq!((&queue["waitingCount"], &queue["deadLetterCount"]), (&json!(1), &json!(1)));
    assert_eq!(queue["waitingSince"], "1970-01-01T00:00:00.000Z");
    assert_eq!(count("adminRetryDeadLetters", Value::Null).await, 1);
    app.drain().await;
    let log = "SELECT COUNT(*) FROM audit WHERE action IN (10, 11)";
    assert_eq!(app.number(log, []).await, 3, "only what changed something");
    let answer = call(&app, &root, "adminDropDeadLetters", &json!({ "ids": ["x"] })).await;
    assert_eq!(answer.code(), "BAD_USER_INPUT");
}
