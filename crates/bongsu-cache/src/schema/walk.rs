//! Walking a structure in a constant: the types above the one being looked at, and what makes a structure unreadable.

use crate::schema::node::{Fields, Kind, SchemaNode};

/// The named types that hold what is being looked at, nearest first.
pub(crate) struct Above<'a> {
    pub(crate) identity: &'static str,
    pub(crate) up: Option<&'a Above<'a>>,
}

/// How many named types above the reference its target is; 0 is the type that holds the field.
pub(crate) const fn find(above: Option<&Above<'_>>, identity: &str) -> Option<u32> {
    let mut next = above;
    let mut levels = 0;
    while let Some(here) = next {
        if same(here.identity, identity) {
            return Some(levels);
        }
        levels += 1;
        next = here.up;
    }
    None
}

/// The first reason why the structure could not be read back, in words for the person who wrote it.
pub(crate) const fn fault(
    node: &'static SchemaNode,
    positional: bool,
    above: Option<&Above<'_>>,
) -> Option<&'static str> {
    match &node.kind {
        Kind::Primitive(_) | Kind::Opaque { .. } => None,
        Kind::Optional(inner) | Kind::Sequence(inner) | Kind::Set(inner) | Kind::Array(inner, _) => {
            fault(inner, positional, above)
        }
        Kind::Map(key, value) => match fault(key, positional, above) {
            None => fault(value, positional, above),
            found => found,
        },
        Kind::Tuple(parts) => {
            let mut place = 0;
            while place < parts.len() {
                if let Some(found) = fault(parts[place], positional, above) {
                    return Some(found);
                }
                place += 1;
            }
            None
        }
        Kind::Struct(node) => {
            if positional && node.positional_fault.is_some() {
                return node.positional_fault;
            }
            fault_of_fields(&node.fields, positional, &Above { identity: node.identity, up: above })
        }
        Kind::Enum(node) => {
            if positional && node.positional_fault.is_some() {
                return node.positional_fault;
            }
            let here = Above { identity: node.identity, up: above };
            let mut place = 0;
            while place < node.variants.len() {
                if let Some(found) = fault_of_fields(&node.variants[place].fields, positional, &here) {
                    return Some(found);
                }
                place += 1;
            }
            None
        }
        Kind::BackReference { identity, unresolved } => match find(above, identity) {
            Some(_) => None,
            None => Some(unresolved),
        },
    }
}

const fn fault_of_fields(fields: &Fields, positional: bool, here: &Above<'_>) -> Option<&'static str> {
    let mut place = 0;
    while place < fields.list.len() {
        if let Some(found) = fault(fields.list[place].node, positional, Some(here)) {
            return Some(found);
        }
        place += 1;
    }
    None
}

const fn same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut place = 0;
    while place < left.len() {
        if left[place] != right[place] {
            return false;
        }
        place += 1;
    }
    true
}
