//! What an operation costs: the number of objects that it may return.
//!
//! - A field with a selection set is an object: 1, and what is selected of it.
//! - A field that takes `first` or `last` is that many of them, one that takes `ids` as many as it
//!   has ids. With several of these, the largest counts.
//! - A connection, a field that selects `edges`, `nodes` or `pageInfo`, costs its size times what
//!   one item costs, at least 1. `edges` and `pageInfo` and the connection itself are free: the
//!   same list costs the same as a plain list, by `edges { node { .. } }` and by `nodes { .. }`.
//!   What else is selected of the connection counts once.
//! - A mutation costs 10 more a root field. Fields that begin with `__` are free, and so are
//!   leaves. Nothing costs less than 1.
//!
//! So this costs 20 × (1 tweet + 1 author + 1 profile + 3 × (1 comment + 1 author + 1 profile)) =
//! 240:
//!
//! ```graphql
//! { homeFeed(first: 20) { nodes {
//!     author { profile { nickname } }
//!     comments(first: 3) { nodes { author { profile { nickname } } } } } } }
//! ```
//!
//! A variable has the value that the request sends, else its default. A size that is null, unset or
//! no size at all (-1, 1.5, "x") is [`DocumentLimits::default_page`], and so is that of a
//! connection with no such argument. A list with neither, such as the photos of a tweet, is not
//! recognised and counts as one object: the schema must keep such lists short.
//!
//! What `@skip` or `@include` takes away costs nothing.

use std::collections::HashMap;
use std::convert::Infallible;

use async_graphql::parser::types::{Directive, Field, OperationDefinition, OperationType, Selection, SelectionSet};
use async_graphql::{Name, Positioned, Value, Variables};

use super::{Document, DocumentLimits, Refused, at_most};

/// What a root field of a mutation costs on top of its objects.
const WRITE: u64 = 10;

impl Document {
    /// The objects that an operation may return with these variables, by the rules at the top of
    /// this file; saturating. Each selection is looked at once at most.
    ///
    /// Costs 1 if there is no such operation: the engine reports that, and executes nothing.
    ///
    /// # Errors
    ///
    /// [`Refused::TooLarge`] above [`DocumentLimits::max_cost`].
    pub fn cost(
        &self,
        operation_name: Option<&str>,
        variables: &Variables,
        limits: &DocumentLimits,
    ) -> Result<u64, Refused> {
        let Some(operation) = self.operation(operation_name) else {
            return Ok(1);
        };
        let mut pricing = Pricing::new(operation, variables, limits.default_page);
        for name in &self.order {
            if let Some(fragment) = self.parsed.fragments.get(name) {
                let price = pricing.selection_set(&fragment.node.selection_set.node);
                pricing.fragments.insert(name, price);
            }
        }
        let price = pricing.selection_set(&operation.selection_set.node);
        let writes = match operation.ty {
            OperationType::Mutation => price.fields.saturating_mul(WRITE),
            OperationType::Query | OperationType::Subscription => 0,
        };
        let cost = price.total().saturating_add(writes).max(1);
        at_most("cost (objects that may be returned)", cost, limits.max_cost)?;
        Ok(cost)
    }
}

/// What a selection set costs, split by what the field around it does with it.
#[derive(Clone, Copy, Default)]
struct Price {
    /// Fields at this level, for a mutation's root.
    fields: u64,
    /// Objects to count once.
    objects: u64,
    /// Objects to count for each item, if the field around is a connection.
    items: Option<u64>,
}

impl Price {
    /// Of a field that is so many objects.
    fn of_objects(objects: u64) -> Self {
        Self { fields: 1, objects, items: None }
    }

    /// Of a field that is so many objects for each item of the connection around it.
    fn of_items(items: u64) -> Self {
        Self { fields: 1, objects: 0, items: Some(items) }
    }

    /// Of two selections side by side.
    fn plus(self, other: Self) -> Self {
        Self {
            fields: self.fields.saturating_add(other.fields),
            objects: self.objects.saturating_add(other.objects),
            items: match (self.items, other.items) {
                (Some(one), Some(two)) => Some(one.saturating_add(two)),
                (one, two) => one.or(two),
            },
        }
    }

    /// Where nothing around it multiplies the items.
    fn total(self) -> u64 {
        self.objects.saturating_add(self.items.unwrap_or(0))
    }
}

/// The prices of one operation: they depend on its variables.
struct Pricing<'a> {
    /// As the operation declares them: sent, else by default.
    values: HashMap<&'a Name, &'a Value>,
    default_page: u64,
    fragments: HashMap<&'a Name, Price>,
}

impl<'a> Pricing<'a> {
    fn new(operation: &'a OperationDefinition, sent: &'a Variables, default_page: u64) -> Self {
        // Backwards, for of two definitions of a variable the engine takes the first.
        let declared = operation.variable_definitions.iter().rev();
        let values = declared.filter_map(|variable| {
            let name = &variable.node.name.node;
            let default = variable.node.default_value.as_ref();
            Some((name, sent.get(name).or(default.map(|value| &value.node))?))
        });
        Self { values: values.collect(), default_page, fragments: HashMap::new() }
    }

    fn selection_set(&self, set: &SelectionSet) -> Price {
        let selections = set.items.iter().map(|selection| &selection.node);
        let taken = selections.filter(|selection| !self.skips(selection.directives()));
        let prices = taken.map(|selection| match selection {
            Selection::Field(field) => self.field(&field.node),
            Selection::InlineFragment(inline) => self.selection_set(&inline.node.selection_set.node),
            Selection::FragmentSpread(spread) => {
                let known = self.fragments.get(&spread.node.fragment_name.node);
                known.copied().unwrap_or_default()
            }
        });
        prices.fold(Price::default(), Price::plus)
    }

    fn field(&self, field: &Field) -> Price {
        let name = field.name.node.as_str();
        if name.starts_with("__") {
            return Price::default();
        }
        if field.selection_set.node.items.is_empty() {
            return Price::of_objects(0);
        }
        let inner = self.selection_set(&field.selection_set.node);
        let one = inner.total().saturating_add(1);
        let item = match name {
            "edges" | "pageInfo" => Some(inner.total()),
            "nodes" => Some(one),
            _ => None,
        };
        match (self.size(field), item, inner.items) {
            (None, Some(item), _) => Price::of_items(item),
            (size, _, Some(items)) => {
                let size = size.unwrap_or(self.default_page);
                let listed = size.saturating_mul(items.max(1));
                Price::of_objects(listed.saturating_add(inner.objects))
            }
            (size, _, None) => Price::of_objects(size.unwrap_or(1).saturating_mul(one)),
        }
    }

    /// How many objects the arguments of a field ask for, if it has such arguments.
    fn size(&self, field: &Field) -> Option<u64> {
        let sizes = field.arguments.iter().filter_map(|(name, value)| {
            let name = name.node.as_str();
            if !matches!(name, "first" | "last" | "ids") {
                return None;
            }
            // A variable becomes null here: one within a list of ids keeps the list's length.
            let mut variable = None;
            let Ok(literal) = value.node.clone().into_const_with(|name| {
                variable = self.values.get(&name).copied();
                Ok::<_, Infallible>(Value::Null)
            });
            let value = match &literal {
                Value::Null => variable.unwrap_or(&literal),
                literal => literal,
            };
            Some(match (name, value) {
                (_, Value::Null) => None,
                ("ids", Value::List(ids)) => u64::try_from(ids.len()).ok(),
                ("ids", _) => Some(1),
                (_, Value::Number(number)) => number.as_u64().or(Some(self.default_page)),
                _ => Some(self.default_page),
            })
        });
        sizes.reduce(Option::max).map(|size| size.unwrap_or(self.default_page))
    }

    /// Whether a selection is taken away. A condition that is no boolean is the engine's to refuse.
    fn skips(&self, directives: &[Positioned<Directive>]) -> bool {
        directives.iter().any(|directive| {
            let unwanted = match directive.node.name.node.as_str() {
                "skip" => true,
                "include" => false,
                _ => return false,
            };
            directive.node.get_argument("if").is_some_and(|condition| {
                let condition = condition.node.clone().into_const_with(|name| {
                    let value = self.values.get(&name).copied();
                    value.filter(|value| matches!(value, Value::Boolean(_))).cloned().ok_or(())
                });
                condition == Ok(Value::Boolean(unwanted))
            })
        })
    }
}
