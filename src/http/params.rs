//! The parameters of a GraphQL request, by JSON or in a URL.

use async_graphql::Variables;
use axum::http::StatusCode;
use serde::Deserialize;
use serde::de::Error as _;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::answer::Rejection;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Params {
    query: Option<String>,
    document_id: Option<String>,
    operation_name: Option<String>,
    #[serde(default)]
    pub variables: Variables,
    #[serde(default)]
    extensions: Option<Map<String, Value>>,
}

/// How a request names its document.
#[derive(Debug, PartialEq, Eq)]
pub enum Source {
    Text(String),
    /// Of a document that the server knows.
    Id(String),
    /// Of an automatic persisted query: the hash, and the text if the client thinks that the server does not know it.
    Hash {
        hash: String,
        text: Option<String>,
    },
}

/// What comes before the hash in the id of a document that is named by its hash.
const SHA256: &str = "sha256:";

impl Params {
    /// # Errors
    /// 400 when this is no JSON object of a GraphQL request.
    pub fn from_json(json: &[u8]) -> Result<Self, Rejection> {
        let params = serde_json::from_slice(json).and_then(Self::from_map);
        params
            .map_err(|error| malformed(&format!("The body has to be a JSON object with the string `query`: {error}.")))
    }

    /// By way of a map: a struct would be read from a list of its fields as well.
    ///
    /// # Errors
    /// When these are no parameters of a GraphQL request.
    pub fn from_map(map: Map<String, Value>) -> serde_json::Result<Self> {
        let params: Self = serde_json::from_value(Value::Object(map))?;
        params.check_source()?;
        Ok(params)
    }

    /// From what stands in a URL after the question mark: `variables` and `extensions` are JSON there.
    ///
    /// # Errors
    /// 400 when these are no parameters of a GraphQL request, or one is given twice.
    pub fn from_url(query: &str) -> Result<Self, Rejection> {
        let mut map = Map::new();
        for (name, text) in form_urlencoded::parse(query.as_bytes()) {
            let value = match &*name {
                "query" | "operationName" | "documentId" => Value::from(&*text),
                "variables" | "extensions" if text.is_empty() => Value::Null,
                "variables" | "extensions" => serde_json::from_str(&text)
                    .map_err(|error| malformed(&format!("The parameter {name} has to be JSON: {error}.")))?,
                _ => continue,
            };
            if map.insert(name.to_string(), value).is_some() {
                return Err(malformed(&format!("The parameter {name} is given twice.")));
            }
        }
        Self::from_map(map)
            .map_err(|error| malformed(&format!("The URL has to have the parameter `query`, as it is sent: {error}.")))
    }

    /// # Errors
    /// When no document is named, or two are.
    fn check_source(&self) -> serde_json::Result<()> {
        let hash = self.hash()?;
        match (&self.query, &self.document_id, hash) {
            (None, None, None) => Err(serde_json::Error::missing_field("query")),
            (_, Some(_), Some(_)) => {
                Err(serde_json::Error::custom("`documentId` and `persistedQuery` exclude each other"))
            }
            (Some(text), Some(id), None) if !text.is_empty() && !id.starts_with(SHA256) => {
                Err(serde_json::Error::custom("`query` and a `documentId` that is no hash exclude each other"))
            }
            _ => Ok(()),
        }
    }

    /// The hash of an automatic persisted query, if the request is one.
    fn hash(&self) -> serde_json::Result<Option<&str>> {
        let extension = self.extensions.as_ref().and_then(|extensions| extensions.get("persistedQuery"));
        let Some(extension) = extension.filter(|value| !value.is_null()) else { return Ok(None) };
        match (extension.get("version").and_then(Value::as_u64), extension.get("sha256Hash").and_then(Value::as_str)) {
            (Some(1), Some(hash)) => Ok(Some(hash)),
            (Some(1), None) => Err(serde_json::Error::custom("`persistedQuery` has to have the string `sha256Hash`")),
            _ => Err(serde_json::Error::custom("`persistedQuery` has to be of version 1")),
        }
    }

    /// How the document is named. An empty text next to a hash or an id is none: some clients have to send one.
    pub fn source(&mut self) -> Source {
        let hash = self.hash().ok().flatten().map(ToOwned::to_owned);
        let named = self.document_id.take();
        let text = self.query.take();
        match (text, hash, named) {
            (text, Some(hash), _) => Source::Hash { hash, text: text.filter(|text| !text.is_empty()) },
            (Some(text), None, Some(id)) if !text.is_empty() => {
                Source::Hash { hash: id.trim_start_matches(SHA256).to_owned(), text: Some(text) }
            }
            (_, None, Some(id)) => Source::Id(id),
            (text, None, None) => Source::Text(text.unwrap_or_default()),
        }
    }

    pub fn operation_name(&self) -> Option<&str> {
        self.operation_name.as_deref().filter(|name| !name.is_empty())
    }

    /// Whether the answer is to say what the operation costs.
    pub fn wants_cost(&self) -> bool {
        self.extensions.as_ref().and_then(|extensions| extensions.get("cost")) == Some(&Value::Bool(true))
    }
}

fn malformed(message: &str) -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", message)
}
