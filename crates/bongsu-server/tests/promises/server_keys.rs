//! Server keys are several, scoped, rotated and revoked while the server runs, and what they do is written down.

use bongsu_load::Rest;
use bongsu_testkit::{Said, ServerProcess, within};
use serde_json::json;

use crate::bongsu;

/// `bongsu key` on the directory of this server, which may run or not.
async fn key(server: &ServerProcess, arguments: &[&str]) -> Said {
    let data = server.data().to_string_lossy().into_owned();
    let said = server.binary().run(["key"].iter().chain(arguments).chain(&["--data", &data])).await;
    assert!(!said.stderr.contains("bsk_"), "a key is on stdout only");
    said
}

/// A new key's text and id.
async fn add(server: &ServerProcess, scopes: &[&str]) -> (String, String) {
    let said = key(server, &[&["add"], scopes].concat()).await;
    assert!(said.status.success(), "{}", said.stderr);
    let text = said.stdout.trim().to_owned();
    let id = id_of(&text);
    (text, id)
}

fn id_of(text: &str) -> String {
    text.split('_').nth(1).expect("bsk_<id>_<secret>").to_owned()
}

/// The line of a key in the list.
async fn listed(server: &ServerProcess, id: &str) -> String {
    let said = key(server, &["list"]).await;
    assert!(said.status.success(), "{}", said.stderr);
    let line = said.stdout.lines().find(|line| line.starts_with(id));
    line.unwrap_or_else(|| panic!("{id} in {}", said.stdout)).to_owned()
}

fn holding(server: &ServerProcess, key: &str) -> Rest {
    Rest::new(server.access().endpoint().clone()).bearer(key)
}

/// Statuses of an act in a user's name and of the making of a user.
async fn allowed(server: &ServerProcess, key: &str) -> (u16, u16) {
    let act = holding(server, key).acting_for("alice").get("/v1/rooms").await.unwrap().status;
    let users = holding(server, key).put("/v1/users/alice", &json!({"name": "Alice"})).await.unwrap().status;
    (act, users)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_made_used_and_revoked_while_the_server_runs() {
    let server = bongsu().env("BONGSU_LOG__LEVEL", "info").serve().await;
    let (first, first_id) = add(&server, &[]).await;
    assert_eq!(allowed(&server, &first).await, (200, 200));
    let (second, second_id) = add(&server, &[]).await;
    assert_eq!(allowed(&server, &second).await, (200, 200), "both hold while one replaces the other");

    assert!(key(&server, &["revoke", &first_id]).await.status.success());
    assert_eq!(allowed(&server, &first).await, (401, 401), "revoked at once");
    assert_eq!(allowed(&server, &second).await, (200, 200));
    assert!(!listed(&server, &first_id).await.ends_with('-'), "when it was revoked");
    assert!(listed(&server, &second_id).await.ends_with('-'));
    let unknown = key(&server, &["revoke", "nobody"]).await;
    assert!(!unknown.status.success());
    assert!(unknown.stderr.contains("no server key nobody"), "{}", unknown.stderr);

    within("the log to say what the keys did", async {
        let wanted = [
            format!("server key added key.id={first_id:?}"),
            format!("server key revoked key.id={first_id:?}"),
            format!("server key acts key.id={second_id:?} user.id=\"alice\" op=\"room.list\""),
        ];
        while !wanted.iter().all(|line| server.log().contains(line)) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    for secret in [&first, &second] {
        assert!(!server.log().contains(secret), "a key is never logged");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_does_what_its_scopes_say() {
    let server = bongsu().serve().await;
    let (acts, acts_id) = add(&server, &["--scope", "act"]).await;
    let (makes, _) = add(&server, &["--scope", "users"]).await;
    assert_eq!(allowed(&server, &acts).await, (200, 403));
    assert_eq!(allowed(&server, &makes).await, (403, 200));
    assert!(listed(&server, &acts_id).await.contains(" act "));
    assert!(!key(&server, &["add", "--scope", "everything"]).await.status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_managed_without_a_server_and_hold_after_its_start() {
    let mut server = bongsu().serve().await;
    let (before, before_id) = add(&server, &[]).await;
    server.stop().await;
    let (kept, kept_id) = add(&server, &[]).await;
    assert!(key(&server, &["revoke", &before_id]).await.status.success());
    assert!(listed(&server, &kept_id).await.ends_with('-'));
    server.restart().await;
    assert_eq!(allowed(&server, &kept).await, (200, 200));
    assert_eq!(allowed(&server, &before).await, (401, 401));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_development_key_stays_revoked_and_the_log_says_so() {
    let mut server = bongsu().serve().await;
    let development = server.server_key().await;
    assert!(key(&server, &["revoke", &id_of(&development)]).await.status.success());
    server.stop().await;
    server.restart().await;
    assert_eq!(allowed(&server, &development).await, (401, 401), "a start brings no key back");
    within("the log to say so", async {
        while !server.log().contains("the key in server.key is revoked") {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_development_key_whose_file_was_deleted_is_revoked_by_the_next_start() {
    let mut server = bongsu().serve().await;
    let (other, _) = add(&server, &[]).await;
    let old = server.server_key().await;
    assert!(id_of(&old).starts_with("dev"));
    assert_eq!(allowed(&server, &old).await, (200, 200));
    server.stop().await;
    let file = server.data().join("server.key");
    std::fs::remove_file(&file).unwrap();
    server.restart().await;
    let new = server.server_key().await;
    assert_ne!(new, old);
    assert_eq!(allowed(&server, &new).await, (200, 200));
    assert_eq!(allowed(&server, &old).await, (401, 401));
    assert_eq!(allowed(&server, &other).await, (200, 200), "only development keys go with their file");

    server.stop().await;
    std::fs::write(&file, &old).unwrap();
    server.restart().await;
    assert_eq!(allowed(&server, &old).await, (401, 401), "nor does its file bring it back");
}
