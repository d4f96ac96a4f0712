//! What holds for any bytes: used by the tests, and by the fuzz targets on bytes of their own.

use bongsu_cache::backplane::frame::{Body, ENTRIES_MAX, FRAME_BYTES_MAX, Frame};
use bongsu_cache::envelope::{self, Content, Sizes};

/// Values of the entries that are tried have at most so many bytes.
pub(crate) const VALUE_BYTES_MAX: u32 = 4096;

/// Reading a frame never panics, and what was read, written again, is the same bytes.
#[allow(dead_code, reason = "each fuzz target uses one of the two")]
pub(crate) fn check_frame(bytes: &[u8]) {
    let Ok(frame) = Frame::decode(bytes) else { return };
    assert!(bytes.len() <= FRAME_BYTES_MAX);
    if let Body::Drop(entries) | Body::Written(entries) = &frame.body {
        assert!((1..=ENTRIES_MAX).contains(&entries.len()));
    }
    assert_eq!(frame.encode(), bytes);
}

/// Reading an entry never panics, its value is bounded, and what was read, written again, reads as the same.
#[allow(dead_code, reason = "each fuzz target uses one of the two")]
pub(crate) fn check_envelope(bytes: &[u8]) {
    let bytes = bytes::Bytes::copy_from_slice(bytes);
    let Ok(envelope) = envelope::decode(&bytes, VALUE_BYTES_MAX) else { return };
    let value = match &envelope.content {
        Content::Absent => None,
        Content::Value(value) => Some(&value[..]),
    };
    assert!(value.is_none_or(|value| value.len() <= VALUE_BYTES_MAX as usize));
    for compress_over_bytes in [0, u32::MAX] {
        let sizes = Sizes { compress_over_bytes, max_bytes: VALUE_BYTES_MAX };
        let again = envelope::encode(&envelope.header, &envelope.id, value, sizes).expect("it was an entry");
        assert_eq!(envelope::decode(&again, VALUE_BYTES_MAX).as_ref(), Ok(&envelope));
    }
}
