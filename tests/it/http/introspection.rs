//! Asking for the schema, and switching that off.

use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn when_it_is_switched_off_nothing_tells_the_names_of_the_schema() {
    let app = TestApp::with(|config| config.introspection = false).await;
    for query in [
        include_str!("../limits/introspection.graphql"),
        "{ __schema { queryType { name } } }",
        "{ a: __type(name: \"User\") { name } }",
        "{ ...A } fragment A on Query { ... { __schema { description } } }",
    ] {
        let answer = app.anonymous().gql(query, json!({})).await;
        assert_eq!(answer.code(), "GRAPHQL_VALIDATION_FAILED");
        assert!(answer.body.get("data").is_none());
        assert!(answer.text.contains("switched off"), "{}", answer.text);
    }
    let answer = app.anonymous().gql("{ viewr { id } }", json!({})).await;
    assert_eq!(answer.code(), "GRAPHQL_VALIDATION_FAILED");
    assert!(!answer.text.contains("Did you mean"), "{}", answer.text);
    assert_eq!(app.anonymous().gql("{ __typename }", json!({})).await.ok()["__typename"], "Query");
}

#[tokio::test]
async fn when_it_is_on_names_are_suggested() {
    let app = TestApp::new().await;
    let answer = app.anonymous().gql("{ viewr { id } }", json!({})).await;
    assert!(answer.text.contains("Did you mean"), "{}", answer.text);
}
