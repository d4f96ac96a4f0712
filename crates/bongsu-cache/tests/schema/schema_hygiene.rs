//! The expansion names everything by its full path: it compiles where nothing at all is in scope.
#![no_implicit_prelude]
#![allow(dead_code, reason = "these types only have to compile")]

struct Option;
struct Vec;
mod core {}

#[derive(::serde::Serialize, ::serde::Deserialize, ::bongsu_cache::schema::CacheSchema)]
#[cache(model = "bare", id = u64, ttl = "10m", l1_ttl = "30s", jitter = 5, max_bytes = "64KiB", revision = 3)]
struct Bare {
    id: u64,
    #[serde(rename = "type", default)]
    kind: Kind,
    inner: Generic<u8, 4>,
}

#[derive(
    ::serde::Serialize, ::serde::Deserialize, ::bongsu_cache::schema::CacheSchema, ::std::default::Default,
)]
enum Kind {
    #[default]
    Plain,
    Tuple(u8, u16),
    Named {
        r#type: u8,
    },
}

#[derive(::serde::Serialize, ::serde::Deserialize, ::bongsu_cache::schema::CacheSchema)]
struct Generic<T, const N: usize> {
    item: T,
    next: ::std::option::Option<::std::boxed::Box<Generic<T, N>>>,
}

#[derive(::bongsu_cache::schema::CacheSchema)]
struct Borrowed<'a, T: ?::std::marker::Sized + 'a>
where
    T: ::std::borrow::ToOwned,
{
    text: &'a str,
    more: ::std::borrow::Cow<'a, T>,
}

#[::std::prelude::v1::test]
fn schema_settings_reach_the_model() {
    use ::bongsu_cache::{Cached, EntryOptions};
    use ::std::time::Duration;

    let expected = EntryOptions::new()
        .with_ttl(Duration::from_secs(600))
        .with_l1_ttl(Duration::from_secs(30))
        .with_jitter_percent(5)
        .with_max_bytes(65_536);
    ::std::assert_eq!(Bare::DEFAULTS, expected);
    ::std::assert_eq!(Bare::MODEL, "bare");
    ::std::assert_eq!(Bare::REVISION, 3);
}
