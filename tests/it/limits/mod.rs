//! The limits on a document, and what it costs: against the public functions, and through both transports.

mod ints;
mod lexical;
mod memo;
mod naive;
mod price;
mod size;
mod syntax;
mod transports;

use async_graphql::Variables;
use roost::limit::document::{Document, DocumentLimits, Refused, parse};

/// Only the lexer's bound on nesting is left.
pub fn unlimited() -> DocumentLimits {
    DocumentLimits {
        max_bytes: usize::MAX,
        max_tokens: usize::MAX,
        max_depth: usize::MAX,
        max_aliases: usize::MAX,
        max_directives: usize::MAX,
        max_fragments: usize::MAX,
        max_selections: usize::MAX,
        max_cost: u64::MAX,
        default_page: 20,
    }
}

pub fn accepted(text: &str) -> Document {
    parse(text, &DocumentLimits::default()).unwrap_or_else(|refused| panic!("{refused}: {text}"))
}

/// The message, after the checks that hold for every refusal.
pub fn refused_by(text: &str, limits: &DocumentLimits) -> String {
    let refused = parse(text, limits).expect_err("this document is to be refused");
    let message = refused.to_string();
    assert!(message.len() < 200, "{} bytes: {message}", message.len());
    assert!(message.ends_with('.') && message.is_ascii(), "{message}");
    let code = match &refused {
        Refused::Syntax { line, column, .. } => {
            assert!(*line > 0 && *column > 0);
            "GRAPHQL_PARSE_FAILED"
        }
        Refused::Cycle(_) | Refused::NoInt(_) => "GRAPHQL_VALIDATION_FAILED",
        Refused::TooLarge(_) => "TOO_COSTLY",
    };
    assert_eq!(refused.code(), code);
    message
}

pub fn refused(text: &str) -> String {
    refused_by(text, &DocumentLimits::default())
}

pub fn syntax_error(text: &str) -> (String, usize, usize) {
    match parse(text, &DocumentLimits::default()) {
        Err(Refused::Syntax { message, line, column }) => (message, line, column),
        other => panic!("no syntax error but {other:?}"),
    }
}

pub fn too_large(what: &str, found: usize, limit: usize) -> String {
    format!("The {what} is {found} and may be at most {limit}: ask for less in one request.")
}

/// Each fragment spreads the next one twice.
pub fn bomb(levels: usize) -> String {
    let mut text = String::from("{ ...f0 }");
    for level in 0..levels {
        let next = level + 1;
        text += &format!(" fragment f{level} on Query {{ ...f{next} ...f{next} }}");
    }
    text + &format!(" fragment f{levels} on Query {{ a {{ b }} }}")
}

pub fn cost(text: &str, variables: &str) -> u64 {
    try_cost(text, variables, &unlimited()).expect("no limit")
}

pub fn try_cost(text: &str, variables: &str, limits: &DocumentLimits) -> Result<u64, Refused> {
    let variables = Variables::from_json(variables.parse().expect("JSON"));
    parse(text, limits)?.cost(None, &variables, limits)
}
