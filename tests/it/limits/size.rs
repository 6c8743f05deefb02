//! How large a document is once its fragments are spread.

use async_graphql::Variables;
use async_graphql::parser::types::OperationType;
use roost::limit::document::{Document, DocumentLimits, Size, parse};

use super::{accepted, bomb, refused, refused_by, too_large, unlimited};

#[test]
fn introspection_passes_with_all_its_options() {
    for text in [include_str!("introspection.graphql"), include_str!("introspection-all.graphql")] {
        let document = accepted(text);
        assert_eq!(document.size.depth, 15);
        assert!(document.size.selections < 250, "{:?}", document.size);
        let cost = document.cost(None, &Variables::default(), &DocumentLimits::default());
        assert_eq!(cost, Ok(1));
    }
}

#[test]
fn all_parts_are_measured() {
    let document = accepted(
        "query A($v: Int @x) @x { one: a @x { ...F @x ... @x { two: b } } }
         query B { a { b { c { d } } } }
         fragment F on T @x { three: c { d } ...G ...Unknown }
         fragment G on T { four: e @x @x }",
    );
    let size = Size { depth: 4, aliases: 4, directives: 8, selections: 13 };
    assert_eq!(document.size, size);
    assert_eq!(document.visited, 13);
}

#[test]
fn fragment_bombs_cost_nothing() {
    let message = refused(&bomb(30));
    let selections = "number of selections with all fragments spread";
    assert_eq!(message, too_large(selections, (1 << 32) - 1, 2_000));

    for levels in [1, 30, 60, 1_000] {
        let document = parse(&bomb(levels), &unlimited()).expect("no limit");
        assert_eq!(document.visited, 2 * levels + 3);
        assert_eq!(document.size.depth, 2);
        let cost = document.cost(None, &Variables::default(), &unlimited());
        assert_eq!(cost, Ok(1_u64.checked_shl(levels as u32).unwrap_or(u64::MAX)));
    }
}

#[test]
fn wide_fragment_bombs_are_refused_too() {
    let mut text = String::from("{ ...f0 }");
    for level in 0..15 {
        let spreads = format!("...f{} ", level + 1).repeat(50);
        text += &format!("fragment f{level} on Query {{ {spreads} }}");
    }
    text += "fragment f15 on Query { a }";
    assert!(refused(&text).contains("selections"));
}

#[test]
fn aliases_and_directives_in_bombs_saturate() {
    let text = bomb(100).replace("a { b }", "c: a @d { b }");
    let size = parse(&text, &unlimited()).expect("no limit").size;
    assert_eq!((size.aliases, size.directives), (usize::MAX, usize::MAX));
    assert_eq!(size.selections, usize::MAX);
}

#[test]
fn ten_thousand_aliases() {
    let aliases: String = (0..10_000).map(|n| format!("a{n}: b ")).collect();
    let text = format!("{{ {aliases} }}");
    assert!(refused(&text).contains("number of bytes"));
    let limits = DocumentLimits { max_aliases: 30, ..unlimited() };
    assert_eq!(refused_by(&text, &limits), too_large("number of aliases", 10_000, 30));
    assert_eq!(parse(&text, &unlimited()).expect("no limit").visited, 10_000);
}

#[test]
fn five_thousand_unused_fragments() {
    let fragments: String = (0..5_000).map(|n| format!("fragment f{n} on Query {{ a }} ")).collect();
    let text = format!("{{ a }} {fragments}");
    assert!(refused(&text).contains("number of bytes"));
    let limits = DocumentLimits { max_fragments: 100, ..unlimited() };
    assert_eq!(refused_by(&text, &limits), too_large("number of fragments", 5_000, 100));
    assert_eq!(parse(&text, &unlimited()).expect("no limit").visited, 5_001);
}

#[test]
fn each_limit_is_the_last_that_passes() {
    let aliases = |n| format!("{{ {} }}", "a: b ".repeat(n));
    let directives = |n| format!("{{ a {} }}", "@b ".repeat(n));
    let depth = |n| "{a".repeat(n) + &"}".repeat(n);
    let fragments = |n| (0..n).fold("{a}".to_owned(), |text, n| text + &format!("fragment f{n} on A {{a}}"));
    let selections = |n: usize| format!("{{ {} }} fragment f on A {{ {} }}", "...f ".repeat(n / 100), "a ".repeat(99));
    for text in [aliases(30), directives(50), depth(15), fragments(100), selections(2_000)] {
        accepted(&text);
    }
    for (text, what, found, limit) in [
        (aliases(31), "number of aliases", 31, 30),
        (directives(51), "number of directives", 51, 50),
        (depth(16), "depth of an operation", 16, 15),
        (fragments(101), "number of fragments", 101, 100),
        (selections(2_100), "number of selections with all fragments spread", 2_100, 2_000),
    ] {
        assert_eq!(refused(&text), too_large(what, found, limit));
    }
}

#[test]
fn cycles_end() {
    for cycle in [
        "{ ...a } fragment a on A { ...a ...a }",
        "{ ...a } fragment a on A { b { ...b ...b } } fragment b on A { ... { ...a } }",
        "{ c } fragment a on A { ...b } fragment b on A { ...b }",
    ] {
        let message = refused(cycle);
        assert!(message.starts_with("The fragment a leads into a cycle"), "{message}");
    }
}

#[test]
fn the_operation_is_the_engines_choice() {
    let named = accepted("query A { a } mutation B { b { c } }");
    let single = accepted("{ a }");
    let ty = |document: &Document, name| document.operation(name).map(|operation| operation.ty);
    assert_eq!(ty(&named, Some("B")), Some(OperationType::Mutation));
    assert_eq!(ty(&named, None), None);
    assert_eq!(ty(&named, Some("C")), None);
    assert_eq!(ty(&single, None), Some(OperationType::Query));
    assert_eq!(ty(&single, Some("A")), None);
    assert_eq!(ty(&accepted("query A { a }"), None), Some(OperationType::Query));
    let cost = |name| named.cost(name, &Variables::default(), &DocumentLimits::default());
    assert_eq!([cost(Some("A")), cost(Some("B")), cost(Some("C"))], [Ok(1), Ok(11), Ok(1)]);
}
