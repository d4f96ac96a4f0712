//! What the cache asks of the shared tier and of the backplane. Implementations: in the process, and on Valkey.

mod backplane;
mod budget;
mod key;
mod l2;

pub use backplane::{Backplane, BackplaneError, BackplaneEvent, CHANNELS, Channel};
pub use budget::{deadline, within};
pub use key::{Key, REGIONS, Region, slot_of};
pub use l2::{
    Addition, Counted, CounterSeed, CounterValue, Epoch, Filled, Found, L2, L2Error, Lease, OperationId,
    Over, Put, Registration, SchemaList, Stored, Token,
};
