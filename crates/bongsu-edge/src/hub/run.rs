//! The hub's one task: takes commits from the bus in order, and finds in the tail what the bus lost.
//!
//! `proven` is the last commit up to which everything was seen, by the bus or in the tail. A number that is skipped, or
//! [`BusEvent::Lost`], means the tail is read at once, before the commit at hand is carried out; a last commit that
//! never arrived is found by the poll, one round after the store first showed it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bongsu_service::ServiceResult;
use bongsu_service::{BusEvent, BusReceiver};
use bongsu_types::{CommitNo, Committed, Fact};
use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::Hub;
use super::channel::RoomChannel;
use super::facts::Todo;
use super::touched::Touched;

/// How long a missing record may still come by the bus.
const GAP_WAIT: Duration = Duration::from_millis(20);

/// How often the tail is compared with what the bus brought; also how soon a failed repair is tried again.
const POLL_EVERY: Duration = Duration::from_millis(500);

/// Read marks of a room are told this often.
const RECEIPTS_EVERY: Duration = Duration::from_secs(1);

/// Refs of the tail read at once.
const TAIL_REFS: usize = 1_000;

/// Commits taken before sessions are written to: many enough to share writes, few enough to be quick.
const BURST_COMMITS: usize = 32;

/// Records of one repair read.
const REPAIR_RECORDS: usize = 500;

/// Bytes of one repair read.
const REPAIR_BYTES: usize = 256 * 1024;

/// Runs the hub until `stop`. `proven` was the last commit when `bus` was subscribed to, or an earlier one.
pub(crate) async fn run(hub: Arc<Hub>, mut bus: BusReceiver, proven: CommitNo, stop: CancellationToken) {
    let mut runner = Runner {
        hub,
        proven,
        seen: proven,
        orders_lost: false,
        gaps: VecDeque::new(),
        found: Vec::new(),
        repairs: JoinSet::new(),
        receipts: Vec::new(),
        writers: TaskTracker::new(),
    };
    let mut poll = tokio::time::interval(POLL_EVERY);
    poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut receipts = tokio::time::interval(RECEIPTS_EVERY);
    receipts.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let gap = runner.gaps.front().map(|(due, _)| *due);
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = poll.tick() => runner.poll().await,
            _ = receipts.tick() => runner.tell_receipts(),
            () = until(gap), if gap.is_some() => runner.repair_oldest_gap(),
            Some(repaired) = runner.repairs.join_next(), if !runner.repairs.is_empty() => match repaired {
                Ok(None) => {}
                Ok(Some(channel)) => runner.await_gap(POLL_EVERY, channel),
                Err(error) => warn!(%error, "a repair of a room ended badly"),
            },
            event = bus.recv() => match event {
                Some(event) => runner.take_burst(event, &mut bus).await,
                None => {
                    info!("the bus is gone, the hub ends");
                    return;
                }
            },
        }
    }
}

async fn until(due: Option<Instant>) {
    if let Some(due) = due {
        tokio::time::sleep_until(due).await;
    }
}

struct Runner {
    hub: Arc<Hub>,
    proven: CommitNo,
    /// Last commit the store showed at the previous poll: by now the bus should have brought it.
    seen: CommitNo,
    /// Commits without refs may have been lost.
    orders_lost: bool,
    /// Rooms with a gap, and when to repair it, the earliest first.
    gaps: VecDeque<(Instant, Arc<RoomChannel>)>,
    /// Rooms in which the tail showed records that are missing. Repaired once the tail is read to where it has to be: the
    /// removals that lie between are then known.
    found: Vec<Arc<RoomChannel>>,
    repairs: JoinSet<Option<Arc<RoomChannel>>>,
    /// Rooms with read marks to tell.
    receipts: Vec<Arc<RoomChannel>>,
    /// Tasks that write to a share of the sessions; each ends on its own, soon.
    writers: TaskTracker,
}

impl Runner {
    /// Takes an event and those that wait behind it, and writes to the sessions after the last one.
    async fn take_burst(&mut self, first: BusEvent, bus: &mut BusReceiver) {
        let mut touched = Touched::default();
        let mut taken = 0;
        let mut next = Some(first);
        while let Some(event) = next {
            match event {
                BusEvent::Committed(committed) => self.take(&committed, &mut touched).await,
                BusEvent::Lost => self.lost().await,
            }
            taken += 1;
            next = if taken < BURST_COMMITS { bus.recv().now_or_never().flatten() } else { None };
        }
        touched.write(&self.writers);
    }

    async fn take(&mut self, committed: &Committed, touched: &mut Touched) {
        if committed.epoch != self.hub.epoch {
            metrics::counter!("bongsu_hub_other_epoch_total").increment(1);
            return;
        }
        if committed.commit > self.proven.next() {
            self.orders_lost = true;
            self.read_tail(committed.commit.prev()).await;
        }
        // A removal may be among what could not be read: records wait until the tail names them.
        let is_proven = committed.commit <= self.proven.next();
        if !is_proven {
            self.seen = self.seen.max(committed.commit);
        }
        for fact in &committed.facts {
            if !is_proven && matches!(fact, Fact::Record(_)) {
                continue;
            }
            let todo = self.hub.apply(fact, touched);
            self.note(todo);
        }
        // Behind a gap that could not be read it stays where it is, and the gap is read later.
        if is_proven {
            self.proven = self.proven.max(committed.commit);
        }
    }

    /// The bus says that it lost commits.
    async fn lost(&mut self) {
        metrics::counter!("bongsu_hub_bus_lost_total").increment(1);
        self.orders_lost = true;
        match self.hub.service.last_commit().await {
            Ok(last) => self.read_tail(last).await,
            Err(error) => warn!(%error, "the tail cannot be read, trying again with the next poll"),
        }
    }

    /// Finds what the bus never brought.
    async fn poll(&mut self) {
        if self.proven < self.seen {
            self.orders_lost = true;
            self.read_tail(self.seen).await;
        }
        match self.hub.service.last_commit().await {
            Ok(last) => self.seen = last,
            Err(error) => warn!(%error, "the tail cannot be read, trying again with the next poll"),
        }
        if std::mem::take(&mut self.orders_lost) {
            self.hub.recheck_orders();
        }
        metrics::gauge!("bongsu_outbox_bytes").set(self.hub.queued_bytes() as f64);
        metrics::gauge!("bongsu_hub_open_gaps").set(self.gaps.len() as f64);
    }

    /// Reads the tail from what is proven up to `until`.
    async fn read_tail(&mut self, until: CommitNo) {
        metrics::counter!("bongsu_hub_tail_reads_total").increment(1);
        while self.proven < until {
            match self.read_tail_page(until).await {
                Ok(()) => {}
                Err(error) => {
                    warn!(%error, "the tail cannot be read, trying again with the next poll");
                    self.seen = self.seen.max(until);
                    return;
                }
            }
        }
        for channel in std::mem::take(&mut self.found) {
            self.repair(channel);
        }
    }

    async fn read_tail_page(&mut self, until: CommitNo) -> ServiceResult<()> {
        let page = self.hub.service.tail(self.proven, TAIL_REFS).await?;
        for tail_ref in page.refs.iter().take_while(|tail_ref| tail_ref.commit <= until) {
            let todo = self.hub.catch_up(tail_ref);
            self.note(todo);
        }
        // An empty window ends at the last commit; nothing before `until` is left.
        let reached_end = page.next >= page.last || page.next <= self.proven;
        self.proven = if reached_end { until } else { page.next.min(until) };
        Ok(())
    }

    fn note(&mut self, todo: Todo) {
        match todo {
            Todo::Nothing => {}
            Todo::AwaitGap(channel) => self.await_gap(GAP_WAIT, channel),
            Todo::Repair(channel) => self.found.push(channel),
            Todo::TellReceipts(channel) => self.receipts.push(channel),
        }
    }

    fn await_gap(&mut self, wait: Duration, channel: Arc<RoomChannel>) {
        let due = Instant::now() + wait;
        let at = self.gaps.partition_point(|(other, _)| *other <= due);
        self.gaps.insert(at, (due, channel));
    }

    fn repair_oldest_gap(&mut self) {
        if let Some((_, channel)) = self.gaps.pop_front() {
            self.repair(channel);
        }
    }

    fn repair(&mut self, channel: Arc<RoomChannel>) {
        let hub = self.hub.clone();
        self.repairs.spawn(async move { repair(&hub, channel).await });
    }

    fn tell_receipts(&mut self) {
        for channel in std::mem::take(&mut self.receipts) {
            self.hub.tell_receipts(&channel);
        }
    }
}

/// Reads what is missing from the log and delivers it in order. Gives the channel back when the log cannot be read.
async fn repair(hub: &Hub, channel: Arc<RoomChannel>) -> Option<Arc<RoomChannel>> {
    while let Some(after) = channel.missing_after() {
        metrics::counter!("bongsu_hub_repairs_total").increment(1);
        match hub.service.log_page(channel.room, after, REPAIR_RECORDS, REPAIR_BYTES).await {
            Ok(page) => channel.repair(&page.records, page.head_seq),
            Err(error) => {
                warn!(room.id = %channel.room, %error, "a gap cannot be repaired, trying again");
                return Some(channel);
            }
        }
    }
    None
}
