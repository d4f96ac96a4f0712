//! What a frame of the server says, found without parsing it: positions of messages and answers to sends.
//!
//! Quotes inside JSON strings are escaped, so the texts searched for stand nowhere but where an object begins. The
//! order of fields is the server's own: a frame in another order ends the run with [`UnknownLayout`].

use std::sync::LazyLock;

use bongsu_types::Seq;
use memchr::memmem::Finder;

/// How every object begins.
static OBJECT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#"{"jsonrpc":"2.0","#));

const EVENT: &[u8] = br#""method":""#;
const MESSAGE: &[u8] = br#"message.new""#;
const ROOM: &[u8] = br#","params":{"room":""#;
const SEQ: &[u8] = br#"","seq":"#;
const ID: &[u8] = br#""id":"#;
const RESULT: &[u8] = br#","result":{"seq":"#;
const DUPLICATE: &[u8] = br#""duplicate":true"#;

/// Bytes shown of a frame that cannot be read.
const SHOWN_BYTES: usize = 80;

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

/// A frame whose objects do not have their fields where this version of the protocol has them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the server lays out its frames in a way this version does not read: {0}")]
pub struct UnknownLayout(String);

/// The objects of a frame, in order.
pub(super) fn items(payload: &[u8]) -> impl Iterator<Item = Result<Item<'_>, UnknownLayout>> {
    let first = payload.strip_prefix(b"[").unwrap_or(payload);
    let strange = (!first.starts_with(OBJECT.needle())).then(|| Err(unknown(first)));
    let objects = OBJECT.find_iter(payload).map(|at| {
        let object = &payload[at + OBJECT.needle().len()..];
        item(object).ok_or_else(|| unknown(object))
    });
    strange.into_iter().chain(objects)
}

fn unknown(object: &[u8]) -> UnknownLayout {
    let shown = &object[..object.len().min(SHOWN_BYTES)];
    UnknownLayout(String::from_utf8_lossy(shown).into_owned())
}

fn item(object: &[u8]) -> Option<Item<'_>> {
    if let Some(event) = object.strip_prefix(EVENT) {
        return event.strip_prefix(MESSAGE).map_or(Some(Item::Event), message_at);
    }
    let rest = object.strip_prefix(ID)?;
    // An id that is no number belongs to nothing this side asked.
    let Some((id, rest)) = number(rest) else { return Some(Item::Event) };
    Some(match rest.strip_prefix(RESULT).and_then(number) {
        Some((seq, rest)) => {
            let end = memchr::memchr(b'}', rest).unwrap_or(rest.len());
            let duplicate = memchr::memmem::find(&rest[..end], DUPLICATE).is_some();
            Item::Sent { id, seq: Seq(seq), duplicate }
        }
        None => Item::Answer { id, rest },
    })
}

fn message_at(message: &[u8]) -> Option<Item<'_>> {
    let (room, rest) = message.strip_prefix(ROOM)?.split_first_chunk()?;
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
    use bongsu_types::{
        ClientId, Mentions, Message, MessageKind, Millis, Ordinal, Record, RecordBody, RoomId, UserId,
    };
    use bongsu_wire::{RequestId, SendResult, encode_record, encode_result};

    use super::*;
    use crate::bench::template::room_text;

    const ROOM: &str = "019a5c2e-7b00-7c3d-9e4f-5a6b7c8d9e0f";

    #[test]
    fn what_the_server_writes_is_found_in_order() {
        let frame = format!(
            r#"[{{"jsonrpc":"2.0","id":7,"result":{{"seq":42,"ord":40,"at_ms":17,"duplicate":true}}}},{{"jsonrpc":"2.0","method":"message.new","params":{{"room":"{ROOM}","seq":43,"text":"{{\"jsonrpc\":\"2.0\",\"id\":1"}}}},{{"jsonrpc":"2.0","method":"presence","params":{{}}}},{{"jsonrpc":"2.0","id":8,"error":{{}}}}]"#
        );
        let found: Vec<Item<'_>> = items(frame.as_bytes()).map(Result::unwrap).collect();
        let room = ROOM.as_bytes().try_into().unwrap();
        assert_eq!(found[0], Item::Sent { id: 7, seq: Seq(42), duplicate: true });
        assert_eq!(found[1], Item::Message { room, seq: Seq(43) });
        assert_eq!(found[2], Item::Event);
        assert_eq!(found[3], Item::Answer { id: 8, rest: br#","error":{}}]"# });
        assert_eq!(found.len(), 4);
    }

    #[test]
    fn what_this_version_writes_is_what_is_read() {
        let (id, room) = (RequestId::from(7), RoomId::from_bytes([7; 16]));
        let result = SendResult { seq: Seq(42), ord: Ordinal(40), at_ms: Millis(17), duplicate: false };
        let answer = encode_result(&id, &result);
        let sent = items(answer.as_bytes()).collect::<Vec<_>>();
        assert_eq!(sent, [Ok(Item::Sent { id: 7, seq: Seq(42), duplicate: false })]);
        let record = Record {
            room,
            seq: Seq(43),
            ord: Ordinal(41),
            at_ms: Millis(17),
            actor: UserId::new("alice").unwrap(),
            body: RecordBody::Message(Box::new(Message {
                rev: Seq(43),
                kind: MessageKind::Message,
                client_id: ClientId::new("c").unwrap(),
                text: "text".to_owned(),
                edited_ms: None,
                deleted: false,
                reply_to: None,
                mentions: Mentions::default(),
                reactions: Vec::new(),
                data: None,
                silent: false,
                keep_unread: false,
            })),
        };
        let event = encode_record(&record);
        let room = room_text(room);
        let message = items(event.as_bytes()).collect::<Vec<_>>();
        assert_eq!(message, [Ok(Item::Message { room: &room, seq: Seq(43) })]);
    }

    #[test]
    fn fields_in_another_order_end_the_run() {
        for frame in [
            r#"{"method":"message.new","jsonrpc":"2.0","params":{}}"#,
            r#"[{"jsonrpc":"2.0","params":{},"method":"message.new"}]"#,
            r#"{"jsonrpc":"2.0","method":"message.new","params":{"seq":1}}"#,
            r#"{"jsonrpc":"2.0","result":{},"id":1}"#,
        ] {
            assert!(items(frame.as_bytes()).any(|item| item.is_err()), "{frame}");
        }
    }
}
