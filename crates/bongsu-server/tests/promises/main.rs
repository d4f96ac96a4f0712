//! What Bongsu promises, tested on the real binary over the real wire. Each file holds one promise.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod backup_restore;
mod bad_input;
mod bench;
mod clock;
mod crash;
mod data_dir;
mod disk_full;
mod limits;
mod metrics;
mod reconnect_storm;
mod removed_member;
mod replay_equals_fetch;
mod rest;
mod resume;
mod server_keys;
mod settings;
mod slow_reader;
mod two_sessions;

use bongsu_testkit::Binary;

/// The binary as users run it, without rates: a test is faster than any person.
fn bongsu() -> Binary {
    Binary::at(env!("CARGO_BIN_EXE_bongsu"))
        .env("BONGSU_LOG__LEVEL", "warn,bongsu_server=info")
        .env("BONGSU_LIMITS__SENDS_PER_S", 0)
        .env("BONGSU_LIMITS__CREATES_PER_MIN", 0)
}
