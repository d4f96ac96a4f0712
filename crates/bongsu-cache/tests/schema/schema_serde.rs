//! The names in a schema are the names on the wire: serde_json is asked what it writes.
#![allow(dead_code, reason = "some fields are only described")]

use bongsu_cache::schema::{CacheSchema, canonical_text};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The fields of the first struct or the variants of the first enum of a text, sorted.
fn names(node: &'static bongsu_cache::schema::SchemaNode) -> Vec<String> {
    let text = canonical_text(node, false);
    let lines = text.lines().skip(2).take_while(|line| line.starts_with(' '));
    let top = lines.filter(|line| !line.starts_with("     ") && line.trim() != "}");
    let name = |line: &str| {
        line.trim().split([':', ' ', '(']).next().unwrap_or_default().trim_matches('"').to_owned()
    };
    top.map(name).collect()
}

fn keys(value: &Value) -> Vec<String> {
    let mut keys: Vec<_> = value.as_object().expect("an object").keys().cloned().collect();
    keys.sort();
    keys
}

macro_rules! under_every_rule {
    ($($module:ident $rule:literal;)*) => {
        $(mod $module {
            use super::*;

            #[derive(Serialize, Deserialize, Default, CacheSchema)]
            #[serde(rename_all = $rule)]
            pub(super) struct Fields {
                a: u8,
                joined_at: u8,
                http_url2: u8,
                _leading: u8,
                trailing_: u8,
                r#type: u8,
                #[serde(rename = "AsItIs")]
                named: u8,
            }

            #[derive(Serialize, Deserialize, CacheSchema)]
            #[serde(rename_all = $rule)]
            pub(super) enum Variants {
                A,
                RoomClosed,
                HTTPUrl2,
                #[serde(rename = "AsItIs")]
                Named,
            }

            pub(super) fn written_variants() -> Vec<String> {
                let all = [Variants::A, Variants::RoomClosed, Variants::HTTPUrl2, Variants::Named];
                let mut written: Vec<_> = all.iter().map(|one| json!(one).as_str().expect("a text").to_owned()).collect();
                written.sort();
                written
            }
        })*

        #[test]
        fn schema_names_follow_every_rename_rule() {
            $(
                assert_eq!(names($module::Fields::NODE), keys(&json!($module::Fields::default())), $rule);
                assert_eq!(names($module::Variants::NODE), $module::written_variants(), $rule);
            )*
        }
    };
}

under_every_rule! {
    lower "lowercase";
    upper "UPPERCASE";
    pascal "PascalCase";
    camel "camelCase";
    snake "snake_case";
    screaming "SCREAMING_SNAKE_CASE";
    kebab "kebab-case";
    screaming_kebab "SCREAMING-KEBAB-CASE";
}

#[derive(Serialize, Deserialize, CacheSchema)]
#[serde(rename_all = "snake_case", rename_all_fields = "camelCase", tag = "type")]
enum Event {
    RoomClosed {
        closed_by: u64,
    },
    #[serde(rename_all = "kebab-case")]
    RoomMoved {
        moved_to: u64,
        #[serde(rename = "byWhom")]
        moved_by: u64,
    },
}

#[test]
fn schema_names_in_variants_follow_their_own_rules() {
    assert_eq!(
        canonical_text(Event::NODE, false),
        "value: Event\n\
         enum Event [tag \"type\"] {\n    \
         room_closed {\n        closedBy: u64\n    }\n    \
         room_moved {\n        byWhom: u64\n        moved-to: u64\n    }\n}\n"
    );
    assert_eq!(keys(&json!(Event::RoomClosed { closed_by: 1 })), ["closedBy", "type"]);
    assert_eq!(keys(&json!(Event::RoomMoved { moved_to: 1, moved_by: 2 })), ["byWhom", "moved-to", "type"]);
}

#[derive(Serialize, Deserialize, CacheSchema)]
struct Borrowed<'a> {
    #[serde(borrow)]
    text: std::borrow::Cow<'a, str>,
}

#[test]
fn schema_of_borrowed_data_is_that_of_the_data() {
    assert_eq!(
        canonical_text(Borrowed::NODE, true),
        "value: Borrowed\nstruct Borrowed {\n    text: string\n}\n"
    );
}

mod seconds {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &u64, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&format!("{value}s"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        let text = String::deserialize(from)?;
        text.trim_end_matches('s').parse().map_err(serde::de::Error::custom)
    }
}

#[derive(Serialize, Deserialize, CacheSchema)]
#[serde(transparent)]
struct RoomId(u64);

#[derive(Serialize, Deserialize, CacheSchema)]
struct Extra {
    color: String,
}

#[derive(Serialize, Deserialize, CacheSchema)]
#[serde(tag = "kind")]
struct Everything {
    id: RoomId,
    #[serde(flatten)]
    extra: Extra,
    #[serde(with = "seconds")]
    #[cache(opaque = "seconds", rev = 2)]
    age: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    topic: Option<String>,
    #[serde(skip_deserializing)]
    shown: u8,
}

#[test]
fn schema_shows_what_every_attribute_does_to_the_bytes() {
    assert_eq!(
        canonical_text(Everything::NODE, false),
        "value: Everything\n\
         struct Everything [tag \"kind\"] {\n    \
         age: opaque \"seconds\" 2\n    \
         id: u64\n    \
         shown: u8 [never read]\n    \
         topic: option<string> [default, not always written]\n    \
         ..: Extra\n}\n\
         struct Extra {\n    color: string\n}\n"
    );
}

#[derive(Serialize, Deserialize, CacheSchema)]
#[serde(from = "u64", into = "u64")]
#[cache(opaque = "a number of seconds", rev = 1)]
#[derive(Clone)]
struct Seconds(std::time::Duration);

impl From<u64> for Seconds {
    fn from(seconds: u64) -> Self {
        Self(std::time::Duration::from_secs(seconds))
    }
}

impl From<Seconds> for u64 {
    fn from(seconds: Seconds) -> Self {
        seconds.0.as_secs()
    }
}

#[derive(Serialize, Deserialize, CacheSchema)]
enum Payload {
    #[serde(with = "seconds")]
    #[cache(opaque = "seconds", rev = 1)]
    Age(u64),
    Marked(Seconds),
}

#[test]
fn schema_of_foreign_bytes_is_their_name_and_revision() {
    assert_eq!(
        canonical_text(Payload::NODE, true),
        "value: Payload\n\
         enum Payload {\n    \
         Age [at 0](opaque \"seconds\" 1)\n    \
         Marked [at 1](opaque \"a number of seconds\" 1)\n}\n"
    );
}
