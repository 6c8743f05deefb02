//! What is counted before the parser sees a text: bytes, tokens, brackets.

use roost::limit::document::{DocumentLimits, parse};

use super::{accepted, refused, refused_by, syntax_error, too_large, unlimited};

#[test]
fn bytes_are_counted_before_all_else() {
    let brackets = "[".repeat(1_000_000);
    assert_eq!(refused(&brackets), too_large("number of bytes", 1_000_000, 15_000));
    let exactly = format!("{{ a }}{}", " ".repeat(14_995));
    assert_eq!(exactly.len(), 15_000);
    accepted(&exactly);
    assert_eq!(refused(&(exactly + " ")), too_large("number of bytes", 15_001, 15_000));
}

#[test]
fn brackets_never_reach_the_parser() {
    for open in ["[", "{", "(", "{a", "{...", "{a(b:[", "{a(b:{c:", "query($a:["] {
        let message = refused_by(&open.repeat(1_000_000), &unlimited());
        assert_eq!(message, too_large("nesting of brackets", 61, 60));
    }
}

#[test]
fn ten_thousand_levels() {
    let text = "{a".repeat(10_000) + &"}".repeat(10_000);
    assert_eq!(refused(&text), too_large("number of bytes", 30_000, 15_000));
    assert_eq!(refused_by(&text, &unlimited()), too_large("nesting of brackets", 61, 60));
}

#[test]
fn sixty_levels_reach_it() {
    for level in ["{a", "{...{a"] {
        let levels = 60 / level.matches('{').count();
        let text = level.repeat(levels) + &"}".repeat(60);
        assert_eq!(parse(&text, &unlimited()).expect("parsed").size.depth, levels);
    }
    let text = format!("{{a(b:{}{})}}", "[".repeat(58), "]".repeat(58));
    parse(&text, &unlimited()).expect("parsed");
}

#[test]
fn brackets_in_strings_and_comments_are_text() {
    let open = "[{(".repeat(100);
    accepted(&format!(r#"{{ a(b: "{open}") }}"#));
    accepted(&format!(r#"{{ a(b: "\"{open}\\") }}"#));
    accepted(&format!(r#"{{ a(b: "\u0022{open} # é") }}"#));
    accepted(&format!(r#"{{ a(b: """{open}""") }}"#));
    accepted(&format!("{{ a(b: \"\"\"{open} \" \"\" \\\"\"\" \n\r\n # {open}\\\\\"\"\" \"\"\") }}"));
    accepted(&format!("{{ a # {open} \" \n }} # {open}"));
    accepted(&format!("{{ a # {open} \" \r }} # \"\"\""));
}

#[test]
fn brackets_after_strings_and_comments_are_brackets() {
    let open = "[".repeat(60);
    for start in [
        r#"{ a(b: "" "#,
        r#"{ a(b: "\\" "#,
        r#"{ a(b: "\"" "#,
        r#"{ a(b: """""" "#,
        r#"{ a(b: """ \""" """ "#,
        "{ a(b: # \"\n",
        "{ a(b: # \"\r",
    ] {
        let message = refused(&format!("{start}{open}"));
        assert_eq!(message, too_large("nesting of brackets", 61, 60), "{start}");
    }
}

#[test]
fn a_string_without_an_end_is_refused_where_it_begins() {
    let open = "[".repeat(1_000);
    // The parser would take the second for "", "a" and brackets.
    for string in [r#"""#, r#"""""a" "#, r#"""""a\""" "#, "\"a\n", r#""a\"#] {
        let text = format!("{{\n  é: a(b: {string}{open}");
        let message = "Syntax error: this string has no end.".to_owned();
        assert_eq!(syntax_error(&text), (message, 2, 11), "{string}");
    }
}

#[test]
fn tokens_are_those_of_the_specification() {
    let tokens = |text: &str| {
        let limits = DocumentLimits { max_tokens: 0, ..unlimited() };
        let message = refused_by(text, &limits);
        let count = message.trim_start_matches("The number of tokens is ");
        count.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("{message}"))
    };
    let counted: Vec<usize> = [
        "query Q($a: [Int!]! = -1.5e-3) @b { ...on C { d: e } } # f",
        "{a(b:[1-1,0.5E+3 1e2-3])}",
        "\u{feff}{\u{feff}a,,,\t\r\nb}",
        r#"{a(b:"c d" e:"""f "g" \""" h""")...i}"#,
        "{ é }",
    ]
    .into_iter()
    .map(tokens)
    .collect();
    assert_eq!(counted, [26, 14, 4, 13, 3]);
}

#[test]
fn too_many_tokens() {
    let text = format!("{{{}}}", "a ".repeat(1_998));
    accepted(&text);
    let text = format!("{{{}}}", "a ".repeat(1_999));
    assert_eq!(refused(&text), too_large("number of tokens", 2_001, 2_000));
}

#[test]
fn byte_order_mark_and_unicode() {
    accepted("\u{feff}{ a(b: \"日本語 \u{1f426}\") # комментарий\n }");
    accepted("{ a(b: \"\"\"\u{1f426}\"\"\") }");
    assert_eq!(syntax_error("{ é }").1, 1);
}
