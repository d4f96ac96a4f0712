//! bongsu-cache beside other caches: the process tier beside quick_cache, moka and foyer, both tiers beside
//! multi-tier-cache and hitbox, over one Valkey, in one run.
//!
//! Needs `valkey-server` (`cargo x setup`, or on the PATH). Every figure is the median of five rounds, with the least
//! and the greatest in brackets.

mod behaviour;
mod during_load;
mod process;
mod process_tier;
mod rounds;
mod two_tiers;
mod value;
mod zipf;

use bongsu_testbed::{Engine, Server};

use self::process::{Bongsu, Failure, Hitbox, MultiTier};

/// What is compared, as the lock file says: name and version.
const COMPARED: [&str; 9] = [
    "bongsu-cache",
    "foyer-memory",
    "hitbox",
    "hitbox-moka",
    "hitbox-redis",
    "moka",
    "multi-tier-cache",
    "quick_cache",
    "redis",
];

fn main() -> Result<(), Failure> {
    println!("versions: {}", versions().join(", "));
    let only = std::env::args().nth(1);
    let wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    if wanted("process") {
        process_tier::compare()?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        during_load::compare().await?;
        let server = Server::start(Engine::Valkey).await;
        if wanted("tiers") {
            two_tiers::heading();
            two_tiers::compare::<Bongsu>(&server).await?;
            two_tiers::compare::<MultiTier>(&server).await?;
            two_tiers::compare::<Hitbox>(&server).await?;
        }
        if wanted("behaviour") {
            behaviour::compare::<Bongsu>(&server).await?;
            behaviour::compare::<MultiTier>(&server).await?;
            behaviour::compare::<Hitbox>(&server).await?;
        }
        Ok(())
    })
}

fn versions() -> Vec<String> {
    let lines: Vec<&str> = include_str!("../Cargo.lock").lines().collect();
    let quoted = |line: &str| line.split('"').nth(1).unwrap_or_default().to_owned();
    let packages = lines.windows(2).filter(|pair| pair[0].starts_with("name = "));
    let packages = packages.map(|pair| (quoted(pair[0]), quoted(pair[1])));
    let compared = packages.filter(|(name, _)| COMPARED.contains(&name.as_str()));
    compared.map(|(name, version)| format!("{name} {version}")).collect()
}
