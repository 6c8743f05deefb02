//! A kill at every labelled point.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use futures_util::stream::{self, StreamExt};
use roost::clock::HOUR;
use serde_json::json;

use super::place;
use crate::support::process::{Http, Place};
use crate::support::services::amqp_url;
use crate::support::{CREATE_TWEET, DELETE_TWEET, FOLLOW, Form, Person, UNFOLLOW, picture};

/// Every label, and those that are passed several times in one walk also in the middle of it.
const POINTS: [&str; 37] = [
    "tweet: before commit",
    "tweet: after commit",
    "tweet: after commit#2",
    "follow: before commit",
    "follow: after commit",
    "follow: after commit#2",
    "unfollow: before commit",
    "unfollow: after commit",
    "delete: before commit",
    "delete: after commit",
    "worker: before the row goes",
    "worker: before the row goes#3",
    "worker: before commit",
    "worker: before commit#5",
    "worker: committed",
    "worker: committed#6",
    "deliver: batch chosen",
    "deliver: batch chosen#2",
    "deliver: inserted",
    "deliver: inserted#2",
    "fill: inserted",
    "fill: inserted#2",
    "fill: inserted#3",
    "purge: edge looked for",
    "purge: deleted",
    "purge: deleted#2",
    "retract: deleted",
    "retract: deleted#2",
    "demote: updated",
    "like: before commit",
    "like: after commit",
    "comment: before commit",
    "comment: after commit",
    "discard: removed",
    "profile: before commit",
    "media: stored",
    "media: removed",
];

/// Those of the outbox as the queue, and those of RabbitMQ.
const EMBEDDED: [&str; 2] = ["worker: leased", "worker: leased#4"];
const RABBIT: [&str; 7] = [
    "relay: leased",
    "relay: confirmed",
    "relay: confirmed#4",
    "relay: sent",
    "consume: taken",
    "consume: taken#4",
    "consume: before the acknowledgement",
];

#[derive(Clone, Copy, Debug)]
enum Step {
    Follow(usize, usize),
    Unfollow(usize, usize),
    Tweet(usize, &'static str),
    /// The author's first tweet of the past.
    Delete(usize),
    /// Of that tweet.
    Like(usize),
    Comment(usize),
    Avatar(usize),
}

const LIKE: &str = "mutation ($id: ID!) { like(input: { subjectId: $id }) { userErrors { code message field } } }";
const COMMENT: &str = "mutation ($id: ID!) {
    createComment(input: { tweetId: $id, content: \"hi\", idempotencyKey: \"k\" }) { userErrors { code message field } } }";

const AVATAR: &str = "mutation ($file: Upload) { updateProfile(input: { avatar: $file }) {
    userErrors { code message field } } }";

const STAR: usize = 0;
const AUTHOR: usize = 1;
const CAROL: usize = 4;
const DAVE: usize = 5;

/// Passes every label: with the people of `prepare`, the author gets a third follower, the star a fourth.
const SCRIPT: [Step; 11] = [
    Step::Follow(CAROL, AUTHOR),
    Step::Tweet(AUTHOR, "to three"),
    Step::Follow(DAVE, STAR),
    Step::Tweet(STAR, "to four"),
    Step::Like(DAVE),
    Step::Comment(DAVE),
    Step::Avatar(DAVE),
    Step::Delete(AUTHOR),
    Step::Unfollow(CAROL, AUTHOR),
    Step::Tweet(AUTHOR, "to two"),
    Step::Follow(DAVE, AUTHOR),
];

struct World {
    people: [Person; 6],
    /// The tweet that is to be deleted.
    past: String,
}

/// The author has five tweets and two pushed followers, the star three tweets and three pushed followers.
async fn prepare(place: &Place) -> World {
    let app = place.open().await;
    let people = app.cast(["star", "author", "alice", "bob", "carol", "dave"]).await;
    let [star, author, alice, bob, carol, _] = &people;
    let mut past = Vec::new();
    past.push(app.tweet_photo(author, "past 0").await);
    for number in 1..5 {
        past.push(app.tweet(author, &format!("past {number}")).await);
    }
    for number in 0..3 {
        app.tweet(star, &format!("past {number}")).await;
    }
    for (follower, followee) in [(alice, author), (bob, author), (alice, star), (bob, star), (carol, star)] {
        app.follow(follower, followee).await;
    }
    app.drain().await;
    World { past: past.swap_remove(0), people }
}

impl World {
    /// Does one step. It may have been done before by a server that died before it could say so.
    async fn step(&self, http: Http, step: Step, again: bool) -> std::io::Result<()> {
        let person = |index: usize| &self.people[index];
        match step {
            Step::Follow(follower, followee) => {
                let variables = json!({ "id": person(followee).gid });
                http.gql(Some(&person(follower).token), FOLLOW, variables).await?.changed("follow");
            }
            Step::Unfollow(follower, followee) => {
                let variables = json!({ "id": person(followee).gid });
                http.gql(Some(&person(follower).token), UNFOLLOW, variables).await?.changed("unfollow");
            }
            Step::Tweet(author, content) => {
                let variables = json!({ "content": content, "key": content });
                http.gql(Some(&person(author).token), CREATE_TWEET, variables).await?.changed("createTweet");
            }
            Step::Like(actor) => {
                http.gql(Some(&person(actor).token), LIKE, json!({ "id": self.past })).await?.changed("like");
            }
            Step::Comment(actor) => {
                let variables = json!({ "id": self.past });
                http.gql(Some(&person(actor).token), COMMENT, variables).await?.changed("createComment");
            }
            Step::Avatar(owner) => {
                let form = Form::of(AVATAR, json!({ "file": null }), &[("variables.file", &picture(1))]);
                http.upload(&person(owner).token, &form).await?.changed("updateProfile");
            }
            Step::Delete(author) => {
                let variables = json!({ "id": self.past });
                let answer = http.gql(Some(&person(author).token), DELETE_TWEET, variables).await?;
                if !again || answer.ok()["deleteTweet"]["userErrors"] == json!([]) {
                    answer.changed("deleteTweet");
                } else {
                    assert_eq!(answer.refused("deleteTweet"), ["NOT_FOUND tweetId"]);
                }
            }
        }
        Ok(())
    }
}

async fn dies_at(point: &str) {
    let place = place(3);
    let world = prepare(&place).await;
    let mut server = place.start(place.roost(&["serve"]).env("ROOST_FAILPOINT", point)).await;
    let mut done = 0;
    while done < SCRIPT.len() && world.step(server.client(), SCRIPT[done], false).await.is_ok() {
        done += 1;
    }
    assert_eq!(server.wait().await.signal(), Some(9), "{point} was not reached: {}", place.log());

    let mut server = place.serve().await;
    for (number, step) in SCRIPT.iter().enumerate().skip(done) {
        world.step(server.client(), *step, number == done).await.unwrap();
    }
    let app = place.open().await;
    app.settled().await;
    server.kill().await;
    app.assert_sound(&world.people).await;
    let owned =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| [(*a).to_owned(), (*b).to_owned()]).collect::<Vec<_>>();
    let expected = [
        ("alice", "author"),
        ("alice", "star"),
        ("bob", "author"),
        ("bob", "star"),
        ("carol", "star"),
        ("dave", "author"),
        ("dave", "star"),
    ];
    assert_eq!(app.edges().await, owned(&expected), "{point}");
    let shown = "SELECT a.username, b.username FROM notification n JOIN users a ON a.id = n.actor_id
                 JOIN users b ON b.id = n.recipient_id WHERE NOT n.is_withdrawn";
    assert_eq!(app.texts(shown).await, owned(&expected), "{point}");
    let expected = [
        ("author", "past 1"),
        ("author", "past 2"),
        ("author", "past 3"),
        ("author", "past 4"),
        ("author", "to three"),
        ("author", "to two"),
        ("star", "past 0"),
        ("star", "past 1"),
        ("star", "past 2"),
        ("star", "to four"),
    ];
    assert_eq!(app.tweets().await, owned(&expected), "{point}");
    let left =
        "SELECT (SELECT COUNT(*) FROM liked) + (SELECT COUNT(*) FROM comment) + (SELECT COUNT(*) FROM comment_stats)";
    assert_eq!(app.number(left, []).await, 0, "{point}: what hung on the deleted tweet");
    app.app.clock.advance(2 * HOUR);
    roost::service::media::sweep(&app.app).await.unwrap();
    let avatars = "SELECT COUNT(*) FROM profile WHERE avatar IS NOT NULL";
    assert_eq!(
        (app.number(avatars, []).await, app.media_files().len()),
        (1, 1),
        "{point}: the avatar, and no other file"
    );
}

#[tokio::test]
async fn a_process_killed_at_any_labelled_point_loses_nothing_and_does_nothing_twice() {
    let of_the_queue = if amqp_url().is_some() { RABBIT.as_slice() } else { &EMBEDDED };
    let points = POINTS.iter().chain(of_the_queue).copied();
    stream::iter(points).for_each_concurrent(4, dies_at).await;
}

#[test]
fn every_label_of_the_source_is_a_point_of_the_crash_test() {
    let mut labels = BTreeSet::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut labels);
    let covered: BTreeSet<String> = POINTS
        .iter()
        .chain(&EMBEDDED)
        .chain(&RABBIT)
        .chain(&super::deletion::POINTS)
        .map(|point| point.split_once('#').map_or(*point, |(label, _)| label).to_owned())
        .collect();
    assert_eq!(labels, covered);
}

fn collect(folder: &Path, labels: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, labels);
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            if let Some((_, rest)) = line.split_once("failpoints.pass(\"") {
                labels.insert(rest.split_once('"').unwrap().0.to_owned());
            }
        }
    }
}
