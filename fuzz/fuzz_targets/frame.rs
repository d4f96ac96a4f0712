//! Frames of a client: reading never panics, and what was read, written again, reads as the same.
#![no_main]

#[path = "../../crates/bongsu-wire/tests/support/round_trip.rs"]
mod round_trip;

libfuzzer_sys::fuzz_target!(|frame: &[u8]| round_trip::check(frame));
