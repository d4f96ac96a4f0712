//! A full disk: writes are refused and say so, reads go on, nothing acknowledged is lost, and space heals it.

use std::path::{Path, PathBuf};
use std::process::Command;

use bongsu_load::client::{numbered, text_message};
use bongsu_load::{Checker, SendKey};
use bongsu_testkit::{Binary, ServerProcess, TestClient, within};
use bongsu_types::{Outcome, Seq};
use bongsu_wire::ErrorKind;

use crate::bongsu;

const DISK_MIB: u64 = 192;

/// A small disk of its own, in memory; unmounted at the end.
struct SmallDisk {
    root: tempfile::TempDir,
}

impl SmallDisk {
    /// `None` where mounting is not allowed: on a laptop that is told and skipped, in CI it is a failure.
    fn mount() -> Option<Self> {
        let root = tempfile::tempdir().unwrap();
        let size = format!("size={DISK_MIB}m");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(root.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self { root });
        }
        assert!(std::env::var_os("CI").is_none(), "CI runs as a user who may mount");
        eprintln!("skipped: this user may not mount a small disk");
        None
    }

    fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// Fills the disk until about `free_mib` are left.
    fn fill(&self, free_mib: u64) {
        let path = self.root.path().join("filling");
        let free = free_bytes(self.root.path());
        let filling = free.saturating_sub(free_mib << 20);
        let fallocate =
            Command::new("fallocate").arg("-l").arg(filling.to_string()).arg(&path).status().unwrap();
        assert!(fallocate.success());
    }

    fn empty(&self) {
        std::fs::remove_file(self.root.path().join("filling")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A server that was just killed may hold it for a moment: lazily.
        drop(Command::new("umount").arg("-l").arg(self.root.path()).status());
    }
}

fn free_bytes(path: &Path) -> u64 {
    let output = Command::new("df").args(["--output=avail", "-B1"]).arg(path).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().nth(1).and_then(|line| line.trim().parse().ok()).expect("bytes available")
}

async fn serve(disk: &SmallDisk, reserve_mib: u64) -> ServerProcess {
    let binary: Binary = bongsu().env("BONGSU_STORE__DISK_RESERVE_MIB", reserve_mib);
    binary.serve_on(&disk.data()).await
}

/// Sends until a send fails; what failed, and how.
async fn send_until_refused(alice: &TestClient, checker: &mut Checker, run: &str) -> Outcome {
    for number in 0..1_000_000 {
        let client_id = numbered(run, number);
        let key = SendKey { room: alice.room(), sender: alice.user(), client_id: client_id.clone() };
        let text = format!("{number} {}", "x".repeat(4_000));
        checker.sending(key.clone(), &text);
        match alice.connection().call(text_message(alice.room(), client_id, text)).await {
            Ok(reply) => checker.replied(&key, &reply),
            Err(error) => {
                checker.failed(&key, error.outcome());
                return error.outcome();
            }
        }
    }
    panic!("the disk never filled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn below_the_reserve_writes_are_refused_reads_go_on_and_space_heals_it() {
    let Some(disk) = SmallDisk::mount() else { return };
    let mut server = serve(&disk, 64).await;
    let (alice, bob) = server.access().two_members().await;
    let mut checker = Checker::default();
    let kept = alice.send("kept").await.acked().seq;
    bob.until_seen(alice.room(), kept).await;
    disk.fill(32);
    let outcome = send_until_refused(&alice, &mut checker, "full").await;
    assert_eq!(outcome, Outcome::NotApplied);
    let refused = alice.send("no room").await.refused();
    assert_eq!((refused.kind, refused.retry), (ErrorKind::Unavailable, true), "{refused:?}");
    let (messages, _) = bob.connection().history(alice.room(), Seq::ZERO).await.unwrap();
    assert!(messages.iter().any(|message| message.text == "kept"), "reads go on");
    assert!(server.is_running());
    assert!(server.log().contains("disk full"), "{}", server.log());

    disk.empty();
    within("writes to be taken again", async {
        while alice
            .connection()
            .call(text_message(alice.room(), numbered("again", 0), "again"))
            .await
            .is_err()
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let (messages, _) = bob.connection().history(alice.room(), Seq::ZERO).await.unwrap();
    checker.log(alice.room(), &messages);
    checker.report().assert_clean();
    bob.assert_equals_fresh().await;
    server.stop().await;
    server.assert_check_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_to_the_last_byte_loses_nothing_acknowledged() {
    let Some(disk) = SmallDisk::mount() else { return };
    let mut server = serve(&disk, 0).await;
    let (alice, _bob) = server.access().two_members().await;
    let room = alice.room();
    let mut checker = Checker::default();
    disk.fill(1);
    send_until_refused(&alice, &mut checker, "last").await;
    // The system refused a write in the middle: only a restart can tell what is on the disk.
    let status = server.ended().await;
    assert!(!status.success(), "a server that cannot write ends with an error");
    disk.empty();
    server.restart().await;
    let alice = server.access().client("alice").await;
    let (messages, _) = alice.connection().history(room, Seq::ZERO).await.unwrap();
    checker.log(room, &messages);
    checker.report().assert_clean();
    server.stop().await;
    server.assert_check_clean().await;
}
