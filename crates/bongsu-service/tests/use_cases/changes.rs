//! What changed in a user's own rows.

use bongsu_service::{ChangedRow, OwnChanges};
use bongsu_types::UserRev;

use crate::fixture::*;

#[tokio::test]
async fn changes_are_rows_and_removals_in_the_order_of_their_revision() {
    let world = World::new();
    let (stays, goes) = (world.group(&["alice", "bob"]).await, world.group(&["alice", "bob"]).await);
    world.service.remove_members(&actor("alice"), goes, users(&["bob"])).await.unwrap();
    world.calls.take();
    let changes = world.service.changes(&actor("bob"), UserRev(0)).await.unwrap();
    assert_eq!(world.calls.take(), ["changes", "heads", "details"]);
    let OwnChanges::Rows { rows, user_rev } = changes else { panic!("reset") };
    let [ChangedRow::Row(row), ChangedRow::Removed { room, user_rev: removed }] = &rows[..] else {
        panic!("{rows:?}")
    };
    assert_eq!((row.own.room, *room), (stays, goes));
    assert!(row.own.user_rev < *removed && *removed == user_rev);
}

#[tokio::test]
async fn nothing_changed_costs_one_call() {
    let world = World::new();
    world.group(&["alice", "bob"]).await;
    let OwnChanges::Rows { user_rev, .. } = world.service.changes(&actor("bob"), UserRev(0)).await.unwrap()
    else {
        panic!("reset")
    };
    world.calls.take();
    let changes = world.service.changes(&actor("bob"), user_rev).await.unwrap();
    assert_eq!(changes, OwnChanges::Rows { rows: Vec::new(), user_rev });
    assert_eq!(world.calls.take(), ["changes"]);
}

#[tokio::test]
async fn too_many_or_too_large_changes_are_a_reset() {
    let world = World::with(|limits| limits.changes_items = 2);
    for _ in 0..3 {
        world.group(&["alice", "bob"]).await;
    }
    let changes = world.service.changes(&actor("bob"), UserRev(0)).await.unwrap();
    assert_eq!(changes, OwnChanges::Reset { user_rev: UserRev(3) });
    let small = world.service_with(|limits| limits.send_queue_bytes = 500);
    let changes = small.changes(&actor("bob"), UserRev(2)).await.unwrap();
    assert_eq!(changes, OwnChanges::Reset { user_rev: UserRev(3) });
}
