//! Who is in a room, and what their role allows.

use bongsu_types::{OwnChange, RecordBody, Role, RoomChange, RoomId, Seq, UserId};

use super::Fixture;
use super::acts::{message, refused, update, user, users};
use crate::{Refusal, UpdateRoom};

async fn role(fixture: &Fixture, room: RoomId, name: &str, role: Role) {
    let owner = fixture.store().member_ids(room).await.unwrap();
    for actor in owner {
        if fixture.row(actor.as_str(), room).await.role == Role::Owner {
            fixture.store().set_role(room, &actor, &user(name), role).await.unwrap();
            return;
        }
    }
}

pub async fn added_members_join_with_one_record_and_an_own_fact_each(fixture: &Fixture) {
    let room = fixture.group("alice", &[]).await;
    fixture.send(room, "alice", "before").await;
    let added = fixture.add(room, "alice", &["carol", "bob"]).await;
    let record = fixture.log(room).await.pop().unwrap();
    assert_eq!((record.seq, record.actor), (added.seq, user("alice")));
    assert_eq!(record.body, RecordBody::MemberAdded { users: users(&["carol", "bob"]) });
    for name in ["bob", "carol"] {
        let row = fixture.row(name, room).await;
        assert_eq!((row.role, row.joined_seq, row.joined_ord.get()), (Role::Member, Seq(3), 1));
        assert_eq!((row.read_seq, row.read_ord.get(), row.joined_ms), (Seq(2), 1, fixture.now()));
        assert_eq!(fixture.unread(name, room).await, 0, "what came before the join is not unread");
        let fact = fixture.own_facts(name).pop().unwrap();
        assert_eq!((fact.change, fact.user_rev.get()), (OwnChange::Joined { from_seq: Seq(3) }, 1));
    }
    assert_eq!(fixture.head(room).await.members, 3);
    fixture.assert_dense(room).await;
}

pub async fn adding_those_who_are_there_changes_nothing(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let commits = fixture.last_commit().await;
    assert_eq!(fixture.add(room, "alice", &["bob", "alice"]).await.seq, Seq(1));
    assert_eq!(fixture.last_commit().await, commits);
    fixture.add(room, "alice", &["bob", "carol", "carol"]).await;
    assert_eq!(
        fixture.log(room).await.pop().unwrap().body,
        RecordBody::MemberAdded { users: users(&["carol"]) }
    );
    assert_eq!(fixture.head(room).await.members, 3);
}

pub async fn members_are_added_all_or_none(fixture: &Fixture) {
    fixture.limit(|limits| limits.group_members = 3).await;
    let room = fixture.group("alice", &["bob"]).await;
    let two_more = fixture.store().add_members(room, &user("alice"), &users(&["carol", "dave"])).await;
    assert_eq!(refused(two_more), Refusal::LimitReached { limit: "group_members", max: 3 });
    assert_eq!(fixture.head(room).await.members, 2);
    fixture.add(room, "alice", &["bob", "carol"]).await;
}

pub async fn a_removed_member_receives_nothing_after_the_record_of_the_removal(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob", "carol"]).await;
    let removed = fixture.remove(room, "alice", &["bob", "stranger"]).await;
    let record = fixture.log(room).await.pop().unwrap();
    assert_eq!(record.body, RecordBody::MemberRemoved { users: users(&["bob"]) });
    assert_eq!(record.seq, removed.seq);
    let row = fixture.row("bob", room).await;
    assert_eq!((row.removed_ms, row.left_seq), (Some(fixture.now()), Some(removed.seq)));
    let span = row.visible(false);
    assert!(span.contains(removed.seq) && !span.contains(removed.seq.next()));
    let fact = fixture.own_facts("bob").pop().unwrap();
    assert_eq!(fact.change, OwnChange::Removed { left_seq: removed.seq });
    assert_eq!(fixture.store().own_rows(&user("bob")).await.unwrap().rows, []);
    assert_eq!(fixture.store().member_ids(room).await.unwrap(), users(&["alice", "carol"]));
    assert_eq!(fixture.head(room).await.members, 2);
}

pub async fn removing_strangers_changes_nothing(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.remove(room, "alice", &["bob"]).await;
    let commits = fixture.last_commit().await;
    assert_eq!(fixture.remove(room, "alice", &["bob", "carol"]).await.seq, Seq(2));
    assert_eq!(fixture.last_commit().await, commits);
}

pub async fn joining_again_starts_anew(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    fixture.send(room, "alice", "one").await;
    fixture.store().mark_unread(&user("bob"), room).await.unwrap();
    fixture.remove(room, "alice", &["bob"]).await;
    fixture.send(room, "alice", "two").await;
    let back = fixture.add(room, "alice", &["bob"]).await;
    let row = fixture.row("bob", room).await;
    assert_eq!((row.joined_seq, row.joined_ord.get()), (back.seq, 2));
    assert_eq!((row.removed_ms, row.left_seq, row.marked_unread), (None, None, false));
    assert_eq!(fixture.unread("bob", room).await, 0);
    fixture.send(room, "alice", "three").await;
    assert_eq!(fixture.unread("bob", room).await, 1);
    let revs: Vec<u64> = fixture.own_facts("bob").iter().map(|fact| fact.user_rev.get()).collect();
    assert_eq!(revs, [1, 2, 3, 4], "dense over leaving and coming back");
    fixture.assert_no_drift().await;
}

pub async fn roles_allow_what_the_matrix_says(fixture: &Fixture) {
    let room = fixture.group("owner", &["admin", "member", "other"]).await;
    role(fixture, room, "admin", Role::Admin).await;
    let store = fixture.store();
    for (actor, manages, gives_roles) in
        [("member", false, false), ("admin", true, false), ("owner", true, true)]
    {
        let actor_id = user(actor);
        let change = RoomChange { name: Some(actor.to_owned()), ..RoomChange::default() };
        let updated = store.update_room(UpdateRoom { change, ..update(room, actor) }).await;
        let added = store.add_members(room, &actor_id, &users(&["guest"])).await;
        let removed = store.remove_members(room, &actor_id, &users(&["guest"])).await;
        for answer in [updated, added, removed] {
            match manages {
                true => drop(answer.unwrap()),
                false => assert_eq!(refused(answer), Refusal::Forbidden),
            }
        }
        for role in [Role::Admin, Role::Member] {
            let answer = store.set_role(room, &actor_id, &user("other"), role).await;
            match gives_roles {
                true => drop(answer.unwrap()),
                false => assert_eq!(refused(answer), Refusal::Forbidden),
            }
        }
    }
}

pub async fn an_admin_neither_removes_nor_changes_an_owner(fixture: &Fixture) {
    let room = fixture.group("owner", &["admin", "second", "bob"]).await;
    role(fixture, room, "admin", Role::Admin).await;
    role(fixture, room, "second", Role::Owner).await;
    let store = fixture.store();
    let both = store.remove_members(room, &user("admin"), &users(&["bob", "second"])).await;
    assert_eq!(refused(both), Refusal::Forbidden);
    assert_eq!(fixture.head(room).await.members, 4, "all or none");
    let demoted = store.set_role(room, &user("admin"), &user("second"), Role::Member).await;
    assert_eq!(refused(demoted), Refusal::Forbidden);
    fixture.remove(room, "owner", &["second"]).await;
    fixture.remove(room, "admin", &["admin"]).await;
}

pub async fn a_role_is_a_record_and_no_own_fact(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let rev = fixture.user_rev("bob").await;
    let changed = fixture.store().set_role(room, &user("alice"), &user("bob"), Role::Admin).await.unwrap();
    let record = fixture.log(room).await.pop().unwrap();
    assert_eq!(record.seq, changed.seq);
    assert_eq!(record.body, RecordBody::MemberRole { user: user("bob"), role: Role::Admin });
    assert_eq!(fixture.row("bob", room).await.role, Role::Admin);
    assert_eq!(fixture.user_rev("bob").await, rev);
    let again = fixture.store().set_role(room, &user("alice"), &user("bob"), Role::Admin).await.unwrap();
    assert_eq!(again.seq, changed.seq);
    assert_eq!(fixture.head(room).await.seq, changed.seq);
}

pub async fn a_role_goes_to_members_only_and_the_last_owner_keeps_theirs(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let store = fixture.store();
    let stranger = store.set_role(room, &user("alice"), &user("carol"), Role::Admin).await;
    assert_eq!(refused(stranger), Refusal::NotFound);
    let last = store.set_role(room, &user("alice"), &user("alice"), Role::Member).await;
    assert_eq!(refused(last), Refusal::LastOwner);
    store.set_role(room, &user("alice"), &user("bob"), Role::Owner).await.unwrap();
    store.set_role(room, &user("alice"), &user("alice"), Role::Member).await.unwrap();
    assert_eq!(fixture.row("alice", room).await.role, Role::Member);
}

pub async fn the_last_owner_is_followed_by_the_longest_standing_admin(fixture: &Fixture) {
    let room = fixture.group("alice", &["zoe"]).await;
    fixture.add(room, "alice", &["yan"]).await;
    fixture.add(room, "alice", &["bob"]).await;
    role(fixture, room, "bob", Role::Admin).await;
    role(fixture, room, "yan", Role::Admin).await;
    let left = fixture.store().leave(room, &user("alice")).await.unwrap();
    let log = fixture.log(room).await;
    let (removed, heir) = (&log[log.len() - 2], &log[log.len() - 1]);
    assert_eq!(removed.seq, left.seq);
    assert_eq!(removed.body, RecordBody::MemberRemoved { users: users(&["alice"]) });
    assert_eq!(heir.body, RecordBody::MemberRole { user: user("yan"), role: Role::Owner });
    assert_eq!(fixture.row("yan", room).await.role, Role::Owner);
    assert_eq!(fixture.last_told().facts.len(), 3, "both records and the own fact are one commit");
    fixture.assert_dense(room).await;
}

pub async fn without_an_admin_the_longest_standing_member_follows(fixture: &Fixture) {
    let room = fixture.group("alice", &["zoe"]).await;
    fixture.add(room, "alice", &["bob"]).await;
    fixture.store().leave(room, &user("alice")).await.unwrap();
    assert_eq!(fixture.row("zoe", room).await.role, Role::Owner);
    fixture.remove(room, "zoe", &["zoe"]).await;
    assert_eq!(fixture.row("bob", room).await.role, Role::Owner);
    let head = fixture.head(room).await.seq;
    let left = fixture.store().leave(room, &user("bob")).await.unwrap();
    assert_eq!(left.seq, head.next());
    let head = fixture.head(room).await;
    assert_eq!((head.seq, head.members), (left.seq, 0), "an empty room needs no owner");
}

pub async fn while_another_owner_stays_nobody_follows(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob", "carol"]).await;
    role(fixture, room, "bob", Role::Owner).await;
    let left = fixture.store().leave(room, &user("alice")).await.unwrap();
    assert_eq!(fixture.head(room).await.seq, left.seq);
}

pub async fn in_a_direct_room_nobody_comes_or_goes(fixture: &Fixture) {
    let room = fixture.direct("alice", "bob").await;
    let (store, alice) = (fixture.store(), user("alice"));
    let answers = [
        store.add_members(room, &alice, &users(&["carol"])).await,
        store.remove_members(room, &alice, &users(&["bob"])).await,
        store.leave(room, &alice).await,
        store.set_role(room, &alice, &user("bob"), Role::Admin).await,
    ];
    for answer in answers {
        assert_eq!(refused(answer), Refusal::Forbidden);
    }
}

pub async fn a_channel_keeps_no_records_of_its_members(fixture: &Fixture) {
    let room = fixture.channel("alice", &["bob"]).await;
    fixture.send(room, "alice", "one").await;
    assert_eq!(fixture.add(room, "alice", &["carol", "dave"]).await.seq, Seq(1));
    assert_eq!(fixture.row("carol", room).await.joined_seq, Seq(2));
    assert_eq!(fixture.remove(room, "alice", &["bob"]).await.seq, Seq(1));
    let row = fixture.row("bob", room).await;
    assert_eq!((row.left_seq, row.is_member()), (Some(Seq(1)), false));
    assert_eq!(fixture.store().leave(room, &user("dave")).await.unwrap().seq, Seq(1));
    let head = fixture.head(room).await;
    assert_eq!((head.seq, head.members), (Seq(1), 2));
    assert_eq!(fixture.own_facts("bob").len(), 2);
    assert_eq!(fixture.own_facts("dave").len(), 2);

    let left = fixture.store().leave(room, &user("alice")).await.unwrap();
    assert_eq!(left.seq, Seq(1));
    let record = fixture.log(room).await.pop().unwrap();
    assert_eq!(record.body, RecordBody::MemberRole { user: user("carol"), role: Role::Owner });
}

pub async fn members_come_in_pages_by_id(fixture: &Fixture) {
    let room = fixture.group("dave", &["alice", "carol", "bob"]).await;
    fixture.send(room, "carol", "one").await;
    let store = fixture.store();
    let page = store.members(&user("alice"), room, None, 3).await.unwrap();
    let names: Vec<&str> = page.members.iter().map(|member| member.user.as_str()).collect();
    assert_eq!((names, page.more), (vec!["alice", "bob", "carol"], true));
    assert_eq!(page.members[2].read_seq, Seq(2));
    let page = store.members(&user("alice"), room, Some(&user("carol")), 3).await.unwrap();
    assert_eq!((page.members.len(), page.more), (1, false));
    let owner = &page.members[0];
    assert_eq!((&owner.user, owner.role, owner.joined_ms), (&user("dave"), Role::Owner, fixture.now()));
    assert_eq!(store.members(&user("alice"), room, None, 0).await.unwrap().members.len(), 1);
}

pub async fn in_a_channel_only_admins_see_the_members(fixture: &Fixture) {
    let room = fixture.channel("alice", &["bob"]).await;
    let store = fixture.store();
    assert_eq!(refused(store.members(&user("bob"), room, None, 10).await), Refusal::Forbidden);
    assert_eq!(store.members(&user("alice"), room, None, 10).await.unwrap().members.len(), 2);
}

pub async fn member_ids_are_for_those_who_know_what_they_do(fixture: &Fixture) {
    let room = fixture.channel("bob", &["alice"]).await;
    let ids: Vec<UserId> = fixture.store().member_ids(room).await.unwrap();
    assert_eq!(ids, users(&["alice", "bob"]));
    let nowhere = RoomId::from_bytes([7; 16]);
    assert_eq!(refused(fixture.store().member_ids(nowhere).await), Refusal::RoomNotFound);
    assert_eq!(fixture.store().room(nowhere).await.unwrap(), None);
}

pub async fn no_message_of_a_removed_member_follows_the_removal(fixture: &Fixture) {
    let room = fixture.group("alice", &["bob"]).await;
    let store = fixture.store();
    let writer = tokio::spawn(async move {
        for number in 0.. {
            if let Err(error) = store.append(message(room, "bob", &format!("c-{number}"), "x")).await {
                return error;
            }
        }
        unreachable!("the loop ends when bob is removed")
    });
    while fixture.head(room).await.seq < Seq(10) {
        tokio::task::yield_now().await;
    }
    let removed = fixture.remove(room, "alice", &["bob"]).await.seq;
    assert_eq!(writer.await.unwrap(), Refusal::RoomNotFound.into());
    let log = fixture.log(room).await;
    assert_eq!(log.last().unwrap().seq, removed);
    fixture.assert_dense(room).await;
}
