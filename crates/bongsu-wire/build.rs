//! Tells the OpenAPI derive how the domain types look on the wire: those types carry no serde of their own.

use utoipa_config::Config;

/// Domain types with a description of their own in `src/schema.rs`, where `Schema` is added to the name. A file whose
/// types have such fields imports them all.
const DESCRIBED: [&str; 14] = [
    "ClientId",
    "DeviceId",
    "Emoji",
    "ErrorKind",
    "JsonObject",
    "Mentions",
    "MessageKind",
    "Outcome",
    "Retention",
    "Role",
    "RoomId",
    "RoomKey",
    "RoomKind",
    "UserId",
];

/// Domain types that are plain numbers.
const NUMBERS: [&str; 5] = ["Epoch", "Millis", "Ordinal", "Seq", "UserRev"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let schemas = DESCRIBED.map(|name| format!("{name}Schema"));
    let mut config = Config::new();
    for (name, schema) in DESCRIBED.iter().zip(&schemas) {
        config = config.alias_for(name, schema);
    }
    for name in NUMBERS {
        config = config.alias_for(name, "u64");
    }
    config.write_to_file();
}
