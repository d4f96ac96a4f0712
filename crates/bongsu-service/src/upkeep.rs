//! Upkeep that the server schedules: sweep, expire devices, audit unread. Each is one step and says what it did.

use bongsu_store::{AuditReport, SweepReport};
use bongsu_types::{RoomId, UserId};
use tracing::error;

use crate::{Service, ServiceResult};

/// Rows one sweep touches at most: a batch the committer takes without being noticed.
const SWEEP_ROWS: usize = 1_000;

/// Own rows one audit recounts.
const AUDIT_ROWS: usize = 100;

impl Service {
    /// Sweeps a small batch of what is due. `more` says to call again soon.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sweep_once(&self) -> ServiceResult<SweepReport> {
        let report = self.store.sweep(SWEEP_ROWS).await?;
        metrics::counter!("bongsu_swept_records_total").increment(report.records);
        metrics::counter!("bongsu_swept_other_rows_total").increment(report.other_rows);
        Ok(report)
    }

    /// Deactivates idle devices. Returns how many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn expire_once(&self) -> ServiceResult<u64> {
        let expired = self.store.expire_devices().await?;
        metrics::counter!("bongsu_expired_devices_total").increment(expired);
        Ok(expired)
    }
}

/// Recounts unread from the logs, a few own rows at a time, round and round.
#[derive(Debug, Default)]
pub struct Auditor {
    after: Option<(UserId, RoomId)>,
    drift_this_round: usize,
    drift_last_round: usize,
}

impl Auditor {
    /// Recounts the next rows. `bongsu_unread_drift_rows` is what this round found so far, or the last one if that was
    /// more; it must be 0.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn audit_once(&mut self, service: &Service) -> ServiceResult<AuditReport> {
        let (report, next) = service.store.audit(self.after.take(), AUDIT_ROWS).await?;
        for drift in &report.drift {
            error!(
                user.id = %drift.user,
                room.id = %drift.room,
                unread = drift.unread,
                recount = drift.recount,
                "unread is not what the log says: please report it"
            );
        }
        self.drift_this_round += report.drift.len();
        metrics::counter!("bongsu_unread_audited_rows_total").increment(report.sampled);
        metrics::gauge!("bongsu_unread_drift_rows").set(self.drift_rows() as f64);
        if next.is_none() {
            self.drift_last_round = std::mem::take(&mut self.drift_this_round);
        }
        self.after = next;
        Ok(report)
    }

    fn drift_rows(&self) -> usize {
        self.drift_this_round.max(self.drift_last_round)
    }
}
