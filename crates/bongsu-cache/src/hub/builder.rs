//! Puts a hub together, and refuses what makes no sense.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::pending::Pending;
use super::recent_puts::RecentPuts;
use super::{CacheHub, Core, Models, Shared, check};
use crate::backplane::{self, Publisher};
use crate::contract::{Backplane, L2};
use crate::counter::{Kinds, Unconfirmed};
use crate::error::BuildError;
use crate::l1::L1;
use crate::model::Cached;

/// What holds for a whole hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HubOptions {
    /// Size of the process tier, entries' overhead included.
    pub l1_bytes: u64,
    /// How old an entry of the process tier may get when no backplane tells of changes: because there is none, or
    /// because it is lost and the shared tier is out of reach too.
    pub l1_max_staleness_without_backplane: Duration,
    /// After this long a read goes on without the shared tier.
    pub l2_budget: Duration,
    /// After this long an invalidation that the shared tier did not confirm is queued.
    pub l2_write_budget: Duration,
    /// Between two heartbeats on each channel. Silence of two and a half of them is a loss.
    pub heartbeat: Duration,
    /// A schema is registered for this long before its first fill, so that other deployed versions delete it too. They
    /// ask for the list at least twice as often.
    pub schema_notice: Duration,
    /// Loads of one model at the same time.
    pub loads_per_model_max: usize,
    /// How long a load waits for its turn before it is refused.
    pub load_wait: Duration,
    /// Invalidations that wait for the shared tier; when there are more, whole generations are renewed instead.
    pub pending_max: usize,
    /// One that waits for longer becomes the renewal of its generation. (Not while the list of deployed versions cannot
    /// be asked for.)
    pub pending_age_max: Duration,
}

impl Default for HubOptions {
    fn default() -> Self {
        Self {
            l1_bytes: 64 << 20,
            l1_max_staleness_without_backplane: Duration::from_secs(5),
            l2_budget: Duration::from_millis(50),
            l2_write_budget: Duration::from_secs(1),
            heartbeat: Duration::from_millis(500),
            schema_notice: Duration::from_secs(10),
            loads_per_model_max: 128,
            load_wait: Duration::from_secs(1),
            pending_max: 10_000,
            pending_age_max: Duration::from_secs(30),
        }
    }
}

type Registration = Box<dyn FnOnce(&Arc<Core>) -> Result<(), BuildError> + Send>;

/// Collects what a hub is made of.
#[must_use = "a hub is made by `build`"]
pub struct HubBuilder {
    prefix: String,
    options: HubOptions,
    /// What else has a prefix, and says one that is not the hub's.
    other_prefix: Option<String>,
    l2: Option<Arc<dyn L2>>,
    backplane: Option<Arc<dyn Backplane>>,
    models: Vec<Registration>,
}

impl std::fmt::Debug for HubBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HubBuilder").field("prefix", &self.prefix).field("options", &self.options).finish()
    }
}

macro_rules! options {
    ($($name:ident: $type:ty;)*) => {
        impl HubBuilder {
            $(#[doc = concat!("See [`HubOptions::", stringify!($name), "`].")]
            pub fn $name(mut self, value: $type) -> Self {
                self.options.$name = value;
                self
            })*
        }
    };
}

options! {
    l1_bytes: u64;
    l1_max_staleness_without_backplane: Duration;
    l2_budget: Duration;
    l2_write_budget: Duration;
    heartbeat: Duration;
    schema_notice: Duration;
    loads_per_model_max: usize;
    load_wait: Duration;
    pending_max: usize;
    pending_age_max: Duration;
}

impl HubBuilder {
    pub(crate) fn new(prefix: &str) -> Self {
        let options = HubOptions::default();
        let prefix = prefix.to_owned();
        Self { prefix, options, other_prefix: None, l2: None, backplane: None, models: Vec::new() }
    }

    /// The shared tier. Without one, the process tier is all there is.
    pub fn l2(mut self, l2: impl L2) -> Self {
        self.l2 = Some(Arc::new(l2));
        self
    }

    /// The backplane. Without one, entries of the process tier live for at most
    /// [`HubOptions::l1_max_staleness_without_backplane`].
    pub fn backplane(mut self, backplane: impl Backplane) -> Self {
        self.backplane = Some(Arc::new(backplane));
        self
    }

    /// Valkey or Redis as the shared tier and as the backplane. Its prefix has to be the hub's.
    #[cfg(feature = "valkey")]
    pub fn valkey(mut self, valkey: &crate::valkey::Valkey) -> Self {
        self.other_prefix = (valkey.prefix() != self.prefix).then(|| valkey.prefix().to_owned());
        self.l2 = Some(valkey.l2());
        self.backplane = Some(valkey.backplane());
        self
    }

    /// Names a type that will be cached, so that a conflict is found here and not at its first use.
    pub fn model<T: Cached>(mut self) -> Self {
        self.models.push(Box::new(|core| core.models.state::<T>(core).map(|_| ())));
        self
    }

    /// Starts the hub and its background work on the current runtime. Install a metrics recorder before.
    ///
    /// # Errors
    /// When an option makes no sense, two models share a name, or there is no runtime.
    pub fn build(self) -> Result<CacheHub, BuildError> {
        check::check_hub_options(&self.prefix, &self.options)?;
        if let Some(other) = self.other_prefix {
            let advice =
                "generations and channels would be shared with other applications: give it the hub's";
            return Err(BuildError::option("ValkeyOptions", "prefix", other, advice));
        }
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(BuildError::NoRuntime);
        }
        let (tasks, stop, hush) = (TaskTracker::new(), CancellationToken::new(), CancellationToken::new());
        let publisher = self
            .backplane
            .as_ref()
            .map(|backplane| Arc::new(Publisher::start(backplane, self.options.heartbeat, &tasks, &hush)));
        // Without a backplane no channel can be lost.
        let live = if self.backplane.is_some() { 0 } else { u32::from(u16::MAX) };
        let core = Arc::new(Core {
            l1: L1::new(self.options.l1_bytes, self.backplane.is_some()),
            shared: self.l2.map(|l2| Shared::new(l2, &self.options)),
            publisher: publisher.clone(),
            models: Models::default(),
            pending: Pending::new(self.options.pending_max),
            recent_puts: RecentPuts::new(),
            counters: Unconfirmed::default(),
            counter_kinds: Kinds::default(),
            live: watch::Sender::new(live),
            tasks,
            invalidations: TaskTracker::new(),
            stop,
            hush,
            prefix: self.prefix,
            options: self.options,
        });
        if let (Some(backplane), Some(publisher)) = (self.backplane, publisher) {
            core.tasks.spawn(backplane::receive(Arc::clone(&core), backplane, publisher));
        } else {
            core.tasks.spawn(Arc::clone(&core).keep_reporting());
        }
        core.tasks.spawn(Arc::clone(&core).work_off_pending());
        // Dropped with the last handle of the hub, also when a registration fails below.
        let ends = core.stop.clone().drop_guard();
        let hub = CacheHub { core: Arc::clone(&core), _stops_when_dropped: Arc::new(ends) };
        for register in self.models {
            register(&core)?;
        }
        Ok(hub)
    }
}
