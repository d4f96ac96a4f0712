//! What a type says to be cached: its model name, its ids, its codec. And how an id becomes part of a key.

use std::fmt::{self, Write as _};

use xxhash_rust::xxh3::xxh3_128;

use crate::codec::Codec;
use crate::options::EntryOptions;
use crate::schema::{CacheSchema, SchemaHash, fingerprint};

/// A type that the cache holds: one type, one model name, one id type, one codec.
///
/// Made by `#[derive(CacheSchema)] #[cache(model = "conversation", id = u64)]`.
pub trait Cached: CacheSchema + Send + Sync + Sized + 'static {
    /// What names one of them.
    type Id: CacheId;
    /// How one becomes bytes.
    type Codec: Codec<Self>;
    /// The name in keys and metrics: 1 to 32 of `a-z`, `0-9`, `_`. Two types of one hub never share it.
    const MODEL: &'static str;
    /// Raise it when the meaning changes and the structure does not: cents that become euros.
    const REVISION: u16 = 0;
    /// How long its entries live, unless a call says otherwise.
    const DEFAULTS: EntryOptions = EntryOptions::new();
    /// The structure of the type, its codec and its revision, as one number. Not to be overridden.
    const SCHEMA: SchemaHash = fingerprint(
        Self::NODE,
        <Self::Codec as Codec<Self>>::NAME,
        <Self::Codec as Codec<Self>>::VERSION,
        <Self::Codec as Codec<Self>>::POSITIONAL,
        Self::REVISION,
    );
}

/// Names one value of a model. Two ids that are equal write the same text, and no other ids do.
pub trait CacheId: Clone + Eq + std::hash::Hash + fmt::Debug + Send + Sync + 'static {
    /// Writes the id, part by part.
    fn write(&self, text: &mut IdText);
}

/// The text of an id as it stands in a key: parts joined by `:`, all but `A-Z a-z 0-9 _ . -` percent-encoded, so that
/// no id can look like another or place itself in a slot of its choice. Longer than [`IdText::MAX_BYTES`], it becomes a
/// digest; entries carry the digest's input length and model, and a wrong entry is a miss.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdText {
    text: String,
    parts: usize,
}

impl IdText {
    /// Ids with longer texts are digested (XXH3, 128 bits).
    pub const MAX_BYTES: usize = 160;

    /// The text of `id`.
    #[must_use]
    pub fn of(id: &impl CacheId) -> Self {
        let mut text = Self { text: String::with_capacity(24), parts: 0 };
        id.write(&mut text);
        if text.text.len() > Self::MAX_BYTES {
            let digest = xxh3_128(text.text.as_bytes());
            text.text.clear();
            write!(text.text, "~{digest:032x}").unwrap_or_default();
        }
        text
    }

    /// Adds a part that may hold anything.
    pub fn part(&mut self, part: &str) {
        self.next();
        for byte in part.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-') {
                self.text.push(char::from(byte));
            } else {
                write!(self.text, "%{byte:02x}").unwrap_or_default();
            }
        }
    }

    /// Adds a number.
    pub fn number(&mut self, number: impl fmt::Display) {
        self.next();
        write!(self.text, "{number}").unwrap_or_default();
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn next(&mut self) {
        if self.parts > 0 {
            self.text.push(':');
        }
        self.parts += 1;
    }
}

macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl CacheId for $type {
            fn write(&self, text: &mut IdText) {
                text.number(self);
            }
        }
    )*};
}

numbers!(u8, u16, u32, u64, u128, i8, i16, i32, i64, i128);

impl CacheId for String {
    fn write(&self, text: &mut IdText) {
        text.part(self);
    }
}

impl<A: CacheId, B: CacheId> CacheId for (A, B) {
    fn write(&self, text: &mut IdText) {
        self.0.write(text);
        self.1.write(text);
    }
}

impl<A: CacheId, B: CacheId, C: CacheId> CacheId for (A, B, C) {
    fn write(&self, text: &mut IdText) {
        self.0.write(text);
        self.1.write(text);
        self.2.write(text);
    }
}
