//! What was answered before the store was closed is there when it is opened again.

use bongsu_types::{
    CommitNo, Device, Head, OwnRow, Profile, Retention, Room, RoomId, RoomKind, Seq, ServerKey, TailRef,
    UserId, UserRev,
};

use super::acts::{edit, message, once, refused, room, room_key, user, users};
use super::{DAY_MS, Fixture};
use crate::{
    AppendMessage, Changes, CreateRoom, EditMessage, HistoryItem, ImportRoom, KeyScopeOfRoom, ProfileChange,
    RecordPage, Refusal,
};

/// Everything a caller can see of a store, for some users and rooms. Own rows hold the positions.
#[derive(Debug, PartialEq)]
pub struct Picture {
    /// Of each user, by id: revision, rows and what changed since the beginning.
    pub own: Vec<(UserRev, Vec<OwnRow>, Changes)>,
    /// Rooms that exist.
    pub rooms: Vec<Room>,
    /// Their heads.
    pub heads: Vec<Head>,
    /// Their members.
    pub members: Vec<Vec<UserId>>,
    /// Their logs.
    pub logs: Vec<RecordPage>,
    /// What each user reads in each room, `None` where they may not.
    pub histories: Vec<Option<Vec<HistoryItem>>>,
    /// Devices of each user.
    pub devices: Vec<Vec<Device>>,
    /// Profiles.
    pub profiles: Vec<Profile>,
    /// Keys.
    pub server_keys: Vec<ServerKey>,
    /// The whole tail.
    pub tail: Vec<TailRef>,
    /// Last commit.
    pub last_commit: CommitNo,
}

impl Picture {
    /// Takes it.
    pub async fn of(fixture: &Fixture, names: &[&str], rooms: &[RoomId]) -> Self {
        let store = fixture.store();
        let mut picture = Self {
            own: Vec::new(),
            rooms: Vec::new(),
            heads: store.heads(rooms).await.unwrap(),
            members: Vec::new(),
            logs: Vec::new(),
            histories: Vec::new(),
            devices: Vec::new(),
            profiles: store.profiles(&users(names)).await.unwrap(),
            server_keys: store.server_keys().await.unwrap(),
            tail: fixture.tail(100).await,
            last_commit: fixture.last_commit().await,
        };
        for room in rooms {
            picture.rooms.extend(store.room(*room).await.unwrap());
            picture.members.push(store.member_ids(*room).await.unwrap());
            picture.logs.push(store.records(*room, Seq::ZERO, usize::MAX, usize::MAX).await.unwrap());
        }
        for name in names {
            let own = store.own_rows(&user(name)).await.unwrap();
            let changes = store.changes(&user(name), UserRev::ZERO).await.unwrap();
            for room in rooms {
                let is_member = own.rows.iter().any(|row| row.room == *room);
                let history = if is_member { Some(fixture.history(name, *room).await) } else { None };
                picture.histories.push(history);
            }
            picture.own.push((own.user_rev, own.rows, changes));
            picture.devices.push(store.devices(&user(name)).await.unwrap());
        }
        picture
    }
}

pub async fn an_opened_store_is_as_it_was_closed(fixture: &Fixture) {
    let names = ["alice", "bob", "carol", "dave"];
    let days = Retention::History { days: Some(1) };
    let swept = CreateRoom { retention: days, ..room(RoomKind::Group, "alice", &["bob"]) };
    let keyed = CreateRoom {
        key: Some((KeyScopeOfRoom::Creator, room_key("k"))),
        name: "keyed".to_owned(),
        ..room(RoomKind::Channel, "carol", &["dave"])
    };
    let request = CreateRoom { request: true, ..room(RoomKind::Direct, "dave", &["alice"]) };
    let rooms = [fixture.create(swept).await, fixture.create(keyed).await, fixture.create(request).await];
    fixture.hello("bob", "phone").await;
    fixture.hello("carol", "phone").await;
    for text in ["a", "b", "c"] {
        let target = fixture.send(rooms[0], "alice", text).await.seq;
        fixture.react(rooms[0], "bob", target, "+").await;
        fixture.edit(rooms[0], "alice", target, &text.to_uppercase()).await;
        let call =
            AppendMessage { mentions: super::acts::everyone(), ..message(rooms[1], "carol", text, text) };
        fixture.append(call).await;
        fixture.advance(DAY_MS / 2);
    }
    fixture.ack("bob", "phone", &[(rooms[0], 4)]).await;
    fixture.read(rooms[0], "bob", 5).await;
    fixture.store().mark_unread(&user("dave"), rooms[1]).await.unwrap();
    fixture.store().sweep(1_000).await.unwrap();
    fixture.remove(rooms[1], "carol", &["dave"]).await;
    fixture.store().revoke_user(&user("dave")).await.unwrap();

    let before = Picture::of(fixture, &names, &rooms).await;
    assert!(before.heads[0].floor_seq > Seq::ZERO);
    fixture.reopen().await;
    let after = Picture::of(fixture, &names, &rooms).await;
    assert_eq!(before, after);
    assert_eq!(fixture.store().revoked_before(&user("dave")).await.unwrap(), fixture.now());
    let opened = fixture.hello("bob", "phone").await;
    assert!(opened.resumed && opened.cursors.contains(&(rooms[0], Seq(4))));
    fixture.assert_no_drift().await;
}

pub async fn keys_outlive_a_restart(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let first = fixture.append(message(room, "alice", "c-1", "hello")).await;
    let request = EditMessage { once: Some(once("c-2", "x")), ..edit(room, "alice", first.seq, "x") };
    let changed = fixture.store().edit(request.clone()).await.unwrap();
    fixture.reopen().await;
    let again = fixture.append(message(room, "alice", "c-1", "hello")).await;
    assert_eq!((again.seq, again.ord, again.at_ms), (first.seq, first.ord, first.at_ms));
    assert!(again.duplicate);
    let again = fixture.store().edit(request).await.unwrap();
    assert_eq!((again.seq, again.duplicate), (changed.seq, true));
    let other = fixture.store().append(message(room, "alice", "c-1", "else")).await;
    assert_eq!(refused(other), Refusal::Conflict);
}

pub async fn numbers_go_on_after_a_restart(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    for round in 0..3 {
        fixture.send(room, "alice", &format!("a{round}")).await;
        fixture.hello("bob", "phone").await;
        fixture.reopen().await;
    }
    let opened = fixture.hello("bob", "phone").await;
    assert_eq!((opened.session_no.get(), opened.epoch), (4, fixture.committed()[0].epoch));
    let numbers: Vec<u64> = fixture.committed().iter().map(|committed| committed.commit.get()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    fixture.assert_dense(room).await;
}

pub async fn rooms_are_found_by_key_and_pair_after_a_restart(fixture: &Fixture) {
    let key = Some((KeyScopeOfRoom::Global, room_key("k")));
    let keyed = CreateRoom { key, ..room(RoomKind::Group, "alice", &[]) };
    let (group, direct) = (fixture.create(keyed.clone()).await, fixture.direct("alice", "bob").await);
    let source = ImportRoom {
        kind: RoomKind::Group,
        key: room_key("source"),
        creator: user("alice"),
        name: String::new(),
        image: String::new(),
        data: None,
        created_ms: fixture.now(),
        pair: None,
    };
    let imported = fixture.store().begin_import(source.clone()).await.unwrap();
    fixture.reopen().await;
    assert_eq!(fixture.create(keyed).await, group);
    assert_eq!(fixture.direct("bob", "alice").await, direct);
    assert_eq!(fixture.store().begin_import(source).await.unwrap(), imported);
    let named = ProfileChange { name: Some("A".to_owned()), ..ProfileChange::default() };
    fixture.store().upsert_users(&[(user("alice"), named)]).await.unwrap();
    fixture.reopen().await;
    assert_eq!(fixture.store().profiles(&[user("alice")]).await.unwrap()[0].name, "A");
}
