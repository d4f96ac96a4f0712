//! What a hub refuses, and what it says.

use std::time::Duration;

use bongsu_cache::{BuildError, CacheHub, CacheSchema, EntryOptions, LeaseMode};
use serde::{Deserialize, Serialize};

use crate::world::{PREFIX, Room};

/// Another type with the name of the first.
#[derive(Debug, Serialize, Deserialize, CacheSchema)]
#[cache(model = "room", id = u64)]
struct Chamber {
    title: String,
}

#[tokio::test]
async fn two_types_with_one_name_are_refused_when_the_hub_is_built() {
    let refused = CacheHub::builder(PREFIX).model::<Room>().model::<Chamber>().build().unwrap_err();
    assert!(matches!(refused, BuildError::DuplicateModel { model: "room", .. }));
    let text = refused.to_string();
    assert!(text.contains("Chamber") && text.contains("another model name"), "{text}");
}

#[tokio::test]
async fn and_when_the_second_is_used() {
    let hub = CacheHub::builder(PREFIX).build().unwrap();
    assert!(hub.cache::<Room>().is_ok());
    assert!(hub.cache::<Room>().is_ok(), "the same type again is no conflict");
    assert!(matches!(hub.cache::<Chamber>(), Err(BuildError::DuplicateModel { .. })));
}

#[tokio::test]
async fn options_that_make_no_sense_are_refused_with_advice() {
    let hub = CacheHub::builder(PREFIX).build().unwrap();
    let rooms = hub.cache::<Room>().unwrap();
    let second = Duration::from_secs(1);
    let options = EntryOptions::new();
    let nonsense = [
        ("ttl", options.with_ttl(Duration::ZERO)),
        ("ttl", options.with_ttl(Duration::MAX)),
        ("load_timeout", options.with_load_timeout(Duration::MAX)),
        ("lease ttl", options.with_lease(LeaseMode::CrossProcess { ttl: Duration::MAX, wait: second })),
        ("l1_ttl", options.with_l1_ttl(Duration::ZERO)),
        ("l1_ttl", options.with_l1_ttl(Duration::from_secs(601))),
        ("negative_ttl", options.with_negative_ttl(Duration::from_secs(601))),
        ("jitter_percent", options.with_jitter_percent(91)),
        ("hard_timeout", options.with_hard_timeout(Duration::ZERO)),
        ("soft_timeout", options.with_soft_timeout(Duration::from_secs(6))),
        ("load_timeout", options.with_load_timeout(Duration::from_secs(4))),
        ("max_bytes", options.with_max_bytes(0)),
        ("lease ttl", options.with_lease(LeaseMode::CrossProcess { ttl: Duration::ZERO, wait: second })),
        ("lease wait", options.with_lease(LeaseMode::CrossProcess { ttl: second, wait: 6 * second })),
    ];
    for (name, options) in nonsense {
        let refused = rooms.with(options).unwrap_err();
        assert!(matches!(refused, BuildError::Option { option, .. } if option == name), "{refused}");
    }
    assert!(rooms.with(options).is_ok());
}

#[tokio::test]
async fn a_hub_with_nonsense_is_refused() {
    let builder = || CacheHub::builder(PREFIX);
    let refused = [
        builder().l2_budget(Duration::ZERO).build(),
        builder().heartbeat(Duration::ZERO).build(),
        builder().l1_bytes(1).build(),
        builder().loads_per_model_max(0).build(),
        builder().pending_max(0).build(),
        builder().schema_notice(Duration::MAX).build(),
    ];
    assert!(refused.iter().all(|refused| matches!(refused, Err(BuildError::Option { .. }))));
    assert!(matches!(CacheHub::builder("My App").build(), Err(BuildError::Name { .. })));
    assert!(builder().loads_per_model_max(usize::MAX).build().unwrap().cache::<Room>().is_ok(), "no limit");
}

#[test]
fn a_hub_outside_of_a_runtime_is_refused() {
    assert!(matches!(CacheHub::builder(PREFIX).build(), Err(BuildError::NoRuntime)));
}

/// Never run: it compiles only if every call can be made from a spawned task.
#[allow(dead_code, reason = "what it says is that it compiles")]
fn every_call_can_be_made_from_a_spawned_task(rooms: bongsu_cache::Cache<Room>) {
    tokio::spawn(async move {
        let none = || async { Ok::<_, crate::world::Broken>(None::<Room>) };
        let read = rooms.get_or_load(&1, none).await.is_ok();
        let load = |_| async { Ok::<_, crate::world::Broken>(std::collections::HashMap::<u64, Room>::new()) };
        let many = rooms.get_many_or_load(&[1], load).await.is_ok();
        let commit = async { Ok::<_, crate::world::Broken>(((), bongsu_cache::Version(1), None)) };
        let written = rooms.write_through(&1, commit).await.is_ok();
        let dropped = (rooms.invalidate(&1).await, rooms.invalidate_all().await);
        let applied = rooms.hub().applier().apply(&[rooms.dropped(&1)]).await;
        let settled = rooms.hub().settled(Duration::ZERO).await;
        let got = rooms.get(&1).await;
        rooms.hub().clone().shutdown().await;
        (read, many, written, dropped, applied, settled, got)
    });
}
