//! Upkeep: what runs beside the traffic, in small batches.

use std::ops::ControlFlow;

use async_trait::async_trait;
use bongsu_types::{DeviceId, Millis, RoomId, UserId};

use super::audit::audit;
use super::sweep::{Found, Rules, next_step};
use crate::embedded::decide::devices::ExpireDevices;
use crate::embedded::row::people::decode_device;
use crate::embedded::table::{Table, decoded};
use crate::embedded::transaction::days_ms;
use crate::embedded::{EmbeddedStore, View, keys};
use crate::{AuditReport, StoreResult, SweepReport, Upkeep};

/// Devices that expire in one commit.
const DEVICES_PER_COMMIT: usize = 256;

#[async_trait]
impl Upkeep for EmbeddedStore {
    async fn sweep(&self, budget: usize) -> StoreResult<SweepReport> {
        let rules = Rules {
            now: self.shared.options.clock.now_ms(),
            offline_ms: days_ms(self.shared.options.limits.offline_days),
        };
        let mut report = SweepReport::default();
        let mut left = budget.max(1);
        let mut position = None;
        let mut last_room = None;
        loop {
            let from = position.clone();
            let Some((step, at)) = self.scan(move |view| next_step(view, rules, from, left)).await? else {
                return Ok(report);
            };
            if left == 0 {
                report.more = true;
                return Ok(report);
            }
            let cost = step.rows();
            match step {
                Found::Room(sweep) => {
                    let room = sweep.room;
                    report.records += self.submit(sweep).await?;
                    report.rooms += u64::from(last_room.replace(room) != Some(room));
                }
                Found::Due(sweep) => report.other_rows += self.submit(sweep).await?,
                Found::Tail(sweep) => report.other_rows += self.submit(sweep).await?,
            }
            position = Some(at);
            left = left.saturating_sub(cost);
        }
    }

    async fn expire_devices(&self) -> StoreResult<u64> {
        let offline_ms = days_ms(self.shared.options.limits.offline_days);
        let idle_since = self.shared.options.clock.now_ms().minus(offline_ms);
        let idle = self.scan(move |view| idle_devices(view, idle_since)).await?;
        let mut expired = 0;
        for devices in idle.chunks(DEVICES_PER_COMMIT) {
            expired += self.submit(ExpireDevices { devices: devices.to_vec(), idle_since }).await?;
        }
        Ok(expired)
    }

    async fn audit(
        &self,
        after: Option<(UserId, RoomId)>,
        sample: usize,
    ) -> StoreResult<(AuditReport, Option<(UserId, RoomId)>)> {
        self.scan(move |view| audit(view, after, sample.max(1))).await
    }
}

fn idle_devices(view: &View, idle_since: Millis) -> StoreResult<Vec<(UserId, DeviceId)>> {
    let mut idle = Vec::new();
    view.scan_all(Table::Device, &[], &mut |key, value| {
        let (user, device) = decoded(Table::Device, key, keys::device_parts(key))?;
        let stored = decoded(Table::Device, key, decode_device(&device, value))?;
        if stored.is_active() && stored.device.last_active_ms <= idle_since {
            idle.push((user, device));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(idle)
}
