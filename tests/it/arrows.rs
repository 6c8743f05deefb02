//! The shape of the repository: who may call whom, where SQL stands, how long a file is. Read from the source.

use std::fs;
use std::path::{Path, PathBuf};

/// What each floor may name of the others. A floor is a folder of src/ or a file in it.
const ARROWS: &[(&str, &[&str])] = &[
    ("http", &["app", "auth", "config", "error", "graphql", "limit", "media", "metrics", "service", "trace"]),
    ("graphql", &["app", "auth", "clock", "error", "ids", "limit", "live", "loader", "metrics", "service"]),
    ("auth", &["app", "config", "error", "limit", "service"]),
    ("loader", &["app", "db", "error", "service", "trace"]),
    ("service", &["app", "bus", "cache", "clock", "db", "error", "ids", "live", "media", "recent"]),
    ("worker", &["app", "bus", "db", "error", "live", "metrics", "service", "trace"]),
    ("bus", &["app", "clock", "config", "db", "error", "live", "trace"]),
    ("limit", &["clock", "redis"]),
    ("media", &["config", "error"]),
    ("cache", &["breaker", "redis"]),
    ("breaker", &[]),
    ("live", &["cache", "redis"]),
    ("db", &["cache", "error"]),
    ("ids", &["clock"]),
    ("clock", &[]),
    ("config", &["cache", "clock", "limit"]),
    ("error", &["limit"]),
    ("metrics", &[]),
    ("recent", &[]),
    ("redis", &["breaker"]),
    ("trace", &[]),
    ("failpoint", &[]),
];

/// What puts the floors together may name them all.
const FREE: &[&str] = &["app", "cli", "lib", "main"];

/// Where SQL stands, as text or built.
const SQL: &[&str] = &["service", "bus", "db"];

/// How SQL begins, or goes on.
const KEYWORDS: &[&str] = &[
    "SELECT ",
    "INSERT INTO",
    "UPDATE ",
    "DELETE FROM",
    " FROM ",
    " WHERE ",
    " JOIN ",
    "CREATE TABLE",
    "ALTER TABLE",
    "DROP TABLE",
    "PRAGMA ",
    "BEGIN IMMEDIATE",
];

const LONGEST: usize = 400;

struct Source {
    /// From the root of the repository.
    path: PathBuf,
    text: String,
    /// Without comments, and with the strings emptied.
    code: String,
    strings: Vec<String>,
}

impl Source {
    fn floor(&self) -> &str {
        let part = self.path.iter().nth(1).unwrap().to_str().unwrap();
        part.strip_suffix(".rs").unwrap_or(part)
    }
}

fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join(folder)];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let (code, strings) = split(&text);
                sources.push(Source { path: path.strip_prefix(root).unwrap().to_owned(), text, code, strings });
            }
        }
    }
    assert!(!sources.is_empty(), "nothing in {folder}");
    sources
}

/// Takes comments out of Rust, and strings apart.
fn split(text: &str) -> (String, Vec<String>) {
    let (mut code, mut strings) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some((content, length)) = string(rest, &code) {
            strings.push(content.to_owned());
            code.push_str("\"\"");
            length
        } else if rest.starts_with("'\"'") {
            3
        } else {
            code.push(next);
            next.len_utf8()
        };
        rest = &rest[skipped..];
    }
    (code, strings)
}

/// The string that a text begins with, and how long it is with its quotes.
fn string<'a>(text: &'a str, before: &str) -> Option<(&'a str, usize)> {
    let raw = text.strip_prefix('r').filter(|_| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_'));
    if let Some(raw) = raw {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if let Some(content) = raw[hashes..].strip_prefix('"') {
            let end = content.find(&format!("\"{}", "#".repeat(hashes)))?;
            return Some((&content[..end], 1 + hashes + 1 + end + 1 + hashes));
        }
    }
    let content = text.strip_prefix('"')?;
    let mut is_escaped = false;
    let end = content.find(|c| {
        let is_end = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    })?;
    Some((&content[..end], end + 2))
}

/// The names that follow a prefix: `a` and `b` in `crate::a::x` and `crate::{b::y}`.
fn named_after(code: &str, prefix: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let rest = &code[at + prefix.len()..];
        assert!(!rest.starts_with('{'), "write `use {prefix}a::…; use {prefix}b::…;`: one line for each floor");
        names.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
    }
    names
}

#[test]
fn no_floor_calls_upwards() {
    let mut wrong = Vec::new();
    for source in sources("src") {
        let floor = source.floor();
        if FREE.contains(&floor) {
            continue;
        }
        let allowed = ARROWS.iter().find(|(name, _)| *name == floor);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("say in ARROWS what src/{floor} may call"));
        for name in named_after(&source.code, "crate::") {
            if name != floor && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{} names {name}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_list_of_arrows_names_only_what_is_there_and_needed() {
    let sources = sources("src");
    for (floor, allowed) in ARROWS {
        let own: Vec<_> = sources.iter().filter(|source| source.floor() == *floor).collect();
        assert!(!own.is_empty(), "there is no src/{floor} any more");
        for name in *allowed {
            let is_named = own.iter().any(|source| named_after(&source.code, "crate::").iter().any(|it| it == name));
            assert!(is_named, "{floor} does not call {name} any more: take the arrow out");
        }
    }
}

#[test]
fn the_arrows_have_no_circle_but_for_the_app() {
    // Everything is reached from App, so whoever takes it as an argument names it.
    let of = |floor: &str| ARROWS.iter().find(|(name, _)| *name == floor).map_or(&[][..], |(_, allowed)| *allowed);
    for (start, _) in ARROWS {
        let mut reached: Vec<&str> = Vec::new();
        let mut open: Vec<&str> = of(start).to_vec();
        while let Some(floor) = open.pop() {
            assert_ne!(floor, *start, "{start} is above and below itself");
            if floor != "app" && !reached.contains(&floor) {
                reached.push(floor);
                open.extend(of(floor));
            }
        }
    }
}

#[test]
fn sql_stands_in_services_and_the_bus() {
    let mut wrong = Vec::new();
    for source in sources("src").iter().filter(|source| !SQL.contains(&source.floor())) {
        for string in &source.strings {
            if KEYWORDS.iter().any(|keyword| string.contains(keyword)) {
                wrong.push(format!("{}: {string:?}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_services_the_bus_and_handlers_begin_transactions() {
    for source in sources("src") {
        // A handler's work and the end of its message are one transaction.
        let may = SQL.contains(&source.floor()) || source.path.ends_with("worker/handle.rs");
        let begins = source.code.contains(".begin()") || source.code.contains(".begin_with");
        assert!(may || !begins, "{} begins a transaction", source.path.display());
        // Queries are built where SQL may stand; errors and the type of a transaction are no queries.
        let builds = ["EntityTrait", "ConnectionTrait", "QueryFilter", "sea_query"];
        let built = builds.iter().find(|name| source.code.contains(**name));
        assert!(SQL.contains(&source.floor()) || built.is_none(), "{} uses {built:?}", source.path.display());
    }
}

#[test]
fn only_the_worker_tells_listeners_what_happened() {
    for source in sources("src") {
        let tells = source.code.contains("live.tell(");
        // A log-out acts at once, worker or not; and the workers of other processes are told of their work.
        let may = source.floor() == "worker"
            || ["service/session.rs", "bus/mod.rs"].iter().any(|file| source.path.ends_with(file));
        assert!(!tells || may, "{} tells listeners", source.path.display());
    }
}

#[test]
fn tables_and_models_know_nothing_of_the_server() {
    for source in sources("migration/src").iter().chain(&sources("entity/src")) {
        for foreign in ["roost::", "async_graphql", "axum"] {
            assert!(!source.code.contains(foreign), "{} names {foreign}", source.path.display());
        }
    }
    for source in sources("migration/src") {
        assert!(!source.code.contains("entity::"), "{} names entities", source.path.display());
    }
}

#[test]
fn no_file_is_too_long() {
    for folder in ["src", "entity/src", "migration/src", "tests"] {
        for source in sources(folder) {
            let lines = source.text.lines().count();
            assert!(lines <= LONGEST, "{} has {lines} lines", source.path.display());
        }
    }
}

#[test]
fn every_module_says_why_it_exists() {
    for source in sources("src").iter().chain(&sources("tests")) {
        assert!(source.text.starts_with("//! "), "{} does not begin with //!", source.path.display());
    }
}

#[test]
fn strings_and_comments_are_told_apart() {
    let text = r##"let a = "x\"y"; // "no"
        let b = r#"raw "quoted" text"#; let c = '"'; /* "no" */ let d = "z//";"##;
    let (code, strings) = split(text);
    assert_eq!(strings, [r#"x\"y"#, r#"raw "quoted" text"#, "z//"]);
    assert!(!code.contains("no") && code.contains("let d = \"\";"), "{code}");
}
