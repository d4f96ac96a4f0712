//! Connecting: servers that are not there yet, that want a password, that refuse.

use std::time::Duration;

use bongsu_cache::contract::L2Error;
use bongsu_cache::valkey::{Valkey, ValkeyError, ValkeyOptions};
use bongsu_cache::{BuildError, CacheHub};
use bongsu_testbed::{Engine, Server};

use crate::load::{epoch_at_last, fill, key};
use crate::servers::{Single, Turn, on_both_engines};

on_both_engines! {
    a_server_that_is_down_at_the_start_is_found_when_it_is_up;
    a_password_is_used_and_never_shown;
    one_seed_that_is_up_is_enough;
    a_replica_is_a_seed_as_good_as_any;
}

async fn a_server_that_is_down_at_the_start_is_found_when_it_is_up(engine: Engine) {
    let single = Single::start(engine).await;
    single.server.kill();
    let must = Valkey::connect(single.options().with_must_be_reachable(true)).await;
    assert!(matches!(must, Err(ValkeyError::NotReachable(_))), "{must:?}");
    let l2 = Valkey::connect(single.options()).await.unwrap().l2();
    assert!(matches!(l2.epoch(&key("early")).await, Err(L2Error::Unreachable(_))));
    single.server.restart().await;
    epoch_at_last(&*l2, &key("late")).await;
}

#[tokio::test]
async fn a_hub_and_its_valkey_have_one_prefix() {
    let valkey = Valkey::connect(ValkeyOptions::new(["127.0.0.1:1"])).await.unwrap();
    let refused = CacheHub::builder("chat").valkey(&valkey).build().unwrap_err();
    assert!(matches!(refused, BuildError::Option { option: "prefix", .. }), "{refused}");
    assert!(CacheHub::builder("cache").valkey(&valkey).build().is_ok());
}

async fn a_password_is_used_and_never_shown(engine: Engine) {
    let server = Server::start(engine).await;
    server.config_set("requirepass", "s3cret").await;
    let options = || ValkeyOptions::new([server.address()]).with_must_be_reachable(true);
    for wrong in [options(), options().with_login(None, "wr0ng".to_owned())] {
        let refused = Valkey::connect(wrong).await.unwrap_err();
        let shown = format!("{refused} {refused:?}");
        assert!(!shown.contains("wr0ng"), "{shown}");
    }
    let valkey = Valkey::connect(options().with_login(None, "s3cret".to_owned())).await.unwrap();
    let l2 = valkey.l2();
    fill(&*l2, &key("with a password"), "body").await;
    let shown = format!("{valkey:?} {l2:?} {:?}", valkey.backplane());
    assert!(!shown.contains("s3cret"), "{shown}");
}

async fn one_seed_that_is_up_is_enough(engine: Engine) {
    let turn = Turn::take(engine).await;
    let mut options = turn.options().with_must_be_reachable(true);
    let up = options.seeds[1].clone();
    // Nothing listens on port 1.
    options.seeds = vec!["127.0.0.1:1".to_owned(), up];
    options.connect_timeout = Duration::from_secs(5);
    let l2 = Valkey::connect(options).await.unwrap().l2();
    for shard in 0..3 {
        fill(&*l2, &crate::load::keys_on(shard, 1)[0], "body").await;
    }
}

async fn a_replica_is_a_seed_as_good_as_any(engine: Engine) {
    let turn = Turn::take(engine).await;
    let primary = turn.cluster().primary(0).await;
    let mut options = turn.options().with_must_be_reachable(true);
    options.seeds = vec![turn.cluster().node((primary + 3) % 6).address()];
    let l2 = Valkey::connect(options).await.unwrap().l2();
    let key = &crate::load::keys_on(0, 1)[0];
    let old = fill(&*l2, key, "body").await;
    // It becomes the primary, and is not taken for the replica that it was.
    turn.failover(0).await;
    let another = Valkey::connect(turn.options()).await.unwrap().l2();
    let new = epoch_at_last(&*another, key).await;
    assert_ne!(new.run, old.run);
    bongsu_testbed::until("both to agree", async || {
        (l2.epoch(key).await.ok()? == another.epoch(key).await.ok()?).then_some(())
    })
    .await;
}
