//! Each action has its limit; what share a line share the limit.

use serde_json::{Value, json};

use super::{limited, quota, retry_after, told};
use crate::support::social::{CREATE_COMMENT, LIKE, UNLIKE};
use crate::support::{CREATE_TWEET, FOLLOW, Form, Person, TestApp, UNFOLLOW, picture};
use roost::clock::{HOUR, SECOND};
use roost::config::Config;

const UPDATE_COMMENT: &str = "mutation ($id: ID!) { updateComment(input: { commentId: $id, content: \"again\" }) {
    comment { id } userErrors { code message field } } }";

#[test]
fn the_defaults_are_those_that_were_decided() {
    let config = Config::default();
    for (quota, expected) in [
        (config.rate_operations, "20000, 500/s"),
        (config.rate_anonymous_operations, "5000, 200/s"),
        (config.rate_tweets, "30, 300/3h"),
        (config.rate_comments_and_likes, "60, 10/s"),
        (config.rate_follows, "30, 2/s"),
        (config.rate_uploads, "30, 30/30m"),
        (config.rate_sign_ups, "10, 10/30m"),
        (config.rate_log_ins, "10, 1/10s"),
        (config.rate_log_ins_by_address, "10, 1/10s"),
    ] {
        assert_eq!(quota.to_string(), expected);
    }
    assert!(config.rate_limit, "limits are on by default");
}

/// Asserts that a mutation was refused for its limit, with nothing else of the answer missing.
#[track_caller]
fn refused(answer: &crate::support::Answer, mutation: &str) -> u64 {
    assert_eq!(answer.status, 200, "something was executed");
    assert_eq!(answer.body["data"], json!({ mutation: null }), "{}", answer.text);
    assert!(!answer.headers.contains_key("retry-after"));
    retry_after(answer)
}

#[tokio::test]
async fn of_tweets_there_are_30_and_then_one_every_36_seconds() {
    let app = limited(|_| ()).await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    for n in 0..30 {
        let answer = app.as_user(&ada).gql(CREATE_TWEET, json!({ "content": n.to_string() })).await;
        answer.changed("createTweet");
        let told = told(&answer.headers);
        assert_eq!((told.limit.as_str(), told.quota, told.remaining), ("tweets", (30, 1080), 29 - n));
        assert!((36 * n + 1..=36 * (n + 1)).contains(&told.full_in), "{told:?}");
    }
    let answer = app.as_user(&ada).gql(CREATE_TWEET, json!({ "content": "one more" })).await;
    let seconds = refused(&answer, "createTweet");
    assert!((1..=36).contains(&seconds), "{seconds}");
    assert_eq!((told(&answer.headers).limit.as_str(), told(&answer.headers).remaining), ("tweets", 0));
    assert_eq!(app.number("SELECT COUNT(*) FROM tweet", []).await, 30, "nothing was made");
    app.tweet(&bob, "somebody else's limit is another one").await;

    app.app.clock.advance(i64::try_from(seconds).unwrap() * SECOND);
    app.tweet(&ada, "as was said").await;
    let answer = app.as_user(&ada).gql(CREATE_TWEET, json!({ "content": "one more" })).await;
    refused(&answer, "createTweet");
    app.app.clock.advance(3 * HOUR);
    for n in 0..30 {
        app.tweet(&ada, &n.to_string()).await;
    }
    app.drain().await;
}

/// Does something until it is refused, and returns how often it was done.
async fn times(app: &TestApp, person: &Person, mutations: &[(&str, &str, Value)]) -> usize {
    for round in 0..100 {
        let (name, query, variables) = &mutations[round % mutations.len()];
        let answer = app.as_user(person).gql(query, variables.clone()).await;
        if answer.body.get("errors").is_some() {
            refused(&answer, name);
            return round;
        }
        answer.changed(name);
    }
    panic!("100 times, and no limit");
}

#[tokio::test]
async fn comments_and_likes_share_a_limit() {
    let app = limited(|config| config.rate_comments_and_likes = quota("9, 1/h")).await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let tweet = app.tweet(&ada, "hello").await;
    let comment = json!({ "input": { "tweetId": tweet, "content": "hi" } });
    let first = app.as_user(&bob).gql(CREATE_COMMENT, comment.clone()).await;
    let update = json!({ "id": first.changed("createComment")["comment"]["id"] });
    let like = json!({ "id": tweet });
    let all =
        [("like", LIKE, like.clone()), ("unlike", UNLIKE, like.clone()), ("createComment", CREATE_COMMENT, comment)];
    assert_eq!(times(&app, &ada, &all).await, 9);
    assert_eq!(times(&app, &bob, &[("updateComment", UPDATE_COMMENT, update), ("like", LIKE, like)]).await, 8);
    app.tweet(&ada, "tweets have a limit of their own").await;
    app.drain().await;
}

#[tokio::test]
async fn follows_and_unfollows_share_a_limit() {
    let app = limited(|_| ()).await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let id = json!({ "id": bob.gid });
    // More come back while it runs: two a second.
    let done = times(&app, &ada, &[("follow", FOLLOW, id.clone()), ("unfollow", UNFOLLOW, id)]).await;
    assert!((30..60).contains(&done), "{done}");
    app.drain().await;
}

#[tokio::test]
async fn every_file_counts_and_all_of_a_mutation_or_none() {
    let app = limited(|config| config.rate_uploads = quota("3, 3/h")).await;
    let ada = app.person("ada").await;
    let query = "mutation ($input: CreateTweetInput!) {
        createTweet(input: $input) { tweet { id } userErrors { code message field } } }";
    let (one, two) = (picture(1), picture(2));
    let tweet = |files: &[(&'static str, Vec<u8>)]| {
        let photos: Vec<Value> = files.iter().map(|_| json!({ "file": null })).collect();
        let files: Vec<(&str, &[u8])> = files.iter().map(|(path, file)| (*path, file.as_slice())).collect();
        Form::of(query, json!({ "input": { "content": "look", "photos": photos } }), &files)
    };
    let both = [("variables.input.photos.0.file", one.clone()), ("variables.input.photos.1.file", two)];
    let answer = app.as_user(&ada).upload(tweet(&both)).await;
    answer.changed("createTweet");
    assert_eq!((told(&answer.headers).limit.as_str(), told(&answer.headers).remaining), ("uploads", 1));
    refused(&app.as_user(&ada).upload(tweet(&both)).await, "createTweet");
    let avatar =
        "mutation ($file: Upload) { updateProfile(input: { avatar: $file }) { userErrors { code message field } } }";
    let form = |file: &[u8]| Form::of(avatar, json!({ "file": null }), &[("variables.file", file)]);
    app.as_user(&ada).upload(form(&one)).await.changed("updateProfile");
    refused(&app.as_user(&ada).upload(form(&one)).await, "updateProfile");
    // What takes no file needs no room for one, and what was refused did not count as a tweet.
    let answer = app.as_user(&ada).gql(CREATE_TWEET, json!({ "content": "words" })).await;
    answer.changed("createTweet");
    assert_eq!(told(&answer.headers).remaining, 28);
    let bio = "mutation { updateProfile(input: { bio: \"words\" }) { userErrors { code message field } } }";
    app.as_user(&ada).gql(bio, json!({})).await.changed("updateProfile");
    app.drain().await;
}

#[tokio::test]
async fn sign_ups_are_counted_by_address() {
    let app = limited(|_| ()).await;
    let sign_up = |n: u32, address: &str| {
        let query = format!(
            "mutation {{ signUp(input: {{ username: \"ada{n}\", email: \"ada{n}@example.org\", password: \"correct horse\" }})
             {{ sessionToken userErrors {{ code message field }} }} }}"
        );
        super::from(address, app.anonymous().request(&json!({ "query": query })))
    };
    for n in 0..10 {
        app.send(sign_up(n, "192.0.2.1")).await.changed("signUp");
    }
    assert!((1..=180).contains(&refused(&app.send(sign_up(10, "192.0.2.1")).await, "signUp")));
    assert_eq!(app.number("SELECT COUNT(*) FROM users", []).await, 10);
    app.send(sign_up(10, "192.0.2.2")).await.changed("signUp");
}

#[tokio::test]
async fn every_alias_counts_and_only_what_is_too_much_is_null() {
    let app = limited(|config| config.rate_tweets = quota("2, 1/h")).await;
    let ada = app.person("ada").await;
    let query = "mutation { a: createTweet(input: { content: \"a\" }) { tweet { content } }
                            b: createTweet(input: { content: \"b\" }) { tweet { content } }
                            c: createTweet(input: { content: \"c\" }) { tweet { content } } }";
    let answer = app.as_user(&ada).gql(query, json!({})).await;
    retry_after(&answer);
    assert_eq!(answer.body["errors"][0]["path"], json!(["c"]));
    let tweet = |content: &str| json!({ "tweet": { "content": content } });
    assert_eq!(answer.body["data"], json!({ "a": tweet("a"), "b": tweet("b"), "c": null }));
    assert_eq!(told(&answer.headers).remaining, 0);
    assert_eq!(app.number("SELECT COUNT(*) FROM tweet", []).await, 2);
    app.drain().await;
}

#[tokio::test]
async fn faults_and_repeats_count_as_well() {
    let app = limited(|config| config.rate_tweets = quota("3, 1/h")).await;
    let ada = app.person("ada").await;
    app.as_user(&ada).gql(CREATE_TWEET, json!({ "content": "" })).await.refused("createTweet");
    for _ in 0..2 {
        app.as_user(&ada).gql(CREATE_TWEET, json!({ "content": "a", "key": "k" })).await.changed("createTweet");
    }
    refused(&app.as_user(&ada).gql(CREATE_TWEET, json!({ "content": "a", "key": "k" })).await, "createTweet");
    // Whoever may not do it at all is told so, and does not count.
    for _ in 0..5 {
        assert_eq!(app.anonymous().gql(CREATE_TWEET, json!({ "content": "a" })).await.code(), "UNAUTHENTICATED");
    }
    app.drain().await;
}

#[tokio::test]
async fn many_at_once_get_no_more_than_one_after_the_other() {
    let app = limited(|config| config.rate_tweets = quota("5, 1/h")).await;
    let ada = app.person("ada").await;
    let client = app.as_user(&ada);
    let answers = (0..20).map(|n| client.gql(CREATE_TWEET, json!({ "content": n.to_string() })));
    let answers = futures_util::future::join_all(answers).await;
    let made = answers.iter().filter(|answer| answer.body.get("errors").is_none()).count();
    assert_eq!(made, 5);
    assert_eq!(app.number("SELECT COUNT(*) FROM tweet", []).await, 5);
    app.drain().await;
}
