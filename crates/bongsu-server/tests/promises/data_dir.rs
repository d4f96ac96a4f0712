//! What a data directory refuses: two servers at once, another layout, a store that lost what it had acknowledged.

use std::path::Path;

use bongsu_testkit::within;

use crate::bongsu;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_in_use_is_refused_and_its_server_is_not_disturbed() {
    let server = bongsu().serve().await;
    let (alice, bob) = server.access().two_members().await;
    let data = server.data().to_string_lossy().into_owned();
    let serve = ["serve", "--data", &data, "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"];
    for command in [&serve[..], &["check", "--data", &data]] {
        let said = server.binary().run(command).await;
        assert!(!said.status.success());
        assert!(said.stderr.contains("in use by another process"), "{command:?}: {}", said.stderr);
        assert!(!said.stdout.contains("bongsu ready"));
    }
    alice.send("undisturbed").await.acked();
    assert_eq!(bob.next_message().await.text, "undisturbed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_is_refused_while_the_server_runs_and_leaves_nothing() {
    let mut server = bongsu().serve().await;
    let (alice, _bob) = server.access().two_members().await;
    let head = alice.send("undisturbed").await.acked().seq;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chat.jsonl");
    let line = r#"{"room": "r1", "user": "alice", "at": "2026-01-02T03:04:05Z", "text": "imported"}"#;
    std::fs::write(&file, format!("{line}\n")).unwrap();
    let (file, data) = (file.to_string_lossy().into_owned(), server.data().to_string_lossy().into_owned());
    let import = ["import", "jsonl", "--ids-as-given", "--data", &data, &file];
    let said = server.binary().run(import).await;
    assert!(!said.status.success());
    assert!(said.stderr.contains("in use by another process"), "{}", said.stderr);
    server.stop().await;
    server.assert_check_clean().await;
    server.restart().await;
    let rooms = server.access().client("alice").await.connection().list_rooms().await.unwrap().0;
    assert_eq!(rooms.len(), 1);
    assert_eq!(rooms[0].head_seq, head);

    server.stop().await;
    let said = server.binary().run(import).await;
    assert!(said.status.success(), "the same import goes once the server stopped: {}", said.stderr);
    server.restart().await;
    let rooms = server.access().client("alice").await.connection().list_rooms().await.unwrap().0;
    assert_eq!(rooms.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_of_another_layout_is_refused_and_left_as_it_is() {
    let mut server = bongsu().serve().await;
    server.stop().await;
    set_schema(server.data(), |version| version + 97);
    let data = server.data().to_string_lossy().into_owned();
    for command in ["serve", "check"] {
        let said = server.binary().run(arguments(command, &data)).await;
        assert!(!said.status.success());
        assert!(said.stderr.contains("layout 99"), "{}", said.stderr);
    }
    set_schema(server.data(), |version| version - 97);
    server.restart().await;
}

fn arguments<'a>(command: &'a str, data: &'a str) -> Vec<&'a str> {
    let mut arguments = vec![command, "--data", data];
    if command == "serve" {
        arguments.extend(["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]);
    }
    arguments
}

/// Where the store says its layout: the table `meta` shares the keyspace `rooms` under this byte.
const SCHEMA: &str = "!schema";

/// Changes the last byte of the number of the layout.
fn set_schema(data: &Path, change: impl Fn(u8) -> u8) {
    let database = fjall::Database::builder(data.join("store/db")).open().unwrap();
    let rooms = database.keyspace("rooms", fjall::KeyspaceCreateOptions::default).unwrap();
    let mut value = rooms.get(SCHEMA).unwrap().expect("the store says its layout").to_vec();
    let last = value.last_mut().unwrap();
    *last = change(*last);
    rooms.insert(SCHEMA, value).unwrap();
    database.persist(fjall::PersistMode::SyncAll).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_behind_its_witness_is_refused_with_what_to_do() {
    let mut server = bongsu().serve().await;
    let (alice, _bob) = server.access().two_members().await;
    alice.send("kept").await.acked();
    server.stop().await;
    let old = server.data().join("old");
    copy_dir(&server.data().join("store/db"), &old);
    server.restart().await;
    let alice = server.access().client("alice").await;
    let room = alice.connection().list_rooms().await.unwrap().0[0].room;
    alice.connection().send(room, "lost-1".parse().unwrap(), "lost").await.unwrap();
    server.stop().await;

    // The store of yesterday under the witness of today.
    std::fs::remove_dir_all(server.data().join("store/db")).unwrap();
    std::fs::rename(old, server.data().join("store/db")).unwrap();
    let data = server.data().to_string_lossy().into_owned();
    let said = within("the refusal", server.binary().run(arguments("serve", &data))).await;
    assert!(!said.status.success());
    assert!(said.stderr.contains("lost acknowledged writes"), "{}", said.stderr);
    assert!(said.stderr.contains("Restore a backup"), "{}", said.stderr);
}

fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tools_say_when_a_directory_is_none_of_ours() {
    let empty = tempfile::tempdir().unwrap();
    let data = empty.path().to_string_lossy().into_owned();
    for command in [vec!["check", "--data", &data], vec!["token", "--data", &data, "--user", "alice"]] {
        let said = bongsu().run(&command).await;
        assert!(!said.status.success());
        assert!(said.stderr.contains("not a data directory"), "{command:?}: {}", said.stderr);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_private_and_tokens_work_while_serving() {
    use std::os::unix::fs::PermissionsExt;
    let server = bongsu().serve().await;
    for file in ["token.secret", "server.key"] {
        let mode = std::fs::metadata(server.data().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let token = server.token("alice").await;
    let options = bongsu_load::ClientOptions::new(token, "d".parse().unwrap());
    let access = server.access();
    let (_client, hello) = bongsu_load::Client::connect(access.endpoint(), options).await.unwrap();
    assert_eq!(hello.user.as_str(), "alice");
}
