//! The structure of a type as a value the compiler can walk: what the derive builds and nobody else needs to name.

/// The structure of a type as it is written, independent of any codec.
///
/// Its parts are private to the crate and the derive: what can be asked of it is its
/// [`fingerprint`](crate::schema::fingerprint) and its [`canonical_text`](crate::schema::canonical_text).
#[derive(Debug, Clone, Copy)]
pub struct SchemaNode {
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Primitive(&'static str),
    Optional(&'static SchemaNode),
    Sequence(&'static SchemaNode),
    Set(&'static SchemaNode),
    Map(&'static SchemaNode, &'static SchemaNode),
    Array(&'static SchemaNode, u64),
    Tuple(&'static [&'static SchemaNode]),
    Struct(StructNode),
    Enum(EnumNode),
    Opaque { name: &'static str, revision: u32 },
    BackReference { identity: &'static str, unresolved: &'static str },
}

impl SchemaNode {
    /// A structure that is not looked into: for a type of your own that writes itself by hand. Raise `revision`
    /// whenever its bytes change.
    #[must_use]
    pub const fn opaque(name: &'static str, revision: u32) -> Self {
        Self { kind: Kind::Opaque { name, revision } }
    }

    /// The same structure under another type.
    #[doc(hidden)]
    #[must_use]
    pub const fn same_as(node: &'static SchemaNode) -> Self {
        *node
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn of_struct(node: StructNode) -> Self {
        Self { kind: Kind::Struct(node) }
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn of_enum(node: EnumNode) -> Self {
        Self { kind: Kind::Enum(node) }
    }
}

/// A struct with a name.
#[derive(Debug, Clone, Copy)]
pub struct StructNode {
    /// Tells types apart for back-references; never hashed.
    pub identity: &'static str,
    /// serde's name of the type.
    pub name: &'static str,
    /// `#[serde(tag = "...")]` on a struct.
    pub tag: Option<&'static str>,
    /// Its fields.
    pub fields: Fields,
    /// Why a positional codec cannot read it back.
    pub positional_fault: Option<&'static str>,
}

/// An enum.
#[derive(Debug, Clone, Copy)]
pub struct EnumNode {
    /// Tells types apart for back-references; never hashed.
    pub identity: &'static str,
    /// serde's name of the type.
    pub name: &'static str,
    /// How the variant is told.
    pub tagging: Tagging,
    /// By name; by place if the enum is untagged.
    pub variants: &'static [Variant],
    /// Why a positional codec cannot read it back.
    pub positional_fault: Option<&'static str>,
}

/// How the bytes tell which variant they hold.
#[derive(Debug, Clone, Copy)]
pub enum Tagging {
    /// By the key, or by the number, in front of it.
    External,
    /// By a field among the others.
    Internal {
        /// Its name.
        tag: &'static str,
    },
    /// By a field next to another that holds the content.
    Adjacent {
        /// The name of the first.
        tag: &'static str,
        /// The name of the second.
        content: &'static str,
    },
    /// Not at all: the first that fits.
    Untagged,
}

/// A variant of an enum.
#[derive(Debug, Clone, Copy)]
pub struct Variant {
    /// serde's name of it.
    pub name: &'static str,
    /// Its place among all variants, from 0.
    pub position: u32,
    /// The bits of [`Field`].
    pub flags: u8,
    /// `#[serde(untagged)]` on this variant alone.
    pub untagged: bool,
    /// Its fields.
    pub fields: Fields,
}

/// The fields of a struct or a variant.
#[derive(Debug, Clone, Copy)]
pub struct Fields {
    /// What they look like in Rust, on which codecs depend.
    pub shape: Shape,
    /// By name, then flattened ones in the order they were written; without names in that order.
    pub list: &'static [Field],
}

/// What a struct or a variant looks like in Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `A`
    Unit,
    /// `A(u8)`
    Newtype,
    /// `A(u8, u8)`
    Tuple,
    /// `A { a: u8 }`
    Named,
}

/// A field that is written, read or both.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// serde's name of it; empty in a tuple and if it is flattened.
    pub name: &'static str,
    /// Its place among the fields that are written, from 0.
    pub position: u32,
    /// A sum of the constants below.
    pub flags: u8,
    /// Its structure.
    pub node: &'static SchemaNode,
}

impl Field {
    /// It may be absent from the bytes: `#[serde(default)]`.
    pub const DEFAULT: u8 = 1;
    /// It is not always written: `#[serde(skip_serializing_if)]`.
    pub const SOMETIMES: u8 = 2;
    /// It is read and never written.
    pub const NOT_WRITTEN: u8 = 4;
    /// It is written and never read.
    pub const NOT_READ: u8 = 8;
    /// Its fields stand among those of the struct that holds it.
    pub const FLATTENED: u8 = 16;
}
