//! Several operations in one request.

use axum::http::header;
use serde_json::{Value, json};

use crate::support::{CREATE_TWEET, TestApp};

async fn app(batch_limit: usize) -> TestApp {
    TestApp::with(|config| config.batch_limit = batch_limit).await
}

fn typename() -> Value {
    json!({ "query": "{ __typename }" })
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap()
}

#[tokio::test]
async fn batches_are_off_unless_configured() {
    let app = TestApp::new().await;
    let answer = app.send(app.anonymous().request(&json!([typename()]))).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (400, "BAD_USER_INPUT"));
    assert!(answer.text.contains("switched off"), "{}", answer.text);
}

#[tokio::test]
async fn answers_come_in_the_order_of_the_operations_and_each_sees_those_before() {
    let app = app(10).await;
    let ada = app.person("ada").await;
    let count = json!({ "query": "{ viewer { user { tweetCount } } }" });
    let tweet = json!({ "query": CREATE_TWEET, "variables": { "content": "one of many" } });
    let out = json!({ "query": "mutation { logOut { userErrors { code } } }" });
    let batch = json!([count, tweet, count, out, count, tweet]);
    let answer = app.send(app.as_user(&ada).request(&batch)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answers = answer.body.as_array().unwrap();
    assert_eq!(answers.len(), 6);
    assert_eq!(answers[0]["data"]["viewer"]["user"]["tweetCount"], 0);
    assert_eq!(answers[1]["data"]["createTweet"]["tweet"]["content"], "one of many");
    assert_eq!(answers[2]["data"]["viewer"]["user"]["tweetCount"], 1);
    assert_eq!(answers[4]["data"]["viewer"], Value::Null, "logged out by the operation before");
    assert_eq!(code(&answers[5]), "UNAUTHENTICATED");
    assert!(answer.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    app.drain().await;
}

#[tokio::test]
async fn what_is_wrong_with_one_is_told_in_its_place() {
    let app = app(10).await;
    let deep = json!({ "query": "{ viewer".repeat(16) + &"}".repeat(16) });
    let batch = json!([
        typename(), 1, null, {}, { "query": 1 }, [typename()], { "query": "{" }, deep,
        { "query": "subscription { notificationAdded { cursor } }" }, typename(),
    ]);
    let answer = app.send(app.anonymous().request(&batch)).await;
    assert_eq!(answer.status, 200);
    let answers = answer.body.as_array().unwrap();
    let bad = "BAD_USER_INPUT";
    let codes = [bad, bad, bad, bad, bad, "GRAPHQL_PARSE_FAILED", "TOO_COSTLY", "GRAPHQL_VALIDATION_FAILED"];
    assert_eq!(answers.len(), codes.len() + 2);
    for (answer, expected) in answers[1..].iter().zip(codes) {
        assert_eq!(code(answer), expected, "{answer}");
        assert!(answer.get("data").is_none(), "{answer}");
    }
    for answer in [&answers[0], &answers[9]] {
        assert_eq!(answer["data"]["__typename"], "Query");
    }
}

#[tokio::test]
async fn no_batch_is_longer_than_configured_or_empty() {
    let app = app(2).await;
    for (length, code) in [(0, "BAD_USER_INPUT"), (3, "TOO_COSTLY"), (20_000, "TOO_COSTLY")] {
        let answer = app.send(app.anonymous().request(&Value::from(vec![typename(); length]))).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, code), "{length}");
    }
    let answer = app.send(app.anonymous().request(&Value::from(vec![typename(); 2]))).await;
    assert_eq!(answer.body.as_array().map(Vec::len), Some(2));
    let mut request = app.anonymous().request(&json!([typename()]));
    request.headers_mut().insert(header::ACCEPT, "text/event-stream".parse().unwrap());
    assert_eq!(app.send(request).await.status, 400);
}
