//! Frames of the backplane: reading never panics, and what was read, written again, is the same bytes.
#![no_main]

#[path = "../../crates/bongsu-cache/tests/codecs/round_trip.rs"]
mod round_trip;

libfuzzer_sys::fuzz_target!(|frame: &[u8]| round_trip::check_frame(frame));
