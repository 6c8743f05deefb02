//! Comments, likes and notifications, by the API.

use serde_json::{Value, json};

use super::{Answer, Person, TestApp};

impl TestApp {
    /// Returns the comment's global id.
    pub async fn comment(&self, author: &Person, tweet: &str, content: &str) -> String {
        let answer = self.try_comment(author, json!({ "tweetId": tweet, "content": content })).await;
        answer.changed("createComment")["comment"]["id"].as_str().unwrap().to_owned()
    }

    pub async fn try_comment(&self, author: &Person, input: Value) -> Answer {
        self.as_user(author).gql(CREATE_COMMENT, json!({ "input": input })).await
    }

    pub async fn delete_comment(&self, person: &Person, gid: &str) {
        self.try_delete_comment(person, gid).await.changed("deleteComment");
    }

    pub async fn try_delete_comment(&self, person: &Person, gid: &str) -> Answer {
        self.as_user(person).gql(DELETE_COMMENT, json!({ "id": gid })).await
    }

    pub async fn like(&self, person: &Person, gid: &str) {
        self.try_like(person, gid).await.changed("like");
    }

    pub async fn try_like(&self, person: &Person, gid: &str) -> Answer {
        self.as_user(person).gql(LIKE, json!({ "id": gid })).await
    }

    pub async fn unlike(&self, person: &Person, gid: &str) {
        self.as_user(person).gql(UNLIKE, json!({ "id": gid })).await.changed("unlike");
    }

    /// `likeCount`, `commentCount` and `viewerHasLiked` of a tweet or comment; null when it is not there.
    pub async fn counts(&self, person: &Person, gid: &str) -> Value {
        let query = "query ($id: ID!) { node(id: $id) {
            ... on Tweet { likeCount commentCount viewerHasLiked } ... on Comment { likeCount viewerHasLiked } } }";
        self.as_user(person).gql(query, json!({ "id": gid })).await.ok()["node"].clone()
    }

    /// All notifications of somebody, newest first, as `KIND actor subject comment`, and the number of unread ones. Whatever
    /// is null is `-`.
    pub async fn inbox(&self, person: &Person) -> (Vec<String>, i64) {
        let answer = self.as_user(person).gql(INBOX, json!({})).await;
        let viewer = &answer.ok()["viewer"];
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let describe = |node: &Value| {
            let kind = text(&node["kind"]);
            let actor = text(&node["actor"]["username"]);
            format!("{kind} {actor} {} {}", text(&node["subject"]["content"]), text(&node["comment"]["content"]))
        };
        let nodes = viewer["notifications"]["nodes"].as_array().unwrap().iter().map(describe).collect();
        (nodes, viewer["unreadNotificationCount"].as_i64().unwrap())
    }

    pub async fn read_all(&self, person: &Person) {
        let query = "mutation { markNotificationsRead(input: {}) { userErrors { code message field } } }";
        self.as_user(person).gql(query, json!({})).await.changed("markNotificationsRead");
    }

    /// Asserts that every counter is what counting gives.
    pub async fn check_counters(&self) {
        assert_eq!(roost::service::counters::verify(&self.app).await.unwrap(), []);
    }
}

pub const CREATE_COMMENT: &str = "mutation ($input: CreateCommentInput!) { createComment(input: $input) {
    comment { id content createdAt editedAt author { username } tweet { id commentCount } viewerCanUpdate viewerCanDelete }
    commentEdge { cursor node { id } } userErrors { code message field } } }";
/// Where the tweet may be gone before the answer is made, which cannot show it then.
pub const JUST_COMMENT: &str = "mutation ($input: CreateCommentInput!) { createComment(input: $input) {
    comment { id } commentEdge { cursor node { id } } userErrors { code message field } } }";
pub const DELETE_COMMENT: &str = "mutation ($id: ID!) { deleteComment(input: { commentId: $id }) {
    deletedCommentId tweet { id commentCount } userErrors { code message field } } }";
pub const LIKE: &str = "mutation ($id: ID!) { like(input: { subjectId: $id }) {
    subject { id likeCount viewerHasLiked } userErrors { code message field } } }";
pub const UNLIKE: &str = "mutation ($id: ID!) { unlike(input: { subjectId: $id }) {
    subject { id likeCount viewerHasLiked } userErrors { code message field } } }";
const INBOX: &str = "{ viewer { unreadNotificationCount notifications(first: 100) { nodes {
    kind isRead actor { username } comment { content }
    subject { ... on Tweet { content } ... on Comment { content } } } } } }";
