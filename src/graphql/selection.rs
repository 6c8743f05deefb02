//! What a document selects, read without the engine: which fields, with which arguments, through all fragments.

use std::cell::OnceCell;

use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::{ContextBase, Name, QueryEnv, QueryPathNode, QueryPathSegment, Value};

use super::cursor::Kind;
use super::page::PageArgs;
use crate::service::page::PageRequest;

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

    /// The field at a place in the answer. None if several selections meet there: what they make is put together by the engine.
    pub fn selected_at(self, path: &QueryPathNode<'_>) -> Option<Selected<'a>> {
        match self.fields_at(path).as_slice() {
            [field] => Some(Selected::new(field)),
            _ => None,
        }
    }

    /// All fields that have their place there, on whatever type.
    fn fields_at(self, path: &QueryPathNode<'_>) -> Vec<&'a Field> {
        let QueryPathSegment::Name(key) = path.segment else {
            return path.parent.map(|list| self.fields_at(list)).unwrap_or_default();
        };
        let mut found = Vec::new();
        let mut look = |set| {
            self.each(set, &mut |field| {
                if field.response_key().node == key {
                    found.push(field);
                }
            });
        };
        match path.parent {
            None => look(&self.0.operation.node.selection_set.node),
            Some(above) => {
                self.fields_at(above).into_iter().for_each(|field| look(&field.selection_set.node));
            }
        }
        found
    }

    /// Adds the fields of a set that are on one of the types. None if one of them is not simply a field.
    fn collect(self, set: &'a SelectionSet, types: &[&str], fields: &mut Vec<Selected<'a>>) -> Option<()> {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    // What is to be left out by @skip and @include is gone by now.
                    if field.directives.iter().any(|directive| !is_conditional(&directive.node.name.node)) {
                        return None;
                    }
                    // A field that is selected twice is one: of an object, all that either of them selects.
                    match fields.iter_mut().find(|known| known.key == field.response_key().node.as_str()) {
                        Some(known) if known.is_same(field) => known.sets.push(&field.selection_set.node),
                        Some(_) => return None,
                        None => fields.push(Selected::new(field)),
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let condition =
                        fragment.node.type_condition.as_ref().map(|condition| condition.node.on.node.as_str());
                    if condition.is_none_or(|condition| types.contains(&condition)) {
                        self.collect(&fragment.node.selection_set.node, types, fields)?;
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let (condition, set) = self.fragment(&spread.node.fragment_name.node)?;
                    if types.contains(&condition) {
                        self.collect(set, types, fields)?;
                    }
                }
            }
        }
        Some(())
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

fn is_conditional(directive: &Name) -> bool {
    matches!(directive.as_str(), "skip" | "include")
}

/// A field of the answer, whether it is selected once or several times.
pub struct Selected<'a> {
    /// What it is called in the answer.
    pub key: &'a str,
    pub name: &'a str,
    /// The first of its selections: the others have the same arguments.
    field: &'a Field,
    sets: Vec<&'a SelectionSet>,
    fields: OnceCell<Option<Vec<Selected<'a>>>>,
    comments_page: OnceCell<Option<PageRequest>>,
}

impl<'a> Selected<'a> {
    fn new(field: &'a Field) -> Self {
        let (key, name) = (field.response_key().node.as_str(), field.name.node.as_str());
        Self {
            key,
            name,
            field,
            sets: vec![&field.selection_set.node],
            fields: OnceCell::new(),
            comments_page: OnceCell::new(),
        }
    }

    /// Whether both are one field. The engine lets some documents pass that give it other arguments in another fragment.
    fn is_same(&self, other: &Field) -> bool {
        let mut pairs = self.field.arguments.iter().zip(&other.arguments);
        self.field.name.node == other.name.node
            && self.field.arguments.len() == other.arguments.len()
            && pairs.all(|(one, two)| one.0.node == two.0.node && one.1.node == two.1.node)
    }

    /// What is selected of the object that it is. Found out once, for all objects of a list: they are of one type.
    pub fn fields(&self, document: Document<'a>, types: &[&str]) -> Option<&[Self]> {
        let find = || {
            let mut fields = Vec::new();
            self.sets.iter().try_for_each(|set| document.collect(set, types, &mut fields))?;
            Some(fields)
        };
        self.fields.get_or_init(find).as_deref()
    }

    /// Which page of comments it asks for, if that is well asked: found out once, for those under all tweets of a list.
    pub fn comments_page(&self, document: Document<'a>) -> Option<&PageRequest> {
        let find = || document.page_args(self.field)?.request_for(Kind::Comments, false).ok();
        self.comments_page.get_or_init(find).as_ref()
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
