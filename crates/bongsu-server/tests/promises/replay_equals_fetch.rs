//! Replaying records over a client's state ends in what a fresh fetch gives, for every kind of record.

use bongsu_load::client::text_message;
use bongsu_testkit::{TestClient, user_id};
use bongsu_types::{ClientId, JsonObject, Mentions, Retention, Role, RoomId, Seq};
use bongsu_wire::{
    AddMembers, ChangeSettings, DeleteMessage, EditMessage, LeaveRoom, MarkRead, MarkUnread, React,
    RemoveMembers, SendMessage, SetRole, UpdateRoom,
};

use crate::bongsu;

/// Everybody who was online and one who was away hold the same as the server.
struct Everybody {
    alice: TestClient,
    bob: TestClient,
    away: TestClient,
}

impl Everybody {
    async fn gather() -> (bongsu_testkit::ServerProcess, Self) {
        let server = bongsu().serve().await;
        let mut members = server.access().members(&["alice", "bob", "carol"]).await.into_iter();
        let (Some(alice), Some(bob), Some(away)) = (members.next(), members.next(), members.next()) else {
            unreachable!()
        };
        away.connection().close().await;
        (server, Self { alice, bob, away })
    }

    fn room(&self) -> RoomId {
        self.alice.room()
    }

    /// Live state after each step, replayed state at the end.
    async fn agree(&self) {
        self.alice.assert_equals_fresh().await;
        self.bob.assert_equals_fresh().await;
    }

    async fn agree_at_last(mut self) {
        self.agree().await;
        self.away.reconnect().await;
        self.away.assert_equals_fresh().await;
    }
}

fn id(text: &str) -> ClientId {
    ClientId::new(text).unwrap()
}

fn json(text: &str) -> Option<JsonObject> {
    Some(JsonObject::parsed(text).unwrap())
}

fn edit(room: RoomId, seq: Seq) -> EditMessage {
    EditMessage { room, seq, client_id: None, text: None, data: None }
}

fn react(room: RoomId, seq: Seq, emoji: &str, remove: bool) -> React {
    React { room, seq, emoji: emoji.parse().unwrap(), remove, client_id: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_every_form() {
    let (_server, all) = Everybody::gather().await;
    let room = all.room();
    let first = all.alice.send("안녕하세요").await.acked().seq;
    all.agree().await;
    let plain = |client_id| text_message(room, id(client_id), "text");
    let forms = [
        SendMessage { reply_to: Some(first), ..plain("reply") },
        SendMessage { data: json(r#"{"listing": 7, "nested": {"a": [1, null]}}"#), ..plain("data") },
        SendMessage { silent: true, ..plain("silent") },
        SendMessage { keep_unread: true, ..plain("keep") },
        SendMessage {
            mentions: Mentions { all: false, users: vec![user_id("bob"), user_id("stranger")] },
            ..plain("mention")
        },
        SendMessage { mentions: Mentions { all: true, users: vec![] }, ..plain("all") },
        SendMessage { text: "길".repeat(150), ..plain("long") },
    ];
    for form in forms {
        all.alice.send_message(form).await.acked();
        all.agree().await;
    }
    all.bob.send("an own message reads all before it").await.acked();
    all.agree_at_last().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_of_text_and_data() {
    let (_server, all) = Everybody::gather().await;
    let room = all.room();
    let first = all.alice.send("first").await.acked().seq;
    let last = all.alice.send("last").await.acked().seq;
    for target in [first, last] {
        all.alice.call(EditMessage { text: Some("edited".into()), ..edit(room, target) }).await;
        all.alice.call(EditMessage { data: json(r#"{"a":1}"#), ..edit(room, target) }).await;
        all.agree().await;
        all.alice.call(EditMessage { data: json("{}"), ..edit(room, target) }).await;
        all.alice.call(EditMessage { text: Some("edited".into()), ..edit(room, target) }).await;
        all.agree().await;
    }
    all.agree_at_last().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deletions_by_sender_and_admin() {
    let (_server, all) = Everybody::gather().await;
    let room = all.room();
    let own = all.bob.send("deleted by its sender").await.acked().seq;
    let data = SendMessage { data: json(r#"{"a":1}"#), ..text_message(room, id("d"), "deleted by an admin") };
    let admins = all.bob.send_message(data).await.acked().seq;
    all.alice.call(react(room, admins, "👍", false)).await;
    all.bob.call(EditMessage { text: Some("edited first".into()), ..edit(room, own) }).await;
    all.bob.call(DeleteMessage { room, seq: own, client_id: None }).await;
    all.agree().await;
    all.alice.call(DeleteMessage { room, seq: admins, client_id: None }).await;
    all.agree().await;
    all.alice.call(DeleteMessage { room, seq: admins, client_id: Some(id("again")) }).await;
    all.agree_at_last().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reactions_come_and_go() {
    let (_server, all) = Everybody::gather().await;
    let room = all.room();
    let seq = all.alice.send("react to me").await.acked().seq;
    all.alice.call(react(room, seq, "👍", false)).await;
    all.bob.call(react(room, seq, "👍", false)).await;
    all.bob.call(react(room, seq, ":ship:", false)).await;
    all.agree().await;
    all.bob.call(react(room, seq, "👍", true)).await;
    all.agree().await;
    all.alice.call(react(room, seq, "👍", true)).await;
    all.alice.call(react(room, seq, "👍", true)).await;
    all.agree().await;
    all.alice.call(react(room, seq, "👍", false)).await;
    all.agree_at_last().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_join_leave_and_change_roles() {
    let (server, all) = Everybody::gather().await;
    let room = all.room();
    all.alice.call(AddMembers { room, users: vec![user_id("dave"), user_id("erin")] }).await;
    all.agree().await;
    all.alice.call(SetRole { room, user: user_id("bob"), role: Role::Admin }).await;
    all.agree().await;
    all.bob.call(RemoveMembers { room, users: vec![user_id("dave")] }).await;
    all.agree().await;
    let erin = server.access().client("erin").await;
    erin.call(LeaveRoom { room }).await;
    all.agree().await;
    all.alice.call(SetRole { room, user: user_id("bob"), role: Role::Owner }).await;
    all.alice.call(SetRole { room, user: user_id("alice"), role: Role::Member }).await;
    all.agree_at_last().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_owner_leaves() {
    let (_server, all) = Everybody::gather().await;
    all.alice.call(LeaveRoom { room: all.room() }).await;
    all.bob
        .until("bob to become owner", |state| {
            state.room(all.room()).is_some_and(|room| room.row().role == Role::Owner)
        })
        .await;
    all.agree_at_last().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_change_name_image_data_and_rules() {
    let (_server, all) = Everybody::gather().await;
    let room = all.room();
    let nothing = UpdateRoom {
        room,
        name: None,
        image: None,
        data: None,
        history_before_join: None,
        retention: None,
        client_id: None,
    };
    let changes = [
        UpdateRoom { name: Some("새 이름".into()), ..nothing.clone() },
        UpdateRoom { image: Some("https://img.example/1.png".into()), ..nothing.clone() },
        UpdateRoom { data: json(r#"{"price":1200}"#), ..nothing.clone() },
        UpdateRoom { history_before_join: Some(true), ..nothing.clone() },
        UpdateRoom { retention: Some(Retention::History { days: Some(30) }), ..nothing.clone() },
        UpdateRoom { name: Some(String::new()), data: json("{}"), ..nothing.clone() },
        UpdateRoom { name: Some(String::new()), ..nothing },
    ];
    for change in changes {
        all.alice.call(change).await;
        all.agree().await;
    }
    all.agree_at_last().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn own_facts_reach_every_device_of_the_user() {
    let (server, all) = Everybody::gather().await;
    let room = all.room();
    let tablet = server.access().device("bob", "bob-tablet").await;
    let settings = ChangeSettings { room, pinned: None, muted_until_ms: None, hidden: None, custom: None };
    let head = all.alice.send("one").await.acked().seq;
    all.alice.send("two").await.acked();
    all.bob.call(MarkRead { room, seq: head }).await;
    tablet.assert_equals_fresh().await;
    all.bob.call(MarkUnread { room }).await;
    tablet.assert_equals_fresh().await;
    all.bob.call(ChangeSettings { pinned: Some(true), custom: json(r#"{"a":1}"#), ..settings.clone() }).await;
    tablet.assert_equals_fresh().await;
    all.bob
        .call(ChangeSettings { muted_until_ms: Some(bongsu_types::Millis(1 << 50)), ..settings.clone() })
        .await;
    tablet.assert_equals_fresh().await;
    all.bob.send("clears the flag and reads all").await.acked();
    tablet.assert_equals_fresh().await;
    all.bob.call(MarkUnread { room }).await;
    let keep = SendMessage { keep_unread: true, ..text_message(room, id("keep"), "clears the flag only") };
    all.bob.send_message(keep).await.acked();
    tablet.assert_equals_fresh().await;
    all.bob.call(ChangeSettings { hidden: Some(true), ..settings }).await;
    tablet.until("the room to be hidden", |state| state.room(room).unwrap().row().settings.hidden).await;
    all.alice.send("shows the room again").await.acked();
    tablet.assert_equals_fresh().await;
    all.agree_at_last().await;
}
