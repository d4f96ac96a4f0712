//! What is measured of the servers, as a recorder sees it.

use std::time::Duration;

use bongsu_cache::contract::L2Error;
use bongsu_cache::valkey::Valkey;
use bongsu_testbed::{Engine, until};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::load::{epoch_at_last, key};
use crate::servers::Single;

const CLOSED: f64 = 0.0;
const HALF_OPEN: f64 = 1.0;
const OPEN: f64 = 2.0;

/// What the breaker of the one server is said to do.
fn breaker(recorded: &PrometheusHandle, server: &str) -> Option<f64> {
    let text = recorded.render();
    let gauge = format!("cache_l2_breaker_state{{shard=\"{server}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&gauge))?.parse().ok()
}

/// On one thread, which has a recorder of its own.
#[tokio::test]
async fn a_breaker_says_when_it_opens_tries_and_closes() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let recorded = recorder.handle();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let single = Single::start(Engine::Valkey).await;
    let hasty = single.options().with_must_be_reachable(true).with_answer_timeout(Duration::from_millis(300));
    let l2 = Valkey::connect(hasty).await.unwrap().l2();
    let server = single.server.address();
    let entry = key("entry");
    let is = async |state: f64| {
        until("the breaker to say so", async || (breaker(&recorded, &server) == Some(state)).then_some(()))
            .await;
    };
    epoch_at_last(&*l2, &entry).await;
    assert_eq!(breaker(&recorded, &server), Some(CLOSED));
    single.server.pause();
    while l2.epoch(&entry).await != Err(L2Error::BreakerOpen) {}
    is(OPEN).await;
    // It connects to find out whether somebody answers, again and again.
    is(HALF_OPEN).await;
    is(OPEN).await;
    single.server.resume();
    epoch_at_last(&*l2, &entry).await;
    assert_eq!(breaker(&recorded, &server), Some(CLOSED));
}
