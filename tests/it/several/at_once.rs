//! What one process has changed is there in the others within a second, however much they know by heart, and though nobody can
//! tell them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::cluster::Cluster;
use crate::support::process::{Http, Place};
use crate::support::proxy::Proxy;
use crate::support::services::redis_url;
use crate::support::social::{CREATE_COMMENT, DELETE_COMMENT, LIKE, UNLIKE};
use crate::support::{CREATE_TWEET, DELETE_TWEET, FOLLOW, Person, UNFOLLOW};

/// Everything that is changed here, as somebody sees it.
const LOOK: &str = "query ($tweet: ID!, $author: ID!) {
    node(id: $tweet) { ... on Tweet { content likeCount viewerHasLiked commentCount author { profile { nickname } }
        comments(first: 9) { nodes { content author { username } } } } }
    author: node(id: $author) { ... on User { username profile { nickname bio } tweetCount followerCount
        viewerIsFollowing tweets(first: 9) { nodes { id likeCount } } followers(first: 9) { nodes { username } } } }
    viewer { user { followingCount } homeFeed(first: 9) { nodes { content author { profile { nickname } } } } } }";
const RENAME: &str = "mutation ($name: String!) { updateProfile(input: { nickname: $name, bio: $name }) {
    userErrors { code message field } } }";
const SUSPEND: &str =
    "mutation ($id: ID!) { adminSuspendUser(input: { userId: $id }) { userErrors { code message field } } }";
const RESTORE: &str =
    "mutation ($id: ID!) { adminRestoreUser(input: { userId: $id }) { userErrors { code message field } } }";

const WITHIN: Duration = Duration::from_secs(1);

/// One process that changes things, and one that is asked.
struct Pair<'a> {
    here: Http,
    there: Http,
    reader: &'a Person,
    variables: Value,
}

impl Pair<'_> {
    async fn look(&self, server: Http) -> Value {
        server.gql(Some(&self.reader.token), LOOK, self.variables.clone()).await.unwrap().ok().clone()
    }

    /// Changes something at the one, and asserts that the other knows it soon. The change acts at its commit where it was made.
    async fn change(&self, person: &Person, mutation: &str, query: &str, variables: Value) -> Value {
        // By now the other one knows by heart whatever it keeps.
        for _ in 0..2 {
            self.look(self.there).await;
        }
        let answer = self.here.gql(Some(&person.token), query, variables).await.unwrap();
        let payload = answer.changed(mutation).clone();
        let changed = Instant::now();
        let truth = self.look(self.here).await;
        loop {
            let begun = changed.elapsed();
            let known = self.look(self.there).await;
            if known == truth {
                return payload;
            }
            assert!(begun < WITHIN, "{mutation} is not known after {begun:?}: {known}\n instead of {truth}");
        }
    }
}

async fn assert_all_is_known(cluster: Cluster) {
    let app = cluster.place.open().await;
    let [mut author, reader, admin] = app.cast(["author", "reader", "admin"]).await;
    app.damage("UPDATE users SET role = 1 WHERE username = 'admin'").await;
    for round in 0..4 {
        let [one, other] = [0, 1].map(|which| cluster.servers[which].client());
        let (here, there) = if round % 2 == 0 { (one, other) } else { (other, one) };
        let content = json!({ "content": format!("round {round}") });
        let answer = here.gql(Some(&author.token), CREATE_TWEET, content).await.unwrap();
        let tweet = answer.changed("createTweet")["tweet"]["id"].clone();
        app.settled().await;
        let variables = json!({ "tweet": tweet, "author": author.gid });
        let pair = Pair { here, there, reader: &reader, variables };
        let gid = author.gid.clone();
        let of_author = || json!({ "id": gid });
        let of_tweet = || json!({ "id": tweet });
        pair.change(&reader, "follow", FOLLOW, of_author()).await;
        pair.change(&reader, "like", LIKE, of_tweet()).await;
        pair.change(&reader, "unlike", UNLIKE, of_tweet()).await;
        let comment = json!({ "input": { "tweetId": tweet, "content": "here" } });
        let comment = pair.change(&reader, "createComment", CREATE_COMMENT, comment).await;
        pair.change(&author, "updateProfile", RENAME, json!({ "name": format!("name {round}") })).await;
        pair.change(&reader, "deleteComment", DELETE_COMMENT, json!({ "id": comment["comment"]["id"] })).await;
        pair.change(&admin, "adminSuspendUser", SUSPEND, of_author()).await;
        pair.change(&admin, "adminRestoreUser", RESTORE, of_author()).await;
        let log_in = roost::auth::log_in(&app.app, "author", Person::PASSWORD.to_owned(), None).await.unwrap();
        author = Person::new(author.id, "author", log_in.token);
        pair.change(&author, "deleteTweet", DELETE_TWEET, of_tweet()).await;
        pair.change(&reader, "unfollow", UNFOLLOW, of_author()).await;
    }
    app.settled().await;
}

#[tokio::test]
async fn whatever_one_changes_the_other_knows_within_a_second() {
    assert_all_is_known(Cluster::start(Place::new()).await).await;
}

#[tokio::test]
async fn the_same_without_redis() {
    if redis_url().is_some() {
        let mut place = Place::new();
        place.config.redis_url = None;
        assert_all_is_known(Cluster::start(place).await).await;
    }
}

#[tokio::test]
async fn the_same_by_one_that_is_cut_off_from_redis() {
    let Some(url) = redis_url() else { return };
    for hurt in [Proxy::cut as fn(&Proxy), Proxy::hold] {
        let way = Proxy::to(&url).await;
        let through = way.url(&url);
        let cluster = Cluster::with(Place::new(), |server| {
            server.env("ROOST_REDIS_URL", through);
        })
        .await;
        hurt(&way);
        assert_all_is_known(cluster).await;
    }
}
