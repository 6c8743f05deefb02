//! `roost seed`.

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::process::Place;

const LOG_IN: &str = "mutation ($login: String!, $password: String!) {
    logIn(input: { login: $login, password: $password }) { sessionToken userErrors { code message field } } }";
const FEED: &str = "{ viewer { homeFeed(first: 100) { nodes { content } } } }";
const SMALL: [&str; 7] = ["seed", "--people", "6", "--follows", "3", "--tweets", "2"];

/// Who there is, who follows whom, and who wrote what, in the order in which it was made.
async fn contents(app: &TestApp) -> Vec<Vec<String>> {
    let mut contents = Vec::new();
    for text in [
        "SELECT username || ' ' || email FROM users ORDER BY id",
        "SELECT a.username || ' follows ' || b.username FROM follow f
         JOIN users a ON a.id = f.follower_id JOIN users b ON b.id = f.followee_id ORDER BY f.id",
        "SELECT u.username || ': ' || t.content FROM tweet t JOIN users u ON u.id = t.author_id ORDER BY t.id",
    ] {
        contents.push(app.rows(text, []).await.iter().map(|row| row.try_get_by_index(0).unwrap()).collect());
    }
    contents
}

#[tokio::test]
async fn seed_makes_people_who_can_log_in_and_have_something_to_read() {
    let place = Place::new();
    let seeded = place.run(&SMALL).await;
    assert!(seeded.ok().contains("Made 6 people, 18 follows, 12 tweets, 24 comments, 36 likes."), "{seeded:?}");
    let (_, names) = seeded.stdout.split_once("Log in as ").unwrap();
    let (names, password) = names.trim_end().split_once(", password ").unwrap();
    let server = place.serve().await;
    for name in names.split(" or ") {
        let answer = server.client().gql(None, LOG_IN, json!({ "login": name, "password": password })).await.unwrap();
        let token = answer.changed("logIn")["sessionToken"].as_str().unwrap().to_owned();
        let feed = server.client().gql(Some(&token), FEED, Value::Null).await.unwrap();
        assert_eq!(feed.ok()["viewer"]["homeFeed"]["nodes"].as_array().unwrap().len(), 8, "{name}");
    }
    assert_eq!(place.open().await.number("SELECT COUNT(*) FROM outbox", []).await, 0);
}

#[tokio::test]
async fn the_same_people_cannot_be_made_twice() {
    let place = Place::new();
    place.run(&SMALL).await.ok();
    let before = contents(&place.open().await).await;
    let again = place.run(&SMALL).await;
    assert!(again.refused().contains("This username is taken."), "{again:?}");
    assert_eq!(contents(&place.open().await).await, before);
    place.run(&[&SMALL[..], &["--seed", "7"]].concat()).await.ok();
    assert_eq!(place.open().await.number("SELECT COUNT(*) FROM users", []).await, 12);
}

#[tokio::test]
async fn nobody_is_made_if_not_everybody_can_be() {
    let place = Place::with(|config| config.following_limit = 4);
    let app = place.open().await;
    // The third of the names, and the address of the fifth.
    app.cast(["alan"]).await;
    assert!(place.run(&SMALL).await.refused().contains("This username is taken."));
    app.damage("UPDATE users SET username = 'somebody', email = 'barbara@example.org'").await;
    assert!(place.run(&SMALL).await.refused().contains("There is an account with this e-mail address."));
    assert_eq!(app.number("SELECT COUNT(*) FROM users", []).await, 1);
    app.damage("UPDATE users SET email = 'somebody@example.org'").await;
    let many = ["seed", "--people", "7", "--follows", "5"];
    let refused = place.run(&many).await;
    assert!(refused.refused().contains("following_limit is 4"), "{refused:?}");
    assert_eq!(app.number("SELECT COUNT(*) FROM users", []).await, 1);
    place.run(&SMALL).await.ok();
}

#[tokio::test]
async fn a_seed_decides_everything() {
    let (one, other, third) = (Place::new(), Place::new(), Place::new());
    one.run(&SMALL).await.ok();
    other.run(&SMALL).await.ok();
    third.run(&[&SMALL[..], &["--seed", "43"]].concat()).await.ok();
    let made = contents(&one.open().await).await;
    assert_eq!(made.iter().map(Vec::len).collect::<Vec<_>>(), [6, 18, 12]);
    assert_eq!(made, contents(&other.open().await).await);
    assert_ne!(made[2], contents(&third.open().await).await[2]);
}

#[tokio::test]
async fn nobody_follows_more_people_than_there_are() {
    let place = Place::new();
    let seeded = place.run(&["seed", "--people", "3", "--follows", "50", "--tweets", "0"]).await;
    assert!(seeded.ok().contains("Made 3 people, 6 follows, 0 tweets, 0 comments, 0 likes."), "{seeded:?}");
}
