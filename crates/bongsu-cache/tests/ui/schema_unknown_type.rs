//! A field of a type whose structure nobody described.

use bongsu_cache::schema::CacheSchema;

struct Foreign;

#[derive(CacheSchema)]
struct Holder {
    at: Vec<Foreign>,
}

fn main() {}
