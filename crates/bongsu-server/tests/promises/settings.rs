//! Settings reach the server: a file, the environment, the log's form; a wrong one is named and nothing starts.

use bongsu_testkit::{Said, within};
use bongsu_wire::ErrorKind;
use serde_json::Value;

use crate::bongsu;

/// `bongsu serve` with these arguments on a directory that does not exist yet.
async fn refused(file: Option<&str>, environment: Option<(&str, &str)>) -> Said {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    let path = root.path().join("bongsu.toml");
    let mut command = vec!["serve".into(), "--data".into(), data.clone().into_os_string()];
    if let Some(text) = file {
        std::fs::write(&path, text).unwrap();
        command.extend(["--config".into(), path.into_os_string()]);
    }
    let binary = environment.into_iter().fold(bongsu(), |binary, (name, value)| binary.env(name, value));
    let said = binary.run(command).await;
    assert!(!said.status.success());
    assert!(!said.stdout.contains("bongsu ready"));
    assert!(!data.exists(), "nothing is made");
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setting_that_does_not_exist_or_cannot_be_is_named() {
    for said in [
        refused(Some("[limits]\ntext_byte = 10\n"), None).await,
        refused(None, Some(("BONGSU_LIMITS__TEXT_BYTE", "10"))).await,
    ] {
        assert!(said.stderr.contains("text_byte"), "{}", said.stderr);
        assert!(said.stderr.contains("--print-config"), "{}", said.stderr);
    }
    let wrong = refused(Some("[limits]\ntext_bytes = \"many\"\n"), None).await;
    assert!(wrong.stderr.contains("text_bytes"), "{}", wrong.stderr);
    let zero = refused(Some("[upkeep]\nsweep_s = 0\n"), None).await;
    assert!(zero.stderr.contains("upkeep.sweep_s must be at least 1"), "{}", zero.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_overrides_the_defaults_and_the_environment_overrides_the_file() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("bongsu.toml");
    std::fs::write(&file, "[limits]\ntext_bytes = 5\nname_bytes = 5\n").unwrap();
    let binary = bongsu().arg("--config").arg(file.to_string_lossy()).env("BONGSU_LIMITS__NAME_BYTES", 7);
    let server = binary.serve().await;
    let (alice, _bob) = server.access().two_members().await;
    alice.send("fits!").await.acked();
    let refused = alice.send("fits not").await.refused();
    assert_eq!((refused.kind, refused.limit), (ErrorKind::TooLarge, Some(5)));
    let change = |name: &str| serde_json::json!({"name": name});
    let mut rest = server.access().rest("alice");
    let room = format!("/v1/rooms/{}", alice.room());
    assert_eq!(rest.patch(&room, &change("sevenof")).await.unwrap().status, 200);
    assert!(!rest.patch(&room, &change("eightof8")).await.unwrap().is_success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_printed_settings_are_a_file_a_server_starts_with() {
    let root = tempfile::tempdir().unwrap();
    let printed = bongsu().run(["serve", "--print-config"]).await;
    assert!(printed.status.success());
    for line in ["[limits]", "text_bytes = 16384", "# Bytes of a message's text."] {
        assert!(printed.stdout.lines().any(|printed| printed == line), "{line}");
    }
    let file = root.path().join("bongsu.toml");
    std::fs::write(&file, &printed.stdout).unwrap();
    let server = bongsu().arg("--config").arg(file.to_string_lossy()).serve().await;
    let (alice, _bob) = server.access().two_members().await;
    alice.send("serves").await.acked();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_logs_are_one_object_a_line() {
    let mut server =
        bongsu().env("BONGSU_LOG__FORMAT", "json").env("BONGSU_LOG__LEVEL", "debug").serve().await;
    let (alice, bob) = server.access().two_members().await;
    alice.send("not in the log").await.acked();
    assert_eq!(bob.next_message().await.text, "not in the log");
    assert!(server.stop().await.success());
    within("the last line of the log", async {
        while !server.log().contains("\"stopped\"") {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let log = server.log();
    for line in log.lines() {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(entry["level"].is_string() && entry["timestamp"].is_string(), "{line}");
    }
    assert!(log.contains("\"serving\""), "{log}");
    assert!(!log.contains("not in the log"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_told_to_stop_as_soon_as_it_is_ready_stops_as_it_should() {
    let mut server = bongsu().serve().await;
    let status = server.stop().await;
    assert!(status.success(), "drained, not killed: {status:?}");
    server.assert_check_clean().await;
}
