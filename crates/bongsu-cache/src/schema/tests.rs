//! Any structural change changes the hash, and nothing else does: random structures against a plain model of identity.

use proptest::prelude::*;
use proptest::sample::Index;

use crate::schema::node::{EnumNode, Field, Fields, Kind, SchemaNode, Shape, StructNode, Tagging, Variant};
use crate::schema::{SchemaHash, canonical_text, fingerprint};

/// A structure as an owned value that can be compared, shrunk and changed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tree {
    Primitive(&'static str),
    Optional(Box<Tree>),
    Sequence(Box<Tree>),
    Set(Box<Tree>),
    Map(Box<Tree>, Box<Tree>),
    Array(Box<Tree>, u64),
    Tuple(Vec<Tree>),
    Struct { name: &'static str, parts: Parts },
    Enum { name: &'static str, tagging: u8, variants: Vec<(&'static str, Parts)> },
    Opaque(&'static str, u32),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Parts {
    Unit,
    Unnamed(Vec<Tree>),
    /// Name, flags, type.
    Named(Vec<(&'static str, u8, Tree)>),
}

const PRIMITIVES: [&str; 4] = ["bool", "u8", "u64", "string"];
const TYPE_NAMES: [&str; 3] = ["Room", "Member", "string"];
const FIELD_NAMES: [&str; 5] = ["a", "b", "ab", "b: u8", ""];

fn trees() -> impl Strategy<Value = Tree> {
    let primitive = prop::sample::select(&PRIMITIVES[..]).prop_map(Tree::Primitive);
    let opaque =
        (prop::sample::select(&TYPE_NAMES[..]), 0..2_u32).prop_map(|(name, rev)| Tree::Opaque(name, rev));
    let leaf = prop_oneof![4 => primitive, 1 => opaque];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let parts = parts(inner.clone());
        let type_name = prop::sample::select(&TYPE_NAMES[..]);
        let variants = prop::sample::subsequence(&FIELD_NAMES[..], 1..4).prop_flat_map(move |names| {
            let count = names.len();
            prop::collection::vec(parts.clone(), count)
                .prop_map(move |parts| names.iter().copied().zip(parts).collect())
        });
        prop_oneof![
            boxed.clone().prop_map(Tree::Optional),
            boxed.clone().prop_map(Tree::Sequence),
            boxed.clone().prop_map(Tree::Set),
            (boxed.clone(), boxed.clone()).prop_map(|(key, value)| Tree::Map(key, value)),
            (boxed, 0..3_u64).prop_map(|(item, length)| Tree::Array(item, length)),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Tree::Tuple),
            (type_name.clone(), self::parts(inner)).prop_map(|(name, parts)| Tree::Struct { name, parts }),
            (type_name, 0..4_u8, variants).prop_map(|(name, tagging, variants)| Tree::Enum {
                name,
                tagging,
                variants
            }),
        ]
    })
}

fn parts(inner: impl Strategy<Value = Tree> + Clone + 'static) -> impl Strategy<Value = Parts> + Clone {
    let fields = prop::sample::subsequence(&FIELD_NAMES[..], 0..4).prop_shuffle();
    let trees = prop::collection::vec((0..4_u8, inner.clone()), 4);
    let named = (fields, trees).prop_map(|(names, trees)| {
        Parts::Named(names.into_iter().zip(trees).map(|(name, (flags, tree))| (name, flags, tree)).collect())
    });
    let unnamed = prop::collection::vec(inner, 1..4).prop_map(Parts::Unnamed);
    prop_oneof![1 => Just(Parts::Unit), 2 => unnamed, 4 => named].boxed()
}

/// Nodes are constants everywhere else; a test may leak them.
fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn node(tree: &Tree) -> &'static SchemaNode {
    let kind = match tree {
        Tree::Primitive(name) => Kind::Primitive(name),
        Tree::Optional(inner) => Kind::Optional(node(inner)),
        Tree::Sequence(inner) => Kind::Sequence(node(inner)),
        Tree::Set(inner) => Kind::Set(node(inner)),
        Tree::Map(key, value) => Kind::Map(node(key), node(value)),
        Tree::Array(inner, length) => Kind::Array(node(inner), *length),
        Tree::Tuple(items) => Kind::Tuple(items.iter().map(node).collect::<Vec<_>>().leak()),
        Tree::Opaque(name, revision) => Kind::Opaque { name, revision: *revision },
        Tree::Struct { name, parts } => Kind::Struct(StructNode {
            identity: name,
            name,
            tag: None,
            fields: fields(parts),
            positional_fault: None,
        }),
        Tree::Enum { name, tagging, variants } => {
            let variant = |(position, (name, parts)): (u32, &(&'static str, Parts))| Variant {
                name,
                position,
                flags: 0,
                untagged: false,
                fields: fields(parts),
            };
            let mut variants: Vec<_> = (0..).zip(variants).map(variant).collect();
            let tagging = match tagging {
                0 => Tagging::External,
                1 => Tagging::Internal { tag: "t" },
                2 => Tagging::Adjacent { tag: "t", content: "c" },
                _ => Tagging::Untagged,
            };
            if !matches!(tagging, Tagging::Untagged) {
                variants.sort_by_key(|variant| variant.name);
            }
            Kind::Enum(EnumNode {
                identity: name,
                name,
                tagging,
                variants: variants.leak(),
                positional_fault: None,
            })
        }
    };
    leak(SchemaNode { kind })
}

fn fields(parts: &Parts) -> Fields {
    let (shape, mut list): (_, Vec<Field>) = match parts {
        Parts::Unit => (Shape::Unit, Vec::new()),
        Parts::Unnamed(items) => {
            let field = |(position, tree)| Field { name: "", position, flags: 0, node: node(tree) };
            let shape = if items.len() == 1 { Shape::Newtype } else { Shape::Tuple };
            (shape, (0..).zip(items).map(field).collect())
        }
        Parts::Named(items) => {
            let field = |(position, (name, flags, tree)): (u32, &(&'static str, u8, Tree))| {
                let node = node(tree);
                Field { name, position, flags: *flags, node }
            };
            (Shape::Named, (0..).zip(items).map(field).collect())
        }
    };
    if shape == Shape::Named {
        list.sort_by_key(|field| field.name);
    }
    Fields { shape, list: list.leak() }
}

/// What identity means for a codec that goes by names: fields and tagged variants in no order.
fn without_order(tree: &Tree) -> Tree {
    let again = |inner: &Tree| Box::new(without_order(inner));
    match tree {
        Tree::Primitive(_) | Tree::Opaque(..) => tree.clone(),
        Tree::Optional(inner) => Tree::Optional(again(inner)),
        Tree::Sequence(inner) => Tree::Sequence(again(inner)),
        Tree::Set(inner) => Tree::Set(again(inner)),
        Tree::Map(key, value) => Tree::Map(again(key), again(value)),
        Tree::Array(inner, length) => Tree::Array(again(inner), *length),
        Tree::Tuple(items) => Tree::Tuple(items.iter().map(without_order).collect()),
        Tree::Struct { name, parts } => Tree::Struct { name, parts: parts_without_order(parts) },
        Tree::Enum { name, tagging, variants } => {
            let mut variants: Vec<_> =
                variants.iter().map(|(name, parts)| (*name, parts_without_order(parts))).collect();
            if *tagging < 3 {
                variants.sort_by_key(|(name, _)| *name);
            }
            Tree::Enum { name, tagging: *tagging, variants }
        }
    }
}

fn parts_without_order(parts: &Parts) -> Parts {
    match parts {
        Parts::Unit => Parts::Unit,
        Parts::Unnamed(items) => Parts::Unnamed(items.iter().map(without_order).collect()),
        Parts::Named(items) => {
            let mut items: Vec<_> =
                items.iter().map(|(name, flags, tree)| (*name, *flags, without_order(tree))).collect();
            items.sort_by_key(|(name, ..)| *name);
            Parts::Named(items)
        }
    }
}

/// The `place`-th subtree, counted from the root.
fn subtree<'a>(tree: &'a mut Tree, place: &mut usize) -> Option<&'a mut Tree> {
    if *place == 0 {
        return Some(tree);
    }
    *place -= 1;
    let below: Vec<&mut Tree> = match tree {
        Tree::Primitive(_) | Tree::Opaque(..) => Vec::new(),
        Tree::Optional(inner) | Tree::Sequence(inner) | Tree::Set(inner) | Tree::Array(inner, _) => {
            vec![inner]
        }
        Tree::Map(key, value) => vec![key, value],
        Tree::Tuple(items) => items.iter_mut().collect(),
        Tree::Struct { parts, .. } => trees_of(parts),
        Tree::Enum { variants, .. } => variants.iter_mut().flat_map(|(_, parts)| trees_of(parts)).collect(),
    };
    below.into_iter().find_map(|inner| subtree(inner, place))
}

fn trees_of(parts: &mut Parts) -> Vec<&mut Tree> {
    match parts {
        Parts::Unit => Vec::new(),
        Parts::Unnamed(items) => items.iter_mut().collect(),
        Parts::Named(items) => items.iter_mut().map(|(.., tree)| tree).collect(),
    }
}

fn size(tree: &Tree) -> usize {
    let mut copy = tree.clone();
    (0..).take_while(|place| subtree(&mut copy, &mut { *place }).is_some()).count()
}

/// The tree with another one in a random place.
fn replaced(tree: &Tree, at: Index, by: &Tree) -> Tree {
    let mut changed = tree.clone();
    let mut place = at.index(size(tree));
    *subtree(&mut changed, &mut place).unwrap() = by.clone();
    changed
}

/// The tree with the fields or variants of a random type in another order.
fn rotated(tree: &Tree, at: Index) -> Tree {
    let mut changed = tree.clone();
    let mut place = at.index(size(tree));
    match subtree(&mut changed, &mut place).unwrap() {
        Tree::Struct { parts: Parts::Named(fields), .. } if !fields.is_empty() => fields.rotate_left(1),
        Tree::Enum { variants, .. } => variants.rotate_left(1),
        _ => {}
    }
    changed
}

fn hash(tree: &Tree, positional: bool) -> SchemaHash {
    fingerprint(node(tree), "test", 1, positional, 0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Replacing one part somewhere covers renames, changed types, added and removed fields, and changed order.
    #[test]
    fn two_structures_share_a_hash_exactly_if_they_are_the_same(
        tree in trees(), at in any::<Index>(), by in trees(),
    ) {
        let other = replaced(&tree, at, &by);
        let texts = |positional| {
            (canonical_text(node(&tree), positional), canonical_text(node(&other), positional))
        };
        for positional in [true, false] {
            let same = if positional { tree == other } else { without_order(&tree) == without_order(&other) };
            prop_assert_eq!(hash(&tree, positional) == hash(&other, positional), same);
            let (text, other_text) = texts(positional);
            prop_assert_eq!(text == other_text, same, "{}\n---\n{}", text, other_text);
        }
    }

    #[test]
    fn order_counts_by_position_and_not_by_name(tree in trees(), at in any::<Index>()) {
        let other = rotated(&tree, at);
        prop_assert_eq!(hash(&tree, true) == hash(&other, true), tree == other);
        let same = without_order(&tree) == without_order(&other);
        prop_assert_eq!(hash(&tree, false) == hash(&other, false), same);
    }

    #[test]
    fn the_codec_its_version_the_order_and_the_revision_are_part_of_the_hash(tree in trees()) {
        let node = node(&tree);
        let base = fingerprint(node, "postcard", 1, true, 0);
        prop_assert_ne!(base, fingerprint(node, "json", 1, true, 0));
        prop_assert_ne!(base, fingerprint(node, "postcard", 2, true, 0));
        prop_assert_ne!(base, fingerprint(node, "postcard", 1, false, 0));
        prop_assert_ne!(base, fingerprint(node, "postcard", 1, true, 1));
    }
}
