//! Texts that are no documents.

use super::{refused, syntax_error};

#[test]
fn positions_and_messages_are_those_of_the_parser() {
    let (message, line, column) = syntax_error("{\n  a(b:)\n}");
    assert_eq!((line, column), (2, 7));
    assert!(message.starts_with("Syntax error: expected "), "{message}");
    assert!(!message.contains('\n'));
    assert_eq!(
        syntax_error("query A { a }\nquery A { a }"),
        ("Syntax error: operation A is defined twice.".to_owned(), 2, 1)
    );
}

#[test]
fn messages_stay_short() {
    let name = "a".repeat(7_000);
    for text in [
        String::new(),
        format!("{{ {name}"),
        format!("{{ {name}(:) }}"),
        format!("query {name} {{a}} query {name} {{a}}"),
        format!("{{a}} fragment {name} on A {{a}} fragment {name} on A {{a}}"),
        format!("fragment {name} on A {{a}}"),
        format!("{{...{name}}} fragment {name} on A {{ ...{name} }}").replace(&name, &"a".repeat(4_000)),
        "{a(b: 1e999999999)}".to_owned(),
        "{a(b: \"\u{1f426}".to_owned(),
        "{\u{1f426}}".to_owned(),
        "type A { a: Int }".to_owned(),
    ] {
        refused(&text);
    }
}
