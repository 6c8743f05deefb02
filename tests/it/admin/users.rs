//! People: found, suspended, restored, deleted.

use serde_json::{Value, json};

use super::{call, root};
use crate::support::TestApp;
use crate::support::pages::Pages;

const FIND: &str = "query ($search: String) { admin { users(search: $search, first: 100) { nodes { username } } } }";

async fn found(app: &TestApp, root: &crate::support::Person, variables: Value) -> Vec<String> {
    let answer = app.as_user(root).gql(FIND, variables).await;
    let nodes = answer.ok()["admin"]["users"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["username"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn people_are_found_by_how_their_name_or_address_begins() {
    let app = TestApp::new().await;
    let root = root(&app).await;
    let [_, grace, _] = app.cast(["ada", "grace", "ad_min"]).await;
    app.damage("UPDATE users SET email = 'adele@example.org' WHERE username = 'grace'").await;
    for (search, expected) in [
        (json!("ad"), &["ad_min", "grace", "ada"][..]),
        (json!(" AD"), &["ad_min", "grace", "ada"]),
        (json!("ad_"), &["ad_min"]),
        (json!("%"), &[]),
        (json!("da"), &[]),
        (json!("adele@example.org"), &["grace"]),
        (Value::Null, &["ad_min", "grace", "ada", "root"]),
        (json!(""), &["ad_min", "grace", "ada", "root"]),
    ] {
        assert_eq!(found(&app, &root, json!({ "search": search })).await, expected, "{search}");
    }
    call(&app, &root, "adminSuspendUser", &json!({ "userId": grace.gid })).await.changed("adminSuspendUser");
    assert_eq!(found(&app, &root, json!({ "search": "gr" })).await, ["grace"], "suspended people are found");
    let query = "{ admin { suspendedUsers { nodes { username isSuspended } } } }";
    let answer = app.as_user(&root).gql(query, json!({})).await;
    let expected = json!([{ "username": "grace", "isSuspended": true }]);
    assert_eq!(answer.ok()["admin"]["suspendedUsers"]["nodes"], expected);
    app.drain().await;
}

#[tokio::test]
async fn the_list_of_people_is_read_in_pages_from_both_ends() {
    let app = TestApp::new().await;
    let root = root(&app).await;
    let mut expected = Vec::new();
    for n in 0..7 {
        expected.insert(0, app.person(&format!("person{n}")).await.gid);
    }
    let query = "query ($first: Int, $after: String, $last: Int, $before: String) { admin { users(search: \"person\",
        first: $first, after: $after, last: $last, before: $before) {
            edges { cursor } nodes { user { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";
    let pages = Pages { app: &app, reader: &root, query, at: "/admin/users" };
    let page = pages.page(json!({ "first": 3 })).await;
    let ids: Vec<_> = page["nodes"].as_array().unwrap().iter().map(|node| node["user"]["id"].clone()).collect();
    assert_eq!(ids, expected[..3]);
    assert_eq!((&page["pageInfo"]["hasNextPage"], &page["pageInfo"]["hasPreviousPage"]), (&json!(true), &json!(false)));
    let page = pages.page(json!({ "first": 10, "after": page["pageInfo"]["endCursor"] })).await;
    let ids: Vec<_> = page["nodes"].as_array().unwrap().iter().map(|node| node["user"]["id"].clone()).collect();
    assert_eq!(ids, expected[3..]);
    assert_eq!((&page["pageInfo"]["hasNextPage"], &page["pageInfo"]["hasPreviousPage"]), (&json!(false), &json!(true)));
}

const ACCOUNT: &str = "account { username email isAdmin isSuspended isBeingDeleted user { username } }";

#[tokio::test]
async fn each_change_answers_with_the_account_as_it_is_then() {
    let app = TestApp::new().await;
    let root = root(&app).await;
    let ada = app.person("ada").await;
    for (mutation, is_admin, is_suspended, is_being_deleted) in [
        ("adminPromoteUser", true, false, false),
        ("adminDemoteUser", false, false, false),
        ("adminSuspendUser", false, true, false),
        ("adminSuspendUser", false, true, false),
        ("adminRestoreUser", false, false, false),
        ("adminRestoreUser", false, false, false),
        ("adminDeleteUser", false, true, true),
        ("adminDeleteUser", false, true, true),
    ] {
        let query = format!(
            "mutation ($id: ID!) {{ {mutation}(input: {{ userId: $id }}) {{ {ACCOUNT} userErrors {{ code message field }} }} }}"
        );
        let answer = app.as_user(&root).gql(&query, json!({ "id": ada.gid })).await;
        let expected = json!({ "username": "ada", "email": "ada@example.org", "isAdmin": is_admin,
            "isSuspended": is_suspended, "isBeingDeleted": is_being_deleted, "user": { "username": "ada" } });
        assert_eq!(answer.changed(mutation)["account"], expected, "{mutation}");
    }
    for mutation in ["adminSuspendUser", "adminRestoreUser", "adminPromoteUser"] {
        let answer = call(&app, &root, mutation, &json!({ "userId": ada.gid })).await;
        assert_eq!(answer.refused(mutation), ["NOT_FOUND userId"], "{mutation} of somebody who is being deleted");
    }
    app.drain().await;
    for mutation in ["adminSuspendUser", "adminRestoreUser", "adminPromoteUser", "adminDemoteUser", "adminDeleteUser"] {
        let answer = call(&app, &root, mutation, &json!({ "userId": ada.gid })).await;
        assert_eq!(answer.refused(mutation), ["NOT_FOUND userId"], "{mutation} of somebody who is gone");
        let answer = call(&app, &root, mutation, &json!({ "userId": crate::support::tweet_gid(1) })).await;
        assert_eq!(answer.refused(mutation), ["NOT_FOUND userId"]);
        assert_eq!(call(&app, &root, mutation, &json!({ "userId": "?" })).await.code(), "BAD_USER_INPUT");
    }
}

#[tokio::test]
async fn nobody_suspends_deletes_or_demotes_themselves() {
    let app = TestApp::new().await;
    let root = root(&app).await;
    for mutation in ["adminSuspendUser", "adminDeleteUser", "adminDemoteUser"] {
        let answer = call(&app, &root, mutation, &json!({ "userId": root.gid })).await;
        assert_eq!(answer.refused(mutation), ["NOT_YOURSELF userId"]);
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM suspended", []).await, 0);
    app.as_user(&root).gql("{ admin { gates { name } } }", json!({})).await.ok();
}
