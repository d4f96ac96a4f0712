//! What an operator sees: counters move with the traffic, and the auditor finds no drift.

use bongsu_load::{Endpoint, Rest};
use bongsu_testkit::within;

use crate::bongsu;

/// The sum of all series of a metric.
fn sum_of(metrics: &str, name: &str) -> f64 {
    let series = metrics.lines().filter(|line| {
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{') || rest.starts_with(' '))
    });
    series.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_move_with_the_traffic_and_the_auditor_finds_no_drift() {
    let server = bongsu().env("BONGSU_UPKEEP__AUDIT_S", 1).serve().await;
    let (alice, bob) = server.access().two_members().await;
    for number in 0..10 {
        alice.send(&format!("{number}")).await.acked();
    }
    let head = alice.send("last").await.acked().seq;
    bob.until_seen(alice.room(), head).await;
    let mut rest = Rest::new(Endpoint::parse(&server.metrics_url().await).unwrap());
    let metrics = within("an audit of the rows", async {
        loop {
            let answer = rest.get("/metrics").await.unwrap();
            assert_eq!(answer.status, 200);
            if sum_of(&answer.body, "bongsu_unread_audited_rows_total") > 0.0 {
                return answer.body;
            }
        }
    })
    .await;
    assert_eq!(sum_of(&metrics, "bongsu_unread_drift_rows"), 0.0);
    let sends = metrics.lines().filter(|line| line.starts_with("bongsu_store_calls_total{op=\"append\""));
    let sends: f64 = sends.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum();
    assert!(sends >= 11.0, "{metrics}");
}
