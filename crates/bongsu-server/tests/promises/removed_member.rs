//! A removed member sees nothing after the removal: not live, not behind, not by asking, not by coming back.

use bongsu_load::client::{ClientOptions, Reading, numbered, text_message};
use bongsu_testkit::{TestClient, within};
use bongsu_types::{RoomId, Seq, UserId};
use bongsu_wire::{
    AddMembers, DeleteMessage, EditMessage, ErrorKind, Event, GetRoom, History, LeaveRoom, ListMembers,
    MarkRead, React, RemoveMembers,
};

use crate::bongsu;

async fn remove(admin: &TestClient, user: UserId) -> Seq {
    admin.call(RemoveMembers { room: admin.room(), users: vec![user] }).await.seq
}

fn history(room: RoomId) -> History {
    History { room, before: None, after: None, around: None, limit: None }
}

/// Takes events until a message in `fence` came; the seqs seen of `room` until then.
async fn seen_of(room: RoomId, fence: RoomId, client: &bongsu_load::Client) -> Vec<Seq> {
    let mut seen = Vec::new();
    within("a message in another room", async {
        loop {
            let event = client.next_event().await.unwrap();
            match event.position() {
                Some((at, seq)) if at == room => seen.push(seq),
                Some((at, _)) if at == fence && matches!(event, Event::MessageNew(_)) => return,
                _ => {}
            }
        }
    })
    .await;
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn online_the_record_of_the_removal_is_the_last_one() {
    let server = bongsu().serve().await;
    let (alice, bob) = server.access().two_members().await;
    let fence = alice.create_group("another room", vec![bob.user()]).await;
    let removed = remove(&alice, bob.user()).await;
    for number in 0..20 {
        alice.send(&format!("secret {number}")).await.acked();
    }
    alice.connection().send(fence, numbered("fence", 0), "fence").await.unwrap();
    let seen = seen_of(alice.room(), fence, bob.connection()).await;
    assert!(seen.iter().all(|seq| *seq <= removed), "{seen:?} after {removed}");
    // The removal itself is told, as a record or as an own fact.
    bob.connection().close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_loses_the_room_and_every_question_about_it_is_not_found() {
    let server = bongsu().serve().await;
    let (alice, bob) = server.access().two_members().await;
    let room = alice.room();
    let message = alice.send("hi").await.acked().seq;
    bob.until_seen(room, message).await;
    remove(&alice, bob.user()).await;
    bob.until("the room to go", |state| state.room(room).is_none()).await;

    let refusals = [
        bob.send("still here?").await.refused(),
        bob.refused(GetRoom { room }).await,
        bob.refused(history(room)).await,
        bob.refused(ListMembers { room, limit: None, cursor: None }).await,
        bob.refused(MarkRead { room, seq: message }).await,
        bob.refused(React {
            room,
            seq: message,
            emoji: "👍".parse().unwrap(),
            remove: false,
            client_id: None,
        })
        .await,
        bob.refused(EditMessage { room, seq: message, client_id: None, text: Some("x".into()), data: None })
            .await,
        bob.refused(DeleteMessage { room, seq: message, client_id: None }).await,
        bob.refused(LeaveRoom { room }).await,
    ];
    for refusal in refusals {
        assert_eq!(refusal.kind, ErrorKind::NotFound, "{refusal:?}");
    }
    bob.assert_equals_fresh().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_was_behind_gets_nothing_after_the_removal() {
    let server = bongsu().serve().await;
    let access = server.access();
    let (alice, bob) = access.two_members().await;
    let fence = alice.create_group("another room", vec![bob.user()]).await;
    bob.until("the other room", |state| state.room(fence).is_some()).await;
    bob.ack_all().await;
    let options = bob.resume_options(&access).never_reading();
    let (behind, _) = bongsu_load::Client::connect(access.endpoint(), options).await.unwrap();
    fill(&alice, 600).await;
    let removed = remove(&alice, bob.user()).await;
    fill(&alice, 100).await;
    alice.connection().send(fence, numbered("fence", 0), "fence").await.unwrap();
    behind.set_reading(Reading::On);
    let seen = seen_of(alice.room(), fence, &behind).await;
    assert!(seen.iter().all(|seq| *seq <= removed), "{:?} after {removed}", seen.last());
}

/// More than the buffers of a session hold.
async fn fill(alice: &TestClient, count: u64) {
    for _ in 0..count / 20 {
        let mut replies = Vec::new();
        for _ in 0..20 {
            let head = alice.connection().room(alice.room()).await.unwrap().head_seq;
            let message = text_message(
                alice.room(),
                numbered("fill", head.0 * 100 + replies.len() as u64),
                "x".repeat(8_000),
            );
            replies.push(alice.connection().start(message).await.unwrap());
        }
        for reply in replies {
            reply.result().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_removed_while_away_comes_back_to_nothing() {
    let server = bongsu().serve().await;
    let (alice, mut bob) = server.access().two_members().await;
    let fence = alice.create_group("another room", vec![bob.user()]).await;
    bob.until("the other room", |state| state.room(fence).is_some()).await;
    bob.ack_all().await;
    bob.connection().close().await;
    alice.send("while a member, away").await.acked();
    let removed = remove(&alice, bob.user()).await;
    alice.send("secret").await.acked();
    alice.connection().send(fence, numbered("fence", 0), "fence").await.unwrap();
    let options = ClientOptions { list: Some(50), ..bob.resume_options(&server.access()) };
    let (back, hello) = bongsu_load::Client::connect(server.access().endpoint(), options).await.unwrap();
    let list = hello.list.expect("a list was asked for");
    assert!(list.rooms.iter().all(|row| row.room != alice.room()));
    let seen = seen_of(alice.room(), fence, &back).await;
    assert!(seen.iter().all(|seq| *seq <= removed), "{seen:?} after {removed}");
    drop(back);
    bob.reconnect().await;
    bob.assert_equals_fresh().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_back_sees_what_is_said_from_then_on() {
    let server = bongsu().serve().await;
    let (alice, mut bob) = server.access().two_members().await;
    let room = alice.room();
    alice.send("before").await.acked();
    remove(&alice, bob.user()).await;
    alice.send("secret").await.acked();
    bob.until("the room to go", |state| state.room(room).is_none()).await;
    let joined = alice.call(AddMembers { room, users: vec![bob.user()] }).await.seq;
    bob.enter(room).await;
    let after = alice.send("welcome back").await.acked();
    bob.until_seen(room, after.seq).await;
    let page = bob.call(history(room)).await;
    let texts: Vec<&str> = page.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["welcome back"]);
    assert!(page.from_seq.is_none_or(|from| from >= joined));
    bob.assert_equals_fresh().await;
    bob.with_state(|state| assert_eq!(state.room(room).unwrap().row().unread, 1));
}
