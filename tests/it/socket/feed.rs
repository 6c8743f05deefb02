//! homeFeedTweetAdded: what a listener to their home feed is told, and what not.

use std::time::Duration;

use roost::http::Timings;
use serde_json::{Value, json};

use crate::support::events::Events;
use crate::support::{HOME_FEED, Person, Served, Socket};

const ADDED: &str = "subscription ($after: String) {
    homeFeedTweetAdded(after: $after) { cursor node { id content author { username tweetCount } } } }";

/// The cursor of the newest tweet in somebody's feed.
async fn newest(served: &Served, reader: &Person) -> Value {
    let answer = served.app.as_user(reader).gql(HOME_FEED, json!({ "first": 1 })).await;
    answer.ok()["viewer"]["homeFeed"]["pageInfo"]["endCursor"].clone()
}

/// A socket whose operation `feed` has told everything up to now: what comes next is live.
async fn listen(served: &Served, reader: &Person) -> Socket {
    served.app.tweet(reader, "before").await;
    // Two that are delivered at the same time may arrive in any order.
    served.app.drain().await;
    let after = newest(served, reader).await;
    served.app.tweet(reader, "now").await;
    served.app.drain().await;
    let mut socket = served.of(reader).await;
    socket.subscribe("feed", ADDED, json!({ "after": after })).await;
    assert_eq!(content(&mut socket).await, "now");
    socket
}

async fn content(socket: &mut Socket) -> String {
    socket.event("feed").await["homeFeedTweetAdded"]["node"]["content"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_tweet_arrives_as_it_stands_in_the_feed() {
    let served = Served::new().await;
    let [ada, bob] = served.app.cast(["ada", "bob"]).await;
    served.app.follow(&ada, &bob).await;
    served.app.drain().await;
    let mut socket = served.of(&ada).await;
    socket.subscribe("feed", ADDED, json!({})).await;
    // Nobody is told when a stream has begun, so this is tried until it has.
    let event = loop {
        served.app.tweet(&bob, "hello").await;
        served.app.drain().await;
        if let Some(event) = socket.try_next(Duration::from_millis(50)).await {
            break event["payload"]["data"]["homeFeedTweetAdded"].clone();
        }
    };
    let answer = served.app.as_user(&ada).gql(HOME_FEED, json!({})).await;
    let feed = &answer.ok()["viewer"]["homeFeed"];
    let place = feed["nodes"].as_array().unwrap().iter().position(|node| node["id"] == event["node"]["id"]).unwrap();
    assert_eq!(event["cursor"], feed["edges"][place]["cursor"]);
    assert_eq!(event["node"]["content"], "hello");
    assert_eq!(event["node"]["author"]["username"], "bob");
}

#[tokio::test]
async fn followees_tweets_and_own_ones_arrive_and_strangers_do_not() {
    let served = Served::new().await;
    let [ada, bob, eve] = served.app.cast(["ada", "bob", "eve"]).await;
    served.app.follow(&ada, &bob).await;
    let mut socket = listen(&served, &ada).await;
    for (author, text) in [(&eve, "a stranger's"), (&bob, "a followee's"), (&ada, "my own")] {
        served.app.tweet(author, text).await;
        served.app.drain().await;
    }
    assert_eq!(content(&mut socket).await, "a followee's");
    assert_eq!(content(&mut socket).await, "my own");
    socket.quiet().await;
}

#[tokio::test]
async fn the_tweet_of_the_cursor_is_not_sent_again_when_it_is_delivered_late() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    served.app.tweet(&ada, "mine").await;
    let after = newest(&served, &ada).await;
    served.app.tweet(&ada, "the next").await;
    let mut socket = served.of(&ada).await;
    socket.subscribe("feed", ADDED, json!({ "after": after })).await;
    assert_eq!(content(&mut socket).await, "the next");
    served.app.drain().await;
    socket.quiet().await;
}

#[tokio::test]
async fn every_event_reads_the_database_afresh() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let mut socket = listen(&served, &ada).await;
    for count in 3..6 {
        served.app.tweet(&ada, "again").await;
        served.app.drain().await;
        assert_eq!(socket.event("feed").await["homeFeedTweetAdded"]["node"]["author"]["tweetCount"], count);
    }
}

#[tokio::test]
async fn after_an_unfollow_nothing_more_arrives() {
    let served = Served::new().await;
    let [ada, bob] = served.app.cast(["ada", "bob"]).await;
    served.app.follow(&ada, &bob).await;
    let mut socket = listen(&served, &ada).await;
    // Made before the unfollow, delivered after it.
    served.app.tweet(&bob, "too late").await;
    served.app.unfollow(&ada, &bob).await;
    served.app.tweet(&bob, "later still").await;
    served.app.drain().await;
    served.app.tweet(&ada, "my own").await;
    served.app.drain().await;
    assert_eq!(content(&mut socket).await, "my own");
}

#[tokio::test]
async fn the_past_of_somebody_newly_followed_is_not_sent_but_their_future_is() {
    for elsewhere in [false, true] {
        let served = Served::new().await;
        let worker = served.app.second().await;
        if elsewhere {
            served.app.app.live.work_is_elsewhere(true);
        }
        let [ada, bob] = served.app.cast(["ada", "bob"]).await;
        let mut socket = listen(&served, &ada).await;
        served.app.tweet(&bob, "the past").await;
        served.app.follow(&ada, &bob).await;
        served.app.tweet(&bob, "the future").await;
        if elsewhere { &worker } else { &served.app }.drain().await;
        assert_eq!(content(&mut socket).await, "the future");
    }
}

#[tokio::test]
async fn a_tweet_deleted_before_its_delivery_is_not_sent() {
    let served = Served::new().await;
    let [ada, bob] = served.app.cast(["ada", "bob"]).await;
    served.app.follow(&ada, &bob).await;
    let mut socket = listen(&served, &ada).await;
    let gone = served.app.tweet(&bob, "a slip").await;
    served.app.delete_tweet(&bob, &gone).await;
    served.app.tweet(&bob, "the correction").await;
    served.app.drain().await;
    assert_eq!(content(&mut socket).await, "the correction");
}

#[tokio::test]
async fn tweets_that_are_merged_in_at_read_arrive_as_well() {
    let served = Served::with(|config| config.feed_push_limit = 0, Timings::default()).await;
    let [ada, bob] = served.app.cast(["ada", "bob"]).await;
    served.app.follow(&ada, &bob).await;
    let mut socket = listen(&served, &ada).await;
    served.app.tweet(&bob, "of a celebrity").await;
    served.app.drain().await;
    assert_eq!(
        served
            .app
            .number("SELECT COUNT(*) FROM feed_entry WHERE author_id = ? AND user_id <> author_id", [bob.id.into()])
            .await,
        0
    );
    assert_eq!(content(&mut socket).await, "of a celebrity");
}

#[tokio::test]
async fn what_was_missed_comes_first_oldest_first_and_nothing_twice() {
    let served = Served::new().await;
    let [ada, bob] = served.app.cast(["ada", "bob"]).await;
    served.app.follow(&ada, &bob).await;
    served.app.tweet(&bob, "seen").await;
    served.app.drain().await;
    let after = newest(&served, &ada).await;
    for n in 0..5 {
        served.app.tweet(&bob, &format!("missed {n}")).await;
    }
    let gone = served.app.tweet(&bob, "deleted").await;
    served.app.drain().await;
    served.app.delete_tweet(&bob, &gone).await;
    // One's own is in the feed at once: it is missed, and delivered while the stream is open.
    served.app.tweet(&ada, "missed 5").await;
    let mut socket = served.of(&ada).await;
    socket.subscribe("feed", ADDED, json!({ "after": after })).await;
    for n in 0..6 {
        assert_eq!(content(&mut socket).await, format!("missed {n}"));
    }
    served.app.drain().await;
    served.app.tweet(&bob, "live").await;
    served.app.drain().await;
    assert_eq!(content(&mut socket).await, "live");
    socket.quiet().await;
}

#[tokio::test]
async fn who_missed_more_than_1000_tweets_has_to_read_again() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    served.app.tweet(&ada, "seen").await;
    served.app.drain().await;
    let after = newest(&served, &ada).await;
    let many = format!(
        "INSERT INTO tweet (id, author_id, content, created_at) WITH RECURSIVE n (i) AS
             (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
         SELECT (SELECT MAX(id) FROM tweet) + i, {}, i, 0 FROM n",
        ada.id.0
    );
    served.app.damage(&many).await;
    let entries = "INSERT INTO feed_entry SELECT author_id, id, author_id FROM tweet WHERE created_at = 0";
    served.app.damage(entries).await;
    let mut socket = served.of(&ada).await;
    socket.subscribe("feed", ADDED, json!({ "after": after })).await;
    for n in 1..=1_000 {
        assert_eq!(content(&mut socket).await, n.to_string());
    }
    socket.complete("feed").await;

    served.app.tweet(&ada, "one more").await;
    served.app.drain().await;
    socket.subscribe("again", ADDED, json!({ "after": after })).await;
    assert_eq!(socket.error("again").await, "RESUBSCRIBE");
    socket.quiet().await;
}

#[tokio::test]
async fn what_has_waited_for_a_slow_reader_is_sent_only_if_it_is_in_the_feed_still() {
    let served = Served::new().await;
    let app = &served.app;
    let [ada, bob, eve] = app.cast(["ada", "bob", "eve"]).await;
    app.follow(&ada, &bob).await;
    app.follow(&ada, &eve).await;
    app.tweet(&ada, "before").await;
    let after = newest(&served, &ada).await;
    let missed = [app.tweet(&ada, "missed").await, app.tweet(&ada, "missed and gone").await];
    app.drain().await;
    let request = json!({ "query": ADDED, "variables": { "after": after } });
    let mut slow = app.listen(app.as_user(&ada).request(&request)).await;
    let mut quick = app.listen(app.as_user(&ada).request(&request)).await;
    let content = async |events: &mut Events| {
        events.data().await["homeFeedTweetAdded"]["node"]["content"].as_str().unwrap().to_owned()
    };
    assert_eq!(content(&mut slow).await, "missed");
    assert_eq!(content(&mut quick).await, "missed");
    assert_eq!(content(&mut quick).await, "missed and gone");
    let slip = app.tweet(&bob, "a slip").await;
    for (author, text) in [(&eve, "by somebody unfollowed"), (&bob, "kept")] {
        app.tweet(author, text).await;
    }
    app.drain().await;
    // What one of the two streams has been told, the other one has waiting.
    for text in ["a slip", "by somebody unfollowed", "kept"] {
        assert_eq!(content(&mut quick).await, text);
    }
    app.delete_tweet(&ada, &missed[1]).await;
    app.delete_tweet(&bob, &slip).await;
    app.unfollow(&ada, &eve).await;
    assert_eq!(content(&mut slow).await, "kept");
    app.drain().await;
}

#[tokio::test]
async fn only_cursors_of_the_feed_are_taken() {
    let served = Served::new().await;
    let ada = served.app.person("ada").await;
    let mut socket = served.of(&ada).await;
    // The third is one of notifications.
    for after in ["", "nonsense", "bm90aWZpY2F0aW9uczox"] {
        socket.subscribe("feed", ADDED, json!({ "after": after })).await;
        assert_eq!(socket.error("feed").await, "BAD_USER_INPUT", "{after}");
    }
    socket.quiet().await;
}

#[tokio::test]
async fn two_streams_of_one_person_are_told_both() {
    let served = Served::new().await;
    let [ada, bob] = served.app.cast(["ada", "bob"]).await;
    served.app.follow(&ada, &bob).await;
    let mut sockets = [listen(&served, &ada).await, listen(&served, &ada).await];
    // The first was listening when the second had its two tweets made.
    assert_eq!(content(&mut sockets[0]).await, "before");
    assert_eq!(content(&mut sockets[0]).await, "now");
    served.app.tweet(&bob, "to both").await;
    served.app.drain().await;
    for socket in &mut sockets {
        assert_eq!(content(socket).await, "to both");
    }
}

#[tokio::test]
async fn a_worker_in_another_process_is_noticed() {
    let served = Served::new().await;
    served.app.app.live.work_is_elsewhere(true);
    let worker = served.app.second().await;
    let [ada, bob] = served.app.cast(["ada", "bob"]).await;
    served.app.follow(&ada, &bob).await;
    worker.drain().await;
    let mut socket = listen(&served, &ada).await;
    for n in 0..3 {
        served.app.tweet(&bob, &format!("{n}")).await;
        worker.drain().await;
        assert_eq!(content(&mut socket).await, format!("{n}"));
    }
}

#[tokio::test]
async fn a_listener_that_does_not_read_is_told_to_read_again_and_has_no_silent_gap() {
    const TWEETS: usize = 500;
    let patient = Timings { write: Duration::from_secs(300), ..Timings::default() };
    let served = Served::with(|_| (), patient).await;
    let ada = served.app.person("ada").await;
    let after = {
        served.app.tweet(&ada, "before").await;
        newest(&served, &ada).await
    };
    // Each event is so large that a few fill what the system buffers between the two ends.
    let fields: String = (0..29).map(|n| format!("c{n}: content ")).collect();
    let query =
        format!("subscription ($after: String) {{ homeFeedTweetAdded(after: $after) {{ node {{ {fields} }} }} }}");
    served.app.tweet(&ada, "now").await;
    served.app.drain().await;
    let mut socket = served.of(&ada).await;
    socket.subscribe("feed", &query, json!({ "after": after })).await;
    assert_eq!(socket.event("feed").await["homeFeedTweetAdded"]["node"]["c0"], "now");

    let flag = "\u{1f3f3}\u{fe0f}\u{200d}\u{1f308}";
    for n in 0..TWEETS {
        served.app.tweet(&ada, &format!("{n:03}{}", flag.repeat(277))).await;
    }
    served.app.drain().await;
    let mut told = std::collections::HashSet::new();
    let end = loop {
        let message = socket.next().await;
        if message["type"] != "next" {
            break message;
        }
        let content = message["payload"]["data"]["homeFeedTweetAdded"]["node"]["c28"].as_str().unwrap()[..3].to_owned();
        assert!(told.insert(content), "told twice");
    };
    assert_eq!(end["type"], "error", "{end}");
    assert_eq!(end["payload"][0]["extensions"]["code"], "RESUBSCRIBE");
    assert!(told.len() < TWEETS, "it kept up with {} tweets", told.len());
    socket.quiet().await;
}
