//! WebSocket frames as bytes: whole ones cut out of what a socket gave, and client frames made once and written often.

use std::ops::Range;

/// Opcode of a text frame.
pub(super) const TEXT: u8 = 0x1;
/// Opcode of a close frame.
pub(super) const CLOSE: u8 = 0x8;
/// Opcode of a ping.
pub(super) const PING: u8 = 0x9;
/// Opcode of a pong.
pub(super) const PONG: u8 = 0xa;

/// The longest frame taken, bytes: a page and its envelope fit many times.
const FRAME_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes from a socket, and how far they were read as frames.
#[derive(Debug)]
pub(super) struct Frames {
    buffer: Vec<u8>,
    parsed: usize,
    filled: usize,
}

/// A frame: what it is, and where its payload lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) opcode: u8,
    pub(super) payload: Range<usize>,
}

/// Bytes that are no frame of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server sent what is no whole, unmasked frame of at most {FRAME_BYTES_MAX} bytes")]
pub struct NotAFrame;

impl Frames {
    pub(super) fn with_buffer(bytes: usize) -> Self {
        Self { buffer: vec![0; bytes], parsed: 0, filled: 0 }
    }

    /// Where the next bytes go; never empty after [`Frames::next`] gave everything there was.
    pub(super) fn space(&mut self) -> &mut [u8] {
        if self.parsed == self.filled {
            (self.parsed, self.filled) = (0, 0);
        } else if self.parsed > 0 {
            self.buffer.copy_within(self.parsed..self.filled, 0);
            (self.parsed, self.filled) = (0, self.filled - self.parsed);
        }
        &mut self.buffer[self.filled..]
    }

    /// So many bytes were put into the space.
    pub(super) fn filled(&mut self, bytes: usize) {
        self.filled += bytes;
    }

    pub(super) fn payload(&self, frame: &Frame) -> &[u8] {
        &self.buffer[frame.payload.clone()]
    }

    /// The next whole frame; makes space for one that does not fit.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, NotAFrame> {
        let bytes = &self.buffer[self.parsed..self.filled];
        let Some((first, header, length)) = header(bytes)? else { return Ok(None) };
        if length > FRAME_BYTES_MAX {
            return Err(NotAFrame);
        }
        if bytes.len() < header + length {
            if self.buffer.len() < header + length {
                self.buffer.resize(header + length + self.parsed, 0);
            }
            return Ok(None);
        }
        let start = self.parsed + header;
        self.parsed = start + length;
        Ok(Some(Frame { opcode: first & 0x0f, payload: start..self.parsed }))
    }
}

/// First byte, bytes of the header, bytes of the payload; `None` while the header is not whole.
fn header(bytes: &[u8]) -> Result<Option<(u8, usize, usize)>, NotAFrame> {
    let &[first, second, ref rest @ ..] = bytes else { return Ok(None) };
    // The server sends messages in one frame each, unmasked, and no extension was asked for.
    if first & 0xf0 != 0x80 || second & 0x80 != 0 {
        return Err(NotAFrame);
    }
    Ok(match second {
        126 => rest.first_chunk().map(|length| (first, 4, u16::from_be_bytes(*length).into())),
        127 => match rest.first_chunk() {
            Some(length) => {
                let length = usize::try_from(u64::from_be_bytes(*length)).map_err(|_| NotAFrame)?;
                Some((first, 10, length))
            }
            None => None,
        },
        short => Some((first, 2, short.into())),
    })
}

/// A client's frame. The mask is zero, so the payload stands in it as it is and can be changed in place; the server
/// unmasks it like any other.
pub(super) fn client_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = frame_header(opcode, payload.len());
    frame[1] |= 0x80;
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

/// A server's frame.
pub(super) fn server_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = frame_header(opcode, payload.len());
    frame.extend_from_slice(payload);
    frame
}

fn frame_header(opcode: u8, length: usize) -> Vec<u8> {
    let mut header = vec![0x80 | opcode];
    match u16::try_from(length) {
        Ok(short @ 0..=125) => header.extend_from_slice(&short.to_be_bytes()[1..]),
        Ok(middle) => {
            header.push(126);
            header.extend_from_slice(&middle.to_be_bytes());
        }
        Err(_) => {
            header.push(127);
            header.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds bytes in pieces and returns the payloads' lengths.
    fn lengths(bytes: &[u8], piece: usize) -> Vec<usize> {
        let mut frames = Frames::with_buffer(16);
        let mut rest = bytes;
        let mut lengths = Vec::new();
        loop {
            while let Some(frame) = frames.next().unwrap() {
                assert_eq!(frame.opcode, TEXT);
                assert!(frames.payload(&frame).iter().all(|byte| *byte == b'x'));
                lengths.push(frame.payload.len());
            }
            if rest.is_empty() {
                return lengths;
            }
            let space = frames.space();
            let bytes = piece.min(rest.len()).min(space.len());
            assert!(bytes > 0, "there is always space");
            space[..bytes].copy_from_slice(&rest[..bytes]);
            frames.filled(bytes);
            rest = &rest[bytes..];
        }
    }

    #[test]
    fn frames_of_every_length_are_cut_out_of_any_pieces() {
        let sent = [0, 1, 125, 126, 300, 65_535, 65_536, 2];
        let bytes: Vec<u8> =
            sent.iter().flat_map(|length| server_frame(TEXT, &vec![b'x'; *length])).collect();
        for piece in [1, 7, 4096, usize::MAX] {
            assert_eq!(lengths(&bytes, piece), sent);
        }
    }

    #[test]
    fn what_no_server_sends_is_refused() {
        let masked = client_frame(TEXT, b"x");
        let fragment = [0x01, 0x00];
        let endless = [0x81, 127, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
        for bytes in [&masked[..], &fragment, &endless] {
            let mut frames = Frames::with_buffer(64);
            frames.space()[..bytes.len()].copy_from_slice(bytes);
            frames.filled(bytes.len());
            assert_eq!(frames.next(), Err(NotAFrame));
        }
    }
}
