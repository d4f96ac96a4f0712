//! The smallest use, without a server: one process, one type, one load.
//!
//! cargo run -p bongsu-cache --example quick_start

use std::convert::Infallible;
use std::error::Error;

use bongsu_cache::{CacheHub, CacheSchema};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, CacheSchema)]
#[cache(model = "room", id = u64, ttl = "10m")]
struct Room {
    title: String,
}

/// What stands for a database here.
async fn load_room(id: u64) -> Result<Option<Room>, Infallible> {
    println!("loading room {id}");
    Ok((id < 100).then(|| Room { title: format!("room number {id}") }))
}

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let hub = CacheHub::builder("chat").build()?;
    let rooms = hub.cache::<Room>()?;
    for _ in 0..3 {
        let room = rooms.get_or_load(&42, || load_room(42)).await?; // loads once
        println!("{room:?}");
    }
    assert!(rooms.get_or_load(&404, || load_room(404)).await?.is_none()); // that there is none is kept too

    let reached = rooms.invalidate(&42).await; // after a change in the source
    println!("dropped: {reached:?}");
    rooms.get_or_load(&42, || load_room(42)).await?; // loads again
    hub.shutdown().await;
    Ok(())
}
