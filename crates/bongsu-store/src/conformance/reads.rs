//! Marks: they only grow, they resolve to ords, and unread is what lies above them.

use bongsu_types::{Fact, Millis, Ordinal, OwnChange, RoomKind, Seq};

use super::Fixture;
use super::acts::{everyone, mentions, message, room, user};
use crate::{AppendMessage, CreateRoom, SettingsChange};

pub async fn a_mark_resolves_to_the_ord_of_its_record(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let first = fixture.send(room, "alice", "one").await;
    fixture.edit(room, "alice", first.seq, "ONE").await;
    fixture.send(room, "alice", "two").await;
    let read = fixture.read(room, "bob", 3).await;
    assert_eq!((read.read_seq, read.read_ord, read.unread), (Seq(3), Ordinal(1), 1));
    assert_eq!((read.head_seq, read.marked_unread), (Seq(4), false));
    let row = fixture.row("bob", room).await;
    assert_eq!((row.read_seq, row.read_ord, row.user_rev), (Seq(3), Ordinal(1), read.user_rev));
    assert_eq!(fixture.unread("bob", room).await, 1);
    fixture.assert_no_drift().await;
}

pub async fn a_mark_is_clamped_to_the_head(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.send(room, "alice", "one").await;
    let read = fixture.read(room, "bob", 1 << 52).await;
    assert_eq!((read.read_seq, read.head_seq, read.unread), (Seq(2), Seq(2), 0));
    fixture.send(room, "alice", "two").await;
    assert_eq!(fixture.unread("bob", room).await, 1, "the future was not marked");
}

pub async fn late_and_reordered_marks_converge(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    for text in ["a", "b", "c", "d"] {
        fixture.send(room, "alice", text).await;
    }
    for (seq, expected) in [(3, 3), (2, 3), (5, 5), (0, 5), (4, 5), (5, 5)] {
        assert_eq!(fixture.read(room, "bob", seq).await.read_seq, Seq(expected));
    }
    assert_eq!(fixture.unread("bob", room).await, 0);
}

pub async fn marks_at_once_end_at_the_highest(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    for number in 0..20 {
        fixture.send(room, "alice", &number.to_string()).await;
    }
    let mut tasks = tokio::task::JoinSet::new();
    for seq in [7, 21, 3, 15, 20, 1] {
        let store = fixture.store();
        tasks.spawn(async move { store.mark_read(&user("bob"), room, Seq(seq)).await.unwrap() });
    }
    while tasks.join_next().await.is_some() {}
    let row = fixture.row("bob", room).await;
    assert_eq!((row.read_seq, row.read_ord), (Seq(21), Ordinal(20)));
}

pub async fn a_mark_that_moves_nothing_commits_nothing(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.send(room, "alice", "one").await;
    let first = fixture.read(room, "bob", 2).await;
    let commits = fixture.last_commit().await;
    assert_eq!(fixture.read(room, "bob", 2).await, first);
    assert_eq!(fixture.read(room, "bob", 1).await, first);
    assert_eq!(fixture.last_commit().await, commits);
}

pub async fn a_moved_mark_is_an_own_fact_and_a_receipt(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.send(room, "alice", "one").await;
    let read = fixture.read(room, "bob", 2).await;
    let facts = fixture.last_told().facts.clone();
    assert_eq!(facts.len(), 2);
    let own = fixture.own_facts("bob").pop().unwrap();
    assert_eq!((own.user_rev, own.room), (read.user_rev, room));
    let expected =
        OwnChange::Read { read_seq: Seq(2), read_ord: Ordinal(1), unread: 0, marked_unread: false };
    assert_eq!((&facts[0], own.change.clone()), (&Fact::Own(own), expected));
    assert_eq!(facts[1], Fact::Receipt { room, user: user("bob"), read_seq: Seq(2) });
}

pub async fn channels_and_large_rooms_have_no_receipts(fixture: &Fixture) {
    fixture.limit(|limits| limits.small_room_members = 2).await;
    let channel = fixture.channel("alice", &["bob"]).await;
    let large = fixture.group("alice", &["bob", "carol"]).await;
    for room in [channel, large] {
        let seq = fixture.send(room, "alice", "one").await.seq;
        fixture.read(room, "bob", seq.get()).await;
        assert!(matches!(fixture.last_told().facts[..], [Fact::Own(_)]));
    }
}

pub async fn unread_counts_from_the_join_on(fixture: &Fixture) {
    let request = CreateRoom { history_before_join: true, ..room(RoomKind::Group, "alice", &[]) };
    let room = fixture.create(request).await;
    fixture.send(room, "alice", "before").await;
    fixture.add(room, "alice", &["bob"]).await;
    assert_eq!(fixture.unread("bob", room).await, 0);
    fixture.send(room, "alice", "after").await;
    assert_eq!(fixture.unread("bob", room).await, 1);
    fixture.read(room, "bob", 2).await;
    assert_eq!(fixture.unread("bob", room).await, 1, "reading history moves no mark back");
    fixture.assert_no_drift().await;
}

pub async fn the_unread_flag_moves_no_position_and_counts_one_in_the_badge(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.send(room, "alice", "one").await;
    fixture.read(room, "bob", 2).await;
    let rev = fixture.store().mark_unread(&user("bob"), room).await.unwrap();
    let row = fixture.row("bob", room).await;
    assert_eq!((row.marked_unread, row.read_seq, row.user_rev), (true, Seq(2), rev));
    let head = fixture.head(room).await;
    assert_eq!((row.unread(&head), row.badge(&head, fixture.now())), (0, 1));
    let fact = fixture.own_facts("bob").pop().unwrap();
    assert!(matches!(fact.change, OwnChange::Read { marked_unread: true, unread: 0, .. }));
    assert_eq!(fixture.store().mark_unread(&user("bob"), room).await.unwrap(), rev, "it is set already");
    assert_eq!(fixture.user_rev("bob").await, rev.get());
}

pub async fn reading_clears_the_unread_flag_even_where_no_mark_moves(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.read(room, "bob", 1).await;
    let rev = fixture.store().mark_unread(&user("bob"), room).await.unwrap();
    let read = fixture.read(room, "bob", 0).await;
    assert_eq!((read.marked_unread, read.read_seq, read.user_rev), (false, Seq(1), rev.next()));
    assert!(!fixture.row("bob", room).await.marked_unread);
    assert!(matches!(fixture.last_told().facts[..], [Fact::Own(_)]), "no receipt: no mark moved");
}

pub async fn mentions_count_until_they_are_read(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob", "carol"]).await;
    let call = |client_id: &str, names: &[&str]| AppendMessage {
        mentions: mentions(names),
        ..message(room, "alice", client_id, "you")
    };
    let first = fixture.append(call("c-1", &["bob", "bob", "stranger"])).await;
    fixture.append(call("c-2", &["bob", "carol"])).await;
    assert_eq!(fixture.unread_mentions("bob", room).await, 2);
    assert_eq!(fixture.unread_mentions("carol", room).await, 1);
    assert_eq!(fixture.unread_mentions("alice", room).await, 0);
    fixture.read(room, "bob", first.seq.get()).await;
    assert_eq!(fixture.unread_mentions("bob", room).await, 1);
    assert_eq!(fixture.row("bob", room).await.mentions, [Ordinal(2)]);
    fixture.send(room, "bob", "yes").await;
    assert_eq!(fixture.row("bob", room).await.mentions, []);
}

pub async fn only_countable_messages_mention(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let quiet =
        AppendMessage { mentions: mentions(&["bob"]), silent: true, ..message(room, "alice", "c-1", "psst") };
    fixture.append(quiet.clone()).await;
    let quiet_all = AppendMessage { mentions: everyone(), ..message(room, "alice", "c-2", "psst") };
    fixture.append(AppendMessage { silent: true, ..quiet_all }).await;
    assert_eq!(fixture.row("bob", room).await.mentions, []);
    assert_eq!(fixture.unread_mentions("bob", room).await, 0);
}

pub async fn everyone_is_mentioned_once_each(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob", "carol"]).await;
    let both = bongsu_types::Mentions { all: true, ..mentions(&["bob"]) };
    let sent = fixture.append(AppendMessage { mentions: both, ..message(room, "alice", "c-1", "all") }).await;
    assert_eq!(fixture.unread_mentions("bob", room).await, 1);
    assert_eq!(fixture.unread_mentions("carol", room).await, 1);
    let details = fixture.store().details(&user("bob"), &[room]).await.unwrap();
    assert_eq!(details[0].everyone, [sent.ord]);
    fixture.read(room, "carol", sent.seq.get()).await;
    assert_eq!(fixture.unread_mentions("carol", room).await, 0);
    fixture.add(room, "alice", &["dave"]).await;
    assert_eq!(fixture.unread_mentions("dave", room).await, 0);
}

pub async fn of_many_mentions_the_last_hundred_are_kept(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    for number in 0..130 {
        let call = AppendMessage {
            mentions: if number % 2 == 0 { mentions(&["bob"]) } else { everyone() },
            ..message(room, "alice", &format!("c-{number}"), "you")
        };
        fixture.append(call).await;
    }
    assert_eq!(fixture.unread_mentions("bob", room).await, 100);
    assert_eq!(fixture.row("bob", room).await.mentions.len(), 65);
    for number in 130..180 {
        let call = AppendMessage {
            mentions: mentions(&["bob"]),
            ..message(room, "alice", &format!("c-{number}"), "you")
        };
        fixture.append(call).await;
    }
    let kept = fixture.row("bob", room).await.mentions;
    assert_eq!((kept.len(), kept.last()), (100, Some(&Ordinal(180))));
    fixture.read(room, "bob", 176).await;
    assert_eq!(fixture.unread_mentions("bob", room).await, 5);
}

pub async fn a_room_is_hidden_until_the_next_record(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.send(room, "alice", "one").await;
    let hide = SettingsChange { hidden: Some(true), ..SettingsChange::default() };
    let (settings, _) = fixture.store().change_settings(&user("bob"), room, hide).await.unwrap();
    assert_eq!(settings.hidden_seq, Some(Seq(2)));
    let (row, head) = (fixture.row("bob", room).await, fixture.head(room).await);
    assert!(row.is_hidden(&head));
    assert_eq!((row.unread(&head), row.badge(&head, fixture.now())), (1, 0));
    fixture.react(room, "alice", Seq(2), "+").await;
    assert!(!row.is_hidden(&fixture.head(room).await), "any record shows it again");
    let show = SettingsChange { hidden: Some(false), ..SettingsChange::default() };
    let (settings, _) = fixture.store().change_settings(&user("bob"), room, show).await.unwrap();
    assert_eq!(settings.hidden_seq, None);
}

pub async fn a_muted_room_has_no_badge_until_then(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.send(room, "alice", "one").await;
    let until = fixture.now().plus(1_000);
    let mute = SettingsChange { muted_until_ms: Some(until), ..SettingsChange::default() };
    fixture.store().change_settings(&user("bob"), room, mute).await.unwrap();
    let (row, head) = (fixture.row("bob", room).await, fixture.head(room).await);
    assert_eq!(row.badge(&head, fixture.now()), 0);
    assert_eq!(row.badge(&head, until), 1);
    let unmute = SettingsChange { muted_until_ms: Some(Millis::ZERO), ..SettingsChange::default() };
    fixture.store().change_settings(&user("bob"), room, unmute).await.unwrap();
    assert_eq!(fixture.row("bob", room).await.badge(&head, fixture.now()), 1);
}

pub async fn a_mark_below_the_floor_stays_where_it_is(fixture: &Fixture) {
    let retention = bongsu_types::Retention::Transit;
    let request = CreateRoom { retention, ..room(RoomKind::Group, "alice", &["bob"]) };
    let room = fixture.create(request).await;
    for text in ["a", "b", "c"] {
        fixture.send(room, "alice", text).await;
    }
    for name in ["alice", "bob"] {
        // A new device starts at the head: all of it is acked.
        fixture.hello(name, "phone").await;
    }
    fixture.store().sweep(1_000).await.unwrap();
    let floor = fixture.head(room).await.floor_seq;
    assert_eq!(floor, Seq(4));
    assert_eq!(fixture.read(room, "bob", floor.get() - 1).await.unread, 3, "swept by acks is not read");
    let read = fixture.read(room, "bob", floor.get()).await;
    assert_eq!((read.read_seq, read.read_ord), (floor, fixture.head(room).await.floor_ord));
    fixture.assert_no_drift().await;
}
