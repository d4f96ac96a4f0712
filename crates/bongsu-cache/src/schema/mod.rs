//! Schema identity: the structure of a cached type as a number in its keys, and as a text for people.
//!
//! A deployed change of a type gets keys of its own, so old and new processes never read each other's entries:
//! `<prefix>:<schema13>:<model>:<id>`. [`CacheSchema`](derive@CacheSchema) describes a type as a constant,
//! [`fingerprint`] walks that constant at compile time, and [`canonical_text`] shows it. With the feature
//! `testing`, `testing::assert_lock` keeps those texts in a file, so that a change of keys is seen in review.

mod fingerprint;
mod foreign;
mod hash;
#[cfg(feature = "testing")]
pub(crate) mod lock;
#[cfg(feature = "testing")]
mod lock_diff;
#[doc(hidden)]
pub mod node;
#[cfg(test)]
mod tests;
mod text;
mod walk;

use std::marker::PhantomData;

pub use bongsu_cache_derive::CacheSchema;

pub use fingerprint::{ENVELOPE_VERSION, assert_readable, fingerprint};
pub use hash::SchemaHash;
pub use node::SchemaNode;
pub use text::canonical_text;

use node::Kind;

/// A type whose structure is known at compile time.
///
/// Derive it. Types of other crates are marked on the field that holds them:
/// `#[cache(opaque = "chrono::DateTime", rev = 1)]`. A type of your own that writes itself by hand says
/// `const NODE: &'static SchemaNode = &SchemaNode::opaque("name", 1);`.
#[diagnostic::on_unimplemented(
    message = "the structure of `{Self}` is not known to the cache",
    label = "does not implement `CacheSchema`",
    note = "if the type is yours, add #[derive(CacheSchema)] to it",
    note = "if it is another crate's, add #[cache(opaque = \"its name\", rev = 1)] to the field that holds it"
)]
pub trait CacheSchema {
    /// The structure.
    const NODE: &'static SchemaNode;
}

/// What can be known of a type without its structure, so that recursion has an end. Written by the derive.
#[doc(hidden)]
pub trait SchemaIdentity {
    /// The path of the type; tells it from others and is never hashed.
    const IDENTITY: &'static str;
    /// What to say if a reference back to it has no target.
    const UNRESOLVED: &'static str;
}

/// Stands in descriptions for a type that is being described further up.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct BackReference<T: ?Sized>(PhantomData<fn() -> T>);

impl<T: SchemaIdentity + ?Sized> CacheSchema for BackReference<T> {
    const NODE: &'static SchemaNode =
        &SchemaNode { kind: Kind::BackReference { identity: T::IDENTITY, unresolved: T::UNRESOLVED } };
}
