//! Guard.
/// x
#[derive(Debug)]
pub struct Guard;
/// x
#[derive(Debug)]
pub struct GuardSettings;
