//! Resume: what was missed comes from the log, within its budget; what is beyond is reset.

use serde_json::json;

use crate::client::{Client, group, message};
use crate::node::{Node, Setup};

/// Bob is a member of a room, has acked its first record, and is gone.
async fn bob_was_there(node: &Node, alice: &mut Client, params: serde_json::Value) -> String {
    let mut bob = node.session("bob").await;
    let created = alice.call("room.create", params).await;
    let room = created["room"].as_str().unwrap().to_owned();
    assert_eq!(bob.seqs_until(&room, 1).await, [1]);
    bob.call("session.ack", json!({ "rooms": { &room: 1 } })).await;
    bob.close().await;
    room
}

fn group_of_two() -> serde_json::Value {
    json!({ "kind": "group", "members": ["bob"] })
}

#[tokio::test]
async fn a_long_backlog_comes_in_pages_and_live_records_follow_it() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let room = bob_was_there(&node, &mut alice, group_of_two()).await;
    for at in 0..900 {
        alice.request("message.send", message(&room, &format!("{at}"))).await;
    }
    let last = alice.say(&room, "last of the backlog").await;
    let mut bob = node.connect().await;
    let answer = bob.hello(&node.token("bob"), "bob-phone").await;
    assert_eq!(answer["resumed"], true);
    let live = alice.say(&room, "live").await;
    assert_eq!(bob.seqs_until(&room, live).await, (2..=live).collect::<Vec<u64>>());
    assert_eq!(live, last + 1);
    bob.event("session.caught_up").await;
}

#[tokio::test]
async fn what_was_missed_in_many_rooms_comes_and_then_all_of_them_are_live() {
    let node = Setup::new().limits(|limits| limits.creates_per_min = 0).start().await;
    let mut alice = node.session("alice").await;
    let mut bob = node.session("bob").await;
    let mut rooms = Vec::new();
    for _ in 0..80 {
        rooms.push(group(&mut alice, &["bob"]).await);
    }
    for room in &rooms {
        bob.seqs_until(room, 1).await;
    }
    let acked: serde_json::Map<_, _> = rooms.iter().map(|room| (room.clone(), json!(1))).collect();
    bob.call("session.ack", json!({ "rooms": acked })).await;
    bob.close().await;

    // Small messages in many rooms, and between them some that fill a page on their own.
    for (number, room) in rooms.iter().enumerate() {
        let bytes = if number % 9 == 0 { 15_000 } else { 10 };
        for _ in 0..1 + number % 4 {
            alice.say(room, &"x".repeat(bytes)).await;
        }
    }
    let mut bob = node.session("bob").await;
    for (number, room) in rooms.iter().enumerate() {
        let missed = (2..=2 + number as u64 % 4).collect::<Vec<u64>>();
        assert_eq!(bob.pending_seqs(room), missed);
    }
    for room in &rooms {
        let live = alice.say(room, "live").await;
        assert_eq!(bob.seqs_until(room, live).await.last(), Some(&live));
    }
}

#[tokio::test]
async fn a_backlog_over_the_limit_of_a_room_is_reset() {
    let node = Setup::new().limits(|limits| limits.resume_room_records = 5).start().await;
    let mut alice = node.session("alice").await;
    let room = bob_was_there(&node, &mut alice, group_of_two()).await;
    for at in 0..6 {
        alice.say(&room, &format!("{at}")).await;
    }
    let mut bob = node.session("bob").await;
    let reset = bob.event("room.reset").await;
    assert_eq!(reset, json!({ "room": room, "head_seq": 7, "reason": "backlog" }));
    assert!(bob.pending_seqs(&room).is_empty());
    let live = alice.say(&room, "live").await;
    assert_eq!(bob.seqs_until(&room, live).await, [8]);
    bob.close().await;

    // Only an ack moves the cursor of a room that was reset.
    let mut bob = node.session("bob").await;
    assert_eq!(bob.event("room.reset").await["head_seq"], 8);
    bob.call("session.ack", json!({ "rooms": { &room: 8 } })).await;
    bob.close().await;
    let bob = node.session("bob").await;
    assert!(bob.pending().is_empty(), "{:?}", bob.pending());
}

#[tokio::test]
async fn a_transit_room_is_never_reset_for_its_backlog() {
    let node = Setup::new().limits(|limits| limits.resume_room_records = 5).start().await;
    let mut alice = node.session("alice").await;
    let params = json!({ "kind": "group", "members": ["bob"], "retention": { "mode": "transit" } });
    let room = bob_was_there(&node, &mut alice, params).await;
    for at in 0..20 {
        alice.say(&room, &format!("{at}")).await;
    }
    let mut bob = node.session("bob").await;
    assert_eq!(bob.seqs_until(&room, 21).await, (2..=21).collect::<Vec<u64>>());
    assert!(bob.pending().is_empty(), "{:?}", bob.pending());
}

#[tokio::test]
async fn the_budget_of_a_resume_goes_to_the_most_recent_rooms() {
    let node = Setup::new().limits(|limits| limits.resume_records = 5).start().await;
    let mut alice = node.session("alice").await;
    let old = bob_was_there(&node, &mut alice, group_of_two()).await;
    let new = bob_was_there(&node, &mut alice, group_of_two()).await;
    for _ in 0..4 {
        alice.say(&old, "old").await;
    }
    node.clock.advance(1_000);
    for _ in 0..4 {
        alice.say(&new, "new").await;
    }
    let mut bob = node.session("bob").await;
    assert_eq!(bob.event("room.reset").await["room"], json!(old));
    assert_eq!(bob.seqs_until(&new, 5).await, [2, 3, 4, 5]);
    assert!(bob.pending_seqs(&old).is_empty());
}

#[tokio::test]
async fn the_bytes_of_a_resume_are_bounded_too() {
    let node = Setup::new().limits(|limits| limits.resume_bytes = 100_000).start().await;
    let mut alice = node.session("alice").await;
    let room = bob_was_there(&node, &mut alice, group_of_two()).await;
    for _ in 0..40 {
        alice.say(&room, &"x".repeat(10_000)).await;
    }
    let mut bob = node.session("bob").await;
    assert_eq!(bob.event("room.reset").await["reason"], "backlog");
    let streamed = bob.pending_seqs(&room).len();
    assert!((1..=20).contains(&streamed), "{streamed} records of 10 kB for 100 kB");
}

#[tokio::test]
async fn a_message_in_the_backlog_ends_as_a_fresh_fetch_shows_it() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let room = bob_was_there(&node, &mut alice, group_of_two()).await;
    let seq = alice.say(&room, "before").await;
    alice.call("message.edit", json!({ "room": room, "seq": seq, "text": "after" })).await;
    let last = alice.call("message.react", json!({ "room": room, "seq": seq, "emoji": "👍" })).await;
    // Nobody is in the room any more: what bob gets is read from the log.
    alice.close().await;
    node.forget_rooms().await;
    let mut bob = node.session("bob").await;
    let message = bob.event("message.new").await;
    assert_eq!((&message["text"], &message["rev"]), (&json!("after"), &json!(seq)));
    assert!(message.get("reactions").is_none(), "the record that follows brings it: {message}");
    assert_eq!(bob.event("message.edited").await["text"], "after");
    let reaction = bob.event("message.reaction").await;
    assert_eq!((&reaction["seq"], &reaction["emoji"]), (&last["seq"], &json!("👍")));
}

#[tokio::test]
async fn a_backlog_that_was_swept_is_reset() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let params =
        json!({ "kind": "group", "members": ["bob"], "retention": { "mode": "history", "days": 1 } });
    let room = bob_was_there(&node, &mut alice, params).await;
    alice.say(&room, "old").await;
    let old = alice.say(&room, "old").await;
    node.clock.advance(2 * 24 * 60 * 60 * 1_000);
    let head = alice.say(&room, "new").await;
    while node.store.sweep(1_000).await.unwrap().more {}
    let mut bob = node.session("bob").await;
    assert_eq!(bob.event("room.reset").await, json!({ "room": room, "head_seq": head, "reason": "floor" }));
    let page = bob.call("message.history", json!({ "room": room })).await;
    assert_eq!(page["floor_seq"], old);
    let live = alice.say(&room, "live").await;
    assert_eq!(bob.seqs_until(&room, live).await, [live]);
}

#[tokio::test]
async fn a_member_removed_while_away_is_not_told_what_came_after() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let room = bob_was_there(&node, &mut alice, group_of_two()).await;
    alice.say(&room, "with bob").await;
    alice.call("room.remove_members", json!({ "room": room, "users": ["bob"] })).await;
    alice.say(&room, "without bob").await;
    let mut bob = node.connect().await;
    let answer = bob.hello_with(&node.token("bob"), "bob-phone", json!({ "user_rev": 1 })).await;
    assert_eq!(answer["changes"], json!([{ "room": room, "removed": true, "user_rev": 2 }]));
    bob.event("session.caught_up").await;
    assert!(bob.pending_seqs(&room).is_empty());
}

#[tokio::test]
async fn who_joins_late_begins_with_the_record_of_the_join() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let room = group(&mut alice, &["bob"]).await;
    alice.say(&room, "before carol").await;
    let mut carol = node.session("carol").await;
    let joined =
        alice.call("room.add_members", json!({ "room": room, "users": ["carol"] })).await["seq"].clone();
    let last = alice.say(&room, "with carol").await;
    assert_eq!(carol.event("room.joined").await["from_seq"], joined);
    assert_eq!(carol.seqs_until(&room, last).await, [joined.as_u64().unwrap(), last]);
}
