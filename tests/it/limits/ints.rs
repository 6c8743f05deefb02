//! Sizes beyond 32 bits are invalid, also where nothing comes to be executed: nobody is logged in here, so the viewer is null.

use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn a_size_in_the_text() {
    let app = TestApp::new().await;
    for size in ["2147483648", "-2147483649", "304250263527210", "18446744073709551615"] {
        for text in [
            format!("{{ viewer {{ homeFeed(first: {size}) {{ nodes {{ id }} }} }} }}"),
            format!("{{ viewer {{ ... {{ homeFeed(last: {size}) {{ nodes {{ id }} }} }} }} }}"),
            format!("{{ viewer {{ ...F }} }} fragment F on Viewer {{ homeFeed(first: {size}) {{ nodes {{ id }} }} }}"),
        ] {
            let answer = app.anonymous().gql(&text, json!({})).await;
            assert_eq!(answer.code(), "GRAPHQL_VALIDATION_FAILED", "{text}");
            assert!(answer.body.get("data").is_none(), "{text}");
        }
    }
    let text = "{ viewer { homeFeed(first: 2147483647) { pageInfo { hasNextPage } } } }";
    assert_eq!(app.anonymous().gql(text, json!({})).await.code(), "TOO_COSTLY");
    let text = "{ viewer { homeFeed(first: -2147483648) { pageInfo { hasNextPage } } } }";
    assert_eq!(app.anonymous().gql(text, json!({})).await.ok(), &json!({ "viewer": null }));
}

#[tokio::test]
async fn a_size_in_a_variable() {
    let app = TestApp::new().await;
    let text = "query ($n: Int = 1) { viewer { homeFeed(first: $n) { nodes { id } } } }";
    for size in [2_147_483_648_i64, -2_147_483_649] {
        let answer = app.anonymous().gql(text, json!({ "n": size })).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{size}");
        assert!(answer.body.get("data").is_none(), "{size}");
    }
    let text = text.replace("= 1", "= 2147483648");
    assert_eq!(app.anonymous().gql(&text, json!({})).await.code(), "BAD_USER_INPUT");
    assert_eq!(app.anonymous().gql(&text, json!({ "n": 1 })).await.ok(), &json!({ "viewer": null }));
}
