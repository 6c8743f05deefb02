//! Pages are presented without the engine where that is possible: word for word as the engine's resolvers answer.

use serde_json::{Value, json};

use crate::support::{Person, TestApp};

const SCHEMA: &str = "{ __schema { types { name fields { name args { name } type { ...Type } } } } }
    fragment Type on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// What leads out of a page, and so is the engine's in any case.
const BEYOND: [&str; 5] = ["likers", "tweets", "followers", "following", "tweet"];

/// Everything that a type has, to some depth: fields to come included.
struct Everything {
    schema: Value,
    /// Whether something is selected in every object that only the engine answers.
    by_the_engine: bool,
}

impl Everything {
    fn of(&self, ty: &str, depth: usize) -> String {
        let types = self.schema["__schema"]["types"].as_array().unwrap();
        let fields = types.iter().find(|known| known["name"] == ty).unwrap()["fields"].as_array().unwrap();
        let mut selected = vec!["__typename".to_owned()];
        for field in fields {
            let name = field["name"].as_str().unwrap();
            let (kind, of) = named(&field["type"]);
            if BEYOND.contains(&name) || (kind == "OBJECT" && depth == 0) {
                continue;
            }
            let page = if field["args"].as_array().unwrap().is_empty() { "" } else { "(first: 2)" };
            match kind {
                "OBJECT" => selected.push(format!("{name}{page} {}", self.of(of, depth - 1))),
                _ => selected.push(name.to_owned()),
            }
        }
        if self.by_the_engine && ["Tweet", "Comment"].contains(&ty) {
            selected.push("engine: likers(first: 0) { pageInfo { hasNextPage } }".to_owned());
        }
        format!("{{ {} }}", selected.join(" "))
    }
}

fn named(ty: &Value) -> (&str, &str) {
    match ty["kind"].as_str().unwrap() {
        "NON_NULL" | "LIST" => named(&ty["ofType"]),
        kind => (kind, ty["name"].as_str().unwrap()),
    }
}

/// Takes away what was only asked for to have the engine answer: it stands last in its object.
fn without_engine(answer: &str) -> String {
    let part = |more: bool| format!(",\"engine\":{{\"pageInfo\":{{\"hasNextPage\":{more}}}}}");
    answer.replace(&part(true), "").replace(&part(false), "")
}

/// A reader whose feed has some of everything, and an author in it. What JSON has to escape stands in it, each in a text of its own, and
/// what only looks as if.
async fn world(app: &TestApp) -> [Person; 2] {
    let [ada, bob, eve] = app.cast(["ada", "bob", "eve"]).await;
    app.follow(&bob, &ada).await;
    app.follow(&ada, &eve).await;
    let pictured = app.tweet_photo(&ada, "with a picture").await;
    let plain = app.tweet(&ada, "\u{2028} \u{e9} \u{1f426} </script>").await;
    let own = app.tweet(&bob, "my \"own\"").await;
    let comment = "mutation ($id: ID!, $content: String!) { createComment(input: { tweetId: $id, content: $content }) {
        comment { id } userErrors { code } } }";
    let like = "mutation ($id: ID!) { like(input: { subjectId: $id }) { userErrors { code } } }";
    let comments =
        [(&eve, &plain, "so it is"), (&ada, &plain, "C:\\new"), (&bob, &plain, "two\nlines"), (&eve, &own, "so it is")];
    for (person, tweet, content) in comments {
        let variables = json!({ "id": tweet, "content": content });
        let answer = app.as_user(person).gql(comment, variables).await;
        let id = answer.changed("createComment")["comment"]["id"].clone();
        app.as_user(&bob).gql(like, json!({ "id": id })).await.changed("like");
        let update =
            "mutation ($id: ID!) { updateComment(input: { commentId: $id, content: \"no\" }) { userErrors { code } } }";
        if tweet == &own {
            app.as_user(person).gql(update, json!({ "id": id })).await.changed("updateComment");
        }
    }
    for tweet in [&pictured, &own] {
        app.as_user(&bob).gql(like, json!({ "id": tweet })).await.changed("like");
    }
    let profile =
        "mutation { updateProfile(input: { nickname: \"The Lady\", bio: \"numbers\" }) { userErrors { code } } }";
    app.as_user(&ada).gql(profile, json!({})).await.changed("updateProfile");
    app.drain().await;
    [ada, bob]
}

#[tokio::test]
async fn pages_are_presented_as_the_engine_would() {
    let app = TestApp::new().await;
    let [_ada, bob] = world(&app).await;
    let answer = app.anonymous().gql(SCHEMA, json!({})).await;
    let schema = answer.ok();
    let mut answers = Vec::new();
    for by_the_engine in [false, true] {
        let everything = Everything { schema: schema.clone(), by_the_engine };
        let feed = everything.of("FeedConnection", 6);
        let tweets = everything.of("TweetConnection", 6);
        let queries = [
            (Some(&bob), format!("{{ viewer {{ homeFeed(first: 2) {feed} }} }}")),
            (Some(&bob), format!("{{ viewer {{ homeFeed(last: 1) {feed} }} }}")),
            (Some(&bob), format!("{{ user(username: \"ada\") {{ tweets {tweets} }} }}")),
            (None, format!("{{ user(username: \"ada\") {{ tweets {tweets} }} }}")),
        ];
        for (person, query) in queries {
            let client = person.map_or_else(|| app.anonymous(), |person| app.as_user(person));
            let answer = client.gql(&query, json!({})).await;
            assert_eq!(answer.text.contains("engine"), by_the_engine);
            answer.ok();
            answers.push(without_engine(&answer.text));
        }
    }
    let (presented, resolved) = answers.split_at(answers.len() / 2);
    for (presented, resolved) in presented.iter().zip(resolved) {
        assert_eq!(presented, resolved);
    }
}

#[tokio::test]
async fn what_is_selected_twice_is_one() {
    let app = TestApp::new().await;
    let [_ada, bob] = world(&app).await;
    let query = "query ($n: Int, $with: Boolean!) { viewer { homeFeed(first: 3) {
        nodes { ...A ...B author { id } ... on Node { id } ... @include(if: $with) { hidden: id } }
        nodes { again: id author { username } } } } }
        fragment A on Tweet { author { profile { nickname } } comments(first: $n) { nodes { id } } }
        fragment B on Likeable { id likeCount ... on Tweet { comments(first: $n) { nodes { content } pageInfo { endCursor } } } }";
    let answer = app.as_user(&bob).gql(query, json!({ "n": 2, "with": false })).await;
    let nodes = answer.ok()["viewer"]["homeFeed"]["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 3);
    for node in nodes {
        let keys: Vec<_> = node.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["again", "author", "comments", "id", "likeCount"], "{node}");
        assert_eq!(node["id"], node["again"]);
        let author: Vec<_> = node["author"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(author, ["id", "profile", "username"]);
        assert!(node["comments"]["nodes"].as_array().unwrap().iter().all(|node| node["content"].is_string()));
    }
    assert_eq!(nodes[1]["comments"]["nodes"].as_array().unwrap().len(), 2, "of three");
}

#[tokio::test]
async fn a_page_that_is_selected_twice_is_one() {
    let app = TestApp::new().await;
    let [ada, bob] = world(&app).await;
    let query = "query ($id: ID!) {
        viewer { homeFeed(first: 2) { nodes { id } } ...Rest }
        again: viewer { feed: homeFeed(first: 2) { nodes { id content } } }
        node(id: $id) { ...Tweets ... on User { tweets(first: 1) { pageInfo { endCursor } } } } }
        fragment Rest on Viewer { homeFeed(first: 2) { nodes { content comments(first: 1) { nodes { id } } } } }
        fragment Tweets on User { tweets(first: 1) { nodes { id } } }";
    let answer = app.as_user(&bob).gql(query, json!({ "id": ada.gid })).await;
    let data = answer.ok();
    for (node, again) in (0..2).map(|n| (&data["viewer"]["homeFeed"]["nodes"][n], &data["again"]["feed"]["nodes"][n])) {
        assert_eq!((&node["id"], &node["content"]), (&again["id"], &again["content"]), "{}", answer.text);
        assert!(node["id"].is_string() && node["content"].is_string() && node["comments"]["nodes"].is_array());
    }
    let tweets = &data["node"]["tweets"];
    assert!(tweets["nodes"][0]["id"].is_string() && tweets["pageInfo"]["endCursor"].is_string(), "{}", answer.text);
}

#[tokio::test]
async fn what_is_selected_twice_with_other_arguments_is_left_to_the_engine() {
    let app = TestApp::new().await;
    let [_ada, bob] = world(&app).await;
    let query = |more: &str| {
        format!(
            "{{ viewer {{ homeFeed(first: 3) {{ nodes {{ c: comments(first: 3) {{ nodes {{ id }} }} {more}
             ... on Tweet {{ c: comments(last: 1) {{ nodes {{ content }} }} }} }} }} }} }}"
        )
    };
    // The engine alone knows who likes something.
    let [left, right] = [query(""), query("likers(first: 1) { nodes { id } }")];
    let [left, right] = [app.as_user(&bob).gql(&left, json!({})).await, app.as_user(&bob).gql(&right, json!({})).await];
    let lists = |data: &Value| -> Vec<Value> {
        data["viewer"]["homeFeed"]["nodes"].as_array().unwrap().iter().map(|node| node["c"].clone()).collect()
    };
    assert_eq!(lists(left.ok()), lists(right.ok()));
}

#[tokio::test]
async fn a_document_that_was_right_once_is_still_held_against_its_variables() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let query = "query ($n: Int, $name: String!, $with: Boolean = true) {
        user(username: $name) { tweets(first: $n) { nodes { id } } id @include(if: $with) } }";
    let ask = async |variables: Value| app.as_user(&ada).gql(query, variables).await;
    for _ in 0..3 {
        assert_eq!(ask(json!({ "n": 3, "name": "ada" })).await.ok()["user"]["id"], ada.gid);
        for wrong in [
            json!({ "n": "3", "name": "ada" }),
            json!({ "n": 3.5, "name": "ada" }),
            json!({ "n": 3, "name": 7 }),
            json!({ "n": 3, "name": null }),
            json!({ "n": [3, 4], "name": "ada" }),
            json!({ "n": 3, "name": "ada", "with": "yes" }),
            json!({ "name": { "is": "ada" } }),
        ] {
            let answer = ask(wrong.clone()).await;
            assert!(answer.body.get("data").is_none(), "{wrong}: {}", answer.text);
            assert!(answer.body["errors"][0]["extensions"]["code"].is_string(), "{wrong}");
        }
    }
}
