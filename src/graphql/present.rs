//! Presents what was fetched for a page at once, instead of asking the engine for a future a field, which is what most of the time
//! of a page goes into once nothing of it has to be read.
//!
//! What cannot be had without waiting, or is wrong, is left to the engine: `Presented` then resolves the object as if this were
//! not there. So the resolvers of a type are the truth, and `Present` repeats of them what pages show. A test compares the two.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::indexmap::IndexMap;
use async_graphql::indexmap::map::Entry;
use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, Name, OutputType, Positioned, ServerResult, Value};
use entity::UserId;

use super::RequestContext;
use super::id::GlobalId;
use super::selection::Document;
use crate::app::App;
use crate::loader::Prefetched;

/// An object whose fields can be had without waiting.
pub trait Present {
    /// The names of its type and of the interfaces that it implements.
    const TYPES: &'static [&'static str];

    /// The value of a field. None if it cannot be had without waiting, or is an error.
    fn field(&self, at: &Presenter<'_>, name: &str, field: &Field) -> Option<Value>;
}

/// What the fields of a page are read from.
pub struct Presenter<'a> {
    pub app: &'a App,
    pub page: Arc<Prefetched>,
    pub viewer: Option<UserId>,
    pub document: Document<'a>,
}

impl<'a> Presenter<'a> {
    fn new(ctx: &ContextSelectionSet<'a>) -> Self {
        let request: &Arc<RequestContext> = ctx.data_unchecked();
        let (app, loaders) = request.reads(ctx);
        let viewer = request.viewer().map(|viewer| viewer.user);
        Self { app, page: loaders.prefetched(), viewer, document: Document::of(ctx) }
    }

    /// The selected fields of an object.
    pub fn object<T: Present>(&self, of: &T, set: &SelectionSet) -> Option<Value> {
        let mut fields = IndexMap::with_capacity(set.items.len());
        self.collect(of, set, &mut fields)?;
        Some(Value::Object(fields))
    }

    pub fn list<'t, T: Present + 't>(&self, of: impl IntoIterator<Item = &'t T>, set: &SelectionSet) -> Option<Value> {
        of.into_iter().map(|item| self.object(item, set)).collect::<Option<_>>().map(Value::List)
    }

    fn collect<T: Present>(&self, of: &T, set: &SelectionSet, fields: &mut IndexMap<Name, Value>) -> Option<()> {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let (field, name) = (&field.node, field.node.name.node.as_str());
                    // What is to be left out by @skip and @include is gone by now.
                    if field.directives.iter().any(|directive| !is_conditional(&directive.node.name.node)) {
                        return None;
                    }
                    let value = match name {
                        "__typename" => (*T::TYPES.first()?).into(),
                        _ => of.field(self, name, field)?,
                    };
                    merge(fields, field.response_key().node.clone(), value);
                }
                Selection::InlineFragment(fragment) => {
                    let condition =
                        fragment.node.type_condition.as_ref().map(|condition| condition.node.on.node.as_str());
                    if condition.is_none_or(|condition| T::TYPES.contains(&condition)) {
                        self.collect(of, &fragment.node.selection_set.node, fields)?;
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let (condition, set) = self.document.fragment(&spread.node.fragment_name.node)?;
                    if T::TYPES.contains(&condition) {
                        self.collect(of, set, fields)?;
                    }
                }
            }
        }
        Some(())
    }
}

fn is_conditional(directive: &Name) -> bool {
    matches!(directive.as_str(), "skip" | "include")
}

/// A field that is selected twice is one: of an object, all that either of them selects.
fn merge(fields: &mut IndexMap<Name, Value>, key: Name, value: Value) {
    match fields.entry(key) {
        Entry::Vacant(entry) => drop(entry.insert(value)),
        Entry::Occupied(entry) => unite(entry.into_mut(), value),
    }
}

fn unite(first: &mut Value, second: Value) {
    match (first, second) {
        (Value::Object(first), Value::Object(second)) => {
            second.into_iter().for_each(|(key, value)| merge(first, key, value));
        }
        (Value::List(first), Value::List(second)) => {
            first.iter_mut().zip(second).for_each(|(first, second)| unite(first, second));
        }
        _ => (),
    }
}

pub fn id(id: &GlobalId) -> Value {
    Value::String(id.encode().0)
}

/// An object of the schema that is presented without waiting, if that is possible.
pub struct Presented<T>(pub T);

impl<T: Present + OutputType> OutputType for Presented<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match Presenter::new(ctx).object(&self.0, &ctx.item.node) {
            Some(value) => Ok(value),
            None => self.0.resolve(ctx, field).await,
        }
    }
}
