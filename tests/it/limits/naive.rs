//! What the memo must equal: the same numbers, each spread expanded afresh.

use async_graphql::parser::types::{ExecutableDocument, Field, OperationType, Selection, SelectionSet};
use roost::limit::document::Size;

pub fn size(document: &ExecutableDocument) -> Size {
    let mut largest = Size::default();
    for (_, operation) in document.operations.iter() {
        let set = &operation.node.selection_set.node;
        largest.depth = largest.depth.max(depth(document, set));
        largest.aliases = largest.aliases.max(count(document, set, &|selection| {
            matches!(selection, Selection::Field(field) if field.node.alias.is_some()).into()
        }));
        let directives = count(document, set, &|selection| match selection {
            Selection::FragmentSpread(spread) => {
                let fragment = document.fragments.get(&spread.node.fragment_name.node);
                let own = fragment.map_or(0, |fragment| fragment.node.directives.len());
                spread.node.directives.len() + own
            }
            other => other.directives().len(),
        });
        largest.directives = largest.directives.max(directives + operation.node.directives.len());
        largest.selections += count(document, set, &|_| 1);
    }
    largest
}

fn inner<'a>(document: &'a ExecutableDocument, selection: &'a Selection) -> Option<&'a SelectionSet> {
    Some(match selection {
        Selection::Field(field) => &field.node.selection_set.node,
        Selection::InlineFragment(inline) => &inline.node.selection_set.node,
        Selection::FragmentSpread(spread) => {
            &document.fragments.get(&spread.node.fragment_name.node)?.node.selection_set.node
        }
    })
}

fn count(document: &ExecutableDocument, set: &SelectionSet, of: &dyn Fn(&Selection) -> usize) -> usize {
    let selections = set.items.iter().map(|item| &item.node);
    selections.map(|item| of(item) + inner(document, item).map_or(0, |set| count(document, set, of))).sum()
}

fn depth(document: &ExecutableDocument, set: &SelectionSet) -> usize {
    let selections = set.items.iter().map(|item| &item.node);
    let depths = selections.map(|item| {
        usize::from(matches!(item, Selection::Field(_))) + inner(document, item).map_or(0, |set| depth(document, set))
    });
    depths.max().unwrap_or(0)
}

/// Fields with all fragments expanded into them.
fn fields<'a>(document: &'a ExecutableDocument, set: &'a SelectionSet) -> Vec<&'a Field> {
    let mut found = Vec::new();
    for item in &set.items {
        let skipped = item.node.directives().iter().any(|directive| {
            let given = directive.node.get_argument("if").map(|value| value.node.to_string());
            let unwanted = if directive.node.name.node == "skip" { "true" } else { "false" };
            given.as_deref() == Some(unwanted)
        });
        match &item.node {
            _ if skipped => {}
            Selection::Field(field) => found.push(&field.node),
            other => found.extend(inner(document, other).into_iter().flat_map(|set| fields(document, set))),
        }
    }
    found
}

pub fn cost(document: &ExecutableDocument) -> u64 {
    let Some((_, operation)) = document.operations.iter().next() else {
        return 0;
    };
    let roots = fields(document, &operation.node.selection_set.node);
    let writes = match operation.node.ty {
        OperationType::Mutation => roots.iter().filter(|field| !field.name.node.starts_with("__")).count(),
        _ => 0,
    };
    (objects(document, &roots) + 10 * writes as u64).max(1)
}

fn objects(document: &ExecutableDocument, fields: &[&Field]) -> u64 {
    fields.iter().map(|field| field_objects(document, field)).sum()
}

fn field_objects(document: &ExecutableDocument, field: &Field) -> u64 {
    let inner = fields(document, &field.selection_set.node);
    if field.name.node.starts_with("__") || field.selection_set.node.items.is_empty() {
        return 0;
    }
    let part_of_connection = |field: &Field| {
        field.arguments.is_empty()
            && !field.selection_set.node.items.is_empty()
            && ["edges", "nodes", "pageInfo"].contains(&field.name.node.as_str())
    };
    let size = |default| match field.arguments.first() {
        Some((_, value)) => value.node.to_string().parse().unwrap_or(20),
        None => default,
    };
    match field.name.node.as_str() {
        "edges" | "pageInfo" if part_of_connection(field) => return objects(document, &inner),
        "nodes" if part_of_connection(field) => return 1 + objects(document, &inner),
        _ => {}
    }
    let (parts, others): (Vec<_>, Vec<_>) = inner.into_iter().partition(|field| part_of_connection(field));
    if parts.is_empty() {
        size(1) * (1 + objects(document, &others))
    } else {
        size(20) * objects(document, &parts).max(1) + objects(document, &others)
    }
}
