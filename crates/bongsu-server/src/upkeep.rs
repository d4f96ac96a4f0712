//! What runs beside the traffic: sweeps, device expiry, audits. One owned task.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bongsu_service::{Auditor, Service, ServiceResult};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::config::Upkeep;

/// Runs upkeep until `stop`.
pub(crate) async fn run(service: Arc<Service>, settings: Upkeep, stop: CancellationToken) {
    let mut sweep = every(settings.sweep_s);
    let mut expire = every(settings.expire_devices_s);
    let mut audit = every(settings.audit_s);
    let mut auditor = Auditor::default();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = sweep.tick() => told("sweep", sweep_all(&service)).await,
            _ = expire.tick() => told("expire devices", service.expire_once()).await,
            _ = audit.tick() => told("audit", auditor.audit_once(&service)).await,
        }
    }
}

/// Small batches until nothing is due.
async fn sweep_all(service: &Service) -> ServiceResult<()> {
    while service.sweep_once().await?.more {
        tokio::task::yield_now().await;
    }
    Ok(())
}

fn every(seconds: u64) -> Interval {
    let mut interval = interval(Duration::from_secs(seconds));
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Upkeep that failed is tried again at its next turn.
async fn told<T>(what: &'static str, work: impl Future<Output = ServiceResult<T>>) {
    if let Err(error) = work.await {
        warn!(what, %error, "upkeep failed, trying again at its next turn");
    }
}
