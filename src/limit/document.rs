//! How much one GraphQL document may ask for, decided before the engine sees it.
//!
//! async-graphql 8.0.0-rc.5 bounds the depth of a document by walking every fragment spread afresh
//! (`check_recursive_depth`). Thirty fragments that each spread the next one twice, 1,200 bytes,
//! are four billion steps: the thread is gone for minutes, and no timeout ends it, for nothing in
//! it awaits. So every document, whatever it came by, passes here first, in steps that are each
//! linear in its text:
//!
//! 1. `tokens` counts bytes, tokens and open brackets. What nests too deep never reaches the
//!    parser, which recurses.
//! 2. async-graphql's own parser reads the text: about 1 µs a token, nearly all the time spent
//!    here.
//! 3. `size` measures each fragment once, after those that it spreads; a spread adds that measure.
//!    Fragments in a cycle have no such order and are refused. Numbers too large saturate.
//!
//! [`Document::cost`] does the third step again with the variables of a request. Both recurse, but
//! not through fragments: only as deep as brackets nest, which is 60 levels.

mod cost;
mod int;
mod root;
mod size;
mod tokens;

use std::fmt;

use async_graphql::Name;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition};
use async_graphql::parser::{Error as ParseError, parse_query};

pub use int::fits_int;
use size::Measured;
pub use size::Size;

/// What a document may have at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentLimits {
    /// Bytes of text.
    pub max_bytes: usize,
    /// Tokens of text: names, numbers, strings and punctuators, as the specification counts.
    pub max_tokens: usize,
    /// Levels of fields in an operation, leaves included. The standard introspection query has 15.
    pub max_depth: usize,
    /// Aliases in an operation, those of a fragment at every spread.
    pub max_aliases: usize,
    /// Directives in an operation, wherever they stand, those of a fragment at every spread.
    pub max_directives: usize,
    /// Fragment definitions, used or not.
    pub max_fragments: usize,
    /// Selections in all operations, those of a fragment at every spread: what validation walks.
    /// An honest document has fewer than it has tokens.
    pub max_selections: usize,
    /// Objects that an operation may return, see [`Document::cost`].
    pub max_cost: u64,
    /// Objects that a list has when the document does not say: the schema's default page.
    pub default_page: u64,
}

impl Default for DocumentLimits {
    fn default() -> Self {
        Self {
            max_bytes: 15_000,
            max_tokens: 2_000,
            max_depth: 15,
            max_aliases: 30,
            max_directives: 50,
            max_fragments: 100,
            max_selections: 2_000,
            max_cost: 5_000,
            default_page: 20,
        }
    }
}

/// Why a document is not executed, in words for its author: below 200 characters, however long the
/// names in the document are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The text is no GraphQL document. Line and column count from 1, columns in characters.
    Syntax { message: String, line: usize, column: usize },
    /// Fragments spread each other in a circle: no limit is needed to say no.
    Cycle(String),
    /// The size of a page is no `Int`.
    NoInt(String),
    /// The document is above one of the [`DocumentLimits`].
    TooLarge(String),
}

impl Refused {
    /// The `extensions.code` of the GraphQL error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "GRAPHQL_PARSE_FAILED",
            Self::Cycle(_) | Self::NoInt(_) => "GRAPHQL_VALIDATION_FAILED",
            Self::TooLarge(_) => "TOO_COSTLY",
        }
    }

    fn syntax(message: &str, (line, column): (usize, usize)) -> Self {
        let message = format!("Syntax error: {}.", shortened(message));
        Self::Syntax { message, line, column }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Syntax { message, .. } | Self::Cycle(message) | Self::NoInt(message) | Self::TooLarge(message)) =
            self;
        f.write_str(message)
    }
}

impl std::error::Error for Refused {}

/// The parser's message, without the copy of the text that it draws above its last line.
impl From<ParseError> for Refused {
    fn from(error: ParseError) -> Self {
        let drawing = error.to_string();
        let last_line = drawing.lines().last().unwrap_or_default();
        let position = error.positions().next();
        Self::syntax(last_line.trim_start_matches([' ', '=']), position.map_or((1, 1), |at| (at.line, at.column)))
    }
}

/// A document within its limits. It depends on the text alone, so it may be cached by the text.
#[derive(Clone, Debug)]
pub struct Document {
    /// For `Request::set_parsed_query`.
    pub parsed: ExecutableDocument,
    /// What was measured.
    pub size: Size,
    /// Selections looked at while measuring: as many as are written in the text, never more.
    pub visited: usize,
    /// Tokens of text.
    pub tokens: usize,
    /// Whether the schema itself is asked for.
    pub introspects: bool,
    /// The names of the fragments, each after those that it spreads.
    order: Vec<Name>,
}

/// Parses a document that is within the limits on everything but cost, which needs variables.
///
/// # Errors
///
/// [`Refused::Syntax`] if the text is no GraphQL document, [`Refused::Cycle`] if a fragment spreads
/// itself, [`Refused::TooLarge`] above a limit, [`Refused::NoInt`] for a page's size beyond 32 bits. All else that can be wrong with a document, such as
/// a spread of an unknown fragment, is left to the engine's validation.
pub fn parse(text: &str, limits: &DocumentLimits) -> Result<Document, Refused> {
    parse_counting(text, limits, &mut 0)
}

/// The same; `visited` grows by the selections that were looked at, of a document that is refused as well.
///
/// # Errors
///
/// Those of [`parse`].
pub fn parse_counting(text: &str, limits: &DocumentLimits, visited: &mut usize) -> Result<Document, Refused> {
    let tokens = tokens::check(text, limits)?;
    let parsed = parse_query(text)?;
    let fragments = parsed.fragments.len();
    at_most("number of fragments", fragments, limits.max_fragments)?;
    let order = size::dependency_order(&parsed)?;
    let Measured { size, visited: looked_at, introspects } = size::measure(&parsed, &order);
    *visited = visited.saturating_add(looked_at);
    at_most("depth of an operation", size.depth, limits.max_depth)?;
    at_most("number of aliases", size.aliases, limits.max_aliases)?;
    let directives = size.directives;
    at_most("number of directives", directives, limits.max_directives)?;
    let selections = "number of selections with all fragments spread";
    at_most(selections, size.selections, limits.max_selections)?;
    int::check(&parsed)?;
    Ok(Document { parsed, size, visited: looked_at, tokens, introspects, order })
}

impl Document {
    /// About how many bytes of memory it takes: a token is a node of the syntax tree at most, with a name of its own.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.tokens.saturating_mul(256).saturating_add(1_024)
    }

    /// The operation that a request means, as the engine picks it: by name among named operations,
    /// without a name if there is only one. None is the engine's to report.
    #[must_use]
    pub fn operation(&self, name: Option<&str>) -> Option<&OperationDefinition> {
        let operation = match (&self.parsed.operations, name) {
            (DocumentOperations::Single(operation), None) => Some(operation),
            (DocumentOperations::Single(_), Some(_)) => None,
            (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
            (DocumentOperations::Multiple(operations), None) => {
                operations.values().next().filter(|_| operations.len() == 1)
            }
        };
        operation.map(|operation| &operation.node)
    }
}

fn at_most<N: Copy + PartialOrd + fmt::Display>(what: &str, found: N, limit: N) -> Result<(), Refused> {
    if found <= limit {
        return Ok(());
    }
    Err(Refused::TooLarge(format!("The {what} is {found} and may be at most {limit}: ask for less in one request.")))
}

/// The beginning of a text that the client may have made as long as it likes.
fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}
