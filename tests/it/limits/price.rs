//! How many objects an operation may return.

use roost::limit::document::{DocumentLimits, Refused};

use super::{cost, try_cost};

#[test]
fn home_feed() {
    let item = "author { profile { nickname } }";
    // 20 * (1 tweet + 1 author + 1 profile + 3 * (1 comment + 1 author + 1 profile))
    for text in [
        format!("{{ homeFeed(first: 20) {{ nodes {{ {item} comments(first: 3) {{ nodes {{ {item} }} }} }} }} }}"),
        format!(
            "{{ homeFeed {{ pageInfo {{ endCursor }} edges {{ cursor node {{ {item} comments(last: 3) {{ edges {{ node {{ {item} }} }} }} }} }} }} }}"
        ),
        format!("{{ homeFeed(first: 20) {{ {item} comments(first: 3) {{ {item} }} }} }}"),
        format!(
            "{{ homeFeed {{ ...Page }} }} fragment Page on C {{ edges {{ ...Edge }} }} fragment Edge on E {{ node {{ {item} comments(first: 3) {{ edges {{ node {{ {item} }} }} }} }} }}"
        ),
    ] {
        assert_eq!(cost(&text, "{}"), 240, "{text}");
    }
}

#[test]
fn lists() {
    for (text, expected) in [
        ("{ a }", 1),
        ("{ a { b } }", 1),
        ("{ a { b } c { d { e } } }", 3),
        ("{ a(first: 3) { b } }", 3),
        ("{ a(first: 0) { b { c } } }", 1),
        ("{ a(first: 3, last: 5) { b } }", 5),
        ("{ a(first: 3, last: null) { b } }", 3),
        ("{ a(first: 3, first: 5) { b } }", 5),
        // What is no size.
        ("{ a(first: -1) { b } }", 20),
        ("{ a(first: 1.5) { b } }", 20),
        ("{ a(first: \"1\") { b } }", 20),
        ("{ a(first: null) { b } }", 20),
        ("{ a(first: $unknown) { b } }", 20),
        ("{ a(first: [1]) { b } }", 20),
        // Connections.
        ("{ a { edges { cursor } } }", 20),
        ("{ a { pageInfo { endCursor } } }", 20),
        ("{ a(first: 3) { totalCount } }", 3),
        ("{ a(first: 3) { edges { cursor } pageInfo { endCursor } } }", 3),
        ("{ a(first: 3) { edges { node { b } } nodes { b } } }", 6),
        ("{ a(first: 3) { nodes { b } summary { c } } }", 4),
        ("{ a(first: 3) { ... { nodes { b } } ...F } } fragment F on A { nodes { c { d } } }", 9),
        // An edge that is not in a connection.
        ("{ createTweet { tweetEdge { node { id } } } }", 3),
        // Ids.
        (r#"{ nodes(ids: ["a", "b", "c"]) { id } }"#, 3),
        (r#"{ nodes(ids: ["a", "b"]) { author { id } } }"#, 4),
        (r#"{ nodes(ids: "a") { id } }"#, 1),
        (r#"{ a { nodes(ids: ["a", "b"]) { id } } }"#, 3),
        // Introspection.
        ("{ __schema { types { fields { args { name } } } } }", 1),
        ("{ __type(name: \"A\") { name } a { __typename } }", 1),
        // No number is too large.
        ("{ a(first: 2147483647) { b(last: 2147483647) { c(first: 2147483647) { d } } } }", u64::MAX),
        // Writes.
        ("mutation { a { b } }", 11),
        ("mutation { a b c: b { d } __typename }", 31),
        ("mutation { ...F ... { a } } fragment F on M { a b { user { c } } }", 32),
        ("subscription { a { b { c } } }", 2),
    ] {
        assert_eq!(cost(text, "{}"), expected, "{text}");
    }
}

#[test]
fn variables() {
    let page = "query($n: Int = 7, $m: Int) { a(first: $n, last: $m) { b } }";
    for (variables, expected) in [
        ("{}", 7),
        (r#"{"n": 3}"#, 3),
        (r#"{"n": null}"#, 20),
        (r#"{"n": "x"}"#, 20),
        (r#"{"n": -3}"#, 20),
        (r#"{"n": 3, "m": 4}"#, 4),
    ] {
        assert_eq!(cost(page, variables), expected, "{variables}");
    }
    let ids = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    assert_eq!(cost(ids, r#"{"ids": ["a", "b", "c", "d"]}"#), 4);
    assert_eq!(cost(ids, r#"{"ids": "a"}"#), 1);
    let id = "query($id: ID!) { nodes(ids: [$id, $id, \"c\"]) { id } }";
    assert_eq!(cost(id, r#"{"id": ["a", "b", "c", "d"]}"#), 3);
    let fragment = "query A($n: Int = 3) { ...F } fragment F on Q { a(first: $n) { b } }";
    assert_eq!(cost(fragment, r#"{"n": 5}"#), 5);
    // The engine takes the first of two definitions.
    assert_eq!(cost("query($n: Int = 9, $n: Int = 0) { a(first: $n) { b } }", "{}"), 9);
    // Not declared, so not read.
    assert_eq!(cost("{ a(first: $n) { b } }", r#"{"n": 3}"#), 20);
}

#[test]
fn skip_and_include() {
    let text = "query($yes: Boolean = true, $no: Boolean = false) {
        a @skip(if: $yes) { b }
        a @include(if: $no) { b }
        ...F @skip(if: true)
        ... @include(if: false) { c { d } }
        a @skip(if: false) @include(if: true) { b }
    } fragment F on Q { c { d } }";
    assert_eq!(cost(text, "{}"), 1);
    assert_eq!(cost(text, r#"{"yes": false}"#), 2);
    assert_eq!(cost(text, r#"{"yes": false, "no": true}"#), 3);
    assert_eq!(cost(text, r#"{"yes": "true", "no": null}"#), 3);
}

#[test]
fn above_the_limit() {
    let limits = DocumentLimits::default();
    let page = "query($n: Int) { a(first: $n) { b(first: 100) { c } } }";
    assert_eq!(try_cost(page, r#"{"n": 49}"#, &limits), Ok(4_949));
    let message = "The cost (objects that may be returned) is 5050 and may be at most 5000: \
                   ask for less in one request.";
    let refused = Err(Refused::TooLarge(message.to_owned()));
    assert_eq!(try_cost(page, r#"{"n": 50}"#, &limits), refused);
}
