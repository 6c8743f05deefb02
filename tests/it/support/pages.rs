//! Reading a connection page by page, from both ends, with every flag checked.

use serde_json::{Value, json};

use super::{Person, TestApp};

/// A connection: how to reach it, and what its nodes are known by.
pub struct Pages<'a> {
    pub app: &'a TestApp,
    pub reader: &'a Person,
    /// With the variables $first, $after, $last, $before.
    pub query: &'a str,
    /// JSON pointer from `data` to the connection.
    pub at: &'a str,
}

impl Pages<'_> {
    /// Asserts that the whole list is `expected`, in pages of this size, forwards and backwards.
    pub async fn check(&self, expected: &[String], size: usize) {
        self.check_forwards(expected, size).await;
        self.check_backwards(expected, size).await;
    }

    async fn check_forwards(&self, expected: &[String], size: usize) {
        let (mut after, mut start) = (Value::Null, 0);
        loop {
            let page = self.page(json!({ "first": size, "after": after })).await;
            let end = (start + size).min(expected.len());
            assert_eq!(ids(&page), expected[start..end], "first {size} after {start} of {}", expected.len());
            assert_eq!(page["pageInfo"]["hasNextPage"], end < expected.len(), "{page}");
            assert_eq!(page["pageInfo"]["hasPreviousPage"], start > 0, "{page}");
            check_cursors(&page);
            if end == expected.len() {
                return;
            }
            (after, start) = (page["pageInfo"]["endCursor"].clone(), end);
        }
    }

    async fn check_backwards(&self, expected: &[String], size: usize) {
        let (mut before, mut end) = (Value::Null, expected.len());
        loop {
            let page = self.page(json!({ "last": size, "before": before })).await;
            let start = end.saturating_sub(size);
            assert_eq!(ids(&page), expected[start..end], "last {size} before {end} of {}", expected.len());
            assert_eq!(page["pageInfo"]["hasPreviousPage"], start > 0, "{page}");
            assert_eq!(page["pageInfo"]["hasNextPage"], end < expected.len(), "{page}");
            check_cursors(&page);
            if start == 0 {
                return;
            }
            (before, end) = (page["pageInfo"]["startCursor"].clone(), start);
        }
    }

    /// One page.
    pub async fn page(&self, variables: Value) -> Value {
        let answer = self.app.as_user(self.reader).gql(self.query, variables).await;
        answer.ok().pointer(self.at).unwrap_or_else(|| panic!("nothing at {}: {}", self.at, answer.text)).clone()
    }
}

pub fn ids(page: &Value) -> Vec<String> {
    page["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect()
}

fn check_cursors(page: &Value) {
    let edges = page["edges"].as_array().unwrap();
    let cursor = |edge: Option<&Value>| edge.map_or(Value::Null, |edge| edge["cursor"].clone());
    assert_eq!(page["pageInfo"]["startCursor"], cursor(edges.first()));
    assert_eq!(page["pageInfo"]["endCursor"], cursor(edges.last()));
}
