//! Fault decorator.
/// x
#[derive(Debug)]
pub struct LoseReply;
