//! WebSocket frames of a server: whole and unmasked (RFC 6455, section 5.2), so that the bytes are the same for everybody.

use bytes::Bytes;

pub(crate) const OPCODE_TEXT: u8 = 0x1;
pub(crate) const OPCODE_CLOSE: u8 = 0x8;
pub(crate) const OPCODE_PING: u8 = 0x9;

/// Bytes of the longest header.
const HEADER_BYTES_MAX: usize = 10;

/// Puts a frame behind what is in `out`.
pub(super) fn put_frame(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    put_header(out, opcode, payload.len());
    out.extend_from_slice(payload);
}

/// Puts objects behind what is in `out` as one frame: a single one alone, several as an array.
pub(super) fn put_group(out: &mut Vec<u8>, opcode: u8, objects: &[Bytes]) {
    let [first, rest @ ..] = objects else { return };
    if rest.is_empty() {
        return put_frame(out, opcode, first);
    }
    let objects_bytes: usize = objects.iter().map(Bytes::len).sum();
    put_header(out, opcode, objects_bytes + objects.len() + 1);
    out.push(b'[');
    out.extend_from_slice(first);
    for object in rest {
        out.push(b',');
        out.extend_from_slice(object);
    }
    out.push(b']');
}

fn put_header(out: &mut Vec<u8>, opcode: u8, payload_bytes: usize) {
    out.reserve(payload_bytes + HEADER_BYTES_MAX);
    out.push(0x80 | opcode);
    match payload_bytes {
        0..=125 => out.push(payload_bytes as u8),
        126..=0xffff => {
            out.push(126);
            out.extend_from_slice(&(payload_bytes as u16).to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(payload_bytes as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_goes_alone_and_several_go_as_an_array() {
        let objects = [Bytes::from_static(b"{}"), Bytes::from_static(b"{1}")];
        let mut out = Vec::new();
        put_group(&mut out, OPCODE_TEXT, &objects[..1]);
        put_group(&mut out, OPCODE_TEXT, &objects);
        assert_eq!(out, b"\x81\x02{}\x81\x08[{},{1}]");
    }

    #[test]
    fn the_length_takes_as_many_bytes_as_it_needs() {
        for (payload_bytes, header) in [
            (125, vec![0x81, 125]),
            (126, vec![0x81, 126, 0, 126]),
            (0xffff, vec![0x81, 126, 0xff, 0xff]),
            (0x1_0000, vec![0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let mut out = Vec::new();
            put_frame(&mut out, OPCODE_TEXT, &vec![b'x'; payload_bytes]);
            assert_eq!(out[..header.len()], header);
            assert_eq!(out.len(), header.len() + payload_bytes);
        }
    }
}
