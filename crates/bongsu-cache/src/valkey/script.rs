//! The scripts that run on the servers. Each one's first lines say what goes in and what comes out.

use std::sync::LazyLock;

/// A script and its digest.
#[derive(Debug)]
pub(super) struct Script {
    text: &'static str,
    digest: LazyLock<String, fn() -> String>,
}

impl Script {
    pub(super) fn text(&self) -> &'static str {
        self.text
    }

    pub(super) fn digest(&self) -> &str {
        &self.digest
    }
}

macro_rules! scripts {
    ($($name:ident = $file:literal;)*) => {$(
        pub(super) static $name: Script = Script {
            text: include_str!(concat!("scripts/", $file, ".lua")),
            digest: LazyLock::new(|| {
                redis::Script::new(include_str!(concat!("scripts/", $file, ".lua"))).get_hash().to_owned()
            }),
        };
    )*};
}

scripts! {
    GENERATION = "generation";
    LEASE = "lease";
    RELEASE = "release";
    STORE = "store";
    SEED_COUNTER = "seed_counter";
    ADD_IF_PRESENT = "add_if_present";
    REGISTER_SCHEMA = "register_schema";
    LIVE_SCHEMAS = "live_schemas";
    VOUCH_FOR_SCHEMAS = "vouch_for_schemas";
}
