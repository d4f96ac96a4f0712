//! Schema hash, algorithm 1: FNV-1a (64 bits) over the structure, at compile time.
//!
//! The bytes that are hashed. Numbers are 4 bytes, lowest first; a text is its length and its bytes; `?` marks what is
//! there only if the codec goes by position. No two structures give the same bytes.
//!
//! ```text
//! model     byte 1 (the algorithm), ENVELOPE_VERSION, codec name, codec version, byte positional, revision, node
//! node      byte 1, name                       primitive         byte 2, node              option
//!           byte 3, node                       sequence          byte 4, node              set
//!           byte 5, node, node                 map               byte 6, low, high, node   array of that length
//!           byte 7, count, nodes               tuple             byte 10, name, revision   opaque
//!           byte 11, levels up                 back-reference: 0 is the type that holds the field
//!           byte 8, name, tag, fields          struct; tag: byte 0, or byte 1 and a text
//!           byte 9, name, tagging, count, variants
//! tagging   byte 0 external, byte 1 and tag, byte 2 and tag and content, byte 3 untagged
//! variant   name, byte flags, byte untagged, position?, fields      by name; in order if the enum is untagged
//! fields    byte shape (unit, newtype, tuple, named), count, then for each: name, byte flags, position?, node
//!           by name, flattened ones last; without names in order; what is skipped is not there
//! flags     1 default, 2 not always written, 4 never written, 8 never read, 16 flattened
//! ```
//!
//! A variant that is untagged, alone or with its enum, has its position in any case.
//! The algorithm never changes: a change would make every key of every deployment cold. `tests/schema` holds it.
//!
//! FNV-1a: Fowler, Noll, Vo, <https://www.rfc-editor.org/rfc/rfc9923>.

use crate::schema::hash::SchemaHash;
use crate::schema::node::{EnumNode, Fields, Kind, SchemaNode, Shape, StructNode, Tagging};
use crate::schema::walk::{Above, find};

/// Raised if the algorithm ever has to change.
const ALGORITHM: u8 = 1;

/// Part of every schema hash, so that a new form of stored entries never reads an old one.
pub const ENVELOPE_VERSION: u16 = crate::envelope::FORMAT as u16;

/// The schema hash of a model. The order of fields and variants counts if `positional`, their names always do.
///
/// # Panics
/// If the structure is one that a positional codec cannot read back, or refers back to a type that it does not hold:
/// at compile time, as [`Cached::SCHEMA`](crate::Cached::SCHEMA) is a constant.
#[must_use]
pub const fn fingerprint(
    node: &'static SchemaNode,
    codec_name: &'static str,
    codec_version: u16,
    positional: bool,
    revision: u16,
) -> SchemaHash {
    assert_readable(node, positional);
    let mut hash = Fnv::NEW.byte(ALGORITHM).number(ENVELOPE_VERSION as u32);
    hash = hash.text(codec_name).number(codec_version as u32).byte(positional as u8).number(revision as u32);
    SchemaHash::from_u64(hash.node(node, positional, None).0)
}

/// The hash of a structure alone.
pub(crate) const fn structure(node: &'static SchemaNode, positional: bool) -> u64 {
    Fnv::NEW.node(node, positional, None).0
}

/// Refuses a structure that could never be read back.
///
/// # Panics
/// As [`fingerprint`] does; the derive calls it in a constant.
#[doc(hidden)]
#[track_caller]
pub const fn assert_readable(node: &'static SchemaNode, positional: bool) {
    if let Some(fault) = crate::schema::walk::fault(node, positional, None) {
        panic!("{}", fault);
    }
}

#[derive(Clone, Copy)]
struct Fnv(u64);

impl Fnv {
    const NEW: Self = Self(0xcbf2_9ce4_8422_2325);
    const PRIME: u64 = 0x0000_0100_0000_01b3;

    const fn byte(self, byte: u8) -> Self {
        Self((self.0 ^ byte as u64).wrapping_mul(Self::PRIME))
    }

    const fn number(self, number: u32) -> Self {
        let [a, b, c, d] = number.to_le_bytes();
        self.byte(a).byte(b).byte(c).byte(d)
    }

    const fn text(self, text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut hash = self.number(bytes.len() as u32);
        let mut place = 0;
        while place < bytes.len() {
            hash = hash.byte(bytes[place]);
            place += 1;
        }
        hash
    }

    const fn node(self, node: &'static SchemaNode, positional: bool, above: Option<&Above<'_>>) -> Self {
        match &node.kind {
            Kind::Primitive(name) => self.byte(1).text(name),
            Kind::Optional(inner) => self.byte(2).node(inner, positional, above),
            Kind::Sequence(inner) => self.byte(3).node(inner, positional, above),
            Kind::Set(inner) => self.byte(4).node(inner, positional, above),
            Kind::Map(key, value) => self.byte(5).node(key, positional, above).node(value, positional, above),
            Kind::Array(inner, length) => {
                let hash = self.byte(6).number(*length as u32).number((*length >> 32) as u32);
                hash.node(inner, positional, above)
            }
            Kind::Tuple(parts) => {
                let mut hash = self.byte(7).number(parts.len() as u32);
                let mut place = 0;
                while place < parts.len() {
                    hash = hash.node(parts[place], positional, above);
                    place += 1;
                }
                hash
            }
            Kind::Struct(node) => self.structure(node, positional, above),
            Kind::Enum(node) => self.enumeration(node, positional, above),
            Kind::Opaque { name, revision } => self.byte(10).text(name).number(*revision),
            Kind::BackReference { identity, .. } => match find(above, identity) {
                Some(levels) => self.byte(11).number(levels),
                // Refused by `assert_readable`; the text of a part of a model still wants a number.
                None => self.byte(12).text(identity),
            },
        }
    }

    const fn structure(self, node: &StructNode, positional: bool, above: Option<&Above<'_>>) -> Self {
        let here = Above { identity: node.identity, up: above };
        let hash = self.byte(8).text(node.name);
        let hash = match node.tag {
            Some(tag) => hash.byte(1).text(tag),
            None => hash.byte(0),
        };
        hash.fields(&node.fields, positional, &here)
    }

    const fn enumeration(self, node: &EnumNode, positional: bool, above: Option<&Above<'_>>) -> Self {
        let here = Above { identity: node.identity, up: above };
        let hash = self.byte(9).text(node.name);
        let mut hash = match node.tagging {
            Tagging::External => hash.byte(0),
            Tagging::Internal { tag } => hash.byte(1).text(tag),
            Tagging::Adjacent { tag, content } => hash.byte(2).text(tag).text(content),
            Tagging::Untagged => hash.byte(3),
        };
        hash = hash.number(node.variants.len() as u32);
        let by_place = positional || matches!(node.tagging, Tagging::Untagged);
        let mut place = 0;
        while place < node.variants.len() {
            let variant = &node.variants[place];
            hash = hash.text(variant.name).byte(variant.flags).byte(variant.untagged as u8);
            if by_place || variant.untagged {
                hash = hash.number(variant.position);
            }
            hash = hash.fields(&variant.fields, positional, &here);
            place += 1;
        }
        hash
    }

    const fn fields(self, fields: &Fields, positional: bool, here: &Above<'_>) -> Self {
        let shape = match fields.shape {
            Shape::Unit => 0,
            Shape::Newtype => 1,
            Shape::Tuple => 2,
            Shape::Named => 3,
        };
        let mut hash = self.byte(shape).number(fields.list.len() as u32);
        let mut place = 0;
        while place < fields.list.len() {
            let field = &fields.list[place];
            hash = hash.text(field.name).byte(field.flags);
            if positional {
                hash = hash.number(field.position);
            }
            hash = hash.node(field.node, positional, Some(here));
            place += 1;
        }
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        let hash = |text: &str| text.bytes().fold(Fnv::NEW, Fnv::byte).0;
        // Test vectors of the FNV reference, 64 bits.
        assert_eq!(hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn the_hash_is_over_the_bytes_that_the_documentation_names() {
        let optional = SchemaNode { kind: Kind::Optional(<u8 as crate::schema::CacheSchema>::NODE) };
        let node: &'static SchemaNode = Box::leak(Box::new(optional));
        let bytes = b"\x01\x01\0\0\0\x08\0\0\0postcard\x01\0\0\0\x01\x07\0\0\0\x02\x01\x02\0\0\0u8";
        let expected = bytes.iter().fold(Fnv::NEW, |hash, byte| hash.byte(*byte)).0;
        assert_eq!(fingerprint(node, "postcard", 1, true, 7).as_u64(), expected);
    }
}
