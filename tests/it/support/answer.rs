//! What came back.

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::Value;

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Null if it is no JSON.
    pub body: Value,
    pub text: String,
}

impl Answer {
    pub async fn read(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Self { status: parts.status, headers: parts.headers, body, text }
    }

    /// The data of an answer without errors.
    #[track_caller]
    pub fn ok(&self) -> &Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        assert!(self.body.get("errors").is_none(), "{}", self.text);
        &self.body["data"]
    }

    /// The payload of a mutation that nobody has to mend anything of.
    #[track_caller]
    pub fn changed(&self, mutation: &str) -> &Value {
        let payload = &self.ok()[mutation];
        assert_eq!(payload["userErrors"], Value::Array(Vec::new()), "{}", self.text);
        payload
    }

    /// The codes and fields of a mutation's user errors, as `CODE` or `CODE field`.
    #[track_caller]
    pub fn refused(&self, mutation: &str) -> Vec<String> {
        let payload = self.ok()[mutation].as_object().unwrap();
        let faults = payload["userErrors"].as_array().unwrap();
        assert!(!faults.is_empty(), "{}", self.text);
        for (name, value) in payload {
            assert!(name == "userErrors" || value.is_null(), "{name} is not null: {}", self.text);
        }
        let describe = |fault: &Value| match fault["field"].as_array() {
            Some(path) => format!("{} {}", fault["code"].as_str().unwrap(), path.last().unwrap().as_str().unwrap()),
            None => fault["code"].as_str().unwrap().to_owned(),
        };
        faults.iter().map(describe).collect()
    }

    /// The code of the only top-level error.
    #[track_caller]
    pub fn code(&self) -> &str {
        let errors = self.body["errors"].as_array().unwrap_or_else(|| panic!("no errors: {}", self.text));
        assert_eq!(errors.len(), 1, "{}", self.text);
        errors[0]["extensions"]["code"].as_str().unwrap()
    }
}
