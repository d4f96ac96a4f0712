//! Every row comes back from its bytes, and no bytes make a decoder panic.

use bongsu_types::{
    ClientId, CommitNo, Device, DeviceId, DeviceInfo, Emoji, Epoch, Head, JsonObject, KeyScope, Mentions,
    Message, MessageKind, Millis, Ordinal, OwnRow, Profile, Reaction, ReactionOp, Record, RecordBody,
    Retention, Role, Room, RoomChange, RoomId, RoomKey, RoomKind, Seq, ServerKey, SessionNo, Settings,
    TailKind, TailRef, UserId, UserRev,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{log, meta, own, people, reply, room, tail};
use crate::{KeyScopeOfRoom, RequestHash};

const ROOM: RoomId = RoomId::from_bytes([3; 16]);

fn user() -> impl Strategy<Value = UserId> {
    "[a-zA-Z0-9_.@:-]{1,64}".prop_map(|text| UserId::new(&text).unwrap())
}

fn client_id() -> impl Strategy<Value = ClientId> {
    "[^\\x00]{1,16}".prop_map(|text| ClientId::new(&text).unwrap())
}

fn emoji() -> impl Strategy<Value = Emoji> {
    "[^\\x00]{1,16}".prop_map(|text| Emoji::new(&text).unwrap())
}

fn json() -> impl Strategy<Value = JsonObject> {
    ".{0,30}".prop_map(|text| JsonObject::parsed(format!("{{{text}}}")).unwrap())
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Member), Just(Role::Admin), Just(Role::Owner)]
}

fn retention() -> impl Strategy<Value = Retention> {
    prop_oneof![option::of(1_u32..).prop_map(|days| Retention::History { days }), Just(Retention::Transit)]
}

prop_compose! {
    fn message()(
        (rev, system, client_id, text) in (any::<u64>(), any::<bool>(), client_id(), ".{0,40}"),
        (edited, deleted, reply_to) in (option::of(any::<u64>()), any::<bool>(), option::of(any::<u64>())),
        (all, users) in (any::<bool>(), vec(user(), 0..3)),
        reactions in vec((emoji(), any::<u32>()), 0..3),
        (data, silent, keep_unread) in (option::of(json()), any::<bool>(), any::<bool>()),
    ) -> Message {
        Message {
            rev: Seq(rev),
            kind: if system { MessageKind::System } else { MessageKind::Message },
            client_id,
            text,
            edited_ms: edited.map(Millis),
            deleted,
            reply_to: reply_to.map(Seq),
            mentions: Mentions { all, users },
            reactions: reactions.into_iter().map(|(emoji, count)| Reaction { emoji, count }).collect(),
            data,
            silent,
            keep_unread,
        }
    }
}

fn body() -> impl Strategy<Value = RecordBody> {
    let target = any::<u64>().prop_map(Seq);
    prop_oneof![
        message().prop_map(|message| RecordBody::Message(Box::new(message))),
        (target.clone(), option::of(".{0,20}"), option::of(json()), any::<u64>()).prop_map(
            |(target, text, data, at)| RecordBody::Edited { target, text, data, edited_ms: Millis(at) }
        ),
        target.clone().prop_map(|target| RecordBody::Deleted { target }),
        (target, emoji(), any::<bool>()).prop_map(|(target, emoji, add)| RecordBody::Reaction {
            target,
            emoji,
            op: if add { ReactionOp::Add } else { ReactionOp::Remove },
        }),
        vec(user(), 0..4).prop_map(|users| RecordBody::MemberAdded { users }),
        vec(user(), 0..4).prop_map(|users| RecordBody::MemberRemoved { users }),
        (user(), role()).prop_map(|(user, role)| RecordBody::MemberRole { user, role }),
        (
            option::of(".{0,9}"),
            option::of(".{0,9}"),
            option::of(json()),
            option::of(any::<bool>()),
            option::of(retention())
        )
            .prop_map(|(name, image, data, history_before_join, retention)| {
                RecordBody::RoomUpdated(Box::new(RoomChange {
                    name,
                    image,
                    data,
                    history_before_join,
                    retention,
                }))
            }),
    ]
}

prop_compose! {
    fn own_row()(
        (user, role, slot, rev) in (user(), role(), any::<u32>(), any::<u64>()),
        joined in (any::<u64>(), any::<u64>(), any::<u64>()),
        read in (any::<u64>(), any::<u64>(), any::<bool>(), any::<bool>()),
        settings in (any::<bool>(), any::<u64>(), option::of(any::<u64>()), option::of(json())),
        mentions in vec(any::<u64>(), 0..5),
        gone in option::of((any::<u64>(), any::<u64>())),
    ) -> own::StoredOwn {
        let row = OwnRow {
            user,
            room: ROOM,
            role,
            joined_seq: Seq(joined.0),
            joined_ord: Ordinal(joined.1),
            joined_ms: Millis(joined.2),
            read_seq: Seq(read.0),
            read_ord: Ordinal(read.1),
            marked_unread: read.2,
            settings: Settings {
                pinned: settings.0,
                muted_until_ms: Millis(settings.1),
                hidden_seq: settings.2.map(Seq),
                custom: settings.3,
            },
            request: read.3,
            mentions: mentions.into_iter().map(Ordinal).collect(),
            user_rev: UserRev(rev),
            removed_ms: gone.map(|gone| Millis(gone.0)),
            left_seq: gone.map(|gone| Seq(gone.1)),
        };
        own::StoredOwn { row, slot }
    }
}

proptest! {
    #[test]
    fn records_come_back(commit: u64, seq: u64, ord: u64, at: u64, actor in user(), body in body(), once in option::of(client_id()), edit in option::of(any::<u64>())) {
        let record = Record { room: ROOM, seq: Seq(seq), ord: Ordinal(ord), at_ms: Millis(at), actor, body };
        let stored = log::StoredRecord { commit: CommitNo(commit), once, edit: edit.map(Seq), record };
        let bytes = log::encode_record(&stored);
        prop_assert_eq!(log::peek_ord(&bytes), Ok(Ordinal(ord)));
        prop_assert_eq!(log::decode_record(ROOM, Seq(seq), &bytes), Ok(stored));
    }

    #[test]
    fn own_rows_and_members_come_back(stored in own_row()) {
        let bytes = own::encode_own(&stored);
        prop_assert_eq!(own::decode_own(&stored.row.user, ROOM, &bytes), Ok(stored.clone()));
        let member = own::StoredMember {
            role: stored.row.role,
            joined_seq: stored.row.joined_seq,
            joined_ms: stored.row.joined_ms,
        };
        prop_assert_eq!(own::decode_member(&own::encode_member(member)), Ok(member));
    }

    #[test]
    fn rooms_and_heads_come_back(
        kind in 0..3_usize, global: bool, origin in 0..3_usize, key in option::of("[^\\x00]{1,9}"), name in ".{0,9}", data in option::of(json()),
        retention in retention(), pair in option::of((user(), user())), creator in user(), numbers: [u64; 7], members: u32, flag: bool,
    ) {
        let stored = room::StoredRoom {
            room: Room {
                id: ROOM,
                kind: [RoomKind::Direct, RoomKind::Group, RoomKind::Channel][kind],
                key: key.map(|key| RoomKey::new(&key).unwrap()),
                name: name.clone(),
                image: name,
                data,
                creator,
                created_ms: Millis(numbers[0]),
                history_before_join: flag,
                retention,
                pair,
            },
            scope: if global { KeyScopeOfRoom::Global } else { KeyScopeOfRoom::Creator },
            origin: [room::Origin::Created, room::Origin::Importing, room::Origin::Imported][origin],
        };
        prop_assert_eq!(room::decode_room(ROOM, &room::encode_room(&stored)), Ok(stored.clone()));
        let head = Head {
            room: ROOM, kind: stored.room.kind, seq: Seq(numbers[0]), ord: Ordinal(numbers[1]), active_ms: Millis(numbers[2]), last_message: Seq(numbers[3]),
            floor_seq: Seq(numbers[4]), floor_ord: Ordinal(numbers[5]), expired_ord: Ordinal(numbers[6]), members,
        };
        prop_assert_eq!(room::decode_head(ROOM, &room::encode_head(&head)), Ok(head));
        let ords: Vec<_> = numbers.into_iter().map(Ordinal).collect();
        prop_assert_eq!(room::decode_everyone(&room::encode_everyone(&ords)), Ok(ords));
    }

    #[test]
    fn people_come_back(user in user(), name in ".{0,9}", data in option::of(json()), numbers: [u64; 4], small: u32, flag: bool, at in option::of(any::<u64>())) {
        let state = people::UserState {
            known: flag, rev: UserRev(numbers[0]), rooms: small, next_slot: small, revoked_ms: at.map(Millis), changes_floor: UserRev(numbers[1]),
        };
        prop_assert_eq!(people::decode_user(&people::encode_user(&state)), Ok(state));
        let profile = Profile { user: user.clone(), name: name.clone(), image: name.clone(), data };
        prop_assert_eq!(people::decode_profile(&user, &people::encode_profile(&profile)), Ok(profile));
        let id = DeviceId::new(user.as_str()).unwrap();
        let device = people::StoredDevice {
            device: Device {
                info: DeviceInfo { id: id.clone(), platform: name.clone(), name },
                session_no: SessionNo(numbers[0]),
                last_active_ms: Millis(numbers[1]),
            },
            epoch: Epoch(numbers[2]),
            ended_ms: Some(Millis(numbers[1])).filter(|_| flag),
            revoked_ms: at.map(Millis),
        };
        prop_assert_eq!(people::decode_device(&id, &people::encode_device(&device)), Ok(device));
        let cursors: people::Cursors = numbers.iter().zip(0..).map(|(seq, slot)| (slot, Seq(*seq))).collect();
        prop_assert_eq!(people::decode_cursors(&people::encode_cursors(&cursors)), Ok(cursors));
        let key = ServerKey {
            id: "k1".into(), hash: [small as u8; 32], scopes: vec![KeyScope::Act, KeyScope::Users],
            created_ms: Millis(numbers[0]), revoked_ms: at.map(Millis),
        };
        prop_assert_eq!(people::decode_server_key(b"k1", &people::encode_server_key(&key)), Ok(key));
    }

    #[test]
    fn commits_and_replies_come_back(numbers: [u64; 3], hash: [u8; 16], user in user()) {
        let refs = vec![(ROOM, Seq(numbers[0]), TailKind::Record), (ROOM, Seq(numbers[1]), TailKind::Own { user, user_rev: UserRev(numbers[2]) })];
        let commit = CommitNo(numbers[0]);
        let expected = refs.iter().cloned().map(|(room, seq, kind)| TailRef { commit, room, seq, kind }).collect();
        let bytes = tail::encode_commit(Millis(numbers[1]), &refs);
        prop_assert_eq!(tail::decode_commit(commit, &bytes), Ok(tail::StoredCommit { at_ms: Millis(numbers[1]), refs: expected }));
        let consumer = tail::StoredConsumer { at: commit, said_ms: Millis(numbers[1]) };
        prop_assert_eq!(tail::decode_consumer(&tail::encode_consumer(consumer)), Ok(consumer));
        let reply = reply::StoredReply { request: RequestHash(hash), seq: Seq(numbers[0]), ord: Ordinal(numbers[1]), at_ms: Millis(numbers[2]) };
        prop_assert_eq!(reply::decode_reply(&reply::encode_reply(&reply)), Ok(reply));
        let identity = meta::Identity { store: hash, epoch: Epoch(numbers[0]), created_ms: Millis(numbers[1]) };
        prop_assert_eq!(meta::decode_identity(&meta::encode_identity(&identity)), Ok(identity));
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(mut bytes in vec(any::<u8>(), 0..80)) {
        if let Some(version) = bytes.first_mut() {
            *version = 1;
        }
        let user = UserId::new("alice").unwrap();
        let device = DeviceId::new("d").unwrap();
        // Whether they decode does not matter here.
        let mut decoded = 0;
        decoded += usize::from(log::decode_record(ROOM, Seq(1), &bytes).is_ok());
        decoded += usize::from(log::peek_ord(&bytes).is_ok());
        decoded += usize::from(own::decode_own(&user, ROOM, &bytes).is_ok());
        decoded += usize::from(own::decode_member(&bytes).is_ok());
        decoded += usize::from(room::decode_room(ROOM, &bytes).is_ok());
        decoded += usize::from(room::decode_head(ROOM, &bytes).is_ok());
        decoded += usize::from(room::decode_everyone(&bytes).is_ok());
        decoded += usize::from(people::decode_user(&bytes).is_ok());
        decoded += usize::from(people::decode_profile(&user, &bytes).is_ok());
        decoded += usize::from(people::decode_device(&device, &bytes).is_ok());
        decoded += usize::from(people::decode_cursors(&bytes).is_ok());
        decoded += usize::from(people::decode_server_key(b"k", &bytes).is_ok());
        decoded += usize::from(reply::decode_reply(&bytes).is_ok());
        decoded += usize::from(tail::decode_commit(CommitNo(1), &bytes).is_ok());
        decoded += usize::from(tail::decode_consumer(&bytes).is_ok());
        decoded += usize::from(meta::decode_identity(&bytes).is_ok());
        prop_assert!(decoded <= 16);
    }
}
