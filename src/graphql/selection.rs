//! What a document selects, read without the engine: which fields, with which arguments, through all fragments.

use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::{ContextBase, Name, QueryEnv, Value};

use super::page::PageArgs;

/// The document of a request, with its variables.
#[derive(Clone, Copy)]
pub struct Document<'a>(&'a QueryEnv);

impl<'a> Document<'a> {
    pub fn of<T>(ctx: &ContextBase<'a, T>) -> Self {
        Self(ctx.query_env)
    }

    /// Calls `visit` with every field of a selection set on whatever type, those of fragments included.
    pub fn each(self, set: &'a SelectionSet, visit: &mut impl FnMut(&'a Field)) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => visit(&field.node),
                Selection::InlineFragment(fragment) => self.each(&fragment.node.selection_set.node, visit),
                Selection::FragmentSpread(spread) => {
                    if let Some(set) = self.fragment(&spread.node.fragment_name.node).map(|(_, set)| set) {
                        self.each(set, visit);
                    }
                }
            }
        }
    }

    /// The type and the selections of a fragment.
    pub fn fragment(self, name: &Name) -> Option<(&'a str, &'a SelectionSet)> {
        let fragment = &self.0.fragments.get(name)?.node;
        Some((fragment.type_condition.node.on.node.as_str(), &fragment.selection_set.node))
    }

    /// The arguments of a field, if they are nothing but those of a page and what they should be.
    pub fn page_args(self, field: &Field) -> Option<PageArgs> {
        let mut args = PageArgs { first: None, after: None, last: None, before: None };
        for (name, value) in &field.arguments {
            let variable = |name: Name| self.0.variables.get(&name).cloned().ok_or(());
            // A variable that was left out is an argument that was left out.
            let value = value.node.clone().into_const_with(variable).unwrap_or_default();
            match name.node.as_str() {
                "first" => args.first = int(value)?,
                "after" => args.after = string(value)?,
                "last" => args.last = int(value)?,
                "before" => args.before = string(value)?,
                _ => return None,
            }
        }
        Some(args)
    }
}

fn int(value: Value) -> Option<Option<i32>> {
    match value {
        Value::Null => Some(None),
        Value::Number(number) => Some(Some(number.as_i64()?.try_into().ok()?)),
        _ => None,
    }
}

fn string(value: Value) -> Option<Option<String>> {
    match value {
        Value::Null => Some(None),
        Value::String(text) => Some(Some(text)),
        _ => None,
    }
}
