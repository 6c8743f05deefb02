//! schema.graphql is the schema that is served, and everything in it has a description.

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{FieldDefinition, InputValueDefinition, TypeKind, TypeSystemDefinition};
use async_graphql::{Positioned, parser::types::TypeDefinition};

#[test]
fn the_committed_schema_is_the_one_that_is_served() {
    let committed = include_str!("../../../schema.graphql");
    assert!(
        committed == roost::graphql::sdl(),
        "schema.graphql is out of date. If the change is meant: cargo run -- schema > schema.graphql"
    );
}

#[test]
fn everything_has_a_description() {
    let document = parse_schema(roost::graphql::sdl()).unwrap();
    let mut silent = Vec::new();
    let mut types = 0;
    for definition in &document.definitions {
        if let TypeSystemDefinition::Type(definition) = definition {
            types += 1;
            check(&definition.node, &mut silent);
        }
    }
    assert!(types > 20, "{types} types");
    assert!(silent.is_empty(), "without a description: {silent:#?}");
}

fn check(definition: &TypeDefinition, silent: &mut Vec<String>) {
    let name = &definition.name.node;
    note(silent, definition.description.as_ref(), || name.to_string());
    match &definition.kind {
        TypeKind::Object(object) => check_fields(name, &object.fields, silent),
        TypeKind::Interface(interface) => check_fields(name, &interface.fields, silent),
        TypeKind::InputObject(input) => check_values(name, &input.fields, silent),
        TypeKind::Enum(values) => {
            for value in &values.values {
                note(silent, value.node.description.as_ref(), || format!("{name}.{}", value.node.value.node));
            }
        }
        TypeKind::Scalar | TypeKind::Union(_) => (),
    }
}

fn check_fields(of: &str, fields: &[Positioned<FieldDefinition>], silent: &mut Vec<String>) {
    for field in fields {
        let name = format!("{of}.{}", field.node.name.node);
        note(silent, field.node.description.as_ref(), || name.clone());
        check_values(&name, &field.node.arguments, silent);
    }
}

fn check_values(of: &str, values: &[Positioned<InputValueDefinition>], silent: &mut Vec<String>) {
    for value in values {
        note(silent, value.node.description.as_ref(), || format!("{of}.{}", value.node.name.node));
    }
}

fn note(silent: &mut Vec<String>, description: Option<&Positioned<String>>, name: impl Fn() -> String) {
    if description.is_none_or(|description| description.node.trim().is_empty()) {
        silent.push(name());
    }
}
