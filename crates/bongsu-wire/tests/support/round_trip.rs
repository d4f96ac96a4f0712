//! What holds for any bytes a client sends: used by the tests, and by the fuzz target on bytes of its own.

use bongsu_types::Limits;
use bongsu_wire::{Incoming, decode_frame, encode_request};

/// Reading never panics, and what was read, written again, reads as the same.
pub(crate) fn check(frame: &[u8]) {
    let Ok(text) = std::str::from_utf8(frame) else { return };
    let limits = Limits::default();
    let Ok(items) = decode_frame(text, &limits) else { return };
    assert!((1..=limits.batch_items).contains(&items.len()), "a frame has 1 to batch_items items");
    for item in items {
        let Incoming::Request { id, command } = &item else { continue };
        let written = encode_request(id.as_ref(), command);
        assert_eq!(decode_frame(&written, &limits).as_deref(), Ok(&[item][..]), "{written}");
    }
}
