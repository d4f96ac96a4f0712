//! What is refused for positional codecs is refused for a reason: Postcard itself cannot read these types back.

use std::fmt::Debug;

use bongsu_cache::schema::CacheSchema;
use bongsu_cache::{Codec, Postcard};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheSchema)]
struct Extra {
    color: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheSchema)]
struct Flattened {
    #[serde(flatten)]
    extra: Extra,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheSchema)]
struct Sometimes {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    topic: Option<u8>,
    members: u8,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheSchema)]
struct NeverWritten {
    #[serde(skip_serializing, default)]
    topic: u8,
    members: u8,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheSchema)]
struct NeverRead {
    #[serde(skip_deserializing)]
    topic: u8,
    members: u8,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheSchema)]
#[serde(tag = "type")]
struct TaggedStruct {
    members: u8,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheSchema)]
#[serde(tag = "type")]
enum Tagged {
    Room { members: u8 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheSchema)]
#[serde(tag = "type", content = "of")]
enum Adjacent {
    Room { members: u8 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheSchema)]
#[serde(untagged)]
enum Untagged {
    Room { members: u8 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheSchema)]
enum SkippedBefore {
    #[serde(skip)]
    #[allow(dead_code, reason = "only its place matters")]
    Local,
    Room(u8),
    Message(u8),
}

fn is_read_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> bool {
    let mut bytes = Vec::new();
    let written = <Postcard as Codec<T>>::encode(value, &mut bytes);
    written.is_ok() && <Postcard as Codec<T>>::decode(&bytes).is_ok_and(|read| read == *value)
}

#[test]
fn schema_refusals_by_position_are_true_of_postcard() {
    let read_back = [
        ("flatten", is_read_back(&Flattened { extra: Extra { color: "red".into() } })),
        ("skip_serializing_if", is_read_back(&Sometimes { topic: None, members: 3 })),
        ("skip_serializing", is_read_back(&NeverWritten { topic: 0, members: 3 })),
        ("skip_deserializing", is_read_back(&NeverRead { topic: 0, members: 3 })),
        ("tag on a struct", is_read_back(&TaggedStruct { members: 3 })),
        ("tag", is_read_back(&Tagged::Room { members: 3 })),
        ("tag, content", is_read_back(&Adjacent::Room { members: 3 })),
        ("untagged", is_read_back(&Untagged::Room { members: 3 })),
        ("a variant after a skipped one", is_read_back(&SkippedBefore::Room(3))),
    ];
    let wrongly_refused: Vec<_> = read_back.iter().filter(|(_, is)| *is).map(|(what, _)| *what).collect();
    assert_eq!(wrongly_refused, Vec::<&str>::new());
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheSchema)]
#[cache(model = "kept", id = u64)]
struct Kept {
    #[serde(skip)]
    never: u8,
    #[serde(default, rename = "n", alias = "number")]
    number: u8,
    last: SkippedAfter,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheSchema)]
enum SkippedAfter {
    Room(u8),
    #[serde(skip)]
    #[allow(dead_code, reason = "only its place matters")]
    Local,
}

#[test]
fn schema_accepts_by_position_what_postcard_reads_back() {
    assert!(is_read_back(&Kept { never: 0, number: 2, last: SkippedAfter::Room(3) }));
}
