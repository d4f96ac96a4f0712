//! To those outside, a room does not exist: the same refusal on every call, whatever else would be wrong.

use bongsu_types::{Role, RoomId, Seq};

use super::Fixture;
use super::acts::{delete, edit, message, react, refused, update, user, users};
use crate::{HistoryFrom, Refusal, SettingsChange, StoreResult};

async fn answers(fixture: &Fixture, name: &str, room: RoomId) -> Vec<(&'static str, StoreResult<()>)> {
    let (store, me) = (fixture.store(), user(name));
    let hidden = SettingsChange { hidden: Some(true), ..SettingsChange::default() };
    vec![
        ("append", store.append(message(room, name, "c-x", "hi")).await.map(drop)),
        ("edit", store.edit(edit(room, name, Seq(2), "x")).await.map(drop)),
        ("delete", store.delete(delete(room, name, Seq(2))).await.map(drop)),
        ("react", store.react(react(room, name, Seq(2), "+")).await.map(drop)),
        ("history", store.history(&me, room, HistoryFrom::Latest, 10).await.map(drop)),
        ("update_room", store.update_room(update(room, name)).await.map(drop)),
        ("add_members", store.add_members(room, &me, &users(&["x"])).await.map(drop)),
        ("remove_members", store.remove_members(room, &me, &users(&["alice"])).await.map(drop)),
        ("leave", store.leave(room, &me).await.map(drop)),
        ("set_role", store.set_role(room, &me, &user("alice"), Role::Member).await.map(drop)),
        ("members", store.members(&me, room, None, 10).await.map(drop)),
        ("mark_read", store.mark_read(&me, room, Seq(1)).await.map(drop)),
        ("mark_unread", store.mark_unread(&me, room).await.map(drop)),
        ("change_settings", store.change_settings(&me, room, hidden).await.map(drop)),
        ("accept", store.accept(&me, room).await.map(drop)),
    ]
}

pub async fn a_room_does_not_exist_for_those_outside(fixture: &Fixture) {
    let group = fixture.group("alice", &["gone"]).await;
    let direct = fixture.direct("alice", "bob").await;
    let channel = fixture.channel("alice", &["gone"]).await;
    for room in [group, direct, channel] {
        fixture.send(room, "alice", "one").await;
    }
    fixture.remove(group, "alice", &["gone"]).await;
    fixture.remove(channel, "alice", &["gone"]).await;
    let nowhere = RoomId::from_bytes([7; 16]);
    let commits = fixture.last_commit().await;
    for room in [group, direct, channel, nowhere] {
        for name in ["gone", "stranger"] {
            for (call, answer) in answers(fixture, name, room).await {
                assert_eq!(refused(answer), Refusal::RoomNotFound, "{call} of {name}");
            }
        }
    }
    assert_eq!(fixture.last_commit().await, commits, "a refusal commits nothing");
    assert_eq!(fixture.store().profiles(&[user("stranger"), user("x")]).await.unwrap(), []);
}
