//! S22: a limit that was declared for reading and so never bound the change.

use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn s22_changing_the_profile_is_what_is_limited() {
    let app = TestApp::with(|config| {
        config.rate_limit = true;
        config.rate_operations = "100, 1/h".parse().unwrap();
    })
    .await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    let change = "mutation { updateProfile(input: { bio: \"hello\" }) { userErrors { code message field } } }";
    let read = "{ viewer { user { profile { bio } } } }";
    let mut changes = 0;
    loop {
        let answer = app.as_user(&ada).gql(change, json!({})).await;
        if answer.body.get("errors").is_some() {
            assert_eq!(answer.code(), "RATE_LIMITED");
            break;
        }
        answer.changed("updateProfile");
        changes += 1;
        assert!(changes < 100, "no limit");
    }
    assert!((5..=10).contains(&changes), "{changes}");
    for _ in 0..2 * changes {
        app.as_user(&bob).gql(read, json!({})).await.ok();
    }
}
