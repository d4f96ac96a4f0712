//! What changes the identity of a type and what does not.

use bongsu_cache::schema::{CacheSchema, SchemaHash, canonical_text, fingerprint};
use bongsu_cache::{Cached, Codec, Json, Postcard};

fn by_position<T: CacheSchema>() -> SchemaHash {
    fingerprint(T::NODE, "postcard", 1, true, 0)
}

fn by_name<T: CacheSchema>() -> SchemaHash {
    fingerprint(T::NODE, "json", 1, false, 0)
}

/// Declares the same type name in several modules, each with another structure.
macro_rules! versions {
    ($($module:ident { $($item:item)* })*) => {$(
        mod $module {
            #![allow(dead_code, reason = "only the structure of these types is looked at")]
            use bongsu_cache::schema::CacheSchema;
            $(#[derive(CacheSchema)] $item)*
        }
    )*};
}

versions! {
    base { pub(super) struct Room { id: u64, title: String } }
    added { pub(super) struct Room { id: u64, title: String, topic: String } }
    removed { pub(super) struct Room { id: u64 } }
    retyped { pub(super) struct Room { id: i64, title: String } }
    renamed { pub(super) struct Room { id: u64, name: String } }
    reordered { pub(super) struct Room { title: String, id: u64 } }
    optional { pub(super) struct Room { id: u64, title: Option<String> } }
    type_renamed { pub(super) struct Chat { id: u64, title: String } }
    ident_renamed { #[cache(name = "Room")] pub(super) struct Chat {
        #[serde(rename = "id")] room_id: u64,
        #[serde(rename = "title", alias = "name")] heading: String,
    } }
    nothing_on_the_wire { #[serde(deny_unknown_fields)] pub(super) struct Room {
        id: u64, title: String, #[serde(skip)] cached_length: usize,
        #[serde(skip_serializing, skip_deserializing)] other: u8,
    } }
    defaulted { pub(super) struct Room { id: u64, #[serde(default)] title: String } }
    defaulted_by_path { pub(super) struct Room { id: u64, #[serde(default = "String::new")] title: String } }
    boxed { pub(super) struct Room { id: Box<u64>, title: std::sync::Arc<std::borrow::Cow<'static, str>> } }
    reordered_variants { pub(super) enum Event { Left, Joined } }
    variants { pub(super) enum Event { Joined, Left } }
    untagged_variants { #[serde(untagged)] pub(super) enum Event { Joined(u8), Left(u16) } }
    untagged_reordered { #[serde(untagged)] pub(super) enum Event { Left(u16), Joined(u8) } }
    tagged { #[serde(tag = "type")] pub(super) enum Event { Joined, Left } }
    tagged_otherwise { #[serde(tag = "kind")] pub(super) enum Event { Joined, Left } }
    adjacent { #[serde(tag = "type", content = "of")] pub(super) enum Event { Joined, Left } }
}

#[test]
fn schema_hashes_tell_every_structural_change() {
    let base_hashes = (by_position::<base::Room>(), by_name::<base::Room>());
    let others = [
        (by_position::<added::Room>(), by_name::<added::Room>()),
        (by_position::<removed::Room>(), by_name::<removed::Room>()),
        (by_position::<retyped::Room>(), by_name::<retyped::Room>()),
        (by_position::<renamed::Room>(), by_name::<renamed::Room>()),
        (by_position::<optional::Room>(), by_name::<optional::Room>()),
        (by_position::<type_renamed::Chat>(), by_name::<type_renamed::Chat>()),
        (by_position::<defaulted::Room>(), by_name::<defaulted::Room>()),
    ];
    for (place, other) in others.iter().enumerate() {
        assert_ne!(base_hashes.0, other.0, "by position, {place}");
        assert_ne!(base_hashes.1, other.1, "by name, {place}");
    }
}

#[test]
fn schema_of_a_private_rename_that_keeps_the_serde_name_keeps_the_hash() {
    assert_eq!(by_position::<base::Room>(), by_position::<ident_renamed::Chat>());
    assert_eq!(by_name::<base::Room>(), by_name::<ident_renamed::Chat>());
}

#[test]
fn schema_sees_no_field_that_is_never_written_nor_read() {
    assert_eq!(by_position::<base::Room>(), by_position::<nothing_on_the_wire::Room>());
}

#[test]
fn schema_sees_that_a_default_is_there_and_not_which() {
    assert_eq!(by_position::<defaulted::Room>(), by_position::<defaulted_by_path::Room>());
}

#[test]
fn schema_looks_through_boxes_and_borrows() {
    assert_eq!(by_position::<base::Room>(), by_position::<boxed::Room>());
}

#[test]
fn field_order_in_a_schema_counts_by_position_and_not_by_name() {
    assert_ne!(by_position::<base::Room>(), by_position::<reordered::Room>());
    assert_eq!(by_name::<base::Room>(), by_name::<reordered::Room>());
    assert_ne!(by_position::<variants::Event>(), by_position::<reordered_variants::Event>());
    assert_eq!(by_name::<variants::Event>(), by_name::<reordered_variants::Event>());
}

#[test]
fn variant_order_in_a_schema_counts_by_name_too_if_the_enum_is_untagged() {
    assert_ne!(by_name::<untagged_variants::Event>(), by_name::<untagged_reordered::Event>());
}

#[test]
fn schema_hashes_tell_how_an_enum_is_tagged() {
    let hashes = std::collections::HashSet::from([
        by_name::<variants::Event>(),
        by_name::<tagged::Event>(),
        by_name::<tagged_otherwise::Event>(),
        by_name::<adjacent::Event>(),
    ]);
    assert_eq!(hashes.len(), 4);
}

#[test]
fn maps_of_any_kind_share_a_schema_and_so_do_lists() {
    use std::collections::{BTreeMap, HashMap, VecDeque};
    assert_eq!(by_position::<HashMap<u8, String>>(), by_position::<BTreeMap<u8, Box<str>>>());
    assert_eq!(by_position::<Vec<u8>>(), by_position::<VecDeque<u8>>());
    assert_ne!(by_position::<Vec<u8>>(), by_position::<bytes::Bytes>());
    assert_ne!(by_position::<Vec<u8>>(), by_position::<[u8; 1]>());
    assert_eq!(by_position::<usize>(), by_position::<u64>());
}

#[derive(serde::Serialize, serde::Deserialize, CacheSchema)]
#[cache(model = "priced", id = u64)]
struct Priced {
    price: u64,
}

#[derive(serde::Serialize, serde::Deserialize, CacheSchema)]
#[cache(model = "priced", id = u64, revision = 1, name = "Priced")]
struct PricedInEuros {
    price: u64,
}

#[derive(serde::Serialize, serde::Deserialize, CacheSchema)]
#[cache(model = "priced", id = u64, codec = Json, name = "Priced")]
struct PricedAsJson {
    price: u64,
}

#[test]
fn schema_of_a_model_takes_in_its_revision_and_its_codec() {
    assert_eq!(Priced::SCHEMA, fingerprint(Priced::NODE, "postcard", 1, true, 0));
    assert_eq!(PricedInEuros::SCHEMA, fingerprint(Priced::NODE, "postcard", 1, true, 1));
    assert_eq!(PricedAsJson::SCHEMA, fingerprint(Priced::NODE, "json", 1, false, 0));
    assert_eq!(<Postcard as Codec<Priced>>::NAME, "postcard");
    assert_eq!(<Json as Codec<Priced>>::NAME, "json");
}

#[test]
fn two_types_of_one_name_have_two_definitions_in_a_schema_text() {
    let text = canonical_text(<(base::Room, added::Room, base::Room)>::NODE, true);
    assert_eq!(
        text,
        "value: (Room, Room#2, Room)\n\
         struct Room {\n    id: u64\n    title: string\n}\n\
         struct Room#2 {\n    id: u64\n    title: string\n    topic: string\n}\n"
    );
}
