//! A process of a service that reads through a cache with both tiers, whichever cache it is.

mod bongsu;
mod hitbox;
mod multi_tier;

use std::error::Error;

pub(crate) use bongsu::Bongsu;
pub(crate) use hitbox::Hitbox;
pub(crate) use multi_tier::MultiTier;

use crate::value::{Seen, Source};

/// What any of it may fail with.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Which tiers a process has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tiers {
    /// Every read asks Valkey.
    SharedOnly,
    Both,
}

/// A process. Clones are of the same one.
///
/// Every cache is set up as its documentation says it should be for several instances: one load at a time, entries that
/// are found in the shared tier kept in the process, changes told to the other processes where the crate can do that.
pub(crate) trait Process: Clone + Send + Sync + 'static {
    const NAME: &'static str;

    async fn start(valkey: &str, tiers: Tiers) -> Result<Self, Failure>;

    /// The value, from the nearest tier that has it, or from the source.
    fn read(&self, id: u64, source: &Source) -> impl Future<Output = Result<Seen, Failure>> + Send;

    /// After a change in the source.
    fn invalidate(&self, id: u64) -> impl Future<Output = Result<(), Failure>> + Send;

    /// An old deployment has cached a price in cents; the new one has a stock in its place. What does it read?
    async fn deploy(valkey: &str) -> String;

    async fn stop(self);
}

/// What a new deployment made of an entry of the old one: it asked the source, failed, or took cents for a stock.
pub(crate) fn verdict(read: Result<u64, String>, in_source: u64) -> String {
    match read {
        Ok(stock) if stock == in_source => "loads anew".to_owned(),
        Ok(stock) => format!("WRONG: a price of {stock} cents is taken for the stock"),
        Err(error) => format!("the read fails: {error}"),
    }
}

/// In the source.
pub(crate) const CENTS: u64 = 1_999;
/// In the source.
pub(crate) const STOCK: u64 = 7;
