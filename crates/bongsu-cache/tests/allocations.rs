//! A hit in the process allocates nothing, with metrics installed as in a service.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::hint::black_box;

use allocation_counter::measure;
use bongsu_cache::{Cache, CacheHub, CacheSchema};
use futures_util::FutureExt;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, CacheSchema)]
#[cache(model = "room", id = (u64, String), ttl = "10m")]
struct Room {
    title: String,
}

type Id = (u64, String);

/// A hit is over when it is asked for: it waits for nothing.
fn hit(rooms: &Cache<Room>, id: &Id) {
    let load = || async { Ok::<Option<Room>, Infallible>(None) };
    let read = rooms.get_or_load(id, load).now_or_never();
    let room = read.expect("a hit waits for nothing").unwrap();
    assert_eq!(black_box(room).unwrap().title, "of the source");
}

#[test]
fn a_hit_in_the_process_allocates_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let recorder = PrometheusBuilder::new().build_recorder();
    let rooms = metrics::with_local_recorder(&recorder, || {
        CacheHub::builder("allocations").build().unwrap().cache::<Room>().unwrap()
    });
    let id = (42, "north".to_owned());
    let load = || async { Ok::<_, Infallible>(Room { title: "of the source".to_owned() }) };
    runtime.block_on(rooms.get_or_load(&id, load)).unwrap();

    let hits = measure(|| (0..1_000).for_each(|_| hit(&rooms, &id)));

    assert_eq!(hits.count_total, 0, "{hits:?}");
    let text = recorder.handle().render();
    assert!(
        text.contains(r#"cache_requests_total{model="room",tier="l1",outcome="hit"} 1000"#),
        "every hit is counted: {text}"
    );
}
