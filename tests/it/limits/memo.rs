//! Random documents: the memo equals the expansion, and nothing panics.

use async_graphql::Variables;
use proptest::prelude::{Just, Strategy, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use roost::limit::document::{DocumentLimits, parse};

use super::{naive, unlimited};

/// Selection sets of up to 4 levels that spread only fragments after `level`, so never a cycle.
fn selection_set(level: usize) -> impl Strategy<Value = String> {
    let directive = prop_oneof![
        6 => Just(""),
        1 => Just(" @skip(if: true)"),
        1 => Just(" @skip(if: false) @include(if: true)"),
        1 => Just(" @include(if: false)"),
    ];
    let alias = prop_oneof![3 => Just(""), 1 => Just("x: ")];
    let name = prop::sample::select(vec!["a", "b", "node", "nodes", "edges", "pageInfo", "__c"]);
    let argument = prop::sample::select(vec!["", "", "", "(first: 3)", "(last: 2)", "(first: -1)", "(first: 0)"]);
    let leaf = (alias.clone(), name.clone(), directive.clone())
        .prop_map(|(alias, name, directive)| format!("{alias}{name}{directive}"));
    let spread =
        (level + 1..6, directive.clone()).prop_map(|(fragment, directive)| format!("...f{fragment}{directive}"));
    let selection = prop_oneof![leaf, spread];
    let selection = selection.prop_recursive(3, 16, 3, move |selection| {
        let set = prop::collection::vec(selection, 1..4).prop_map(|set| set.join(" "));
        prop_oneof![
            3 => (alias.clone(), name.clone(), argument.clone(), directive.clone(), set.clone())
                .prop_map(|(alias, name, argument, directive, set)| {
                    format!("{alias}{name}{argument}{directive} {{ {set} }}")
                }),
            1 => (directive.clone(), set)
                .prop_map(|(directive, set)| format!("... on T{directive} {{ {set} }}")),
        ]
    });
    prop::collection::vec(selection, 1..4).prop_map(|set| format!("{{ {} }}", set.join(" ")))
}

fn fragments() -> impl Strategy<Value = String> {
    // f5 is spread but not defined.
    let sets = (selection_set(0), selection_set(1), selection_set(2), selection_set(3), selection_set(4));
    sets.prop_map(|(f0, f1, f2, f3, f4)| {
        let fragments = [f0, f1, f2, f3, f4].into_iter().enumerate();
        fragments.map(|(n, set)| format!("fragment f{n} on T @d {set}\n")).collect()
    })
}

proptest! {
    #[test]
    fn the_memo_equals_the_expansion(
        operation in prop::sample::select(vec!["query", "mutation", "subscription @d"]),
        root in selection_set(0),
        fragments in fragments(),
    ) {
        let text = format!("{operation} {root}\n{fragments}");
        let document = parse(&text, &unlimited()).expect("no limit");
        prop_assert_eq!(document.size, naive::size(&document.parsed));
        let cost = document.cost(None, &Variables::default(), &unlimited());
        prop_assert_eq!(cost, Ok(naive::cost(&document.parsed)));
    }

    #[test]
    fn no_text_panics(
        text in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "(", ")", "[", "]", "\"", "\"\"\"", "\\", "\n", "\r", "#", "...", "on ", "a", "f ", ":", "$a",
            "@skip(if:", "=", "!", "query ", "mutation ", "fragment f on ", "{a}", "first:", "1", "-1.5", "e+", "é",
            "\u{feff}", "null", " ", "\t", "\\u00e9", "\\ud800",
        ]), 0..40),
    ) {
        let text = text.concat();
        match parse(&text, &DocumentLimits::default()) {
            Ok(document) => {
                let cost = document.cost(None, &Variables::default(), &DocumentLimits::default());
                prop_assert!(cost.is_ok_and(|cost| cost >= 1));
            }
            Err(refused) => prop_assert!(refused.to_string().len() < 200),
        }
    }
}
