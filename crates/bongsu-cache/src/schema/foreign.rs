//! The structures of types of the standard library, as serde writes them, and of `Bytes`.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroIsize, NonZeroU8, NonZeroU16,
    NonZeroU32, NonZeroU64, NonZeroU128, NonZeroUsize, Wrapping,
};
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::schema::CacheSchema;
use crate::schema::node::{EnumNode, Field, Fields, Kind, SchemaNode, Shape, StructNode, Tagging, Variant};

macro_rules! primitives {
    ($($name:literal: $($type:ty),+;)*) => {$($(
        impl CacheSchema for $type {
            const NODE: &'static SchemaNode = &SchemaNode { kind: Kind::Primitive($name) };
        }
    )+)*};
}

primitives! {
    "unit": ();
    "bool": bool;
    "char": char;
    "u8": u8;
    "u16": u16;
    "u32": u32;
    // serde writes the two word-sized integers as 64 bits on every platform.
    "u64": u64, usize;
    "u128": u128;
    "i8": i8;
    "i16": i16;
    "i32": i32;
    "i64": i64, isize;
    "i128": i128;
    "f32": f32;
    "f64": f64;
    "nonzero u8": NonZeroU8;
    "nonzero u16": NonZeroU16;
    "nonzero u32": NonZeroU32;
    "nonzero u64": NonZeroU64, NonZeroUsize;
    "nonzero u128": NonZeroU128;
    "nonzero i8": NonZeroI8;
    "nonzero i16": NonZeroI16;
    "nonzero i32": NonZeroI32;
    "nonzero i64": NonZeroI64, NonZeroIsize;
    "nonzero i128": NonZeroI128;
    "string": str, String;
    "bytes": Bytes;
    "path": Path, PathBuf;
    "duration": Duration;
    "system time": SystemTime;
    "ip address": IpAddr;
    "ipv4 address": Ipv4Addr;
    "ipv6 address": Ipv6Addr;
    "socket address": SocketAddr;
    "ipv4 socket address": SocketAddrV4;
    "ipv6 socket address": SocketAddrV6;
}

impl<T: ?Sized> CacheSchema for PhantomData<T> {
    const NODE: &'static SchemaNode = <()>::NODE;
}

/// Types that write exactly what they hold.
macro_rules! transparent {
    ($($type:ty: [$($bound:tt)*];)*) => {$(
        impl<T: CacheSchema $($bound)*> CacheSchema for $type {
            const NODE: &'static SchemaNode = T::NODE;
        }
    )*};
}

transparent! {
    &T: [+ ?Sized];
    Box<T>: [+ ?Sized];
    Rc<T>: [+ ?Sized];
    Arc<T>: [+ ?Sized];
    Cow<'_, T>: [+ ToOwned + ?Sized];
    Wrapping<T>: [];
    Reverse<T>: [];
}

macro_rules! containers {
    ($($kind:ident: $($type:ty),+;)*) => {$($(
        impl<T: CacheSchema> CacheSchema for $type {
            const NODE: &'static SchemaNode = &SchemaNode { kind: Kind::$kind(T::NODE) };
        }
    )+)*};
}

containers! {
    Optional: Option<T>;
    Sequence: [T], Vec<T>, VecDeque<T>, LinkedList<T>, BinaryHeap<T>;
    Set: BTreeSet<T>;
}

impl<T: CacheSchema, S> CacheSchema for HashSet<T, S> {
    const NODE: &'static SchemaNode = &SchemaNode { kind: Kind::Set(T::NODE) };
}

impl<K: CacheSchema, V: CacheSchema, S> CacheSchema for HashMap<K, V, S> {
    const NODE: &'static SchemaNode = &SchemaNode { kind: Kind::Map(K::NODE, V::NODE) };
}

impl<K: CacheSchema, V: CacheSchema> CacheSchema for BTreeMap<K, V> {
    const NODE: &'static SchemaNode = &SchemaNode { kind: Kind::Map(K::NODE, V::NODE) };
}

impl<T: CacheSchema, const N: usize> CacheSchema for [T; N] {
    const NODE: &'static SchemaNode = &SchemaNode { kind: Kind::Array(T::NODE, N as u64) };
}

macro_rules! tuples {
    ($(($($part:ident),+))*) => {$(
        impl<$($part: CacheSchema),+> CacheSchema for ($($part,)+) {
            const NODE: &'static SchemaNode = &SchemaNode { kind: Kind::Tuple(&[$($part::NODE),+]) };
        }
    )*};
}

tuples! {
    (A)
    (A, B)
    (A, B, C)
    (A, B, C, D)
    (A, B, C, D, E)
    (A, B, C, D, E, F)
    (A, B, C, D, E, F, G)
    (A, B, C, D, E, F, G, H)
    (A, B, C, D, E, F, G, H, I)
    (A, B, C, D, E, F, G, H, I, J)
    (A, B, C, D, E, F, G, H, I, J, K)
    (A, B, C, D, E, F, G, H, I, J, K, L)
}

/// serde writes both ranges as a struct of `start` and `end`, under their own names.
macro_rules! ranges {
    ($($type:ident: $name:literal;)*) => {$(
        impl<T: CacheSchema> CacheSchema for $type<T> {
            const NODE: &'static SchemaNode = &SchemaNode::of_struct(StructNode {
                identity: concat!("std::ops::", $name),
                name: $name,
                tag: None,
                fields: Fields {
                    shape: Shape::Named,
                    list: &[
                        Field { name: "end", position: 1, flags: 0, node: T::NODE },
                        Field { name: "start", position: 0, flags: 0, node: T::NODE },
                    ],
                },
                positional_fault: None,
            });
        }
    )*};
}

ranges! {
    Range: "Range";
    RangeInclusive: "RangeInclusive";
}

impl<T: CacheSchema, E: CacheSchema> CacheSchema for Result<T, E> {
    const NODE: &'static SchemaNode = &SchemaNode::of_enum(EnumNode {
        identity: "std::result::Result",
        name: "Result",
        tagging: Tagging::External,
        variants: &[
            Variant {
                name: "Err",
                position: 1,
                flags: 0,
                untagged: false,
                fields: Fields {
                    shape: Shape::Newtype,
                    list: &[Field { name: "", position: 0, flags: 0, node: E::NODE }],
                },
            },
            Variant {
                name: "Ok",
                position: 0,
                flags: 0,
                untagged: false,
                fields: Fields {
                    shape: Shape::Newtype,
                    list: &[Field { name: "", position: 0, flags: 0, node: T::NODE }],
                },
            },
        ],
        positional_fault: None,
    });
}
