//! Entries of the shared tier: reading never panics and is bounded, and what was read, written again, reads as the same.
#![no_main]

#[path = "../../crates/bongsu-cache/tests/codecs/round_trip.rs"]
mod round_trip;

libfuzzer_sys::fuzz_target!(|entry: &[u8]| round_trip::check_envelope(entry));
