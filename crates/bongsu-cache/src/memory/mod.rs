//! A shared tier and a backplane inside one process: for tests, and for applications of one process that want the
//! same code path as with servers.

mod backplane;
mod l2;

pub use backplane::MemoryBackplane;
pub use l2::MemoryL2;
