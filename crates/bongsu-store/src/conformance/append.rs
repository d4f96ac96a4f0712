//! Appending: dense positions, idempotence under every accident, checks in their order.

use std::sync::Arc;
use std::task::{Context, Waker};

use bongsu_types::{MessageKind, Millis, Ordinal, RoomKind, Seq};

use super::acts::{delete, everyone, json, mentions, message, message_of, once, refused, room, user, users};
use super::{DAY_MS, Fixture};
use crate::{AppendMessage, CreateRoom, LoseReply, Messages, Refusal, StoreError};

pub async fn seqs_and_ords_are_dense_from_the_first_record(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let first = fixture.send(room, "alice", "one").await;
    let second = fixture.send(room, "bob", "two").await;
    assert_eq!((first.seq, first.ord), (Seq(2), Ordinal(1)));
    assert_eq!((second.seq, second.ord), (Seq(3), Ordinal(2)));
    assert_eq!((first.at_ms, first.duplicate), (fixture.now(), false));
    fixture.assert_dense(room).await;
}

pub async fn a_message_is_kept_as_it_was_sent(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let target = fixture.send(room, "bob", "question").await.seq;
    let sent = AppendMessage {
        data: Some(json(r#"{"price": 3}"#)),
        mentions: mentions(&["bob", "stranger"]),
        reply_to: Some(target),
        silent: true,
        keep_unread: true,
        ..message(room, "alice", "c-1", "answer")
    };
    let reply = fixture.append(sent.clone()).await;
    let record = fixture.log(room).await.pop().unwrap();
    assert_eq!((record.seq, record.ord, record.at_ms), (reply.seq, reply.ord, reply.at_ms));
    assert_eq!((record.room, &record.actor), (room, &sent.sender));
    let kept = message_of(&record);
    assert_eq!((kept.rev, kept.kind, kept.deleted, kept.edited_ms), (reply.seq, sent.kind, false, None));
    assert_eq!((&kept.client_id, &kept.text, &kept.data), (&sent.once.client_id, &sent.text, &sent.data));
    assert_eq!((&kept.mentions, kept.reply_to), (&sent.mentions, sent.reply_to));
    assert_eq!((kept.silent, kept.keep_unread, kept.reactions.len()), (true, true, 0));
}

pub async fn the_same_key_again_answers_the_first_reply(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let first = fixture.append(message(room, "alice", "c-1", "hello")).await;
    fixture.send(room, "bob", "in between").await;
    fixture.advance(5_000);
    let commits = fixture.last_commit().await;
    let again = fixture.append(message(room, "alice", "c-1", "hello")).await;
    assert_eq!((again.seq, again.ord, again.at_ms), (first.seq, first.ord, first.at_ms));
    assert!(!first.duplicate && again.duplicate);
    assert_eq!(fixture.last_commit().await, commits, "a repetition commits nothing");
    fixture.assert_dense(room).await;
}

pub async fn the_same_key_for_another_request_is_a_conflict(fixture: &Fixture) {
    let room = fixture.group("alice", &[]).await;
    fixture.append(message(room, "alice", "c-1", "hello")).await;
    let other = message(room, "alice", "c-1", "good bye");
    assert_eq!(refused(fixture.store().append(other).await), Refusal::Conflict);
    assert_eq!(fixture.head(room).await.ord, Ordinal(1));
}

pub async fn a_key_belongs_to_one_sender_in_one_room(fixture: &Fixture) {
    let (here, there) = (fixture.group("alice", &["bob"]).await, fixture.group("alice", &[]).await);
    for (room, sender) in [(here, "alice"), (here, "bob"), (there, "alice")] {
        assert!(!fixture.append(message(room, sender, "c-1", "hello")).await.duplicate);
    }
}

pub async fn the_same_key_twice_at_once_is_one_message(fixture: &Fixture) {
    let room = fixture.group("alice", &[]).await;
    let store = fixture.store();
    for round in 0..20 {
        let request = message(room, "alice", &format!("c-{round}"), "hello");
        let (a, b) = tokio::join!(store.append(request.clone()), store.append(request));
        let (a, b) = (a.unwrap(), b.unwrap());
        assert_eq!((a.seq, a.ord, a.at_ms), (b.seq, b.ord, b.at_ms));
        assert_eq!(u8::from(a.duplicate) + u8::from(b.duplicate), 1);
    }
    assert_eq!(fixture.head(room).await.ord, Ordinal(20));
    fixture.assert_dense(room).await;
}

pub async fn a_key_and_its_conflict_at_once_is_one_message(fixture: &Fixture) {
    let room = fixture.group("alice", &[]).await;
    let store = fixture.store();
    let (first, second) = (message(room, "alice", "c-1", "this"), message(room, "alice", "c-1", "that"));
    let (first, second) = tokio::join!(store.append(first), store.append(second));
    let refusal = if first.is_ok() { refused(second) } else { refused(first) };
    assert_eq!(refusal, Refusal::Conflict);
    fixture.assert_dense(room).await;
    assert_eq!(fixture.head(room).await.ord, Ordinal(1));
}

pub async fn seqs_stay_dense_when_many_append_at_once(fixture: &Fixture) {
    let rooms = [fixture.group("alice", &["bob"]).await, fixture.group("alice", &["bob"]).await];
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8 {
        let store = fixture.store();
        tasks.spawn(async move {
            for number in 0..20 {
                // Neighbouring tasks have one sender, and share the keys of the first room.
                let sender = if task / 2 % 2 == 0 { "alice" } else { "bob" };
                let client_id = format!("{}-{number}", if number % 2 == 0 { task / 2 * 2 } else { task });
                let room = rooms[number % 2];
                store.append(message(room, sender, &client_id, "hello")).await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    for (room, messages) in rooms.into_iter().zip([40, 80]) {
        fixture.assert_dense(room).await;
        assert_eq!(fixture.head(room).await.ord, Ordinal(messages), "each key once");
    }
}

pub async fn a_lost_reply_is_found_by_repeating(fixture: &Fixture) {
    let room = fixture.group("alice", &[]).await;
    let faulty = LoseReply::new(fixture.store());
    let mut sent = 0;
    for round in 0..10 {
        let request = message(room, "alice", &format!("c-{round}"), "hello");
        faulty.lose_next(round % 3);
        let reply = loop {
            match faulty.append(request.clone()).await {
                Ok(reply) => break reply,
                Err(error) => assert!(matches!(error, StoreError::Failed { .. })),
            }
        };
        sent += 1;
        assert_eq!(reply.ord, Ordinal(sent));
        assert_eq!(reply.duplicate, round % 3 > 0);
    }
    fixture.assert_dense(room).await;
    assert!(fixture.times_in_log(room).await.values().all(|times| *times == 1));
}

pub async fn appends_called_one_after_the_other_commit_in_that_order(fixture: &Fixture) {
    let room = fixture.group("alice", &[]).await;
    let store = fixture.store();
    let mut calls = Vec::new();
    for number in 0..30 {
        let mut call = store.append(message(room, "alice", &format!("c-{number}"), "hello"));
        let first_poll = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        calls.push((call, first_poll));
    }
    let mut last = Seq::ZERO;
    for (call, first_poll) in calls {
        let reply = match first_poll {
            std::task::Poll::Ready(reply) => reply.unwrap(),
            std::task::Poll::Pending => call.await.unwrap(),
        };
        assert!(reply.seq > last);
        last = reply.seq;
    }
    fixture.assert_dense(room).await;
}

pub async fn a_head_never_points_past_the_log(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let store = fixture.store();
    let writer = tokio::spawn(async move {
        for number in 0..300 {
            store.append(message(room, "alice", &format!("c-{number}"), "hello")).await.unwrap();
        }
    });
    let mut known = Seq::ZERO;
    while !writer.is_finished() {
        let head = fixture.head(room).await;
        assert!(head.seq >= known, "a head never goes back");
        let page = fixture.store().records(room, known, 1_000, usize::MAX).await.unwrap();
        assert!(page.head_seq >= head.seq);
        let expected = (known.get() + 1)..=page.head_seq.get();
        assert!(page.records.iter().map(|record| record.seq.get()).eq(expected));
        assert!(page.records.last().is_none_or(|record| record.seq >= head.seq));
        let row = fixture.store().room_row(&user("bob"), room).await.unwrap().unwrap();
        assert_eq!(row.details.last.map_or(Seq::ZERO, |last| last.seq), row.head.last_message);
        known = page.head_seq;
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
    fixture.assert_dense(room).await;
}

pub async fn what_the_observer_was_told_is_already_readable(fixture: &Fixture) {
    let room = fixture.group("alice", &[]).await;
    let store = fixture.store();
    let writer = tokio::spawn(async move {
        for number in 0..200 {
            store.append(message(room, "alice", &format!("c-{number}"), "hello")).await.unwrap();
        }
    });
    while !writer.is_finished() {
        let told = fixture.last_told().commit;
        assert!(fixture.last_commit().await >= told);
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
}

pub async fn a_removed_sender_who_repeats_gets_the_first_reply(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let first = fixture.append(message(room, "bob", "c-1", "hello")).await;
    fixture.remove(room, "alice", &["bob"]).await;
    let again = fixture.append(message(room, "bob", "c-1", "hello")).await;
    assert_eq!((again.seq, again.duplicate), (first.seq, true));
    let other = fixture.store().append(message(room, "bob", "c-1", "else")).await;
    assert_eq!(refused(other), Refusal::Conflict);
    let new = fixture.store().append(message(room, "bob", "c-2", "hello")).await;
    assert_eq!(refused(new), Refusal::RoomNotFound);
}

pub async fn checks_come_in_the_order_key_member_everyone_reply(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.append(message(room, "bob", "used", "hello")).await;
    let all_wrong = |sender, client_id| AppendMessage {
        mentions: everyone(),
        reply_to: Some(Seq(99)),
        ..message(room, sender, client_id, "wrong")
    };
    let store = fixture.store();
    assert_eq!(refused(store.append(all_wrong("bob", "used")).await), Refusal::Conflict);
    assert_eq!(refused(store.append(all_wrong("carol", "new")).await), Refusal::RoomNotFound);
    assert_eq!(refused(store.append(all_wrong("bob", "new")).await), Refusal::Forbidden);
    assert_eq!(refused(store.append(all_wrong("alice", "new")).await), Refusal::MessageNotFound);
}

pub async fn only_an_admin_calls_on_everyone(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob", "carol"]).await;
    fixture.store().set_role(room, &user("alice"), &user("bob"), bongsu_types::Role::Admin).await.unwrap();
    let calling = |sender| AppendMessage { mentions: everyone(), ..message(room, sender, "c-1", "hear") };
    fixture.append(calling("alice")).await;
    fixture.append(calling("bob")).await;
    assert_eq!(refused(fixture.store().append(calling("carol")).await), Refusal::Forbidden);
}

pub async fn a_reply_names_a_message_its_sender_may_see(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let before_join = fixture.send(room, "alice", "before").await.seq;
    let joined = fixture.add(room, "alice", &["carol"]).await.seq;
    let deleted = fixture.send(room, "alice", "regretted").await.seq;
    fixture.delete(room, "alice", deleted).await;
    let visible = fixture.send(room, "alice", "visible").await.seq;
    let reply = |to| AppendMessage { reply_to: Some(to), ..message(room, "carol", "c-1", "re") };
    for wrong in [before_join, joined, deleted, Seq(99), Seq::ZERO] {
        assert_eq!(refused(fixture.store().append(reply(wrong)).await), Refusal::MessageNotFound);
    }
    fixture.append(reply(visible)).await;
}

pub async fn silent_and_system_messages_do_not_count(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let quiet = AppendMessage { silent: true, ..message(room, "alice", "c-1", "quiet") };
    let notice = AppendMessage { kind: MessageKind::System, ..message(room, "alice", "c-2", "notice") };
    assert_eq!(fixture.append(quiet).await.ord, Ordinal(0));
    assert_eq!(fixture.append(notice).await.ord, Ordinal(0));
    assert_eq!(fixture.unread("bob", room).await, 0);
    fixture.send(room, "alice", "loud").await;
    assert_eq!(fixture.unread("bob", room).await, 1);
    fixture.assert_dense(room).await;
    fixture.assert_no_drift().await;
}

pub async fn last_activity_is_the_last_message_that_was_not_silent(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let created_ms = fixture.head(room).await.active_ms;
    assert_eq!(created_ms, fixture.now());
    fixture.advance(1_000);
    let quiet = AppendMessage { silent: true, ..message(room, "alice", "c-1", "quiet") };
    let quiet = fixture.append(quiet).await;
    let head = fixture.head(room).await;
    assert_eq!((head.active_ms, head.last_message), (created_ms, quiet.seq));
    let notice = AppendMessage { kind: MessageKind::System, ..message(room, "alice", "c-2", "notice") };
    let notice = fixture.append(notice).await;
    let head = fixture.head(room).await;
    assert_eq!((head.active_ms, head.last_message), (notice.at_ms, notice.seq));
    fixture.advance(1_000);
    fixture.react(room, "bob", notice.seq, "+").await;
    assert_eq!(fixture.head(room).await.active_ms, notice.at_ms);
}

pub async fn an_own_send_moves_the_own_mark_but_not_the_revision(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.send(room, "alice", "one").await;
    let (rev, facts) = (fixture.user_rev("bob").await, fixture.committed().len());
    let sent = fixture.send(room, "bob", "two").await;
    let row = fixture.row("bob", room).await;
    assert_eq!((row.read_seq, row.read_ord), (sent.seq, sent.ord));
    assert_eq!(fixture.unread("bob", room).await, 0);
    assert_eq!(fixture.unread("alice", room).await, 1);
    assert_eq!(fixture.user_rev("bob").await, rev);
    assert_eq!(fixture.facts_since(facts).len(), 1, "the record alone");
}

pub async fn keep_unread_leaves_the_mark_and_the_flag(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.send(room, "alice", "one").await;
    fixture.store().mark_unread(&user("bob"), room).await.unwrap();
    let before = fixture.row("bob", room).await;
    fixture.append(AppendMessage { keep_unread: true, ..message(room, "bob", "c-1", "queued") }).await;
    assert_eq!(fixture.row("bob", room).await, before);
    assert_eq!(fixture.unread("bob", room).await, 2);
    fixture.assert_no_drift().await;
}

pub async fn a_send_that_clears_the_unread_flag_is_an_own_fact(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let rev = fixture.store().mark_unread(&user("bob"), room).await.unwrap();
    let sent = fixture.send(room, "bob", "here").await;
    let row = fixture.row("bob", room).await;
    assert_eq!((row.marked_unread, row.user_rev), (false, rev.next()));
    let fact = fixture.own_facts("bob").pop().unwrap();
    assert_eq!(fact.user_rev, rev.next());
    let expected = bongsu_types::OwnChange::Read {
        read_seq: sent.seq,
        read_ord: sent.ord,
        unread: 0,
        marked_unread: false,
    };
    assert_eq!(fact.change, expected);
    fixture.send(room, "bob", "again").await;
    assert_eq!(fixture.row("bob", room).await.user_rev, rev.next(), "once");
}

pub async fn replied_answers_what_a_key_was_answered_first(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let store = fixture.store();
    let (alice, key) = (user("alice"), once("c-1", "hello"));
    assert_eq!(store.replied(room, &alice, &key).await, Ok(None));
    let first = fixture.append(message(room, "alice", "c-1", "hello")).await;
    let again = store.replied(room, &alice, &key).await.unwrap().unwrap();
    assert_eq!(again, crate::Appended { duplicate: true, ..first });
    assert_eq!(refused(store.replied(room, &alice, &once("c-1", "else")).await), Refusal::Conflict);
    assert_eq!(store.replied(room, &user("bob"), &key).await, Ok(None));

    let change =
        crate::DeleteMessage { once: Some(once("c-2", "delete")), ..delete(room, "alice", first.seq) };
    let changed = store.delete(change).await.unwrap();
    let again = store.replied(room, &alice, &once("c-2", "delete")).await.unwrap().unwrap();
    assert_eq!((again.seq, again.ord, again.at_ms), (changed.seq, Ordinal::ZERO, Millis::ZERO));
}

pub async fn a_key_outlives_thirty_days_with_its_message(fixture: &Fixture) {
    let room = fixture.group("alice", &[]).await;
    let first = fixture.append(message(room, "alice", "c-1", "hello")).await;
    fixture.advance(100 * DAY_MS);
    fixture.store().sweep(1_000).await.unwrap();
    let again = fixture.append(message(room, "alice", "c-1", "hello")).await;
    assert_eq!((again.seq, again.duplicate), (first.seq, true));
}

pub async fn rooms_do_not_wait_for_each_other_and_commits_stay_dense(fixture: &Fixture) {
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..4 {
        let store = fixture.store();
        tasks.spawn(async move {
            let names = [format!("u{task}"), format!("v{task}")];
            let request =
                CreateRoom { members: users(&[&names[1]]), ..room(RoomKind::Group, &names[0], &[]) };
            let room = store.create_room(request).await.unwrap().room;
            for number in 0..30 {
                store.append(message(room, &names[number % 2], &format!("c-{number}"), "x")).await.unwrap();
            }
            room
        });
    }
    let mut rooms = Vec::new();
    while let Some(done) = tasks.join_next().await {
        rooms.push(done.unwrap());
    }
    for room in rooms {
        fixture.assert_dense(room).await;
    }
    let numbers: Vec<u64> = fixture.committed().iter().map(|committed| committed.commit.get()).collect();
    let dense: Vec<u64> = (1..=4 * 31).collect();
    assert_eq!(numbers, dense);
    let store: Arc<dyn crate::Store> = fixture.store();
    assert_eq!(store.last_commit().await.unwrap().get(), 4 * 31);
}
