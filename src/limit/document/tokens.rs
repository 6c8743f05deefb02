//! The lexical pass: bytes, tokens and nesting of a text that no parser has read yet.
//!
//! It splits the text as far as counting needs it, by the specification
//! (<https://spec.graphql.org/October2021/#sec-Language.Source-Text.Lexical-Tokens>). What is no
//! token counts as one and is the parser's to refuse. Only a string without an end is refused here:
//! the parser of async-graphql goes back and reads `"""a" [[[[` as `""`, `"a"` and brackets, which
//! must not pass as one long string.

use super::{DocumentLimits, Refused, at_most};

/// How deep `(`, `[` and `{` may nest, of fields, inline fragments, arguments and types together.
/// The parser bounds fields alone, at 64 levels, and only once its grammar has recursed.
const MAX_NESTING: usize = 60;

/// Checks a text for what can be known without parsing it, and counts its tokens.
///
/// # Errors
///
/// [`Refused::TooLarge`] above the limits on bytes and tokens or above [`MAX_NESTING`],
/// [`Refused::Syntax`] if a string has no end.
pub(super) fn check(text: &str, limits: &DocumentLimits) -> Result<usize, Refused> {
    at_most("number of bytes", text.len(), limits.max_bytes)?;

    let mut tokens = 0_usize;
    let mut nesting = 0_usize;
    let mut rest = text;
    while let Some((token, after)) = next(rest) {
        tokens = tokens.saturating_add(1);
        match token {
            Token::Open => nesting = nesting.saturating_add(1),
            Token::Close => nesting = nesting.saturating_sub(1),
            Token::Endless => {
                return Err(Refused::syntax("this string has no end", position(text, after)));
            }
            Token::Other => {}
        }
        at_most("nesting of brackets", nesting, MAX_NESTING)?;
        rest = after;
    }
    at_most("number of tokens", tokens, limits.max_tokens)?;
    Ok(tokens)
}

enum Token {
    Open,
    Close,
    /// A string without an end.
    Endless,
    Other,
}

/// The next token and the text after it; of an endless string, the text from it on.
fn next(text: &str) -> Option<(Token, &str)> {
    let text = skip_ignored(text);
    let mut chars = text.chars();
    let first = chars.next()?;
    let after = chars.as_str();
    Some(match first {
        '(' | '[' | '{' => (Token::Open, after),
        ')' | ']' | '}' => (Token::Close, after),
        '"' => string(text).map_or((Token::Endless, text), |after| (Token::Other, after)),
        '.' => (Token::Other, after.strip_prefix("..").unwrap_or(after)),
        '-' | '0'..='9' => (Token::Other, number(after)),
        'a'..='z' | 'A'..='Z' | '_' => (Token::Other, after.trim_start_matches(is_word)),
        _ => (Token::Other, after),
    })
}

/// Skips white space, commas, byte order marks and comments.
fn skip_ignored(mut text: &str) -> &str {
    loop {
        text = text.trim_start_matches([' ', '\t', '\r', '\n', ',', '\u{feff}']);
        match text.strip_prefix('#') {
            Some(comment) => text = comment.trim_start_matches(|c| c != '\r' && c != '\n'),
            None => return text,
        }
    }
}

/// The text after the string at its start, or None if the string has no end.
fn string(text: &str) -> Option<&str> {
    if let Some(mut rest) = text.strip_prefix(r#"""""#) {
        // Within a block string, \""" is the one escape.
        loop {
            let (before, after) = rest.split_once(r#"""""#)?;
            if !before.ends_with('\\') {
                return Some(after);
            }
            rest = after;
        }
    }
    let mut chars = text.strip_prefix('"')?.chars();
    loop {
        match chars.next()? {
            '"' => return Some(chars.as_str()),
            '\r' | '\n' => return None,
            '\\' => {
                chars.next()?;
            }
            _ => {}
        }
    }
}

/// The text after a number whose first character is gone: `1.5e-3` is one token, `1-2` are two.
fn number(text: &str) -> &str {
    let mut last = ' ';
    text.trim_start_matches(|c| {
        let exponent = matches!(last, 'e' | 'E') && matches!(c, '+' | '-');
        last = c;
        exponent || is_word(c) || c == '.'
    })
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Line and column, from 1, of the last part of a text.
fn position(text: &str, rest: &str) -> (usize, usize) {
    let before = text.strip_suffix(rest).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count().saturating_add(1), line.chars().count().saturating_add(1))
}
