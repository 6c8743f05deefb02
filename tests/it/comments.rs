//! Comments: made, changed, deleted and listed.

use serde_json::{Value, json};

use crate::support::pages::Pages;
use crate::support::{Person, TestApp};

const UPDATE: &str = "mutation ($id: ID!, $content: String!) {
    updateComment(input: { commentId: $id, content: $content }) {
        comment { id content editedAt } userErrors { code message field } } }";
const COMMENTS: &str = "query ($id: ID!) { node(id: $id) { ... on Tweet { commentCount comments { nodes {
    id content } } } } }";

/// What stands under a tweet, newest first.
async fn comments(app: &TestApp, tweet: &str) -> Vec<String> {
    let answer = app.anonymous().gql(COMMENTS, json!({ "id": tweet })).await;
    let nodes = answer.ok()["node"]["comments"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["content"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_comment_stands_under_its_tweet_newest_first() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let tweet = app.tweet(&ada, "hello").await;
    let answer = app.try_comment(&bob, json!({ "tweetId": tweet, "content": "  first \n" })).await;
    let payload = answer.changed("createComment");
    let comment = &payload["comment"];
    assert_eq!((&comment["content"], &comment["editedAt"]), (&json!("first"), &Value::Null));
    assert_eq!(comment["author"]["username"], "bob");
    assert_eq!(comment["tweet"], json!({ "id": tweet, "commentCount": 1 }));
    assert_eq!(payload["commentEdge"]["node"]["id"], comment["id"]);
    assert_eq!((&comment["viewerCanUpdate"], &comment["viewerCanDelete"]), (&json!(true), &json!(true)));
    app.comment(&ada, &tweet, "second").await;
    assert_eq!(comments(&app, &tweet).await, ["second", "first"]);
    app.drain().await;
    app.check_counters().await;
}

#[tokio::test]
async fn faults_of_a_comment_are_told_all_at_once_and_nothing_is_made() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let tweet = app.tweet(&ada, "hello").await;
    for (change, faults) in [
        (json!({ "content": " \n " }), vec!["TOO_SHORT content"]),
        (json!({ "content": "x".repeat(281) }), vec!["TOO_LONG content"]),
        (json!({ "content": "👩‍👩‍👧".repeat(280) }), vec!["TOO_LONG content"]),
        (json!({ "content": "a\u{0}b" }), vec!["INVALID content"]),
        (json!({ "idempotencyKey": "" }), vec!["TOO_SHORT idempotencyKey"]),
        (json!({ "idempotencyKey": "x".repeat(101) }), vec!["TOO_LONG idempotencyKey"]),
        (json!({ "tweetId": crate::support::tweet_gid(1) }), vec!["NOT_FOUND tweetId"]),
        (json!({ "tweetId": ada.gid }), vec!["NOT_FOUND tweetId"]),
        (
            json!({ "tweetId": ada.gid, "content": "", "idempotencyKey": "" }),
            vec!["NOT_FOUND tweetId", "TOO_SHORT content", "TOO_SHORT idempotencyKey"],
        ),
    ] {
        let mut input = json!({ "tweetId": tweet, "content": "fine" });
        input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_eq!(app.try_comment(&ada, input).await.refused("createComment"), faults, "{change}");
    }
    let malformed = app.try_comment(&ada, json!({ "tweetId": "?", "content": "" })).await;
    assert_eq!(malformed.code(), "BAD_USER_INPUT");
    assert_eq!(app.number("SELECT COUNT(*) FROM comment", []).await, 0);
    app.drain().await;
}

#[tokio::test]
async fn a_key_makes_one_comment_however_often_it_is_sent() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let tweet = app.tweet(&ada, "hello").await;
    let input = json!({ "tweetId": tweet, "content": "once", "idempotencyKey": "k".repeat(100) });
    let tries = (0..8).map(|_| app.try_comment(&ada, input.clone()));
    let answers = futures_util::future::join_all(tries).await;
    let ids: Vec<&Value> = answers.iter().map(|answer| &answer.changed("createComment")["comment"]["id"]).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(comments(&app, &tweet).await, ["once"]);

    let other = app.tweet(&ada, "another").await;
    for changed in [json!({ "content": "twice" }), json!({ "tweetId": other })] {
        let mut input = input.clone();
        input.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        assert_eq!(app.try_comment(&ada, input).await.code(), "IDEMPOTENCY_MISMATCH");
    }
    app.delete_comment(&ada, ids[0].as_str().unwrap()).await;
    assert_eq!(app.try_comment(&ada, input).await.refused("createComment"), ["NOT_FOUND idempotencyKey"]);
    app.drain().await;
}

#[tokio::test]
async fn keys_of_tweets_and_of_comments_do_not_meet() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let keyed = json!({ "content": "same", "key": "same" });
    let answer = app.as_user(&ada).gql(crate::support::CREATE_TWEET, keyed).await;
    let tweet = answer.changed("createTweet")["tweet"]["id"].as_str().unwrap().to_owned();
    let input = json!({ "tweetId": tweet, "content": "same", "idempotencyKey": "same" });
    app.try_comment(&ada, input).await.changed("createComment");
    app.drain().await;
}

#[tokio::test]
async fn only_its_author_changes_a_comment() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let tweet = app.tweet(&ada, "hello").await;
    let comment = app.comment(&bob, &tweet, "befor").await;
    let update = async |person: &Person, id: &str, content: &str| {
        app.as_user(person).gql(UPDATE, json!({ "id": id, "content": content })).await
    };
    let same = update(&bob, &comment, "befor").await;
    assert_eq!(same.changed("updateComment")["comment"]["editedAt"], Value::Null, "nothing has changed");
    let changed = update(&bob, &comment, " before ").await;
    let changed = &changed.changed("updateComment")["comment"];
    assert_eq!(changed["content"], "before");
    assert!(changed["editedAt"].is_string());
    assert_eq!(comments(&app, &tweet).await, ["before"]);

    assert_eq!(update(&ada, &comment, "mine").await.refused("updateComment"), ["NOT_YOURS commentId"]);
    assert_eq!(update(&bob, &tweet, "x").await.refused("updateComment"), ["NOT_FOUND commentId"]);
    let both = update(&ada, &comment, "").await;
    assert_eq!(both.refused("updateComment"), ["NOT_YOURS commentId", "TOO_SHORT content"]);
    assert_eq!(update(&bob, "?", "x").await.code(), "BAD_USER_INPUT");
    assert_eq!(comments(&app, &tweet).await, ["before"]);
    app.drain().await;
}

#[tokio::test]
async fn a_comment_is_deleted_by_its_author_or_by_that_of_the_tweet() {
    let app = TestApp::new().await;
    let [ada, bob, eve] = app.cast(["ada", "bob", "eve"]).await;
    let tweet = app.tweet(&ada, "hello").await;
    let one = app.comment(&bob, &tweet, "one").await;
    let two = app.comment(&bob, &tweet, "two").await;
    assert_eq!(app.try_delete_comment(&eve, &one).await.refused("deleteComment"), ["NOT_YOURS commentId"]);
    assert_eq!(app.try_delete_comment(&bob, &tweet).await.refused("deleteComment"), ["NOT_FOUND commentId"]);
    let query = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Comment { viewerCanUpdate viewerCanDelete } } }";
    for (person, rights) in [(&ada, (false, true)), (&bob, (true, true)), (&eve, (false, false))] {
        let answer = app.as_user(person).gql(query, json!({ "ids": [one] })).await;
        let expected = json!({ "viewerCanUpdate": rights.0, "viewerCanDelete": rights.1 });
        assert_eq!(answer.ok()["nodes"][0], expected, "{}", person.name);
    }
    let deleted = app.try_delete_comment(&ada, &one).await;
    let deleted = deleted.changed("deleteComment");
    assert_eq!((&deleted["deletedCommentId"], &deleted["tweet"]["commentCount"]), (&json!(one), &json!(1)));
    app.delete_comment(&bob, &two).await;
    assert_eq!(app.try_delete_comment(&bob, &two).await.refused("deleteComment"), ["NOT_FOUND commentId"]);
    assert_eq!(comments(&app, &tweet).await, [""; 0]);
    app.drain().await;
    app.check_counters().await;
}

#[tokio::test]
async fn of_many_who_delete_a_comment_at_once_one_succeeds() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let tweet = app.tweet(&ada, "hello").await;
    let comment = app.comment(&ada, &tweet, "gone").await;
    let answers = futures_util::future::join_all((0..16).map(|_| app.try_delete_comment(&ada, &comment))).await;
    let done = answers.iter().filter(|answer| !answer.ok()["deleteComment"]["deletedCommentId"].is_null()).count();
    assert_eq!(done, 1);
    assert_eq!(app.counts(&ada, &tweet).await["commentCount"], 0);
    app.drain().await;
}

#[tokio::test]
async fn nobody_comments_without_being_logged_in() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let tweet = app.tweet(&ada, "hello").await;
    let comment = app.comment(&ada, &tweet, "one").await;
    for mutation in [
        format!("createComment(input: {{ tweetId: \"{tweet}\", content: \"x\" }}) {{ userErrors {{ code }} }}"),
        format!("updateComment(input: {{ commentId: \"{comment}\", content: \"x\" }}) {{ userErrors {{ code }} }}"),
        format!("deleteComment(input: {{ commentId: \"{comment}\" }}) {{ userErrors {{ code }} }}"),
    ] {
        let answer = app.anonymous().gql(&format!("mutation {{ {mutation} }}"), json!({})).await;
        assert_eq!(answer.code(), "UNAUTHENTICATED", "{mutation}");
    }
    assert_eq!(comments(&app, &tweet).await, ["one"]);
    app.drain().await;
}

#[tokio::test]
async fn s19_comments_are_read_in_pages_from_both_ends() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let [tweet, other] = [app.tweet(&ada, "busy").await, app.tweet(&ada, "quiet").await];
    let mut expected = Vec::new();
    for n in 0..23 {
        expected.insert(0, app.comment(&bob, &tweet, &format!("{n}")).await);
        app.comment(&ada, &other, "elsewhere").await;
    }
    let first = app.as_user(&ada).gql(COMMENTS, json!({ "id": tweet })).await;
    assert_eq!(first.ok()["node"]["comments"]["nodes"].as_array().unwrap().len(), 20, "never all of them at once");
    let query = format!(
        "query ($first: Int, $after: String, $last: Int, $before: String) {{ node(id: \"{tweet}\") {{ ... on Tweet {{
            comments(first: $first, after: $after, last: $last, before: $before) {{ edges {{ cursor }} nodes {{ id }}
            pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }} }}"
    );
    let pages = Pages { app: &app, reader: &ada, query: &query, at: "/node/comments" };
    for size in [1, 7, 23, 100] {
        pages.check(&expected, size).await;
    }
    app.drain().await;
}

#[tokio::test]
async fn a_page_of_tweets_has_the_same_comments_as_each_tweet_alone() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    for (tweet, comments) in [0, 1, 3, 4, 9].into_iter().enumerate() {
        let tweet = app.tweet(&ada, &format!("{tweet}")).await;
        for n in 0..comments {
            app.comment(&bob, &tweet, &format!("{n}")).await;
        }
    }
    for slice in ["first: 3", "last: 3", "first: 0", "first: 100"] {
        let comments = format!(
            "id comments({slice}) {{ nodes {{ id }} edges {{ cursor }}
            pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }}"
        );
        let page = format!("{{ viewer {{ homeFeed {{ nodes {{ {comments} }} }} }} }}");
        let page = app.as_user(&ada).gql(&page, json!({})).await;
        let tweets = page.ok()["viewer"]["homeFeed"]["nodes"].as_array().unwrap();
        assert_eq!(tweets.len(), 5);
        for tweet in tweets {
            let alone = format!("query ($id: ID!) {{ node(id: $id) {{ ... on Tweet {{ {comments} }} }} }}");
            let alone = app.as_user(&ada).gql(&alone, json!({ "id": tweet["id"] })).await;
            assert_eq!(alone.ok()["node"], *tweet, "{slice}");
        }
    }
    app.drain().await;
}

#[tokio::test]
async fn comments_go_with_their_tweet_at_once() {
    let app = TestApp::with(|config| config.feed_batch = 2).await;
    let [ada, bob, eve] = app.cast(["ada", "bob", "eve"]).await;
    let tweet = app.tweet(&ada, "hello").await;
    let mut gone = Vec::new();
    for n in 0..7 {
        let comment = app.comment(&bob, &tweet, &format!("{n}")).await;
        for person in [&ada, &bob, &eve] {
            app.like(person, &comment).await;
            app.like(person, &tweet).await;
        }
        gone.push(comment);
    }
    app.delete_tweet(&ada, &tweet).await;
    let query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let answer = app.as_user(&bob).gql(query, json!({ "ids": gone })).await;
    assert_eq!(answer.ok()["nodes"], json!([null, null, null, null, null, null, null]));
    assert_eq!(app.try_like(&bob, &gone[0]).await.refused("like"), ["NOT_FOUND subjectId"]);
    assert_eq!(app.try_delete_comment(&bob, &gone[0]).await.refused("deleteComment"), ["NOT_FOUND commentId"]);
    let late = app.try_comment(&bob, json!({ "tweetId": tweet, "content": "late" })).await;
    assert_eq!(late.refused("createComment"), ["NOT_FOUND tweetId"]);
    app.drain().await;
    for table in ["tweet", "comment", "liked", "tweet_stats", "comment_stats"] {
        assert_eq!(app.number(&format!("SELECT COUNT(*) FROM {table}"), []).await, 0, "{table}");
    }
    assert_eq!(app.inbox(&ada).await, (vec![], 0));
    assert_eq!(app.inbox(&bob).await, (vec![], 0));
    app.check_counters().await;
}

#[tokio::test]
async fn comments_by_suspended_people_and_under_their_tweets_are_hidden_until_they_come_back() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let tweet = app.tweet(&ada, "hello").await;
    let comment = app.comment(&bob, &tweet, "one").await;
    app.drain().await;
    app.damage(&format!("INSERT INTO suspended (user_id) VALUES ({})", bob.id)).await;
    assert_eq!(comments(&app, &tweet).await, [""; 0]);
    assert_eq!(app.counts(&ada, &comment).await, Value::Null);
    app.damage(&format!("UPDATE suspended SET user_id = {}", ada.id)).await;
    assert_eq!(app.counts(&bob, &comment).await, Value::Null);
    app.damage("DELETE FROM suspended").await;
    assert_eq!(comments(&app, &tweet).await, ["one"]);
}
