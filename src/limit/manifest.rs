//! Trusted documents: the list of all that a client will ever ask, as its build writes it.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

/// A list that cannot be used, in one plain sentence.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("The list of trusted documents {} cannot be read: {source}.", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error(
        "The list of trusted documents {} is neither an object of texts by id nor a manifest of Apollo's: {what}.",
        path.display()
    )]
    Malformed { path: PathBuf, what: String },
}

/// An id and the text behind it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Trusted {
    pub id: String,
    #[serde(rename = "body")]
    pub text: String,
}

/// Reads a list in one of the two forms that there are: texts by id, as relay-compiler and GraphQL Code Generator write it,
/// or the operations of an `apollo-persisted-query-manifest`.
///
/// # Errors
/// When the file cannot be read, or is of neither form.
pub fn read(path: &Path) -> Result<Vec<Trusted>, ManifestError> {
    let json = std::fs::read(path).map_err(|source| ManifestError::Unreadable { path: path.to_owned(), source })?;
    parse(&json).map_err(|what| ManifestError::Malformed { path: path.to_owned(), what })
}

fn parse(json: &[u8]) -> Result<Vec<Trusted>, String> {
    let mut map: Map<String, Value> = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    if let Some(operations) = map.remove("operations").filter(Value::is_array) {
        return serde_json::from_value(operations).map_err(|error| error.to_string());
    }
    let document = |(id, text)| match text {
        Value::String(text) => Ok(Trusted { id, text }),
        _ => Err(format!("what stands at {id:?} is no text")),
    };
    map.into_iter().map(document).collect()
}
