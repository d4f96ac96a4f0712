//! The benchmark tool: every scenario at a tiny size, against a server of its own and against one that runs, and
//! what it does when a server loses, doubles or reorders.

mod doctor;

use std::path::Path;
use std::process::Stdio;

use bongsu_testkit::{Said, within};
use doctor::{Doctor, Illness, REFUSED};
use serde_json::Value;

use crate::bongsu;

/// A log of two people.
const LOG: &str = "[10:00] <ann> hello\n[10:01] <ben> hello ann\n[10:02] <ann> how is it going?\n";

const SEND: [&str; 10] =
    ["send", "--connections", "2", "--in-flight", "1", "--rooms", "2", "--seconds", "0.2", "--warm-up=0"];
const RESUME: [&str; 9] = ["resume", "--rooms", "3", "--missed", "5", "--times", "3", "--warm-up", "0"];
const SCENARIOS: [&[&str]; 7] = [
    &SEND,
    &RESUME,
    &["fanout", "--members", "3", "--burst", "4", "--seconds", "0.1", "--warm-up", "0"],
    &["broadcast", "--members", "5", "--messages", "3", "--warm-up", "0"],
    &["list", "--rooms", "5", "--members", "4", "--messages", "1,3", "--seconds", "0.05", "--warm-up", "0"],
    &["idle", "--sessions", "12", "--rooms", "2", "--members", "5", "--seconds", "0.2"],
    &[
        "storm",
        "--clients",
        "12",
        "--rooms",
        "2",
        "--members",
        "5",
        "--missed",
        "3",
        "--storms",
        "2",
        "--calm",
        "0.2",
    ],
];

async fn bench(arguments: &[&str], more: &[&str]) -> Said {
    bongsu().run(["bench"].iter().chain(arguments).chain(more)).await
}

/// The only line of a run that found nothing wrong.
fn figures(said: &Said) -> Value {
    assert!(said.status.success(), "{}", said.stderr);
    let figures: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(figures["correct"], true, "{figures}");
    figures
}

fn phase<'a>(figures: &'a Value, name: &str) -> &'a Value {
    let phases = figures["phases"].as_array().unwrap();
    phases.iter().find(|phase| phase["name"] == name).unwrap_or_else(|| panic!("{name} in {figures}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scenario_measures_a_server_of_its_own_and_says_commit_and_host() {
    for scenario in SCENARIOS {
        let figures = figures(&bench(scenario, &["--json"]).await);
        assert_eq!(figures["scenario"], scenario[0]);
        assert!(figures["commit"].is_string() && figures["host"]["cores"].as_u64() > Some(0), "{figures}");
        let phases = figures["phases"].as_array().unwrap();
        assert!(phases.iter().all(|phase| phase["count"].as_u64().is_some()), "{figures}");
        let has_cpu = |phase: &Value| phase["server"]["cores"].is_number();
        assert!(phases.iter().any(has_cpu), "what the server used is told: {figures}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scenario_measures_a_server_that_runs_already_and_says_that_rates_have_to_be_off() {
    let server = bongsu().serve().await;
    let data = server.data().to_string_lossy().into_owned();
    let root = tempfile::tempdir().unwrap();
    let log = irc_log(root.path());
    let replay: &[&str] = &["replay", &log];
    for scenario in SCENARIOS.into_iter().chain([replay]) {
        let said = bench(scenario, &["--json", "--url", server.url(), "--data", &data]).await;
        figures(&said);
        assert!(said.stderr.contains("rate limits have to be off"), "{}", said.stderr);
    }
}

fn irc_log(root: &Path) -> String {
    let path = root.join("2026-01-05_people.raw.txt");
    std::fs::write(&path, LOG).unwrap();
    path.to_string_lossy().into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_and_the_limits_of_the_machine_are_told_like_any_scenario() {
    let root = tempfile::tempdir().unwrap();
    let replayed = figures(&bench(&["replay", &irc_log(root.path())], &["--json"]).await);
    assert_eq!(phase(&replayed, "sends, each after its answer")["count"], 3);
    let limit =
        ["limit", "--sockets", "3", "--seconds", "0.1", "--directory", &root.path().to_string_lossy()];
    let measured = figures(&bench(&limit, &["--json"]).await);
    assert!(phase(&measured, "fdatasync")["count"].as_u64() > Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_naive_list_stands_beside_the_list_at_each_number_of_messages() {
    let figures = figures(&bench(SCENARIOS[4], &["--json"]).await);
    // Five rooms with one message or three, the other 995 with one.
    for name in [
        "10 rooms, 1000 messages: naive",
        "1000 rooms, 1010 messages: server",
        "100 rooms, 1010 messages: wire",
    ] {
        assert!(phase(&figures, name)["latency_ms"]["p50"].as_f64() > Some(0.0));
    }
    let ratio = &figures["figures"]["10 rooms, 1010 messages: naive p50 / server time p50"];
    assert!(ratio.is_number(), "{figures}");
    assert!(figures["figures"]["10 rooms: server time at 1010 messages / at 1000"].is_number(), "{figures}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_runs_give_the_median_and_both_ends_of_every_figure() {
    let told = figures(&bench(&RESUME, &["--json", "--runs", "2"]).await);
    assert_eq!(told["runs"].as_array().map(Vec::len), Some(2));
    let p50 = &told["median"]["phases"]["hello to last message"]["p50 ms"];
    let [lowest, median, highest] = ["lowest", "median", "highest"].map(|name| p50[name].as_f64().unwrap());
    assert!(lowest <= median && median <= highest, "{p50}");
    let said = bench(&RESUME, &["--runs", "2"]).await;
    assert!(said.stdout.contains("median (lowest-highest) of 2 runs"), "{}", said.stdout);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_loses_doubles_or_reorders_one_message_fails_the_run() {
    let server = bongsu().serve().await;
    let data = server.data().to_string_lossy().into_owned();
    for (illness, fault) in
        [(Illness::Loses, "lost"), (Illness::Doubles, "duplicated"), (Illness::Reorders, "reordered")]
    {
        let doctor = Doctor::before(server.url(), illness).await;
        let said = bench(&SEND, &["--json", "--url", &doctor.url, "--data", &data]).await;
        assert!(!said.status.success(), "{illness:?}: {}", said.stdout);
        assert!(said.stderr.contains("did not keep its promises"), "{}", said.stderr);
        let figures: Value = serde_json::from_str(&said.stdout).unwrap();
        assert_eq!(figures["faults"][fault], 1, "{figures}");
        assert_eq!(figures["correct"], false);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_a_storm_that_are_refused_for_now_come_again_and_are_counted() {
    let server = bongsu().serve().await;
    let data = server.data().to_string_lossy().into_owned();
    let doctor = Doctor::before(server.url(), Illness::Refuses).await;
    let figures = figures(&bench(SCENARIOS[6], &["--json", "--url", &doctor.url, "--data", &data]).await);
    assert_eq!(figures["figures"]["hellos refused for now and tried again"], REFUSED as f64, "{figures}");
    assert_eq!(phase(&figures, "storm 1")["count"], 12, "everybody came back: {figures}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_has_seen_enough_is_no_failure() {
    let mut command = bongsu().command();
    command.args(["bench"]).args(RESUME).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    drop(process.stdout.take());
    let output = within("the run to end", process.wait_with_output()).await.unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !stderr.contains("panicked"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_help_teaches_what_is_measured_what_the_columns_mean_and_an_example() {
    for name in SCENARIOS.map(|scenario| scenario[0]).into_iter().chain(["limit", "replay"]) {
        let said = bench(&[name, "--help"], &[]).await;
        for part in ["Rows", "Example:", "default", "p999", "system calls", "--runs", "--json"] {
            assert!(said.stdout.contains(part), "{name} --help has no {part:?}:\n{}", said.stdout);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_told_to_end_takes_its_server_and_its_directory_with_it() {
    let root = tempfile::tempdir().unwrap();
    let mut command = bongsu().command();
    command.args(["bench", "send", "--seconds", "600", "--rooms", "2", "--connections", "2"]);
    command.env("TMPDIR", root.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let bench = command.spawn().unwrap();
    within("a server of its own", async {
        while processes_on(root.path()).is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let told = std::process::Command::new("kill").arg(bench.id().unwrap().to_string()).status().unwrap();
    assert!(told.success());
    let said = within("the run to end", bench.wait_with_output()).await.unwrap();
    assert!(!said.status.success());
    let words = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(words.contains("ended by SIGTERM"), "{words}");
    within("its server to end", async {
        while !processes_on(root.path()).is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
}

/// Processes that have this directory on their command line.
fn processes_on(directory: &Path) -> Vec<String> {
    let directory = directory.to_string_lossy();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| std::fs::read_to_string(process.path().join("cmdline")).ok());
    lines.filter(|line| line.contains(&*directory)).collect()
}
