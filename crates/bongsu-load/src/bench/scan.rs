//! What a frame of the server says, found without parsing it: positions of messages and answers to sends.
//!
//! Quotes inside JSON strings are escaped, so the texts searched for stand nowhere but where an object begins. The
//! order of fields is the server's own; were it another, every message would count as lost and the run would fail.

use std::sync::LazyLock;

use bongsu_types::Seq;
use memchr::memmem::Finder;

/// How every object begins.
static OBJECT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#"{"jsonrpc":"2.0","#));

const MESSAGE: &[u8] = br#""method":"message.new","params":{"room":""#;
const SEQ: &[u8] = br#"","seq":"#;
const ID: &[u8] = br#""id":"#;
const RESULT: &[u8] = br#","result":{"seq":"#;
const DUPLICATE: &[u8] = br#""duplicate":true"#;

/// Bytes of a room's id as text.
pub(super) const ROOM_BYTES: usize = 36;

/// A room's id as it stands in frames.
pub(super) type RoomText = [u8; ROOM_BYTES];

/// One object of a frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item<'a> {
    /// `message.new`.
    Message { room: &'a RoomText, seq: Seq },
    /// A send that was carried out.
    Sent { id: u64, seq: Seq, duplicate: bool },
    /// Any other answer: what follows the id.
    Answer { id: u64, rest: &'a [u8] },
    /// Any other event.
    Event,
}

/// The objects of a frame, in order.
pub(super) fn items(payload: &[u8]) -> impl Iterator<Item = Item<'_>> {
    OBJECT.find_iter(payload).map(|at| item(&payload[at + OBJECT.needle().len()..]))
}

fn item(object: &[u8]) -> Item<'_> {
    if let Some(message) = object.strip_prefix(MESSAGE) {
        return message_at(message).unwrap_or(Item::Event);
    }
    let Some((id, rest)) = object.strip_prefix(ID).and_then(number) else { return Item::Event };
    match rest.strip_prefix(RESULT).and_then(number) {
        Some((seq, rest)) => {
            let end = memchr::memchr(b'}', rest).unwrap_or(rest.len());
            let duplicate = memchr::memmem::find(&rest[..end], DUPLICATE).is_some();
            Item::Sent { id, seq: Seq(seq), duplicate }
        }
        None => Item::Answer { id, rest },
    }
}

fn message_at(message: &[u8]) -> Option<Item<'_>> {
    let (room, rest) = message.split_first_chunk()?;
    let (seq, _) = rest.strip_prefix(SEQ).and_then(number)?;
    Some(Item::Message { room, seq: Seq(seq) })
}

/// The number at the start, and what follows it.
fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = text.split_at(digits);
    let number = number.iter().fold(0u64, |sum, digit| sum.wrapping_mul(10) + u64::from(digit - b'0'));
    (digits > 0).then_some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: &str = "019a5c2e-7b00-7c3d-9e4f-5a6b7c8d9e0f";

    #[test]
    fn what_the_server_writes_is_found_in_order() {
        let frame = format!(
            r#"[{{"jsonrpc":"2.0","id":7,"result":{{"seq":42,"ord":40,"at_ms":17,"duplicate":true}}}},{{"jsonrpc":"2.0","method":"message.new","params":{{"room":"{ROOM}","seq":43,"text":"{{\"jsonrpc\":\"2.0\",\"id\":1"}}}},{{"jsonrpc":"2.0","method":"presence","params":{{}}}},{{"jsonrpc":"2.0","id":8,"error":{{}}}}]"#
        );
        let found: Vec<Item<'_>> = items(frame.as_bytes()).collect();
        let room = ROOM.as_bytes().try_into().unwrap();
        assert_eq!(found[0], Item::Sent { id: 7, seq: Seq(42), duplicate: true });
        assert_eq!(found[1], Item::Message { room, seq: Seq(43) });
        assert_eq!(found[2], Item::Event);
        assert_eq!(found[3], Item::Answer { id: 8, rest: br#","error":{}}]"# });
        assert_eq!(found.len(), 4);
    }
}
