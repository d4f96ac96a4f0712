//! The shared tier and the backplane on Valkey or Redis, a single server or a cluster.
//!
//! What is not left to the client library: which server process answered (entries are believed only under the run
//! they were written under), that no command is repeated behind our back, that a server which hangs is noticed and its
//! connection rebuilt, that trouble of one shard stays there, and that a subscription stands only when the server has
//! confirmed it. So each server has one connection for commands and one that listens, and the slot map is kept here.
//! There is no TLS: put a tunnel between machines that need it.
//!
//! # Stored keys
//! | key | type | holds |
//! |--|--|--|
//! | `<prefix>:<schema>:<model>:<id>` | string | an entry |
//! | `{<key>}~lease` | string | the token of whoever loads that key |
//! | `<prefix>:counter:<model>:<id>` | hash | `epoch` it was seeded under, `seed` that names it, `n` |
//! | `{<key>}~operations` | sorted set | operations that were applied to that counter, by time |
//! | `<prefix>:gen:<model>:{tag}` | string | run and generation, at both ends of each region |
//! | `<prefix>:schemas:<model>` | sorted set | schema hashes, by the time until which entries may exist |
//! | `{<that key>}~name` | string | run and id of that list, and whether somebody vouches that it is whole |
//!
//! Channels are named `<prefix>:backplane:<n>:{tag}`.
//!
//! # What a failover may undo
//! Replication is not waited for, so a new primary may lack the last changes of the old one. Entries and counters of
//! the old one are not believed, and generations are replaced. A registered schema may be lost: so the list of schemas
//! gets another id, and nobody vouches for it.

mod address;
mod answers;
mod backplane;
mod command;
mod counters;
mod ear;
mod generations;
mod l2;
mod link;
mod node;
mod options;
mod readers;
mod refresh;
mod router;
mod schemas;
mod script;
mod tags;
mod topology;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use self::backplane::{Listening, ValkeyBackplane};
use self::l2::ValkeyL2;
use self::link::Login;
use self::node::NodeSettings;
pub use self::options::{ValkeyError, ValkeyOptions};
use self::readers::Readers;
use self::router::Router;
use crate::contract::{Backplane, L2};

/// Valkey or Redis: one value for a process gives both the shared tier and the backplane. Its connections end with
/// the last of the three.
#[derive(Debug)]
pub struct Valkey {
    options: ValkeyOptions,
    router: Arc<Router>,
    login: Login,
    tasks: TaskTracker,
    stop: CancellationToken,
    ends_tasks: Arc<DropGuard>,
}

impl Valkey {
    /// Begins to look for the servers. That none is up is an error only with [`ValkeyOptions::must_be_reachable`];
    /// otherwise this returns at once, and calls wait a
    /// moment and fail until one is.
    ///
    /// # Errors
    /// Options that make no sense.
    pub async fn connect(options: ValkeyOptions) -> Result<Self, ValkeyError> {
        let seeds = options.checked_seeds()?;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let login = Login::new(&options);
        let settings = NodeSettings {
            login: login.clone(),
            answer_timeout: options.answer_timeout,
            breaker: options.breaker,
            trouble: Arc::new(Notify::new()),
            tasks: tasks.clone(),
            stop: stop.clone(),
        };
        let router = Arc::new(Router::new(seeds, settings, options.pipeline_commands_max));
        let ends_tasks = Arc::new(stop.clone().drop_guard());
        if options.must_be_reachable {
            let first = refresh::refresh(&router).await;
            if let (Err(error), false) = (first, router.topology().is_known()) {
                return Err(ValkeyError::NotReachable(error.to_string()));
            }
        }
        tasks.spawn(refresh::keep_fresh(Arc::clone(&router), options.refresh_interval, stop.clone()));
        Ok(Self { options, router, login, tasks, stop, ends_tasks })
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.options.prefix
    }

    /// The shared tier.
    #[must_use]
    pub fn l2(&self) -> Arc<dyn L2> {
        Arc::new(ValkeyL2 {
            router: Arc::clone(&self.router),
            prefix: self.options.prefix.clone(),
            keys_in_one_max: self.options.pipeline_commands_max,
            _tasks: Arc::clone(&self.ends_tasks),
        })
    }

    /// A backplane. It listens with connections of its own, from its first reader on.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn backplane(&self) -> Arc<dyn Backplane> {
        let listening = Listening {
            router: Arc::clone(&self.router),
            readers: Arc::new(Readers::default()),
            login: self.login.clone(),
            answer_timeout: self.options.answer_timeout,
            ping_interval: self.options.listen_ping_interval,
            queue_events_max: self.options.queue_events_max,
            prefix: self.options.prefix.clone(),
        };
        Arc::new(ValkeyBackplane {
            listening: Arc::new(listening),
            runtime: Handle::current(),
            tasks: self.tasks.clone(),
            stop: self.stop.clone(),
            begun: AtomicBool::new(false),
            _tasks: Arc::clone(&self.ends_tasks),
        })
    }
}
