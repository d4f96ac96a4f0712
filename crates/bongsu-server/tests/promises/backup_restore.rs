//! A backup taken while serving becomes a store of its own, of a new epoch: clients notice and start anew.

use bongsu_load::Checker;
use bongsu_load::state::Fresh;
use bongsu_testkit::{Said, ServerProcess};
use bongsu_types::Seq;

use crate::bongsu;

async fn backup(server: &ServerProcess, to: &str) -> Said {
    let data = server.data().to_string_lossy().into_owned();
    server.binary().run(["backup", "--data", &data, "--to", to]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_before_the_backup_is_there_after_the_restore_and_clients_start_anew() {
    let mut server = bongsu().serve().await;
    let (alice, mut bob) = server.access().two_members().await;
    let room = alice.room();
    let before = alice.send("before the backup").await.acked();
    bob.until_seen(room, before.seq).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.bongsu").to_string_lossy().into_owned();
    let said = backup(&server, &file).await;
    assert!(said.status.success(), "{}", said.stderr);
    alice.send("after the backup").await.acked();
    let old_epoch = bob.hello().epoch;
    server.stop().await;

    let data = folder.path().join("restored");
    let arguments = ["restore", "--data", &data.to_string_lossy(), "--from", &file];
    let said = server.binary().run(arguments).await;
    assert!(said.status.success(), "{}", said.stderr);
    for secret in ["token.secret", "server.key"] {
        std::fs::copy(server.data().join(secret), data.join(secret)).unwrap();
    }
    let mut restored = server.binary().serve_on(&data).await;
    bob.reconnect_to(restored.access()).await;
    assert!(!bob.hello().resumed);
    assert!(bob.hello().epoch > old_epoch);
    bob.with_state(|state| {
        let room = state.room(room).expect("the room was in the backup");
        assert_eq!(room.row().head_seq, before.seq);
        assert_eq!(room.row().unread, 1);
    });
    let again = restored.access().client("alice").await;
    let reply = again.connection().send(room, "new-1".parse().unwrap(), "in the new epoch").await.unwrap();
    assert_eq!(reply.seq, before.seq.next(), "the log goes on where the backup ends");
    bob.until_seen(room, reply.seq).await;
    bob.assert_equals_fresh().await;
    restored.stop().await;
    restored.assert_check_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_a_state_that_was() {
    let server = bongsu().serve().await;
    let (alice, _bob) = server.access().two_members().await;
    let room = alice.room();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.bongsu").to_string_lossy().into_owned();
    alice.send("at least this").await.acked();
    let (said, sent) = {
        let backup = backup(&server, &file);
        let mut backup = std::pin::pin!(backup);
        let mut sent = 1;
        loop {
            tokio::select! {
                biased;
                said = &mut backup => break (said, sent),
                reply = alice.send("meanwhile") => { reply.acked(); sent += 1; }
            }
        }
    };
    assert!(said.status.success(), "{}", said.stderr);
    let data = folder.path().join("restored");
    let arguments = ["restore", "--data", &data.to_string_lossy(), "--from", &file];
    assert!(server.binary().run(arguments).await.status.success());
    let mut restored = server.binary().serve_on(&data).await;
    let client = restored.access().client("alice").await;
    let fresh = Fresh::fetch(client.connection()).await.unwrap();
    let messages = fresh.messages(room);
    assert!((1..=sent).contains(&messages.len()), "{} of {sent}", messages.len());
    let mut checker = Checker::default();
    checker.log(room, messages);
    for row in fresh.rows() {
        checker.unread(&client.user(), row, messages);
    }
    checker.report().assert_clean();
    restored.stop().await;
    restored.assert_check_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backup_and_restore_refuse_what_would_destroy_something() {
    let mut server = bongsu().serve().await;
    let (alice, _bob) = server.access().two_members().await;
    alice.send("kept").await.acked();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.bongsu").to_string_lossy().into_owned();
    assert!(backup(&server, &file).await.status.success());
    let again = backup(&server, &file).await;
    assert!(!again.status.success(), "a backup is never overwritten");

    let data = server.data().to_string_lossy().into_owned();
    let over = server.binary().run(["restore", "--data", &data, "--from", &file]).await;
    assert!(!over.status.success(), "a store is never overwritten");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    let damaged = folder.path().join("damaged").to_string_lossy().into_owned();
    std::fs::write(&damaged, bytes).unwrap();
    let empty = folder.path().join("empty").to_string_lossy().into_owned();
    let said = server.binary().run(["restore", "--data", &empty, "--from", &damaged]).await;
    assert!(!said.status.success(), "a damaged backup is refused: {}", said.stdout);
    server.stop().await;

    // Without a server the store is opened for the backup.
    let offline = folder.path().join("offline.bongsu").to_string_lossy().into_owned();
    assert!(backup(&server, &offline).await.status.success());
    server.restart().await;
    let alice = server.access().client("alice").await;
    let rooms = alice.connection().list_rooms().await.unwrap().0;
    let (messages, _) = alice.connection().history(rooms[0].room, Seq::ZERO).await.unwrap();
    assert_eq!(messages[0].text, "kept");
}
