//! Presents what was fetched for a page: writes it as JSON at once, instead of asking the engine for a future and a value a field,
//! which is what most of the time of a page goes into once nothing of it has to be read.
//!
//! What cannot be had without waiting, or is wrong, is left to the engine: `Presented` then resolves the object as if this were
//! not there. So the resolvers of a type are the truth, and `Present` repeats of them what pages show. A test compares the two.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value};
use entity::UserId;

use super::RequestContext;
use super::json::Json;
use super::selection::{Document, Selected};
use crate::app::App;
use crate::loader::Prefetched;

/// An object whose fields can be had without waiting.
pub trait Present {
    /// The names of its type and of the interfaces that it implements.
    const TYPES: &'static [&'static str];

    /// Writes the value of a field. None if it cannot be had without waiting, or is an error.
    fn field<'a>(&self, at: &Presenter<'a>, field: &Selected<'a>, json: &mut Json) -> Option<()>;
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

    /// Writes the selected fields of an object.
    pub fn object<T: Present>(&self, of: &T, selected: &Selected<'a>, json: &mut Json) -> Option<()> {
        let fields = selected.fields(self.document, T::TYPES)?.iter().map(|field| (field.key, field));
        json.object(fields, |json, field| match field.name {
            "__typename" => json.string(T::TYPES.first()?),
            _ => of.field(self, field, json),
        })
    }

    pub fn list<'t, T: Present + 't>(
        &self,
        of: impl IntoIterator<Item = &'t T>,
        selected: &Selected<'a>,
        json: &mut Json,
    ) -> Option<()> {
        json.list(of, |json, item| self.object(item, selected, json))
    }
}

/// An object of the schema that is presented without waiting, if that is possible.
pub struct Presented<T>(pub T);

impl<T: Present> Presented<T> {
    fn present(&self, ctx: &ContextSelectionSet<'_>) -> Option<Value> {
        let at = Presenter::new(ctx);
        let selected = at.document.selected_at(ctx.path_node.as_ref()?)?;
        let mut json = Json::default();
        at.object(&self.0, &selected, &mut json)?;
        Some(json.into_value())
    }
}

impl<T: Present + OutputType> OutputType for Presented<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let presented = self.present(ctx);
        match presented {
            Some(value) => Ok(value),
            None => self.0.resolve(ctx, field).await,
        }
    }
}
