//! The process that only writes: the cheapest sender of deliveries there can be on this machine.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::bench::frames::{TEXT, server_frame};
use crate::bench::scan::RoomText;
use crate::bench::template::write_digits;

/// The room the frames speak of.
pub(super) const ROOM: &RoomText = b"019a5c2e-7b00-7c3d-9e4f-5a6b7c8d9e0f";

/// Seqs begin here, so that all are equally long.
pub(super) const FIRST_SEQ: u64 = 1_000_000_000;

/// Digits of a seq.
const SEQ_DIGITS: usize = 10;

/// Up to the seq's digits.
const BEFORE_SEQ: &str = r#"{"jsonrpc":"2.0","method":"message.new","params":{"room":"019a5c2e-7b00-7c3d-9e4f-5a6b7c8d9e0f","seq":"#;

/// Between the seq's digits and the filling.
const AFTER_SEQ: &str = r#","text":""#;

/// After the filling.
const END: &str = r#""}}"#;

/// Bytes of a header with a length in two bytes.
const HEADER_BYTES: usize = 4;

/// Bytes of a payload whose text is empty.
const EMPTY_BYTES: usize = BEFORE_SEQ.len() + SEQ_DIGITS + AFTER_SEQ.len() + END.len();

/// The shortest frame: below it the length would take one byte, not two.
pub const FRAME_BYTES_MIN: usize = HEADER_BYTES + 126;

const _: () = assert!(EMPTY_BYTES <= FRAME_BYTES_MIN - HEADER_BYTES, "the shortest frame has a text");

/// Bytes of an order.
const ORDER_BYTES: usize = 8;

/// What the writer is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// One write of so many frames to each socket, in so many rounds.
    Write { rounds: u32, frames: u32 },
    /// Give one frame back on the control connection.
    Echo,
}

impl Order {
    /// Frames that each socket gets.
    pub(super) fn frames(self) -> u32 {
        match self {
            Self::Write { rounds, frames } => rounds * frames,
            Self::Echo => 0,
        }
    }

    pub(super) fn encode(self) -> [u8; ORDER_BYTES] {
        let (rounds, frames) = match self {
            Self::Write { rounds, frames } => (rounds, frames),
            Self::Echo => (0, 0),
        };
        (u64::from(rounds) << 32 | u64::from(frames)).to_be_bytes()
    }

    fn decode(bytes: [u8; ORDER_BYTES]) -> Self {
        let both = u64::from_be_bytes(bytes);
        let (rounds, frames) = ((both >> 32) as u32, both as u32);
        if rounds == 0 { Self::Echo } else { Self::Write { rounds, frames } }
    }
}

/// Connects and writes what it is told, until the other side is gone. `frame_bytes` is at least
/// [`FRAME_BYTES_MIN`] and below 64 KiB.
///
/// # Errors
/// When the connections cannot be made, or break while something is written.
pub fn write_frames(to: SocketAddr, sockets: usize, frame_bytes: usize) -> io::Result<()> {
    let mut control = connect(to)?;
    let mut outputs = Vec::with_capacity(sockets);
    for _ in 0..sockets {
        outputs.push(connect(to)?);
    }
    let mut frames = FrameMaker::new(frame_bytes);
    let mut order = [0; ORDER_BYTES];
    let mut echoed = vec![0; frame_bytes];
    loop {
        match control.read_exact(&mut order) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
        match Order::decode(order) {
            Order::Write { rounds, frames: count } => {
                for _ in 0..rounds {
                    let bytes = frames.next(count);
                    for output in &mut outputs {
                        output.write_all(bytes)?;
                    }
                }
            }
            Order::Echo => {
                control.read_exact(&mut echoed)?;
                control.write_all(&echoed)?;
            }
        }
    }
}

fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(to)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Frames with seqs that go on and on; only the digits are written anew.
struct FrameMaker {
    frame_bytes: usize,
    bytes: Vec<u8>,
    next_seq: u64,
}

impl FrameMaker {
    fn new(frame_bytes: usize) -> Self {
        Self { frame_bytes, bytes: Vec::new(), next_seq: FIRST_SEQ }
    }

    fn next(&mut self, count: u32) -> &[u8] {
        let bytes = self.frame_bytes * count as usize;
        if self.bytes.len() != bytes {
            self.bytes = self.frame().repeat(count as usize);
        }
        for frame in self.bytes.chunks_exact_mut(self.frame_bytes) {
            let at = HEADER_BYTES + BEFORE_SEQ.len();
            write_digits(&mut frame[at..at + SEQ_DIGITS], self.next_seq);
            self.next_seq += 1;
        }
        &self.bytes
    }

    fn frame(&self) -> Vec<u8> {
        let filling = "x".repeat(self.frame_bytes.saturating_sub(HEADER_BYTES + EMPTY_BYTES));
        let payload = format!("{BEFORE_SEQ}{FIRST_SEQ}{AFTER_SEQ}{filling}{END}");
        server_frame(TEXT, payload.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use bongsu_types::Seq;

    use super::*;
    use crate::bench::scan::{Item, items};

    #[test]
    fn frames_are_as_long_as_asked_and_their_seqs_go_on() {
        for frame_bytes in [FRAME_BYTES_MIN, 400] {
            let mut maker = FrameMaker::new(frame_bytes);
            assert_eq!(maker.next(1).len(), frame_bytes);
            let bytes = maker.next(3).to_vec();
            assert_eq!(bytes.len(), 3 * frame_bytes);
            let payloads = bytes.chunks(frame_bytes).map(|frame| &frame[HEADER_BYTES..]);
            let found: Vec<Item<'_>> = payloads.flat_map(items).map(Result::unwrap).collect();
            let expected = [1, 2, 3].map(|more| Item::Message { room: ROOM, seq: Seq(FIRST_SEQ + more) });
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn orders_are_read_as_they_were_given() {
        for order in [Order::Echo, Order::Write { rounds: 200, frames: 8 }] {
            assert_eq!(Order::decode(order.encode()), order);
        }
    }
}
