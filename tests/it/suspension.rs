//! Suspended people: gone from everything at the commit, and back with everything when they are restored.

use std::time::Duration;

use roost::service::audit::Actor::CommandLine;
use roost::service::suspension;
use serde_json::{Value, json};

use crate::support::pages::ids;
use crate::support::process::until;
use crate::support::social::{CREATE_COMMENT, LIKE, UNLIKE};
use crate::support::{CREATE_TWEET, DELETE_TWEET, FOLLOW, Person, Served, TestApp, UNFOLLOW};

async fn suspend(app: &TestApp, person: &Person) {
    suspension::suspend(&app.app, CommandLine, person.id).await.unwrap();
}

async fn restore(app: &TestApp, person: &Person) {
    suspension::restore(&app.app, CommandLine, person.id).await.unwrap();
}

/// Everything that a reader can get at by fields, from the people in it, three levels deep.
const EVERYTHING: &str = "
query ($ids: [ID!]!) {
    viewer {
        unreadNotificationCount
        homeFeed(first: 4) { nodes { ...Tweet } }
        user { ...User }
        notifications(first: 14) { nodes { kind actor { username } subject { ... on Tweet { ...Tweet } ... on Comment { ...Comment } }
            comment { ...Comment } } }
        unread: notifications(unreadOnly: true, first: 14) { nodes { actor { username } } }
    }
    him: user(username: \"alan\") { ...User }
    her: user(username: \"grace\") { ...User }
    nodes(ids: $ids) { __typename id ... on User { ...User } ... on Tweet { ...Tweet } ... on Comment { ...Comment }
        ... on Profile { nickname } ... on Photo { altText } }
}
fragment User on User { username profile { id nickname bio avatarUrl } viewerIsFollowing isFollowingViewer
    tweets(first: 2) { nodes { ...Tweet } }
    followers(first: 3) { nodes { username } } following(first: 3) { nodes { username } } }
fragment Tweet on Tweet { id content author { username } photos { id altText } viewerHasLiked
    likers(first: 3) { nodes { username } } comments(first: 3) { nodes { ...Comment } } }
fragment Comment on Comment { id content author { username } tweet { id } viewerHasLiked
    likers(first: 3) { nodes { username } } }";

struct World {
    app: TestApp,
    ada: Person,
    grace: Person,
    alan: Person,
    /// The ids of everything of alan's, and of everything of the others'.
    his: Vec<String>,
    theirs: Vec<String>,
}

/// Ada, Grace and Alan, who do everything to each other. What is Alan's says so.
async fn world() -> World {
    let app = TestApp::new().await;
    let [ada, grace, alan] = app.cast(["ada", "grace", "alan"]).await;
    let people = [&ada, &grace, &alan];
    for one in people {
        let query =
            "mutation ($bio: String) { updateProfile(input: { bio: $bio }) { userErrors { code message field } } }";
        app.as_user(one).gql(query, json!({ "bio": format!("bio of {}", one.name) })).await.changed("updateProfile");
        for other in people.iter().filter(|other| other.id != one.id) {
            app.follow(one, other).await;
        }
    }
    let (mut his, mut theirs) = (Vec::new(), Vec::new());
    let mut tweets = Vec::new();
    for author in people {
        let tweet = app.tweet_photo(author, &format!("tweet of {}", author.name)).await;
        let list = if author.id == alan.id { &mut his } else { &mut theirs };
        list.extend([author.gid.clone(), tweet.clone()]);
        tweets.push((author, tweet));
    }
    for (tweet_author, tweet) in &tweets {
        for author in people {
            let text = format!("{} under {}", author.name, tweet_author.name);
            let comment = app.comment(author, tweet, &text).await;
            for liker in people {
                app.like(liker, &comment).await;
            }
            app.like(author, tweet).await;
            let is_his = author.id == alan.id || tweet_author.id == alan.id;
            if is_his { his.push(comment) } else { theirs.push(comment) }
        }
    }
    app.drain().await;
    let query =
        "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on User { profile { id } } ... on Tweet { photos { id } } } }";
    for list in [&mut his, &mut theirs] {
        let answer = app.anonymous().gql(query, json!({ "ids": list })).await;
        let found: Vec<String> = answer.ok()["nodes"].as_array().unwrap().iter().flat_map(more).collect();
        list.extend(found);
    }
    World { app, ada, grace, alan, his, theirs }
}

fn more(node: &Value) -> Vec<String> {
    let profile = node["profile"]["id"].as_str().map(ToOwned::to_owned);
    let photos = node["photos"].as_array().cloned().unwrap_or_default();
    profile.into_iter().chain(photos.iter().map(|photo| photo["id"].as_str().unwrap().to_owned())).collect()
}

impl World {
    async fn everything(&self, reader: &Person) -> Value {
        let ids: Vec<&String> = self.his.iter().chain(&self.theirs).collect();
        let answer = self.app.as_user(reader).gql(EVERYTHING, json!({ "ids": ids })).await;
        answer.ok().clone()
    }
}

#[tokio::test]
async fn a_suspended_person_is_gone_from_every_field_and_comes_back_to_every_field() {
    let world = world().await;
    let World { app, ada, grace, alan, his, theirs } = &world;
    assert_eq!((his.len(), theirs.len()), (1 + 1 + 5 + 2, 2 * (1 + 1 + 2 + 2)));
    let before = [world.everything(ada).await, world.everything(grace).await];
    assert!(before[0].to_string().matches("alan").count() > 60, "{}", before[0]);
    assert!(before[0]["nodes"].as_array().unwrap().iter().all(|node| !node.is_null()));
    suspend(app, alan).await;
    let alone = [world.everything(ada).await, world.everything(grace).await];
    for (reader, seen) in [ada, grace].into_iter().zip(&alone) {
        let text = seen.to_string();
        assert!(!text.contains("alan"), "{}: {text}", reader.name);
        assert_eq!(seen["him"], Value::Null);
        let nodes = seen["nodes"].as_array().unwrap();
        assert!(nodes[..his.len()].iter().all(Value::is_null) && nodes[his.len()..].iter().all(|node| !node.is_null()));
        let unread = seen["viewer"]["unread"]["nodes"].as_array().unwrap().len();
        assert_eq!(seen["viewer"]["unreadNotificationCount"], unread);
        assert!(unread > 0);
    }
    let text = app.anonymous().gql(EVERYTHING, json!({ "ids": his })).await.text;
    assert!(!text.contains("alan"), "{text}");
    app.check_counters().await;
    restore(app, alan).await;
    assert_eq!([world.everything(ada).await, world.everything(grace).await], before);
    app.drain().await;
}

#[tokio::test]
async fn every_connection_of_the_schema_is_in_that_query() {
    let app = TestApp::new().await;
    let query = "{ __schema { types { name fields { name type { name ofType { name } } } } } }";
    let answer = app.anonymous().gql(query, json!({})).await;
    let mut connections = 0;
    for ty in answer.ok()["__schema"]["types"].as_array().unwrap().iter().filter(|ty| ty["name"] != "Admin") {
        for field in ty["fields"].as_array().into_iter().flatten() {
            let kind = field["type"]["ofType"]["name"].as_str().unwrap_or_default();
            if kind.ends_with("Connection") {
                connections += 1;
                let name = field["name"].as_str().unwrap();
                assert!(EVERYTHING.contains(&format!("{name}(")), "look at {}.{name} as well", ty["name"]);
            }
        }
    }
    assert!(connections >= 8);
}

#[tokio::test]
async fn what_others_do_to_something_of_a_suspended_person_is_not_found() {
    let world = world().await;
    let World { app, ada, alan, his, .. } = &world;
    suspend(app, alan).await;
    let (tweet, comment) = (&his[1], &his[2]);
    for (mutation, text, id, field) in [
        ("follow", FOLLOW, &alan.gid, "userId"),
        ("unfollow", UNFOLLOW, &alan.gid, "userId"),
        ("like", LIKE, tweet, "subjectId"),
        ("unlike", UNLIKE, tweet, "subjectId"),
        ("like", LIKE, comment, "subjectId"),
    ] {
        let answer = app.as_user(ada).gql(text, json!({ "id": id })).await;
        assert_eq!(answer.refused(mutation), [format!("NOT_FOUND {field}")]);
    }
    let answer = app.as_user(ada).gql(CREATE_COMMENT, json!({ "input": { "tweetId": tweet, "content": "hi" } })).await;
    assert_eq!(answer.refused("createComment"), ["NOT_FOUND tweetId"]);
    for comment in &his[2..7] {
        assert_eq!(app.try_delete_comment(ada, comment).await.refused("deleteComment"), ["NOT_FOUND commentId"]);
    }
    app.drain().await;
    app.check_counters().await;
}

#[tokio::test]
async fn sessions_end_with_the_suspension_and_a_log_in_says_why_only_to_the_right_password() {
    let app = TestApp::new().await;
    let [ada, alan] = app.cast(["ada", "alan"]).await;
    let tweet = app.tweet(&ada, "hello").await;
    suspend(&app, &alan).await;
    for (text, variables) in [
        (CREATE_TWEET, json!({ "content": "hi" })),
        (DELETE_TWEET, json!({ "id": tweet })),
        (LIKE, json!({ "id": tweet })),
        (FOLLOW, json!({ "id": ada.gid })),
        ("{ viewer { id } }", json!({})),
    ] {
        let answer = app.as_user(&alan).gql(text, variables).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (401, "UNAUTHENTICATED"));
    }
    let log_in = "mutation ($password: String!) { logIn(input: { login: \"alan\", password: $password }) {
        sessionToken userErrors { code message field } } }";
    let message = |answer: &crate::support::Answer| answer.body["data"]["logIn"]["userErrors"][0]["message"].clone();
    let wrong = app.anonymous().gql(log_in, json!({ "password": "wrong horse" })).await;
    assert_eq!(
        (wrong.refused("logIn"), message(&wrong)),
        (vec!["WRONG_CREDENTIALS".to_owned()], json!("The login or the password is wrong."))
    );
    let right = app.anonymous().gql(log_in, json!({ "password": Person::PASSWORD })).await;
    assert_eq!(
        (right.refused("logIn"), message(&right)),
        (vec!["WRONG_CREDENTIALS".to_owned()], json!("This account has been suspended."))
    );
    assert_eq!(app.number("SELECT COUNT(*) FROM session WHERE user_id = ?", [alan.id.into()]).await, 0);
    restore(&app, &alan).await;
    assert!(
        app.anonymous().gql(log_in, json!({ "password": Person::PASSWORD })).await.changed("logIn")["sessionToken"]
            .is_string()
    );
    app.drain().await;
}

#[tokio::test]
async fn a_request_that_was_let_in_before_the_suspension_does_nothing_after_it() {
    let app = TestApp::new().await;
    let [ada, alan] = app.cast(["ada", "alan"]).await;
    app.tweet(&ada, "hello").await;
    let tweet = app.number("SELECT MAX(id) FROM tweet", []).await;
    suspend(&app, &alan).await;
    let subject = entity::Subject::Tweet(entity::TweetId(tweet));
    use roost::error::Error::Unauthenticated;
    use roost::service::{comment, follow, like, profile, tweet as tweets};
    let new = tweets::NewTweet { content: "late".to_owned(), ..Default::default() };
    assert!(matches!(tweets::create(&app.app, alan.id, &new).await, Err(Unauthenticated)));
    assert!(matches!(like::like(&app.app, alan.id, subject).await, Err(Unauthenticated)));
    assert!(matches!(follow::follow(&app.app, alan.id, ada.id).await, Err(Unauthenticated)));
    let new =
        comment::NewComment { tweet: Ok(entity::TweetId(tweet)), content: "late".to_owned(), idempotency_key: None };
    assert!(matches!(comment::create(&app.app, alan.id, &new).await, Err(Unauthenticated)));
    let change = profile::ProfileChange { bio: profile::Change::Set("late".to_owned()), ..Default::default() };
    assert!(matches!(profile::update(&app.app, alan.id, change).await, Err(Unauthenticated)));
    app.drain().await;
    assert_eq!(app.number("SELECT (SELECT COUNT(*) FROM liked) + (SELECT COUNT(*) FROM follow)", []).await, 0);
}

#[tokio::test]
async fn sockets_close_and_streams_of_their_tweets_end_whoever_suspends() {
    let served = Served::new().await;
    let app = &served.app;
    let [ada, alan] = app.cast(["ada", "alan"]).await;
    let tweet = app.tweet(&alan, "hello").await;
    app.drain().await;
    let mut his = served.of(&alan).await;
    let mut hers = served.of(&ada).await;
    hers.subscribe("c", "subscription ($id: ID!) { tweetChanged(tweetId: $id) { id } }", json!({ "id": tweet })).await;
    assert_eq!(hers.event("c").await["tweetChanged"]["id"], json!(tweet));
    // Another process on the same database: only the queue tells this one.
    let second = app.second().await;
    suspend(&second, &alan).await;
    app.drain().await;
    assert_eq!(his.closed().await.0, 4401);
    assert_eq!(hers.event("c").await, json!({ "tweetChanged": null }));
    assert_eq!(hers.next().await["type"], "complete");
}

#[tokio::test]
async fn live_streams_send_nothing_of_a_suspended_person() {
    let served = Served::new().await;
    let app = &served.app;
    let [ada, grace, alan] = app.cast(["ada", "grace", "alan"]).await;
    app.follow(&ada, &alan).await;
    app.follow(&ada, &grace).await;
    let hers = app.tweet(&ada, "hello").await;
    app.drain().await;
    let mut socket = served.of(&ada).await;
    socket.subscribe("f", "subscription { homeFeedTweetAdded { node { content } } }", json!({})).await;
    socket.subscribe("n", "subscription { notificationAdded { node { actor { username } } } }", json!({})).await;
    socket.quiet().await;
    // Both streams have begun when each has told something.
    until("the streams have begun", async || {
        app.tweet(&grace, "first").await;
        app.like(&grace, &hers).await;
        app.drain().await;
        app.unlike(&grace, &hers).await;
        app.drain().await;
        true
    })
    .await;
    app.tweet(&alan, "before, delivered after").await;
    app.like(&alan, &hers).await;
    suspend(app, &alan).await;
    app.drain().await;
    app.tweet(&grace, "the last").await;
    app.comment(&grace, &hers, "the last").await;
    app.drain().await;
    let mut seen = String::new();
    while let Some(message) = socket.try_next(Duration::from_secs(2)).await {
        seen.push_str(&message.to_string());
        if seen.contains("the last") && seen.contains("grace") {
            break;
        }
    }
    assert!(seen.contains("the last"), "{seen}");
    assert!(!seen.contains("alan") && !seen.contains("delivered after"), "{seen}");
}

#[tokio::test]
async fn the_number_of_unread_notifications_and_the_list_agree() {
    let app = TestApp::new().await;
    let [ada, grace, alan] = app.cast(["ada", "grace", "alan"]).await;
    let tweet = app.tweet(&ada, "hello").await;
    for person in [&grace, &alan] {
        app.follow(person, &ada).await;
        app.like(person, &tweet).await;
        app.comment(person, &tweet, "hi").await;
    }
    app.drain().await;
    assert_eq!(app.inbox(&ada).await.1, 6);
    suspend(&app, &alan).await;
    let (list, unread) = app.inbox(&ada).await;
    assert_eq!((list.len(), unread), (3, 3));
    let query = "mutation { markNotificationsRead(input: {}) { markedCount viewer { unreadNotificationCount }
        userErrors { code message field } } }";
    let answer = app.as_user(&ada).gql(query, json!({})).await;
    assert_eq!(answer.changed("markNotificationsRead")["markedCount"], 3);
    assert_eq!(answer.ok()["markNotificationsRead"]["viewer"]["unreadNotificationCount"], 0);
    restore(&app, &alan).await;
    let (list, unread) = app.inbox(&ada).await;
    assert_eq!((list.len(), unread), (6, 3), "what he did comes back as it was");
    app.drain().await;
    app.check_counters().await;
}

#[tokio::test]
async fn pages_have_no_holes_where_suspended_people_stand() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let mut visible = Vec::new();
    for n in 0..9 {
        let fan = app.person(&format!("fan{n}")).await;
        app.follow(&fan, &ada).await;
        if n % 3 == 1 {
            suspend(&app, &fan).await;
        } else {
            visible.insert(0, fan.gid);
        }
    }
    let query =
        "query ($first: Int, $after: String, $last: Int, $before: String) { user(username: \"ada\") { followerCount
        followers(first: $first, after: $after, last: $last, before: $before) {
            edges { cursor } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";
    let pages = crate::support::pages::Pages { app: &app, reader: &ada, query, at: "/user/followers" };
    for size in [1, 2, 6] {
        pages.check(&visible, size).await;
    }
    assert_eq!(ids(&pages.page(json!({ "first": 100 })).await).len(), 6);
    app.drain().await;
    app.check_counters().await;
}
