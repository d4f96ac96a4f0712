//! Structures that a positional codec would read back as something else, and references back to nothing.

use bongsu_cache::schema::CacheSchema;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheSchema)]
struct Extra {
    color: String,
}

#[derive(Serialize, Deserialize, CacheSchema)]
#[cache(model = "flattened", id = u64)]
struct Flattened {
    #[serde(flatten)]
    extra: Extra,
}

#[derive(Serialize, Deserialize, CacheSchema)]
struct Topic {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

#[derive(Serialize, Deserialize, CacheSchema)]
#[cache(model = "sometimes", id = u64)]
struct HoldsSometimes {
    topics: Vec<Topic>,
}

#[derive(Serialize, Deserialize, CacheSchema)]
#[serde(tag = "type")]
#[cache(model = "tagged", id = u64)]
enum Tagged {
    Joined,
}

#[derive(Serialize, Deserialize, CacheSchema)]
#[serde(untagged)]
#[cache(model = "untagged", id = u64)]
enum Untagged {
    Number(u64),
}

#[derive(Serialize, Deserialize, CacheSchema)]
#[cache(model = "skipped", id = u64)]
enum Skipped {
    #[serde(skip)]
    Local,
    Joined,
}

#[derive(Serialize, Deserialize, CacheSchema)]
#[cache(model = "nowhere", id = u64)]
struct Message {
    #[cache(backref)]
    room: Option<Box<Room>>,
}

#[derive(Serialize, Deserialize, CacheSchema)]
struct Room {
    last: Message,
}

fn main() {}
