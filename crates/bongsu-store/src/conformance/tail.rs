//! The tail: every commit once, in order, in windows that are closed.

use bongsu_types::{CommitNo, Fact, Seq, TailKind, TailRef};

use super::Fixture;
use super::acts::{edit, message, once, update, user};
use crate::EditMessage;

/// The ref each fact of a commit has, or none.
fn ref_of(
    commit: CommitNo,
    fact: &Fact,
    heads: &mut std::collections::BTreeMap<bongsu_types::RoomId, Seq>,
) -> Option<TailRef> {
    match fact {
        Fact::Record(record) => {
            heads.insert(record.room, record.seq);
            Some(TailRef { commit, room: record.room, seq: record.seq, kind: TailKind::Record })
        }
        Fact::Own(own) => {
            let seq = heads.get(&own.room).copied().unwrap_or(Seq::ZERO);
            let kind = TailKind::Own { user: own.user.clone(), user_rev: own.user_rev };
            Some(TailRef { commit, room: own.room, seq, kind })
        }
        Fact::Receipt { .. }
        | Fact::SessionOpened { .. }
        | Fact::DeviceRemoved { .. }
        | Fact::ProfileChanged { .. }
        | Fact::UserRevoked { .. } => None,
    }
}

/// Something of every kind.
async fn live_a_little(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let channel = fixture.channel("alice", &["bob"]).await;
    fixture.hello("bob", "phone").await;
    let target = fixture.send(room, "alice", "one").await.seq;
    fixture.send(channel, "alice", "two").await;
    fixture.react(room, "bob", target, "+").await;
    fixture.read(room, "bob", 3).await;
    fixture.store().mark_unread(&user("bob"), room).await.unwrap();
    fixture.send(room, "bob", "three").await;
    fixture.add(channel, "alice", &["carol"]).await;
    fixture.ack("bob", "phone", &[(room, 3)]).await;
    fixture.store().revoke_user(&user("dave")).await.unwrap();
    fixture.store().leave(room, &user("alice")).await.unwrap();
}

pub async fn commits_are_numbered_densely_as_the_observer_is_told(fixture: &Fixture) {
    assert_eq!(fixture.last_commit().await, CommitNo::ZERO);
    live_a_little(fixture).await;
    let told = fixture.committed();
    let numbers: Vec<u64> = told.iter().map(|committed| committed.commit.get()).collect();
    assert_eq!(numbers, (1..=told.len() as u64).collect::<Vec<_>>());
    assert_eq!(fixture.last_commit().await, told.last().unwrap().commit);
    let epoch = fixture.store().epoch();
    assert!(told.iter().all(|committed| committed.epoch == epoch));
}

pub async fn the_tail_has_a_ref_for_each_record_and_own_fact_in_order(fixture: &Fixture) {
    live_a_little(fixture).await;
    let mut heads = std::collections::BTreeMap::new();
    let mut expected = Vec::new();
    for committed in fixture.committed() {
        for fact in &committed.facts {
            expected.extend(ref_of(committed.commit, fact, &mut heads));
        }
    }
    assert_eq!(fixture.tail(usize::MAX).await, expected);
    for limit in [1, 2, 3] {
        assert_eq!(fixture.tail(limit).await, expected, "{limit} at a time");
    }
}

pub async fn a_commit_is_never_split(fixture: &Fixture) {
    fixture.group("alice", &["bob", "carol", "dave"]).await;
    fixture.group("alice", &["bob"]).await;
    let page = fixture.store().tail(CommitNo::ZERO, 1).await.unwrap();
    assert_eq!((page.refs.len(), page.next, page.last), (5, CommitNo(1), CommitNo(2)));
    let page = fixture.store().tail(page.next, 1).await.unwrap();
    assert_eq!((page.refs.len(), page.next), (3, CommitNo(2)));
    let page = fixture.store().tail(page.next, 1).await.unwrap();
    assert_eq!((page.refs.len(), page.next, page.last), (0, CommitNo(2), CommitNo(2)));
}

pub async fn commits_without_refs_move_the_cursor(fixture: &Fixture) {
    fixture.group("alice", &[]).await;
    fixture.hello("alice", "phone").await;
    fixture.store().revoke_user(&user("bob")).await.unwrap();
    let page = fixture.store().tail(CommitNo(1), 10).await.unwrap();
    assert_eq!((page.refs.len(), page.next, page.last), (0, CommitNo(3), CommitNo(3)));
}

pub async fn windows_are_closed_while_others_write(fixture: &Fixture) {
    let rooms = [fixture.group("alice", &[]).await, fixture.group("bob", &[]).await];
    let mut writers = tokio::task::JoinSet::new();
    for (room, sender) in rooms.into_iter().zip(["alice", "bob"]) {
        let store = fixture.store();
        writers.spawn(async move {
            for number in 0..150 {
                store.append(message(room, sender, &format!("c-{number}"), "x")).await.unwrap();
            }
        });
    }
    let (mut refs, mut after) = (Vec::new(), CommitNo::ZERO);
    loop {
        let is_last = writers.is_empty();
        let page = fixture.store().tail(after, 7).await.unwrap();
        assert!(page.next >= after && page.next <= page.last);
        for tail_ref in &page.refs {
            assert!(tail_ref.commit > after && tail_ref.commit <= page.next);
            let head = fixture.head(tail_ref.room).await;
            assert!(head.seq >= tail_ref.seq, "what the tail names is readable");
        }
        after = page.next;
        refs.extend(page.refs);
        while let Some(done) = writers.try_join_next() {
            done.unwrap();
        }
        if is_last && page.next == page.last {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(refs, fixture.tail(usize::MAX).await, "nothing appeared in a window already read");
    for room in rooms {
        let seqs: Vec<u64> = refs
            .iter()
            .filter(|tail_ref| tail_ref.room == room && tail_ref.kind == TailKind::Record)
            .map(|tail_ref| tail_ref.seq.get())
            .collect();
        assert_eq!(seqs, (1..=151).collect::<Vec<_>>());
    }
}

pub async fn a_mutation_that_changes_nothing_commits_nothing(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let target = fixture.send(room, "alice", "one").await.seq;
    fixture.hello("bob", "phone").await;
    fixture.ack("bob", "phone", &[(room, 2)]).await;
    let commits = fixture.last_commit().await;
    fixture.edit(room, "alice", target, "one").await;
    fixture.store().update_room(update(room, "alice")).await.unwrap();
    fixture.ack("bob", "phone", &[(room, 2)]).await;
    fixture.store().accept(&user("bob"), room).await.unwrap();
    fixture.store().upsert_users(&[]).await.unwrap();
    assert_eq!(fixture.store().expire_devices().await.unwrap(), 0);
    assert_eq!(fixture.last_commit().await, commits);
    assert_eq!(fixture.committed().len() as u64, commits.get());
}

pub async fn storing_a_key_alone_is_a_commit_without_facts(fixture: &Fixture) {
    let room = fixture.group("alice", &[]).await;
    let target = fixture.send(room, "alice", "one").await.seq;
    let commits = fixture.last_commit().await;
    let nothing = EditMessage { once: Some(once("c-1", "one")), ..edit(room, "alice", target, "one") };
    fixture.store().edit(nothing).await.unwrap();
    assert_eq!(fixture.last_commit().await, commits.next());
    assert_eq!(fixture.last_told().facts, []);
}

pub async fn a_consumer_that_stores_its_position_has_nothing_new_to_read(fixture: &Fixture) {
    fixture.group("alice", &[]).await;
    let last = fixture.last_commit().await;
    fixture.store().store_consumer("search", last).await.unwrap();
    assert_eq!(fixture.last_commit().await, last);
}

pub async fn facts_of_a_record_are_what_the_log_says_of_it(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.send(room, "alice", "one").await;
    fixture.store().leave(room, &user("alice")).await.unwrap();
    let log = fixture.log(room).await;
    let is_record = |fact: Fact| match fact {
        Fact::Record(record) => Some((*record).clone()),
        Fact::Own(_)
        | Fact::Receipt { .. }
        | Fact::SessionOpened { .. }
        | Fact::DeviceRemoved { .. }
        | Fact::ProfileChanged { .. }
        | Fact::UserRevoked { .. } => None,
    };
    let told: Vec<_> = fixture.facts_since(0).into_iter().filter_map(is_record).collect();
    assert_eq!(told, log);
}
