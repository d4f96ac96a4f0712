//! Attributes that cannot be described, or that do not belong where they stand.

use bongsu_cache::schema::CacheSchema;

#[derive(CacheSchema)]
struct ForeignField {
    #[serde(with = "seconds")]
    age: u64,
    #[serde(rename(serialize = "out", deserialize = "in"))]
    name: String,
    #[serde(rename_all = "Train-Case")]
    other: u8,
}

#[derive(CacheSchema)]
#[serde(from = "u64")]
struct ForeignType(u64);

#[derive(CacheSchema)]
struct OpaqueWithoutRevision {
    #[cache(opaque = "chrono::DateTime")]
    at: u64,
}

#[derive(CacheSchema)]
#[cache(model = "page", id = u64)]
struct GenericModel<T>(T);

#[derive(CacheSchema)]
#[cache(ttl = "10m")]
struct SettingWithoutModel;

#[derive(CacheSchema)]
#[cache(model = "Room!", id = u64)]
struct BadModelName;

#[derive(CacheSchema)]
#[cache(model = "room", id = u64, ttl = "ten minutes")]
struct BadDuration;

#[derive(CacheSchema)]
#[cache(model = "room", id = u64, time_to_live = "10m")]
struct UnknownSetting;

#[derive(CacheSchema)]
struct Endless<T> {
    next: Option<Box<Endless<Vec<T>>>>,
}

#[derive(CacheSchema)]
union Bits {
    number: u64,
}

fn main() {}
