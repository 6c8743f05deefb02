//! How settings are written: lists, URLs, and what is wrong with them in words.

use serde::{Deserialize, Deserializer};

use super::Config;

/// Whether this is a scheme and a host, and nothing after those.
pub fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, host)| {
        let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
        !scheme.is_empty() && !host.is_empty() && host.chars().all(is_host)
    })
}

/// A list, or its items in one text with commas between them.
///
/// # Errors
/// When it is neither.
pub fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum List {
        Items(Vec<String>),
        Text(String),
    }
    Ok(match List::deserialize(deserializer)? {
        List::Items(items) => items,
        List::Text(text) => text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect(),
    })
}

/// The names of all settings.
pub fn keys() -> Vec<String> {
    match serde_json::to_value(Config::default()) {
        Ok(serde_json::Value::Object(map)) => map.into_iter().map(|(key, _)| key).collect(),
        _ => Vec::new(),
    }
}

/// figment's error as one sentence with the place it came from.
pub fn explain(error: &figment::Error) -> String {
    let place = error.metadata.as_ref().map_or(String::new(), |metadata| match &metadata.source {
        Some(source) => format!(" in {} ({source})", metadata.name),
        None => format!(" in {}", metadata.name),
    });
    let key = if error.path.is_empty() { String::new() } else { format!("{}: ", error.path.join(".")) };
    let kind = error.kind.to_string();
    // A fault of syntax comes with the line it is in, drawn with bars; the numbers of line and column are enough.
    let said = kind.lines().map(str::trim).filter(|line| !line.is_empty() && !line.contains('|'));
    format!("The configuration{place} cannot be used: {key}{}.", said.collect::<Vec<_>>().join(": "))
}

/// A path as it is written in a URL, whatever characters the name of a folder has.
pub fn percent_encode(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// `scheme://user:password@host` with the password hidden.
pub fn mask(url: &str) -> String {
    let hidden = url.split_once("://").and_then(|(scheme, rest)| {
        let (login, host) = rest.rsplit_once('@')?;
        let (user, _) = login.split_once(':')?;
        Some(format!("{scheme}://{user}:****@{host}"))
    });
    hidden.unwrap_or_else(|| url.to_owned())
}
