//! What stands in an answer, and what never does.

use axum::http::header;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

/// Words that tell of our insides.
const INSIDES: [&str; 8] = ["SELECT", "sqlx", "sea_orm", "SQLite", "no such table", "Query Error", "Execution", "gone"];

#[track_caller]
fn is_masked(answer: &Answer) {
    let error = &answer.body["errors"][0];
    assert_eq!(error["message"], "Something went wrong on our side.", "{}", answer.text);
    assert_eq!(answer.code(), "INTERNAL");
    assert_eq!(error["extensions"]["requestId"].as_str().unwrap().len(), 16);
    for word in INSIDES {
        assert!(!answer.text.to_lowercase().contains(&word.to_lowercase()), "{word}: {}", answer.text);
    }
}

#[tokio::test]
async fn an_error_nulls_only_its_own_mutation() {
    let app = TestApp::new().await;
    let query = "mutation {
        createTweet(input: { content: \"x\" }) { tweet { id } }
        out: logOut { userErrors { code } }
        follow(input: { userId: \"x\" }) { user { id } } }";
    let answer = app.anonymous().gql(query, json!({})).await;
    assert_eq!(answer.status, 200);
    let expected = json!({ "createTweet": null, "out": { "userErrors": [] }, "follow": null });
    assert_eq!(answer.body["data"], expected);
    let errors = answer.body["errors"].as_array().unwrap();
    let told: Vec<_> = errors.iter().map(|error| (&error["path"], &error["extensions"]["code"])).collect();
    let code = json!("UNAUTHENTICATED");
    assert_eq!(told, [(&json!(["createTweet"]), &code), (&json!(["follow"]), &code)]);
}

#[tokio::test]
async fn mutations_run_one_after_the_other() {
    let app = TestApp::new().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let query = "mutation ($id: ID!) {
        a: follow(input: { userId: $id }) { user { followerCount } }
        b: unfollow(input: { userId: $id }) { user { followerCount } }
        c: follow(input: { userId: $id }) { user { followerCount } } }";
    let answer = app.as_user(&ada).gql(query, json!({ "id": bob.gid })).await;
    let expected = [("a", 1), ("b", 0), ("c", 1)];
    for (alias, count) in expected {
        assert_eq!(answer.ok()[alias]["user"]["followerCount"], count);
    }
    app.drain().await;
}

#[tokio::test]
async fn keys_come_in_the_order_of_the_document() {
    let app = TestApp::new().await;
    app.person("ada").await;
    let query = "{ z: user(username: \"ada\") { tweetCount username id b: username } a: __typename }";
    let answer = app.anonymous().gql(query, json!({})).await;
    answer.ok();
    let at = |key: &str| answer.text.find(&format!("\"{key}\":")).unwrap();
    assert!(["z", "tweetCount", "username", "id", "b", "a"].map(at).is_sorted(), "{}", answer.text);
}

#[tokio::test]
async fn operation_name_selects_among_operations() {
    let app = TestApp::new().await;
    let query = "query A { a: __typename } query B { b: __typename } mutation C { c: __typename }";
    for (name, expected) in
        [("A", json!({ "a": "Query" })), ("B", json!({ "b": "Query" })), ("C", json!({ "c": "Mutation" }))]
    {
        let request = app.anonymous().request(&json!({ "query": query, "operationName": name }));
        assert_eq!(*app.send(request).await.ok(), expected);
    }
}

#[tokio::test]
async fn variables_that_the_operation_does_not_know_are_no_fault() {
    let app = TestApp::new().await;
    let variables = json!({ "unknown": { "deep": [1, null] }, "other": 1 });
    assert_eq!(app.anonymous().gql("{ __typename }", variables).await.ok()["__typename"], "Query");
}

#[tokio::test]
async fn null_for_an_optional_argument_is_the_same_as_leaving_it_out() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let query = "query ($n: Int, $c: String) {
        viewer { homeFeed(first: $n, after: $c, last: null, before: null) { pageInfo { hasNextPage } } } }";
    app.as_user(&ada).gql(query, json!({ "n": null, "c": null })).await.ok();
}

#[tokio::test]
async fn a_fault_of_ours_is_told_without_our_insides() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    app.damage("ALTER TABLE feed_entry RENAME TO gone").await;
    let query = "{ viewer { user { username } homeFeed { nodes { id } } } }";
    let answer = app.as_user(&ada).gql(query, json!({})).await;
    assert_eq!(answer.status, 200);
    is_masked(&answer);
    assert_eq!(answer.body["errors"][0]["path"], json!(["viewer", "homeFeed"]));
    // A field that cannot be null takes the nearest one with it that can.
    assert_eq!(answer.body["data"], json!({ "viewer": null }));

    let answer = app.as_user(&ada).gql(crate::support::CREATE_TWEET, json!({ "content": "x" })).await;
    is_masked(&answer);
    assert_eq!(answer.body["data"], json!({ "createTweet": null }));
}

#[tokio::test]
async fn a_session_that_cannot_be_looked_up_is_a_fault_of_ours_and_not_of_the_token() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    app.damage("ALTER TABLE session RENAME TO gone").await;
    let answer = app.as_user(&ada).gql("{ viewer { id } }", json!({})).await;
    assert_eq!(answer.status, 500);
    is_masked(&answer);
}

#[tokio::test]
async fn an_answer_has_at_most_10_errors_of_200_characters() {
    let app = TestApp::new().await;
    let fields: String = (0..30).map(|n| format!("nothing{n} ")).collect();
    let answer = app.anonymous().gql(&format!("{{ {fields} }}"), json!({})).await;
    assert_eq!(answer.body["errors"].as_array().unwrap().len(), 10);

    let ada = app.person("ada").await;
    let long = "ä".repeat(2_000);
    for query in [
        format!("{{ {} }}", "n".repeat(10_000)),
        format!("{{ user(username: \"ada\") {{ id @{} }} }}", "n".repeat(10_000)),
        format!("{{ node(id: {long:?}) {{ id }} }}"),
        format!("{{ viewer {{ homeFeed(after: {long:?}) {{ nodes {{ id }} }} }} }}"),
        format!("query ($a: {}) {{ __typename }}", "N".repeat(10_000)),
    ] {
        let answer = app.as_user(&ada).gql(&query, json!({})).await;
        for error in answer.body["errors"].as_array().unwrap() {
            assert!(error["message"].as_str().unwrap().chars().count() <= 200, "{}", answer.text);
        }
        assert!(answer.text.len() < 2_000, "{} bytes", answer.text.len());
    }
}

#[tokio::test]
async fn every_error_has_a_code_of_the_contracts_list() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let contract = include_str!("../../contract.graphql");
    let from = contract.find("one of: BAD_USER_INPUT").unwrap();
    let list = &contract[from..from + contract[from..].find("INTERNAL.").unwrap() + "INTERNAL".len()];
    for query in [
        "{",
        "{ nothing }",
        "{ node(id: \"x\") { id } }",
        "{ viewer { homeFeed(first: 101) { nodes { id } } } }",
        "{ viewer { homeFeed(first: 1, last: 1) { nodes { id } } } }",
        "{ viewer { homeFeed(first: 99999999999) { nodes { id } } } }",
        "mutation { follow(input: { userId: \"x\" }) { user { id } } }",
    ] {
        let answer = app.as_user(&ada).gql(query, json!({})).await;
        let code = answer.code();
        assert!(list.split_whitespace().any(|known| known == code), "{query}: {code}");
        assert!(answer.body["errors"][0].get("message").is_some_and(Value::is_string));
    }
}

#[tokio::test]
async fn answers_of_failed_log_ins_set_no_cookie() {
    let app = TestApp::new().await;
    let query = "mutation { logIn(input: { login: \"ada\", password: \"wrong horse\" }) { userErrors { code } } }";
    let answer = app.anonymous().gql(query, json!({})).await;
    answer.ok();
    assert!(!answer.headers.contains_key(header::SET_COOKIE));
}
