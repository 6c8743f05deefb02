//! Relay's cursor connections: the one place that knows their rules.

use async_graphql::{Context, SimpleObject};

use super::cursor::{Cursor, Kind};
use super::json::Json;
use super::present::{Present, Presenter};
use super::selection::Selected;
use crate::error::{Error, Result};
use crate::service::page::{End, Page, PageRequest};

const DEFAULT: usize = 20;
const MOST: i32 = 100;

/// The four arguments of a connection, as they come.
pub struct PageArgs {
    pub first: Option<i32>,
    pub after: Option<String>,
    pub last: Option<i32>,
    pub before: Option<String>,
}

impl PageArgs {
    /// # Errors
    /// BAD_USER_INPUT for first and last together, a size out of range, or a cursor of something else.
    pub fn request(&self, ctx: &Context<'_>, kind: Kind) -> Result<PageRequest> {
        let page_info = ctx.look_ahead().field("pageInfo");
        let behind = if self.last.is_none() { "hasPreviousPage" } else { "hasNextPage" };
        self.request_for(kind, page_info.field(behind).exists())
    }

    /// The same, by somebody who knows whether it is asked what lies behind the page.
    ///
    /// # Errors
    /// Those of `request`.
    pub fn request_for(&self, kind: Kind, look_back: bool) -> Result<PageRequest> {
        let (from, size) = match (self.first, self.last) {
            (Some(_), Some(_)) => return Err(Error::BadInput("Give first or last, not both.".to_owned())),
            (Some(first), None) => (End::Newest, size("first", first)?),
            (None, Some(last)) => (End::Oldest, size("last", last)?),
            (None, None) => (End::Newest, DEFAULT),
        };
        Ok(PageRequest {
            size,
            from,
            after: self.after.as_deref().map(|cursor| kind.decode(cursor)).transpose()?,
            before: self.before.as_deref().map(|cursor| kind.decode(cursor)).transpose()?,
            look_back,
        })
    }
}

fn size(name: &str, given: i32) -> Result<usize> {
    match usize::try_from(given) {
        Ok(size) if given <= MOST => Ok(size),
        _ => Err(Error::BadInput(format!("{name} has to be between 0 and {MOST}, but it is {given}."))),
    }
}

/// Where a page stands in its list.
#[derive(Clone, Debug, SimpleObject)]
pub struct PageInfo {
    /// Whether there are more items after this page.
    has_next_page: bool,
    /// Whether there are items before this page.
    has_previous_page: bool,
    /// The cursor of the first item; null on an empty page.
    start_cursor: Option<Cursor>,
    /// The cursor of the last item; null on an empty page.
    end_cursor: Option<Cursor>,
}

impl Present for PageInfo {
    const TYPES: &'static [&'static str] = &["PageInfo"];

    fn field<'a>(&self, _: &Presenter<'a>, field: &Selected<'a>, json: &mut Json) -> Option<()> {
        let cursor = |cursor: Option<Cursor>, json: &mut Json| match cursor {
            Some(cursor) => json.base64(cursor),
            None => json.null(),
        };
        match field.name {
            "hasNextPage" => json.boolean(self.has_next_page),
            "hasPreviousPage" => json.boolean(self.has_previous_page),
            "startCursor" => cursor(self.start_cursor, json),
            "endCursor" => cursor(self.end_cursor, json),
            _ => None,
        }
    }
}

/// Turns the rows of a page into edges.
pub fn edges<T, E>(page: Page<T>, edge: impl Fn(T) -> E, cursor: impl Fn(&E) -> Cursor) -> (Vec<E>, PageInfo) {
    let edges: Vec<E> = page.rows.into_iter().map(edge).collect();
    let page_info = PageInfo {
        has_next_page: page.has_next,
        has_previous_page: page.has_previous,
        start_cursor: edges.first().map(&cursor),
        end_cursor: edges.last().map(&cursor),
    };
    (edges, page_info)
}

/// A connection type for an edge type that has the fields `cursor` and `node`.
macro_rules! connection {
    ($(#[$doc:meta])* $connection:ident, $edge:ident, $node:ident) => {
        $(#[$doc])*
        #[derive(async_graphql::SimpleObject)]
        #[graphql(complex)]
        pub struct $connection {
            /// The items with their cursors.
            edges: Vec<$edge>,
            /// Where this page stands in the list.
            page_info: $crate::graphql::page::PageInfo,
        }

        #[async_graphql::ComplexObject]
        impl $connection {
            /// The items without their cursors.
            async fn nodes(&self) -> Vec<$node> {
                self.edges.iter().map(|edge| edge.node.clone()).collect()
            }
        }

        impl $connection {
            pub fn new<T>(page: $crate::service::page::Page<T>, edge: impl Fn(T) -> $edge) -> Self {
                let (edges, page_info) = $crate::graphql::page::edges(page, edge, |edge| edge.cursor);
                Self { edges, page_info }
            }
        }
    };
}
pub(crate) use connection;

/// Has a connection and its edges presented without the engine, where their nodes are.
macro_rules! present_connection {
    ($connection:ident, $edge:ident) => {
        impl $crate::graphql::present::Present for $connection {
            const TYPES: &'static [&'static str] = &[stringify!($connection)];

            fn field<'a>(
                &self,
                at: &$crate::graphql::present::Presenter<'a>,
                field: &$crate::graphql::selection::Selected<'a>,
                json: &mut $crate::graphql::json::Json,
            ) -> Option<()> {
                match field.name {
                    "nodes" => at.list(self.edges.iter().map(|edge| &edge.node), field, json),
                    "edges" => at.list(&self.edges, field, json),
                    "pageInfo" => at.object(&self.page_info, field, json),
                    _ => None,
                }
            }
        }

        impl $crate::graphql::present::Present for $edge {
            const TYPES: &'static [&'static str] = &[stringify!($edge)];

            fn field<'a>(
                &self,
                at: &$crate::graphql::present::Presenter<'a>,
                field: &$crate::graphql::selection::Selected<'a>,
                json: &mut $crate::graphql::json::Json,
            ) -> Option<()> {
                match field.name {
                    "cursor" => json.base64(self.cursor),
                    "node" => at.object(&self.node, field, json),
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use present_connection;
