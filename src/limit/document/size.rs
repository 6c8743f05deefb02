//! How large a document is once its fragments are spread, measured without spreading them.

use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};

use super::{Refused, shortened};

/// The size of a selection set with every fragment spread in its place; saturating.
///
/// Of a document: the largest depth, aliases and directives of an operation, which the engine
/// executes one of, and the selections of all operations, which it validates all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    pub depth: usize,
    pub aliases: usize,
    pub directives: usize,
    pub selections: usize,
}

impl Size {
    fn of_directives(directives: usize) -> Self {
        Self { directives, ..Self::default() }
    }

    /// Of two selections side by side.
    fn plus(self, other: Self) -> Self {
        Self {
            depth: self.depth.max(other.depth),
            aliases: self.aliases.saturating_add(other.aliases),
            directives: self.directives.saturating_add(other.directives),
            selections: self.selections.saturating_add(other.selections),
        }
    }
}

/// Orders the fragments so that each comes after those that it spreads (Kahn's algorithm).
pub(super) fn dependency_order(document: &ExecutableDocument) -> Result<Vec<Name>, Refused> {
    let fragments = &document.fragments;
    let mut missing = HashMap::with_capacity(fragments.len());
    let mut spread_by: HashMap<&Name, Vec<&Name>> = HashMap::new();
    let mut ready = Vec::new();
    for (name, fragment) in fragments {
        let mut spreads = spreads(&fragment.node.selection_set.node);
        spreads.retain(|spread| fragments.contains_key(*spread));
        if spreads.is_empty() {
            ready.push(name);
        }
        missing.insert(name, spreads.len());
        for spread in spreads {
            spread_by.entry(spread).or_default().push(name);
        }
    }

    let mut order = Vec::with_capacity(fragments.len());
    while let Some(name) = ready.pop() {
        order.push(name.clone());
        for user in spread_by.remove(name).unwrap_or_default() {
            let missing = missing.entry(user).or_default();
            *missing = missing.saturating_sub(1);
            if *missing == 0 {
                ready.push(user);
            }
        }
    }

    let cyclic = missing.into_iter().filter(|(_, missing)| *missing > 0);
    match cyclic.map(|(name, _)| name).min() {
        None => Ok(order),
        Some(name) => Err(Refused::Cycle(format!(
            "The fragment {} leads into a cycle: none may spread itself, even through others.",
            shortened(name)
        ))),
    }
}

/// The fragments that a selection set spreads, at whatever level, as often as it does.
fn spreads(set: &SelectionSet) -> Vec<&Name> {
    let mut spreads = Vec::new();
    let mut sets = vec![set];
    while let Some(set) = sets.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => sets.push(&field.node.selection_set.node),
                Selection::InlineFragment(inline) => sets.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => spreads.push(&spread.node.fragment_name.node),
            }
        }
    }
    spreads
}

/// What is known of a document once each of its selections has been looked at.
pub(super) struct Measured {
    pub size: Size,
    pub visited: usize,
    pub introspects: bool,
}

pub(super) fn measure(document: &ExecutableDocument, order: &[Name]) -> Measured {
    let mut measure = Measure::default();
    for name in order {
        if let Some(fragment) = document.fragments.get(name) {
            let own = Size::of_directives(fragment.node.directives.len());
            let inner = measure.selection_set(&fragment.node.selection_set.node);
            measure.fragments.insert(name, own.plus(inner));
        }
    }
    let mut largest = Size::default();
    for (_, operation) in document.operations.iter() {
        let operation = &operation.node;
        let mut size = Size::of_directives(operation.directives.len());
        for variable in &operation.variable_definitions {
            size = size.plus(Size::of_directives(variable.node.directives.len()));
        }
        size = size.plus(measure.selection_set(&operation.selection_set.node));
        largest = Size {
            depth: largest.depth.max(size.depth),
            aliases: largest.aliases.max(size.aliases),
            directives: largest.directives.max(size.directives),
            selections: largest.selections.saturating_add(size.selections),
        };
    }
    Measured { size: largest, visited: measure.visited, introspects: measure.introspects }
}

#[derive(Default)]
struct Measure<'a> {
    fragments: HashMap<&'a Name, Size>,
    visited: usize,
    introspects: bool,
}

impl Measure<'_> {
    fn selection_set(&mut self, set: &SelectionSet) -> Size {
        let mut sum = Size::default();
        for selection in &set.items {
            self.visited = self.visited.saturating_add(1);
            let mut inner = match &selection.node {
                Selection::Field(field) => {
                    self.introspects |= matches!(field.node.name.node.as_str(), "__schema" | "__type");
                    let mut inner = self.selection_set(&field.node.selection_set.node);
                    inner.depth = inner.depth.saturating_add(1);
                    let aliases = usize::from(field.node.alias.is_some());
                    inner.aliases = inner.aliases.saturating_add(aliases);
                    inner
                }
                Selection::InlineFragment(inline) => self.selection_set(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let known = self.fragments.get(&spread.node.fragment_name.node);
                    known.copied().unwrap_or_default()
                }
            };
            inner.selections = inner.selections.saturating_add(1);
            let own = Size::of_directives(selection.node.directives().len());
            sum = sum.plus(own).plus(inner);
        }
        sum
    }
}
