//! Two processes over one Valkey: what one loads the other finds, what one drops the other drops.
//!
//! cargo run -p bongsu-cache --features valkey --example valkey
//!
//! `VALKEY_URL=redis://HOST:PORT` names a server; without it one is started, if it is installed.

use std::collections::HashMap;
use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use bongsu_cache::valkey::{Valkey, ValkeyOptions};
use bongsu_cache::{Cache, CacheHub, CacheSchema, Loaded, Version};
use bongsu_testbed::{Engine, Server};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheSchema)]
#[cache(model = "room", id = u64, ttl = "10m", l1_ttl = "1m")]
struct Room {
    title: String,
}

/// The source. Its rows have versions, so that a newer value is never replaced by an older one.
async fn load_rooms(ids: Vec<u64>) -> Result<HashMap<u64, Loaded<Room>>, Infallible> {
    println!("  loading {ids:?}");
    let row = |id| Loaded::from(Room { title: format!("room {id}") }).with_version(Version(1));
    Ok(ids.into_iter().map(|id| (id, row(id))).collect())
}

/// What each process of a service does at its start.
async fn start(address: &str) -> Result<CacheHub, Box<dyn Error>> {
    let options = ValkeyOptions::new([address]).with_prefix("example").with_must_be_reachable(true);
    let valkey = Valkey::connect(options).await?;
    // There is one version of `Room` here; where versions are deployed over each other, leave the notice at 10 s.
    let hub =
        CacheHub::builder("example").schema_notice(Duration::ZERO).valkey(&valkey).model::<Room>().build()?;
    if !hub.settled(Duration::from_secs(15)).await {
        return Err("the backplane is not heard".into());
    }
    Ok(hub)
}

async fn read(who: &str, rooms: &Cache<Room>) -> Result<(), Box<dyn Error>> {
    println!("{who} reads three rooms");
    for (id, room) in rooms.lookup_many_or_load(&[1, 2, 3], load_rooms).await? {
        println!("  {id}: {room:?}");
    }
    Ok(())
}

/// All of it, on the server at `HOST:PORT`.
pub(crate) async fn run(address: &str) -> Result<(), Box<dyn Error>> {
    let (one, other) = (start(address).await?, start(address).await?);
    let (here, there) = (one.cache::<Room>()?, other.cache::<Room>()?);
    println!("dropped what an earlier run left: {:?}", here.invalidate_all().await);
    read("one", &here).await?; // from the source, in one load
    read("one", &here).await?; // from its own tier
    read("the other", &there).await?; // from Valkey, by one MGET

    let renamed = Room { title: "the lounge".to_owned() };
    let commit = async { Ok::<_, Infallible>(((), Version(2), Some(renamed.clone()))) };
    println!("written by one: {:?}", here.write_through(&2, commit).await?.reached);
    let heard = tokio::time::timeout(Duration::from_secs(2), async {
        while there.get(&2).await.into_value().as_deref() != Some(&renamed) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    heard.await.map_err(|_| "the other process still has the old title")?;
    println!("the other reads the new title");
    println!("dropped by the other: {:?}", there.invalidate(&2).await);
    one.shutdown().await;
    other.shutdown().await;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    if let Ok(url) = std::env::var("VALKEY_URL") {
        return run(url.trim_start_matches("redis://").trim_end_matches('/')).await;
    }
    let server = Server::start(Engine::Valkey).await;
    run(&server.address()).await
}
