//! From what a request names to a document that may be executed: the text itself, the hash of one that was sent before, or
//! the id of a trusted one. What was parsed is kept, so that a document is parsed once and not once a request.

use std::collections::{HashMap, HashSet};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_graphql::parser::types::DocumentOperations;
use axum::http::StatusCode;
use sha2::{Digest, Sha256};

use super::answer::Rejection;
use super::params::Source;
use crate::config::{Config, TrustedDocuments};
use crate::limit::cache::Cache;
use crate::limit::document::{self, Document, DocumentLimits};
use crate::limit::manifest::{self, ManifestError};

pub struct Documents {
    pub limits: DocumentLimits,
    introspection: bool,
    /// By id and by hash.
    trusted: HashMap<String, Arc<str>>,
    /// The trusted texts, if nothing else may be executed.
    only: Option<HashSet<Arc<str>>>,
    /// By hash, as clients have registered them; none if they may not.
    persisted: Option<Cache<Arc<str>>>,
    parsed: Cache<Arc<Known>>,
    visited: AtomicUsize,
}

impl Documents {
    /// Reads the list of trusted documents, if there is one.
    ///
    /// # Errors
    /// When the list cannot be used.
    pub fn open(config: &Config) -> Result<Self, ManifestError> {
        let limits = limits(config);
        let listed = config.trusted_documents.as_deref().map(manifest::read).transpose()?.unwrap_or_default();
        let mut trusted = HashMap::new();
        for document in listed {
            if let Err(refused) = document::parse(&document.text, &limits) {
                tracing::warn!(id = document.id, "a trusted document will be refused: {refused}");
            }
            let text: Arc<str> = document.text.into();
            trusted.insert(sha256(&text), Arc::clone(&text));
            trusted.insert(document.id, text);
        }
        let enforced = config.trusted_documents_mode == TrustedDocuments::Enforce;
        let automatic = config.persisted_query_bytes > 0 && !enforced;
        Ok(Self {
            limits,
            introspection: config.introspection,
            only: enforced.then(|| trusted.values().cloned().collect()),
            trusted,
            persisted: automatic.then(|| Cache::new(config.persisted_query_bytes)),
            parsed: Cache::new(config.document_cache_bytes),
            visited: AtomicUsize::new(0),
        })
    }

    /// How many selections were looked at so far to decide whether documents may be executed.
    pub fn visited(&self) -> usize {
        self.visited.load(Ordering::Relaxed)
    }

    /// # Errors
    /// 400 when the document is not known, may not be executed, or is above a limit.
    pub fn find(&self, source: Source) -> Result<Arc<Known>, Rejection> {
        match source {
            Source::Text(text) => self.parse(&text),
            Source::Id(id) => {
                let hash = id.strip_prefix("sha256:").unwrap_or(&id);
                let text = self.trusted.get(&id).cloned().or_else(|| self.known(hash)).ok_or_else(unknown)?;
                self.parse(&text)
            }
            Source::Hash { hash, text: None } => match self.known(&hash) {
                Some(text) => self.parse(&text),
                // Apollo's clients know these two messages, and send the text then.
                None if self.persisted.is_none() && self.only.is_none() => Err(not_found("PersistedQueryNotSupported")),
                None => Err(unknown()),
            },
            Source::Hash { hash, text: Some(text) } => {
                if !hash.eq_ignore_ascii_case(&sha256(&text)) {
                    let message = "The text of the query does not have the hash that is sent with it.";
                    return Err(Rejection::new(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", message));
                }
                let document = self.parse(&text)?;
                if let Some(persisted) = &self.persisted {
                    // The entry itself takes some room besides its text.
                    persisted.put(&hash.to_ascii_lowercase(), text.as_str().into(), text.len() + 256);
                }
                Ok(document)
            }
        }
    }

    fn known(&self, hash: &str) -> Option<Arc<str>> {
        let hash = hash.to_ascii_lowercase();
        self.trusted.get(&hash).cloned().or_else(|| self.persisted.as_ref()?.get(&hash))
    }

    fn parse(&self, text: &str) -> Result<Arc<Known>, Rejection> {
        if self.only.as_ref().is_some_and(|only| !only.contains(text)) {
            return Err(not_found("Only trusted documents are executed here, and this is none of them."));
        }
        if let Some(document) = self.parsed.get(text) {
            return Ok(document);
        }
        let mut visited = 0;
        let parsed = document::parse_counting(text, &self.limits, &mut visited);
        self.visited.fetch_add(visited, Ordering::Relaxed);
        let document = parsed?;
        if document.introspects && !self.introspection {
            let message = "Introspection is switched off on this server.";
            return Err(Rejection::new(StatusCode::BAD_REQUEST, "GRAPHQL_VALIDATION_FAILED", message));
        }
        let document = Arc::new(Known { document, is_proven: AtomicBool::new(false) });
        self.parsed.put(text, Arc::clone(&document), text.len() + document.bytes());
        Ok(document)
    }
}

/// A document within the limits.
pub struct Known {
    document: Document,
    is_proven: AtomicBool,
}

impl Known {
    /// Whether the engine has held it against every rule.
    pub fn is_proven(&self) -> bool {
        self.is_proven.load(Ordering::Relaxed)
    }

    /// The engine has executed it. Of several operations, that says nothing of the others.
    pub fn prove(&self) {
        if matches!(self.document.parsed.operations, DocumentOperations::Single(_)) {
            self.is_proven.store(true, Ordering::Relaxed);
        }
    }
}

impl Deref for Known {
    type Target = Document;

    fn deref(&self) -> &Document {
        &self.document
    }
}

fn limits(config: &Config) -> DocumentLimits {
    DocumentLimits {
        max_bytes: config.document_bytes,
        max_tokens: config.document_tokens,
        max_depth: config.document_depth,
        max_aliases: config.document_aliases,
        max_directives: config.document_directives,
        max_fragments: config.document_fragments,
        max_selections: config.document_selections,
        max_cost: config.document_cost,
        ..DocumentLimits::default()
    }
}

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unknown() -> Rejection {
    not_found("PersistedQueryNotFound")
}

fn not_found(message: &str) -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, "PERSISTED_QUERY_NOT_FOUND", message)
}
