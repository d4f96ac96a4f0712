//! From the domain to the wire: records become the golden events, rows state what the domain computes.
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use bongsu_types::{
    ClientId, DeviceId, Emoji, JsonObject, Mentions, Message, MessageKind, Millis, Ordinal, OwnChange,
    OwnFact, Reaction, ReactionOp, Record, RecordBody, Retention, Role, RoomChange, RoomId, RoomKind, Seq,
    Settings, UserId, UserRev,
};
use bongsu_wire::{
    Change, DeviceObject, Event, LastMessage, ListRow, MessageObject, Peer, SettingsObject, encode_record,
    encode_record_for,
};

const T: u64 = 1_763_726_400_000;

fn room() -> RoomId {
    "019a5c2e-7b00-7c3d-9e4f-5a6b7c8d9e0f".parse().unwrap()
}

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn record(seq: u64, after_ms: u64, actor: &str, body: RecordBody) -> Record {
    Record {
        room: room(),
        seq: Seq(seq),
        ord: Ordinal(41),
        at_ms: Millis(T + after_ms),
        actor: user(actor),
        body,
    }
}

fn message(text: &str) -> Message {
    Message {
        rev: Seq(43),
        kind: MessageKind::Message,
        client_id: ClientId::new("c-1").unwrap(),
        text: text.to_owned(),
        edited_ms: None,
        deleted: false,
        reply_to: None,
        mentions: Mentions::default(),
        reactions: Vec::new(),
        data: None,
        silent: false,
        keep_unread: false,
    }
}

fn said(message: Message) -> Record {
    record(43, 120_000, "alice", RecordBody::Message(Box::new(message)))
}

#[test]
fn every_kind_of_record_becomes_its_golden_event() {
    let target = Seq(43);
    let emoji = Emoji::new("👍").unwrap();
    let change = RoomChange {
        name: Some("성수동 투룸 (계약 완료)".to_owned()),
        image: None,
        data: Some(JsonObject::empty()),
        history_before_join: Some(false),
        retention: Some(Retention::Transit),
    };
    let edited = RecordBody::Edited {
        target,
        text: Some("안녕하세요".to_owned()),
        data: Some(JsonObject::empty()),
        edited_ms: Millis(T + 130_000),
    };
    let golden = include_str!("golden/events.jsonl");
    for record in [
        said(message("안녕")),
        record(44, 130_000, "alice", edited),
        record(45, 140_000, "alice", RecordBody::Deleted { target: Seq(41) }),
        record(46, 150_000, "bob", RecordBody::Reaction { target: Seq(40), emoji, op: ReactionOp::Add }),
        record(48, 160_000, "alice", RecordBody::MemberAdded { users: vec![user("carol"), user("dave")] }),
        record(49, 170_000, "alice", RecordBody::MemberRemoved { users: vec![user("dave")] }),
        record(51, 180_000, "alice", RecordBody::MemberRole { user: user("bob"), role: Role::Admin }),
        record(47, 190_000, "alice", RecordBody::RoomUpdated(Box::new(change))),
    ] {
        let text = encode_record(&record);
        assert!(golden.lines().any(|line| line == text), "{text}");
        assert_eq!(Event::from(&record).position(), Some((record.room, record.seq)));
    }
}

#[test]
fn reactions_of_a_replayed_message_say_which_are_the_readers_own() {
    let (thumb, party) = (Emoji::new("👍").unwrap(), Emoji::new("1").unwrap());
    let mut reacted = message("x");
    reacted.reactions =
        vec![Reaction { emoji: thumb.clone(), count: 2 }, Reaction { emoji: party, count: 1 }];
    let record = said(reacted);
    let text = encode_record_for(&record, std::slice::from_ref(&thumb));
    assert!(
        text.contains(r#""reactions":{"👍":{"count":2,"mine":true},"1":{"count":1,"mine":false}}"#),
        "{text}"
    );
    let page = MessageObject::new(&record, &[thumb]).unwrap();
    assert!(text.contains(serde_json::to_string(&page).unwrap().trim_matches(['{', '}'])));
}

#[test]
fn data_that_is_no_json_never_breaks_a_frame() {
    let mut broken = message("x");
    broken.data = Some(JsonObject::parsed("{nope}").unwrap());
    assert!(encode_record(&said(broken)).ends_with(r#""data":{}}}"#));
}

#[test]
fn a_changed_row_is_told_from_a_removed_one_when_it_is_read() {
    let row = ListRow {
        room: room(),
        kind: RoomKind::Direct,
        key: None,
        name: String::new(),
        image: String::new(),
        data: None,
        peer: Some(Peer { user: user("bob"), name: "밥".to_owned(), image: String::new() }),
        last: Some(LastMessage {
            seq: Seq(42),
            sender: user("bob"),
            kind: MessageKind::Message,
            text: "안녕".to_owned(),
            deleted: false,
            at_ms: Millis(T),
        }),
        head_seq: Seq(42),
        head_ord: Ordinal(41),
        read_seq: Seq(40),
        read_ord: Ordinal(38),
        joined_seq: Seq(1),
        floor_seq: Seq(0),
        unread: 3,
        marked_unread: false,
        mentions: 2,
        role: Role::Member,
        request: false,
        settings: SettingsObject::new(&Settings::default(), Seq(42)),
        active_ms: Millis(T),
        user_rev: UserRev(7),
        members: None,
    };
    let removed = Change::Removed { room: room(), user_rev: UserRev(8) };
    for (change, user_rev) in [(Change::Row(Box::new(row)), UserRev(7)), (removed, UserRev(8))] {
        assert_eq!(change.user_rev(), user_rev);
        let text = serde_json::to_string(&change).unwrap();
        assert_eq!(serde_json::from_str::<Change>(&text).unwrap(), change);
    }
}

#[test]
fn own_facts_become_own_events_but_for_a_join_which_needs_the_row() {
    let fact = |change| OwnFact { user: user("alice"), room: room(), user_rev: UserRev(10), change };
    let hidden = Settings { hidden_seq: Some(Seq(42)), ..Settings::default() };
    let Some(Event::RoomSettings(event)) = Event::of_own(&fact(OwnChange::Settings(hidden))) else {
        panic!("no settings event");
    };
    assert!(event.settings.hidden);
    let read = OwnChange::Read { read_seq: Seq(42), read_ord: Ordinal(40), unread: 1, marked_unread: false };
    let event = Event::of_own(&fact(read)).unwrap();
    assert!(include_str!("golden/events.jsonl").lines().any(|line| line == event.encode()));
    assert_eq!(event.user_rev(), Some(UserRev(10)));
    assert_eq!(Event::of_own(&fact(OwnChange::Joined { from_seq: Seq(1) })), None);
}

#[test]
fn the_device_that_asks_is_the_current_one() {
    let id = DeviceId::new("web").unwrap();
    let device = bongsu_types::Device {
        info: bongsu_types::DeviceInfo { id: id.clone(), platform: String::new(), name: String::new() },
        session_no: bongsu_types::SessionNo(1),
        last_active_ms: Millis(T),
    };
    assert!(DeviceObject::new(&device, Some(&id)).current);
    assert!(!DeviceObject::new(&device, None).current);
}
