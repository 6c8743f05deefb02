//! What clients have been promised (tests/contract.graphql) is in the schema: same names, types, nullability and defaults.

use std::collections::BTreeMap;

use async_graphql::Positioned;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{FieldDefinition, InputValueDefinition, TypeKind, TypeSystemDefinition};

/// What of the contract is still to be built. The list only shrinks: what is there has to leave it.
const NOT_YET: &[&str] = &[];

/// Everything that a schema has, by its name, with what is promised of it: `Tweet.comments(first:)` is `Int`.
type Parts = BTreeMap<String, String>;

fn parts(schema: &str) -> Parts {
    let mut parts = Parts::new();
    for definition in parse_schema(schema).unwrap().definitions {
        match definition {
            TypeSystemDefinition::Type(definition) => {
                let name = definition.node.name.node.to_string();
                add_type(&mut parts, &name, &definition.node.kind);
            }
            TypeSystemDefinition::Schema(schema) => {
                for (operation, root) in [
                    ("query", schema.node.query),
                    ("mutation", schema.node.mutation),
                    ("subscription", schema.node.subscription),
                ] {
                    parts.insert(format!("schema.{operation}"), root.unwrap().node.to_string());
                }
            }
            TypeSystemDefinition::Directive(_) => (),
        }
    }
    parts
}

fn add_type(parts: &mut Parts, name: &str, kind: &TypeKind) {
    let kind = match kind {
        TypeKind::Scalar => "scalar",
        TypeKind::Object(object) => {
            add_fields(parts, name, &object.fields);
            add_names(parts, name, "implements", object.implements.iter().map(|name| name.node.as_str()));
            "type"
        }
        TypeKind::Interface(interface) => {
            add_fields(parts, name, &interface.fields);
            add_names(parts, name, "implements", interface.implements.iter().map(|name| name.node.as_str()));
            "interface"
        }
        TypeKind::Union(union) => {
            add_names(parts, name, "may be", union.members.iter().map(|name| name.node.as_str()));
            "union"
        }
        TypeKind::Enum(values) => {
            add_names(parts, name, "has", values.values.iter().map(|value| value.node.value.node.as_str()));
            "enum"
        }
        TypeKind::InputObject(input) => {
            for field in &input.fields {
                parts.insert(format!("{name}.{}", field.node.name.node), input_value(field));
            }
            "input"
        }
    };
    parts.insert(name.to_owned(), kind.to_owned());
}

fn add_fields(parts: &mut Parts, of: &str, fields: &[Positioned<FieldDefinition>]) {
    for field in fields {
        let name = format!("{of}.{}", field.node.name.node);
        for argument in &field.node.arguments {
            parts.insert(format!("{name}({}:)", argument.node.name.node), input_value(argument));
        }
        parts.insert(name, field.node.ty.node.to_string());
    }
}

fn add_names<'a>(parts: &mut Parts, of: &str, how: &str, names: impl Iterator<Item = &'a str>) {
    for name in names {
        parts.insert(format!("{of} {how} {name}"), String::new());
    }
}

fn input_value(value: &Positioned<InputValueDefinition>) -> String {
    let default = value.node.default_value.as_ref().map(|default| format!(" = {}", default.node));
    format!("{}{}", value.node.ty.node, default.unwrap_or_default())
}

fn contract() -> Parts {
    parts(include_str!("../../contract.graphql"))
}

fn schema() -> Parts {
    parts(&roost::graphql::sdl())
}

/// Whether a part is on the list, by itself, as part of a field, or as part of a type.
fn is_claimed(part: &str) -> bool {
    let covers = |entry: &&str| {
        part.strip_prefix(*entry).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '.', '(']))
    };
    !NOT_YET.iter().any(covers)
}

#[test]
fn the_schema_has_all_that_is_claimed_of_the_contract() {
    let schema = schema();
    let mut faults = Vec::new();
    for (part, promised) in contract().into_iter().filter(|(part, _)| is_claimed(part)) {
        match schema.get(&part) {
            None => faults.push(format!("{part} is missing")),
            Some(found) if *found != promised => faults.push(format!("{part} is {found}, but {promised} was promised")),
            Some(_) => (),
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn what_is_not_built_yet_is_in_the_contract_and_not_in_the_schema() {
    let (contract, schema) = (contract(), schema());
    for &entry in NOT_YET {
        assert!(contract.contains_key(entry), "{entry} is no part of the contract");
        assert!(!schema.contains_key(entry), "{entry} is built: take it off the list");
    }
}

#[test]
fn what_the_schema_adds_is_nothing_that_a_client_has_to_send() {
    let contract = contract();
    let is_input = |of: &str| contract.get(of).is_some_and(|kind| kind == "input");
    for (part, ty) in schema().into_iter().filter(|(part, _)| !contract.contains_key(part)) {
        let of = part.split(['.', '(']).next().unwrap();
        let is_argument = part.ends_with(":)") && contract.contains_key(part.split('(').next().unwrap());
        if is_argument || (part.contains('.') && is_input(of)) {
            assert!(!ty.ends_with('!'), "{part} is new and has to be sent: {ty}");
        }
    }
}
