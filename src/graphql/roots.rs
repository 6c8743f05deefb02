//! The fields that an operation can begin with.

use std::collections::HashMap;
use std::sync::OnceLock;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{TypeDefinition, TypeKind, TypeSystemDefinition};

use super::sdl;
use crate::metrics::Kind;

/// By kind of operation. Read from the schema once.
pub fn roots() -> &'static HashMap<Kind, Vec<String>> {
    static ROOTS: OnceLock<HashMap<Kind, Vec<String>>> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let schema = parse_schema(sdl());
        let types = schema.iter().flat_map(|schema| &schema.definitions).filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => Some(&definition.node),
            _ => None,
        });
        types.filter_map(fields).collect()
    })
}

fn fields(definition: &TypeDefinition) -> Option<(Kind, Vec<String>)> {
    let kind = match definition.name.node.as_str() {
        "Query" => Kind::Query,
        "Mutation" => Kind::Mutation,
        "Subscription" => Kind::Subscription,
        _ => return None,
    };
    let TypeKind::Object(object) = &definition.kind else { return None };
    Some((kind, object.fields.iter().map(|field| field.node.name.node.to_string()).collect()))
}
