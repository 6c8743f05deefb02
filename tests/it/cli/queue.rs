//! `roost queue`.

use crate::support::TestApp;
use crate::support::process::Place;

/// A dead letter for the fill of an edge that is not there: whoever handles it has nothing to do.
async fn bury(app: &TestApp, id: i64) {
    app.damage(&format!(
        "INSERT INTO dead_letter (id, payload, attempts, error, created_at, died_at) VALUES
         ({id}, '{{\"v\":1,\"type\":\"fill\",\"follower\":1,\"followee\":2,\"from\":0}}', 5, 'the reason {id}', 0, 0)"
    ))
    .await;
}

#[tokio::test]
async fn queue_lists_retries_and_drops_what_was_given_up() {
    let place = Place::new();
    let app = place.open().await;
    assert_eq!(place.run(&["queue", "list"]).await.ok(), "0 waiting, 0 given up\n");
    for id in 1..=4 {
        bury(&app, id).await;
    }
    let list = place.run(&["queue", "list"]).await;
    let lines: Vec<&str> = list.ok().lines().collect();
    assert_eq!((lines.len(), lines[0]), (5, "0 waiting, 4 given up"));
    assert!(lines[2].starts_with("2  after 5 tries: the reason 2  ") && lines[2].contains("fill"), "{list:?}");

    assert_eq!(place.run(&["queue", "drop", "2"]).await.ok(), "1 forgotten\n");
    assert_eq!(place.run(&["queue", "drop", "2"]).await.ok(), "0 forgotten\n");
    assert_eq!(place.run(&["queue", "retry", "2"]).await.ok(), "0 put back into the queue\n");
    assert_eq!(place.run(&["queue", "retry", "3"]).await.ok(), "1 put back into the queue\n");
    assert!(place.run(&["queue", "list"]).await.ok().starts_with("1 waiting, 2 given up\n"));
    assert_eq!(place.run(&["queue", "retry"]).await.ok(), "2 put back into the queue\n");
    assert!(place.run(&["queue", "list"]).await.ok().starts_with("3 waiting, 0 given up\n"));

    assert_eq!(place.run(&["worker", "--drain"]).await.ok(), "");
    assert_eq!(place.run(&["queue", "list"]).await.ok(), "0 waiting, 0 given up\n");
    bury(&app, 5).await;
    bury(&app, 6).await;
    assert_eq!(place.run(&["queue", "drop"]).await.ok(), "2 forgotten\n");
}
