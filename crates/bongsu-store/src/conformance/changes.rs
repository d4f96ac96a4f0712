//! Changing what was said: edits, deletions, reactions, and the rule of `rev`.

use bongsu_types::{JsonObject, Ordinal, ReactionOp, RecordBody, Role, Seq};

use super::Fixture;
use super::acts::{
    delete, edit, emoji, everyone, json, mentions, message, message_of, once, react, refused, unreact, user,
};
use crate::{AppendMessage, DeleteMessage, EditMessage, React, Refusal};

pub async fn an_edit_changes_the_message_and_raises_its_rev(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let target = fixture.send(room, "alice", "helo").await.seq;
    fixture.advance(1_000);
    let changed = fixture.edit(room, "alice", target, "hello").await;
    assert_eq!((changed.seq, changed.duplicate), (target.next(), false));
    let log = fixture.log(room).await;
    let message = message_of(&log[1]);
    assert_eq!((message.rev, message.text.as_str()), (changed.seq, "hello"));
    assert_eq!(message.edited_ms, Some(fixture.now()));
    let expected =
        RecordBody::Edited { target, text: Some("hello".to_owned()), data: None, edited_ms: fixture.now() };
    assert_eq!(log[2].body, expected);
    assert_eq!((log[2].ord, &log[2].actor), (Ordinal(1), &user("alice")));
    fixture.assert_dense(room).await;
}

pub async fn an_edit_record_carries_only_what_changed(fixture: &Fixture) {
    let room = fixture.group("alice", &[]).await;
    let target = fixture.send(room, "alice", "same").await.seq;
    let with_data = EditMessage { data: Some(json(r#"{"a":1}"#)), ..edit(room, "alice", target, "same") };
    fixture.store().edit(with_data.clone()).await.unwrap();
    let (text, data) = edited(&fixture.log(room).await.pop().unwrap().body);
    assert_eq!((text, data), (None, with_data.data));
    let clearing = EditMessage { data: Some(JsonObject::empty()), ..edit(room, "alice", target, "same") };
    fixture.store().edit(clearing).await.unwrap();
    let log = fixture.log(room).await;
    assert_eq!(edited(&log[3].body), (None, Some(JsonObject::empty())));
    assert_eq!(message_of(&log[1]).data, None);
}

fn edited(body: &RecordBody) -> (Option<String>, Option<JsonObject>) {
    match body {
        RecordBody::Edited { text, data, .. } => (text.clone(), data.clone()),
        other => panic!("expected an edit, got {other:?}"),
    }
}

pub async fn an_edit_that_changes_nothing_writes_no_record_and_answers_the_rev(fixture: &Fixture) {
    let room = fixture.group("alice", &[]).await;
    let target = fixture.send(room, "alice", "same").await.seq;
    let head = fixture.head(room).await;
    let commits = fixture.last_commit().await;
    let nothing = [
        edit(room, "alice", target, "same"),
        EditMessage { text: None, ..edit(room, "alice", target, "") },
        EditMessage { data: Some(JsonObject::empty()), ..edit(room, "alice", target, "same") },
    ];
    for request in nothing {
        assert_eq!(fixture.store().edit(request).await.unwrap().seq, target);
    }
    assert_eq!((fixture.head(room).await, fixture.last_commit().await), (head, commits));
    let first = fixture.edit(room, "alice", target, "other").await.seq;
    assert_eq!(fixture.edit(room, "alice", target, "other").await.seq, first);
}

pub async fn a_change_that_changed_nothing_keeps_its_key(fixture: &Fixture) {
    let room = fixture.group("alice", &[]).await;
    let target = fixture.send(room, "alice", "same").await.seq;
    let request = EditMessage { once: Some(once("c-1", "same")), ..edit(room, "alice", target, "same") };
    let first = fixture.store().edit(request.clone()).await.unwrap();
    fixture.edit(room, "alice", target, "other").await;
    let again = fixture.store().edit(request).await.unwrap();
    assert_eq!((again.seq, again.duplicate), (first.seq, true));
    let log = fixture.log(room).await;
    assert_eq!(message_of(&log[1]).text, "other", "the late repetition changed nothing");
}

pub async fn every_change_is_idempotent_by_its_key(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let target = fixture.send(room, "alice", "one").await.seq;
    let store = fixture.store();
    let key = |client_id| Some(once(client_id, "first"));
    let edit = EditMessage { once: key("c-1"), ..edit(room, "alice", target, "two") };
    let react = React { once: key("c-2"), ..react(room, "alice", target, "+") };
    let delete = DeleteMessage { once: key("c-3"), ..delete(room, "alice", target) };
    let first = [
        store.edit(edit.clone()).await.unwrap(),
        store.react(react.clone()).await.unwrap(),
        store.delete(delete.clone()).await.unwrap(),
    ];
    let head = fixture.head(room).await;
    let again = [
        store.edit(edit.clone()).await.unwrap(),
        store.react(react.clone()).await.unwrap(),
        store.delete(delete.clone()).await.unwrap(),
    ];
    for (first, again) in first.iter().zip(&again) {
        assert_eq!((again.seq, first.duplicate, again.duplicate), (first.seq, false, true));
    }
    assert_eq!(fixture.head(room).await, head);
    let other = Some(once("c-1", "second"));
    assert_eq!(refused(store.edit(EditMessage { once: other.clone(), ..edit }).await), Refusal::Conflict);
    assert_eq!(refused(store.react(React { once: other.clone(), ..react }).await), Refusal::Conflict);
    assert_eq!(refused(store.delete(DeleteMessage { once: other, ..delete }).await), Refusal::Conflict);
    assert_eq!(refused(store.append(message(room, "alice", "c-1", "new")).await), Refusal::Conflict);
}

pub async fn the_same_change_twice_at_once_is_one_record(fixture: &Fixture) {
    let room = fixture.group("alice", &[]).await;
    let target = fixture.send(room, "alice", "one").await.seq;
    let request = React { once: Some(once("c-1", "+")), ..react(room, "alice", target, "+") };
    let store = fixture.store();
    let (a, b) = tokio::join!(store.react(request.clone()), store.react(request));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!(a.seq, b.seq);
    assert_ne!(a.duplicate, b.duplicate);
    fixture.assert_dense(room).await;
    assert_eq!(fixture.head(room).await.seq, a.seq);
}

pub async fn a_key_is_looked_up_before_membership_for_changes_too(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let target = fixture.send(room, "bob", "one").await.seq;
    let request = EditMessage { once: Some(once("c-1", "two")), ..edit(room, "bob", target, "two") };
    let first = fixture.store().edit(request.clone()).await.unwrap();
    fixture.remove(room, "alice", &["bob"]).await;
    let again = fixture.store().edit(request.clone()).await.unwrap();
    assert_eq!((again.seq, again.duplicate), (first.seq, true));
    let new = EditMessage { once: Some(once("c-2", "three")), ..request };
    assert_eq!(refused(fixture.store().edit(new).await), Refusal::RoomNotFound);
}

pub async fn only_the_sender_edits(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let target = fixture.send(room, "bob", "mine").await.seq;
    let by_owner = edit(room, "alice", target, "yours");
    assert_eq!(refused(fixture.store().edit(by_owner).await), Refusal::Forbidden);
}

pub async fn an_edit_never_leaves_a_message_empty(fixture: &Fixture) {
    let room = fixture.group("alice", &[]).await;
    let target = fixture.send(room, "alice", "text").await.seq;
    let empty = edit(room, "alice", target, "");
    assert_eq!(refused(fixture.store().edit(empty.clone()).await), Refusal::EmptyMessage);
    let data_instead = EditMessage { data: Some(json(r#"{"a":1}"#)), ..empty };
    fixture.store().edit(data_instead).await.unwrap();
    let no_data =
        EditMessage { text: None, data: Some(JsonObject::empty()), ..edit(room, "alice", target, "") };
    assert_eq!(refused(fixture.store().edit(no_data).await), Refusal::EmptyMessage);
}

pub async fn a_deletion_leaves_a_tombstone_that_keeps_seq_and_ord(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let full = AppendMessage {
        data: Some(json(r#"{"a":1}"#)),
        mentions: mentions(&["bob"]),
        ..message(room, "alice", "c-1", "secret")
    };
    let sent = fixture.append(full).await;
    fixture.react(room, "bob", sent.seq, "+").await;
    let deleted = fixture.delete(room, "alice", sent.seq).await;
    let log = fixture.log(room).await;
    let message = message_of(&log[1]);
    assert_eq!((log[1].seq, log[1].ord, log[1].at_ms), (sent.seq, sent.ord, sent.at_ms));
    assert_eq!((message.rev, message.deleted, message.text.as_str()), (deleted.seq, true, ""));
    assert_eq!((&message.data, message.mentions.is_empty(), message.reactions.len()), (&None, true, 0));
    assert_eq!(log[3].body, RecordBody::Deleted { target: sent.seq });
    assert_eq!(fixture.unread("bob", room).await, 1, "a deleted message keeps its ord");
    let mine = fixture.store().own_reactions(&user("bob"), room, &[sent.seq]).await.unwrap();
    assert_eq!(mine, []);
    fixture.assert_no_drift().await;
}

pub async fn a_deletion_takes_what_edits_said_out_of_the_log(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let target = fixture.append(message(room, "alice", "c-1", "secret one")).await.seq;
    let other = fixture.append(message(room, "alice", "c-2", "other")).await.seq;
    fixture.edit(room, "alice", target, "secret two").await;
    let with_data =
        EditMessage { data: Some(json(r#"{"a":"secret"}"#)), ..edit(room, "alice", target, "secret three") };
    fixture.store().edit(with_data).await.unwrap();
    fixture.edit(room, "alice", other, "kept").await;
    fixture.react(room, "bob", target, "+").await;
    fixture.advance(1_000);
    let last = fixture.edit(room, "alice", target, "secret four").await.seq;
    let edited_ms = fixture.now();
    fixture.delete(room, "alice", target).await;
    for reopened in [false, true] {
        if reopened {
            fixture.reopen().await;
        }
        let log = fixture.log(room).await;
        assert!(!format!("{log:?}").contains("secret"), "{log:?}");
        let blank = RecordBody::Edited { target, text: None, data: None, edited_ms };
        assert_eq!(log.iter().find(|record| record.seq == last).unwrap().body, blank);
        assert!(log.iter().any(
            |record| matches!(&record.body, RecordBody::Edited { text: Some(text), .. } if text == "kept")
        ));
        fixture.assert_dense(room).await;
    }
}

pub async fn the_sender_or_an_admin_deletes(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob", "carol", "dave"]).await;
    fixture.store().set_role(room, &user("alice"), &user("carol"), Role::Admin).await.unwrap();
    let mut targets = Vec::new();
    for text in ["a", "b", "c"] {
        targets.push(fixture.send(room, "bob", text).await.seq);
    }
    let by_other = delete(room, "dave", targets[0]);
    assert_eq!(refused(fixture.store().delete(by_other).await), Refusal::Forbidden);
    for (actor, target) in ["alice", "bob", "carol"].into_iter().zip(targets) {
        fixture.delete(room, actor, target).await;
    }
}

pub async fn deleting_again_changes_nothing(fixture: &Fixture) {
    let room = fixture.group("alice", &[]).await;
    let target = fixture.send(room, "alice", "regretted").await.seq;
    let first = fixture.delete(room, "alice", target).await;
    let commits = fixture.last_commit().await;
    let again = fixture.delete(room, "alice", target).await;
    assert_eq!((again.seq, again.duplicate), (first.seq, false));
    assert_eq!(fixture.last_commit().await, commits);
}

pub async fn a_deleted_message_is_not_there_to_be_changed(fixture: &Fixture) {
    let room = fixture.group("alice", &[]).await;
    let target = fixture.send(room, "alice", "regretted").await.seq;
    fixture.delete(room, "alice", target).await;
    let store = fixture.store();
    assert_eq!(refused(store.edit(edit(room, "alice", target, "x")).await), Refusal::MessageNotFound);
    assert_eq!(refused(store.react(react(room, "alice", target, "+")).await), Refusal::MessageNotFound);
    assert_eq!(refused(store.react(unreact(room, "alice", target, "+")).await), Refusal::MessageNotFound);
}

pub async fn a_target_must_be_a_message_the_actor_may_see(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let other_room = fixture.group("bob", &["alice"]).await;
    fixture.send(other_room, "bob", "elsewhere").await;
    let before_join = fixture.send(room, "alice", "before").await.seq;
    let joined = fixture.add(room, "alice", &["carol"]).await.seq;
    for target in [before_join, joined, Seq(99), Seq::ZERO] {
        let store = fixture.store();
        let edit = store.edit(edit(room, "carol", target, "x")).await;
        let delete = store.delete(delete(room, "carol", target)).await;
        let react = store.react(react(room, "carol", target, "+")).await;
        for answer in [edit, delete, react] {
            assert_eq!(refused(answer), Refusal::MessageNotFound);
        }
    }
}

pub async fn reactions_count_users_in_the_order_of_first_use(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob", "carol"]).await;
    let target = fixture.send(room, "alice", "nice").await.seq;
    fixture.react(room, "bob", target, "heart").await;
    fixture.react(room, "alice", target, "+").await;
    let last = fixture.react(room, "carol", target, "heart").await;
    let log = fixture.log(room).await;
    let message = message_of(&log[1]);
    let counts: Vec<_> = message.reactions.iter().map(|held| (held.emoji.as_str(), held.count)).collect();
    assert_eq!((counts, message.rev), (vec![("heart", 2), ("+", 1)], last.seq));
    let expected = RecordBody::Reaction { target, emoji: emoji("heart"), op: ReactionOp::Add };
    assert_eq!((&log[4].body, &log[4].actor), (&expected, &user("carol")));
    fixture.assert_dense(room).await;
}

pub async fn a_user_holds_one_of_each_reaction(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let target = fixture.send(room, "alice", "nice").await.seq;
    let first = fixture.react(room, "bob", target, "+").await;
    assert_eq!(fixture.react(room, "bob", target, "+").await.seq, first.seq);
    fixture.react(room, "bob", target, "heart").await;
    let log = fixture.log(room).await;
    let counts: Vec<u32> = message_of(&log[1]).reactions.iter().map(|held| held.count).collect();
    assert_eq!((counts, log.len()), (vec![1, 1], 4));
}

pub async fn a_reaction_taken_back_is_gone_and_taking_back_nothing_changes_nothing(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let target = fixture.send(room, "alice", "nice").await.seq;
    let store = fixture.store();
    assert_eq!(store.react(unreact(room, "bob", target, "+")).await.unwrap().seq, target);
    fixture.react(room, "bob", target, "+").await;
    fixture.react(room, "alice", target, "+").await;
    let back = store.react(unreact(room, "bob", target, "+")).await.unwrap();
    let log = fixture.log(room).await;
    let message = message_of(&log[1]);
    assert_eq!((message.rev, message.reactions[0].count), (back.seq, 1));
    store.react(unreact(room, "alice", target, "+")).await.unwrap();
    assert_eq!(message_of(&fixture.log(room).await[1]).reactions, []);
}

pub async fn distinct_reactions_of_a_message_are_bounded(fixture: &Fixture) {
    fixture.limit(|limits| limits.reactions_per_message = 2).await;
    let room = fixture.group("alice", &["bob"]).await;
    let target = fixture.send(room, "alice", "nice").await.seq;
    fixture.react(room, "alice", target, "a").await;
    fixture.react(room, "alice", target, "b").await;
    let third = fixture.store().react(react(room, "bob", target, "c")).await;
    assert_eq!(refused(third), Refusal::LimitReached { limit: "reactions_per_message", max: 2 });
    fixture.react(room, "bob", target, "a").await;
    fixture.store().react(unreact(room, "alice", target, "b")).await.unwrap();
    fixture.react(room, "bob", target, "c").await;
}

pub async fn own_reactions_are_found_by_user_and_target(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let first = fixture.send(room, "alice", "one").await.seq;
    let second = fixture.send(room, "alice", "two").await.seq;
    fixture.react(room, "bob", first, "b").await;
    fixture.react(room, "bob", first, "a").await;
    fixture.react(room, "bob", second, "a").await;
    fixture.react(room, "alice", second, "c").await;
    let mut mine = fixture.store().own_reactions(&user("bob"), room, &[first, second]).await.unwrap();
    mine.sort();
    assert_eq!(mine, [(first, emoji("a")), (first, emoji("b")), (second, emoji("a"))]);
    let mine = fixture.store().own_reactions(&user("alice"), room, &[second]).await.unwrap();
    assert_eq!(mine, [(second, emoji("c"))]);
    let page = fixture.page("bob", room, crate::HistoryFrom::Latest, 10).await;
    assert_eq!(page.messages[0].mine, [emoji("a"), emoji("b")]);
    assert_eq!(page.messages[1].mine, [emoji("a")]);
}

pub async fn changes_count_nothing_and_move_no_mark(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let sent =
        fixture.append(AppendMessage { mentions: everyone(), ..message(room, "alice", "c-1", "hi") }).await;
    let (alice, bob) = (fixture.row("alice", room).await, fixture.row("bob", room).await);
    fixture.edit(room, "alice", sent.seq, "ho").await;
    fixture.react(room, "bob", sent.seq, "+").await;
    fixture.delete(room, "alice", sent.seq).await;
    assert_eq!((fixture.row("alice", room).await, fixture.row("bob", room).await), (alice, bob));
    assert_eq!(fixture.head(room).await.ord, sent.ord);
}

pub async fn changes_are_checked_in_the_order_key_member_message_role(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let target = fixture.append(message(room, "alice", "used", "hello")).await.seq;
    let store = fixture.store();
    let wrong = |actor: &str, target, client_id| EditMessage {
        once: Some(once(client_id, "other")),
        ..edit(room, actor, target, "")
    };
    assert_eq!(refused(store.edit(wrong("alice", Seq(99), "used")).await), Refusal::Conflict);
    assert_eq!(refused(store.edit(wrong("carol", Seq(99), "new")).await), Refusal::RoomNotFound);
    assert_eq!(refused(store.edit(wrong("bob", Seq(99), "new")).await), Refusal::MessageNotFound);
    assert_eq!(refused(store.edit(wrong("bob", target, "new")).await), Refusal::Forbidden);
    assert_eq!(refused(store.edit(wrong("alice", target, "new")).await), Refusal::EmptyMessage);
    let same = EditMessage { once: Some(once("new", "same")), ..edit(room, "alice", target, "hello") };
    assert!(!store.edit(same).await.unwrap().duplicate, "a refusal stores no key");
}
