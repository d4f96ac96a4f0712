//! Upkeep: what runs beside the traffic, in small batches, and the audit that proves unread.

use async_trait::async_trait;
use bongsu_types::{RoomId, UserId};

use crate::StoreResult;

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SweepReport {
    /// Rooms whose floor rose.
    pub rooms: u64,
    /// Records removed.
    pub records: u64,
    /// Idempotency keys, tombstones, ended devices and tail refs removed.
    pub other_rows: u64,
    /// More is due: call again.
    pub more: bool,
}

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditReport {
    /// Rows recounted.
    pub sampled: u64,
    /// Rows whose unread differs from the recount; must be none.
    pub drift: Vec<Drift>,
}

/// A row whose unread is not what the log says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// Whose.
    pub user: UserId,
    /// Of which room.
    pub room: RoomId,
    /// By subtraction of positions.
    pub unread: u64,
    /// By counting the log.
    pub recount: u64,
}

/// What runs beside the traffic.
#[async_trait]
pub trait Upkeep {
    /// Sweeps what is due now, about `budget` rows at most. By age (`History` with days, `Transit` after
    /// `offline_days`): raises floor_seq, floor_ord and expired_ord. Transit records that every active device of every
    /// member acked: raises only floor_seq and floor_ord; a member without an active device holds them. Only a prefix
    /// of the log ever goes. Waits for the slowest consumer of the tail, `offline_days` at most. Also removes
    /// idempotency keys (message gone and `offline_days` old), tombstones, tail refs and ended devices older than that.
    async fn sweep(&self, budget: usize) -> StoreResult<SweepReport>;

    /// Deactivates devices idle for `offline_days`: their cursors go. Returns how many.
    async fn expire_devices(&self) -> StoreResult<u64>;

    /// Recounts about `sample` own rows from the log, each in one snapshot, continuing after `after` in the order of
    /// (user, room) and wrapping around.
    async fn audit(
        &self,
        after: Option<(UserId, RoomId)>,
        sample: usize,
    ) -> StoreResult<(AuditReport, Option<(UserId, RoomId)>)>;
}
