//! A kill at every step of the deletion of somebody: whatever was done by then, the rest follows, and nothing of it twice.

use std::os::unix::process::ExitStatusExt;

use futures_util::stream::{self, StreamExt};
use serde_json::json;

use super::place;
use crate::deletion::{DELETE, assert_gone, entangled};
use crate::support::Person;

/// The deletion's own labels, and those of the worker in the middle of its steps.
pub const POINTS: [&str; 14] = [
    "deletion: before commit",
    "deletion: after commit",
    "deletion: a step",
    "deletion: a step#2",
    "deletion: a step#3",
    "deletion: a step#5",
    "deletion: a step#8",
    "deletion: a step#13",
    "deletion: the user",
    "worker: before commit#4",
    "worker: before commit#20",
    "worker: committed#8",
    "worker: committed#40",
    "media: removed",
];

async fn dies_at(point: &str) {
    let place = place(1);
    let app = place.open().await;
    let [ada, grace, alan] = entangled(&app).await;
    app.drain().await;
    let mut server = place.start(place.roost(&["serve"]).env("ROOST_FAILPOINT", point)).await;
    let delete = json!({ "password": Person::PASSWORD });
    let answer = server.client().gql(Some(&alan.token), DELETE, delete.clone()).await;
    assert_eq!(server.wait().await.signal(), Some(9), "{point} was not reached: {}", place.log());
    let mut server = place.serve().await;
    if answer.is_err() {
        // Whoever was not answered asks again: it has been done, or it is done now.
        let answer = server.client().gql(Some(&alan.token), DELETE, delete).await.unwrap();
        if answer.status != 401 {
            answer.changed("deleteAccount");
        }
    }
    app.settled().await;
    server.kill().await;
    assert_gone(&app, &alan, &[&ada, &grace]).await;
}

#[tokio::test]
async fn a_deletion_that_is_killed_anywhere_goes_on_to_its_end() {
    stream::iter(POINTS).for_each_concurrent(4, dies_at).await;
}
