//! Sizes of pages that are no `Int`, which has 32 bits. Before it executes, the engine takes 64, so that such a size would pass
//! wherever nothing comes to be executed, as under a null.

use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Number, Value};

use super::Refused;

/// Looks at the sizes that stand in the text, each once.
pub(super) fn check(document: &ExecutableDocument) -> Result<(), Refused> {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    let mut sets: Vec<&SelectionSet> = operations.chain(fragments).collect();
    while let Some(set) = sets.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    check_sizes(&field.node)?;
                    sets.push(&field.node.selection_set.node);
                }
                Selection::InlineFragment(inline) => sets.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(_) => (),
            }
        }
    }
    Ok(())
}

fn check_sizes(field: &Field) -> Result<(), Refused> {
    for (name, value) in &field.arguments {
        let name = name.node.as_str();
        if matches!(name, "first" | "last")
            && let Some(Value::Number(number)) = value.node.clone().into_const()
            && !fits_int(&number)
        {
            return Err(Refused::NoInt(format!("{name} is an Int, which has 32 bits: {number} is none.")));
        }
    }
    Ok(())
}

/// Whether a number has at most 32 bits. A fraction is the engine's to refuse.
#[must_use]
pub fn fits_int(number: &Number) -> bool {
    number.is_f64() || number.as_i64().is_some_and(|number| i32::try_from(number).is_ok())
}
