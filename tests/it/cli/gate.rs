//! `roost gate`.

use serde_json::json;

use crate::support::process::{Place, until};

#[tokio::test]
async fn gates_are_set_listed_and_shown_with_their_history() {
    let place = Place::new();
    let app = place.open().await;
    app.cast(["ada", "bob"]).await;
    let shipped = "hybrid-fanout  100 %  0 allowed  0 denied  Whether tweets of an author with very many followers are \
                   merged in at read. Off: they are pushed to every follower.\n";
    assert_eq!(place.run(&["gate", "list"]).await.ok(), shipped);
    let set = place.run(&["gate", "set", "new", "--percent", "5", "--description", "A feature."]).await;
    assert_eq!(set.ok(), "new  5 %  0 allowed  0 denied  A feature.\n");
    let set =
        place.run(&["gate", "set", "new", "--percent", "20", "--allow", "ada", "--deny", "BOB@example.org"]).await;
    assert_eq!(set.ok(), "new  20 %  1 allowed  1 denied  A feature.\n");
    place.run(&["gate", "set", "new", "--unlist", "bob"]).await.ok();
    assert_eq!(place.run(&["gate", "list"]).await.ok().lines().count(), 2);

    let shown = place.run(&["gate", "show", "new"]).await;
    let lines: Vec<&str> = shown.ok().lines().collect();
    assert_eq!(lines[..2], ["new  20 %  1 allowed  0 denied  A feature.", "allowed  ada"]);
    let history: Vec<&str> = lines[2..].iter().map(|line| line.split_once("Z  ").unwrap().1).collect();
    let (five, twenty) =
        (r#"{"description":"A feature.","percent":5}"#, r#"{"description":"A feature.","percent":20}"#);
    assert_eq!(
        history,
        [
            "the command line  bob: denied -> nothing".to_owned(),
            "the command line  bob: nothing -> denied".to_owned(),
            "the command line  ada: nothing -> allowed".to_owned(),
            format!("the command line  {five} -> {twenty}"),
            format!("the command line  nothing -> {five}"),
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_set_is_said_in_a_sentence() {
    let place = Place::new();
    place.run(&["migrate"]).await.ok();
    assert_eq!(place.run(&["gate", "show", "none"]).await.refused(), "There is no gate named none");
    let refused = place.run(&["gate", "set", "new", "--percent", "101"]).await;
    assert_eq!(refused.refused(), "The percentage is from 0 to 100, but this is 101.");
    let refused = place.run(&["gate", "set", "new", "--allow", "nobody"]).await;
    assert_eq!(refused.refused(), "There is nobody named nobody");
}

#[tokio::test]
async fn a_gate_set_by_the_command_line_acts_in_a_running_server_within_seconds() {
    let place = Place::with(|config| config.feed_push_limit = 0);
    let app = place.open().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    app.follow(&bob, &ada).await;
    app.drain().await;
    let mut server = place.serve().await;
    let tweet = async || {
        let text = crate::support::CREATE_TWEET;
        let answer = server.client().gql(Some(&ada.token), text, json!({ "content": "hello" })).await.unwrap();
        answer.changed("createTweet");
    };
    tweet().await;
    let pushed = async || app.number("SELECT COUNT(*) FROM follow WHERE pushed = 1", []).await;
    assert_eq!(pushed().await, 0);
    place.run(&["gate", "set", "hybrid-fanout", "--percent", "0"]).await.ok();
    let since = std::time::Instant::now();
    until("a new follow is pushed", async || {
        let client = server.client();
        for text in [crate::support::UNFOLLOW, crate::support::FOLLOW] {
            client.gql(Some(&bob.token), text, json!({ "id": ada.gid })).await.unwrap();
        }
        until("the queue is empty", async || app.number("SELECT COUNT(*) FROM outbox", []).await == 0).await;
        pushed().await == 1
    })
    .await;
    assert!(since.elapsed().as_secs() < 5, "{:?}", since.elapsed());
    server.kill().await;
}
