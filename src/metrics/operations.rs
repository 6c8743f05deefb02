//! Operations by what they ask for and what came of them.
//!
//! An operation is counted under its root field, not under the name that its author gave it: fields are known, names are not.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::histogram::Histogram;
use super::text::Text;

/// The kinds of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Query,
    Mutation,
    Subscription,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Query, Self::Mutation, Self::Subscription];

    fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }
}

/// What came of an operation: nothing that went wrong, or the code of its first error. The last stands for all codes that are
/// none of ours.
const CODES: [&str; 16] = [
    "OK",
    "BAD_USER_INPUT",
    "UNAUTHENTICATED",
    "FORBIDDEN",
    "NOT_FOUND",
    "RATE_LIMITED",
    "TOO_COSTLY",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "PERSISTED_QUERY_NOT_FOUND",
    "IDEMPOTENCY_MISMATCH",
    "TIMEOUT",
    "UNAVAILABLE",
    "RESUBSCRIBE",
    "INTERNAL",
    "other",
];

type Codes = [AtomicU64; CODES.len()];

/// Operations that ask for several things at once, and those that ask for something that is not in the schema.
const MANY: &str = "several";
const UNKNOWN: &str = "unknown";

pub struct Operations {
    by_field: HashMap<Kind, HashMap<String, Counts>>,
    /// What was not understood, so that nobody knows what it would have been.
    refused: Codes,
}

#[derive(Default)]
struct Counts {
    codes: Codes,
    took: Histogram,
}

impl Operations {
    pub fn new(roots: &HashMap<Kind, Vec<String>>) -> Self {
        let counts = |kind| {
            let known = roots.get(&kind).into_iter().flatten().map(String::as_str);
            let all = known.chain(["__schema", "__type", "__typename", MANY, UNKNOWN]);
            (kind, all.map(|field| (field.to_owned(), Counts::default())).collect())
        };
        Self { by_field: Kind::ALL.map(counts).into(), refused: Codes::default() }
    }

    /// A query or mutation was answered; or a subscription has begun, or had an event that went wrong. `field` is its root field,
    /// if it has only one; `code` that of its first error, if there was one.
    pub fn count(&self, kind: Kind, field: Option<&str>, code: Option<&str>, took: Option<Duration>) {
        let Some(fields) = self.by_field.get(&kind) else { return };
        let Some(counts) = fields.get(field.unwrap_or(MANY)).or_else(|| fields.get(UNKNOWN)) else { return };
        add(&counts.codes, code);
        if let Some(took) = took {
            counts.took.record(took);
        }
    }

    /// A request for an operation was not understood.
    pub fn refused(&self, code: &str) {
        add(&self.refused, Some(code));
    }

    pub fn write(&self, text: &mut Text) {
        let all = self.sorted();
        text.counter("roost_operations_total", "GraphQL operations by their root field and what came of them.");
        for (kind, field, counts) in &all {
            write(text, kind.name(), field, &counts.codes);
        }
        write(text, "none", UNKNOWN, &self.refused);
        text.histogram("roost_operation_duration_seconds", "How long queries and mutations took.");
        for (kind, field, counts) in &all {
            counts.took.write(text, &[("type", kind.name()), ("field", field)]);
        }
    }

    fn sorted(&self) -> Vec<(Kind, &str, &Counts)> {
        let of = |kind: Kind| self.by_field.get(&kind).into_iter().flatten();
        let all =
            Kind::ALL.into_iter().flat_map(|kind| of(kind).map(move |(field, counts)| (kind, field.as_str(), counts)));
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|(kind, field, _)| (kind.name(), *field));
        all
    }
}

fn add(codes: &Codes, code: Option<&str>) {
    let place = CODES.iter().position(|known| *known == code.unwrap_or("OK"));
    if let Some(count) = codes.get(place.unwrap_or(CODES.len() - 1)) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}

fn write(text: &mut Text, kind: &str, field: &str, codes: &Codes) {
    for (code, count) in CODES.iter().zip(codes) {
        let count = count.load(Ordering::Relaxed);
        if count > 0 {
            text.sample(&[("type", kind), ("field", field), ("code", code)], count);
        }
    }
}
