//! The frame of a send, made once: room and numbers are written over in place.

use bongsu_types::{ClientId, Millis, RoomId};
use bongsu_wire::{Call, RequestId, encode_request};

use super::line::text_frame;
use super::scan::{ROOM_BYTES, RoomText};
use crate::client::text_message;

/// Ids have this many digits, so that every frame is as long as the first.
const FIRST_ID: u64 = 1_000_000_000;

/// Digits of an id.
const ID_DIGITS: usize = 10;

/// A send that is not yet addressed.
#[derive(Debug, Clone)]
pub(super) struct Template {
    frame: Vec<u8>,
    room_at: usize,
    id_at: usize,
    client_id_at: usize,
}

impl Template {
    /// Sends a text of so many bytes. Client ids begin with `prefix`, which is the sender's own.
    pub(super) fn new(prefix: &str, text_bytes: usize) -> Self {
        let room = RoomId::mint(Millis(0));
        let client_id =
            ClientId::new(&format!("{prefix}-{FIRST_ID}")).expect("a short prefix and a number fit");
        let send = text_message(room, client_id.clone(), "x".repeat(text_bytes));
        let id = i64::try_from(FIRST_ID).expect("ten digits fit");
        let frame = text_frame(&encode_request(Some(&RequestId::from(id)), &send.into_command()));
        let find = |text: &str| {
            memchr::memmem::find(&frame, text.as_bytes()).expect("the request holds what it was made of")
        };
        let id_at = find(&format!("\"id\":{FIRST_ID}")) + "\"id\":".len();
        let client_id_at = find(&client_id.to_string()) + prefix.len() + 1;
        Self { room_at: find(&room.to_string()), id_at, client_id_at, frame }
    }

    /// The frame for a room. `number` is below 9,000,000,000 and never used twice; the answer's id gives it back
    /// through [`Template::number`].
    pub(super) fn address(&mut self, room: &RoomText, number: u64) -> &[u8] {
        let mut digits = [b'0'; ID_DIGITS];
        write_digits(&mut digits, FIRST_ID + number);
        self.frame[self.room_at..self.room_at + ROOM_BYTES].copy_from_slice(room);
        self.frame[self.id_at..self.id_at + ID_DIGITS].copy_from_slice(&digits);
        self.frame[self.client_id_at..self.client_id_at + ID_DIGITS].copy_from_slice(&digits);
        &self.frame
    }

    /// The number of the send that an answer's id belongs to.
    pub(super) fn number(id: u64) -> Option<u64> {
        id.checked_sub(FIRST_ID)
    }
}

/// Writes a number over digits, leading zeros included.
pub(super) fn write_digits(digits: &mut [u8], mut number: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).expect("below ten");
        number /= 10;
    }
}

/// A room's id as it stands in frames.
pub(super) fn room_text(room: RoomId) -> RoomText {
    room.to_string().into_bytes().try_into().expect("an id is written in 36 bytes")
}

#[cfg(test)]
mod tests {
    use bongsu_types::Limits;
    use bongsu_wire::decode_frame;

    use super::*;

    #[test]
    fn an_addressed_frame_is_a_send_to_that_room() {
        let room = RoomId::mint(Millis(1));
        let mut template = Template::new("run-1", 200);
        let frame = template.address(&room_text(room), 17).to_vec();
        // Two bytes, two of length, four of a mask that is zero.
        let text = std::str::from_utf8(&frame[8..]).unwrap();
        let request = decode_frame(text, &Limits::default()).unwrap();
        let described = format!("{request:?}");
        assert!(described.contains(&room.to_string()), "{described}");
        assert!(described.contains("run-1-1000000017"), "{described}");
        assert_eq!(Template::number(1_000_000_017), Some(17));
    }
}
