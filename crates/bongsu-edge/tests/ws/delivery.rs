//! Records reach every device of every member, in order, without holes, once.

use serde_json::json;

use crate::client::{Client, group, message};
use crate::node::{Node, Setup};

#[tokio::test]
async fn a_message_reaches_all_devices_of_all_members() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let mut laptop = node.session_on("alice", "alice-laptop").await;
    let mut bob = node.session("bob").await;
    let room = group(&mut alice, &["bob"]).await;
    let seq = alice.say(&room, "안녕").await;
    for client in [&mut alice, &mut laptop, &mut bob] {
        let event = client.event("message.new").await;
        assert_eq!(
            (&event["seq"], &event["text"], &event["sender"]),
            (&json!(seq), &json!("안녕"), &json!("alice"))
        );
    }
}

#[tokio::test]
async fn every_kind_of_record_is_an_event() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let mut bob = node.session("bob").await;
    let room = group(&mut alice, &["bob"]).await;
    let seq = alice.say(&room, "hello").await;
    alice.call("message.edit", json!({ "room": room, "seq": seq, "text": "hallo" })).await;
    alice.call("message.react", json!({ "room": room, "seq": seq, "emoji": "👍" })).await;
    alice.call("message.delete", json!({ "room": room, "seq": seq })).await;
    alice.call("room.update", json!({ "room": room, "name": "name" })).await;
    alice.call("room.set_role", json!({ "room": room, "user": "bob", "role": "admin" })).await;
    alice.call("room.add_members", json!({ "room": room, "users": ["carol"] })).await;
    alice.call("room.remove_members", json!({ "room": room, "users": ["carol"] })).await;
    let methods = [
        "member.added",
        "message.new",
        "message.edited",
        "message.reaction",
        "message.deleted",
        "room.updated",
        "member.role",
        "member.added",
        "member.removed",
    ];
    for (method, seq) in methods.into_iter().zip(1_u64..) {
        let event = bob.find(|object| object["params"]["seq"].is_u64()).await;
        assert_eq!((&event["method"], &event["params"]["seq"]), (&json!(method), &json!(seq)));
    }
}

#[tokio::test]
async fn members_who_talk_at_once_all_see_the_same_order() {
    let node = Node::start().await;
    let names = ["alice", "bob", "carol", "dave"];
    let mut clients: Vec<Client> = Vec::new();
    for name in names {
        clients.push(node.session(name).await);
    }
    let room = group(&mut clients[0], &names[1..]).await;
    let last = 1 + 4 * 50;
    let talking = clients.into_iter().map(|mut client| {
        let room = room.clone();
        tokio::spawn(async move {
            for at in 0..50 {
                client.request("message.send", message(&room, &format!("{at}"))).await;
            }
            client.seqs_until(&room, last).await
        })
    });
    for seqs in talking.collect::<Vec<_>>() {
        assert_eq!(seqs.await.unwrap(), (1..=last).collect::<Vec<u64>>());
    }
}

#[tokio::test]
async fn a_reader_that_never_reads_slows_nobody_and_then_reads_all() {
    let node = Setup::new().limits(|limits| limits.send_queue_bytes = 16 * 1024).start().await;
    let mut alice = node.session("alice").await;
    let mut carol = node.session("carol").await;
    let mut slow = node.connect_narrow().await;
    slow.hello(&node.token("bob"), "bob-phone").await;
    slow.event("session.caught_up").await;
    let room = group(&mut alice, &["bob", "carol"]).await;
    // More than the queue and the buffers of both systems hold.
    let text = "x".repeat(16_000);
    let last = 1 + 1_000;
    for _ in 1..last {
        alice.request("message.send", message(&room, &text)).await;
        alice.find(|object| object.get("result").is_some()).await;
    }
    assert_eq!(carol.seqs_until(&room, last).await, (1..=last).collect::<Vec<u64>>());
    assert_eq!(slow.seqs_until(&room, last).await, (1..=last).collect::<Vec<u64>>());
    assert!(slow.pending().contains(&"session.lagging".to_owned()), "{:?}", slow.pending());
    slow.event("session.caught_up").await;
    let next = alice.say(&room, "live again").await;
    assert_eq!(slow.seqs_until(&room, next).await, [next]);
}

#[tokio::test]
async fn a_removed_member_gets_the_removal_and_nothing_later() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let mut bob = node.session("bob").await;
    let room = group(&mut alice, &["bob", "carol"]).await;
    let removal = alice.call("room.remove_members", json!({ "room": room, "users": ["bob"] })).await;
    let removal = removal["seq"].as_u64().unwrap();
    let after = alice.say(&room, "without bob").await;
    assert_eq!(bob.seqs_until(&room, removal).await, (1..=removal).collect::<Vec<u64>>());
    assert_eq!(bob.event("room.removed").await["room"], json!(room));
    alice.seqs_until(&room, after).await;
    bob.settle().await;
    assert!(bob.pending_seqs(&room).is_empty());
    assert_eq!(bob.refused("message.history", json!({ "room": room })).await, "not_found");
}

#[tokio::test]
async fn who_comes_back_goes_on_with_the_record_of_the_return() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let mut bob = node.session("bob").await;
    let room = group(&mut alice, &["bob"]).await;
    alice.call("room.remove_members", json!({ "room": room, "users": ["bob"] })).await;
    alice.say(&room, "without bob").await;
    let back = alice.call("room.add_members", json!({ "room": room, "users": ["bob"] })).await["seq"].clone();
    let last = alice.say(&room, "with bob").await;
    bob.event("room.removed").await;
    assert_eq!(bob.event("room.joined").await["user_rev"], 1);
    assert_eq!(bob.event("room.joined").await["from_seq"], back);
    assert_eq!(bob.seqs_until(&room, last).await, [1, 2, 4, 5]);
}

#[tokio::test]
async fn a_slow_reader_sees_nothing_of_the_time_between_two_memberships_that_are_over() {
    let node = Setup::new().limits(|limits| limits.send_queue_bytes = 16 * 1024).start().await;
    let mut alice = node.session("alice").await;
    let mut slow = node.connect_narrow().await;
    slow.hello(&node.token("bob"), "bob-phone").await;
    slow.event("session.caught_up").await;
    let room = group(&mut alice, &["bob"]).await;
    // More than the queue and the buffers of both systems hold.
    let text = "x".repeat(16_000);
    for _ in 0..1_000 {
        alice.request("message.send", message(&room, &text)).await;
        alice.find(|object| object.get("result").is_some()).await;
    }
    let bob = json!({ "room": room, "users": ["bob"] });
    let removed = alice.call("room.remove_members", bob.clone()).await["seq"].as_u64().unwrap();
    for _ in 0..5 {
        alice.say(&room, "without bob").await;
    }
    let back = alice.call("room.add_members", bob.clone()).await["seq"].as_u64().unwrap();
    alice.say(&room, "with bob").await;
    alice.call("room.remove_members", bob).await;
    // Now bob reads, up to the end of the second membership.
    slow.find(|object| object["method"] == "room.removed" && object["params"]["user_rev"] == 4).await;
    let seen = slow.pending_seqs(&room);
    assert!(seen.len() < 1_000, "bob was never behind");
    let between: Vec<u64> = seen.into_iter().filter(|seq| (removed + 1..back).contains(seq)).collect();
    assert!(between.is_empty(), "{between:?} are between {removed} and {back}");
}

#[tokio::test]
async fn in_a_channel_a_removed_reader_gets_nothing_more() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let mut bob = node.session("bob").await;
    let created = alice.call("room.create", json!({ "kind": "channel", "members": ["bob"] })).await;
    let room = created["room"].as_str().unwrap().to_owned();
    let first = alice.say(&room, "one").await;
    assert_eq!(bob.seqs_until(&room, first).await, [first]);
    alice.call("room.remove_members", json!({ "room": room, "users": ["bob"] })).await;
    alice.say(&room, "two").await;
    bob.event("room.removed").await;
    bob.settle().await;
    assert!(bob.pending_seqs(&room).is_empty());
}

#[tokio::test]
async fn read_marks_of_others_are_told_once_the_last_one_wins() {
    let node = Node::start().await;
    let mut alice = node.session("alice").await;
    let mut bob = node.session("bob").await;
    let room = group(&mut alice, &["bob"]).await;
    bob.event("room.joined").await;
    let first = alice.say(&room, "one").await;
    let second = alice.say(&room, "two").await;
    bob.call("room.mark_read", json!({ "room": room, "seq": first })).await;
    bob.call("room.mark_read", json!({ "room": room, "seq": second })).await;
    let told = alice
        .find(|object| object["method"] == "read.updated" && object["params"]["read_seq"] == second)
        .await;
    assert_eq!(told["params"]["user"], "bob");
    bob.settle().await;
    assert!(!bob.pending().contains(&"read.updated".to_owned()));
}
