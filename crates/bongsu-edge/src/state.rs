//! What every request and session of the edge shares.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bongsu_service::Bus;
use bongsu_service::Service;
use bongsu_service::auth::{ServerKeys, TokenVerifier};
use bongsu_types::Limits;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::edge::EdgeParts;
use crate::http::DemoUser;
use crate::hub::Hub;
use crate::timing::Timing;

/// Hellos carried out at once: enough to share commits. When everybody comes back at once, the others wait here, not in
/// front of those who are connected.
const HELLOS_AT_ONCE: usize = 32;

/// Shared state of the edge.
pub(crate) struct EdgeState {
    /// The use cases.
    pub(crate) service: Arc<Service>,
    /// Verifies user tokens.
    pub(crate) verifier: Arc<TokenVerifier>,
    /// Verifies server keys.
    pub(crate) server_keys: Arc<ServerKeys>,
    /// Whom the page may become; empty but in a demo.
    pub(crate) demo_users: Vec<DemoUser>,
    /// For ephemeral messages.
    pub(crate) bus: Arc<dyn Bus>,
    /// Delivers.
    pub(crate) hub: Arc<Hub>,
    /// Durations.
    pub(crate) timing: Timing,
    /// Hellos being carried out; the others come in the order they arrived.
    pub(crate) hellos: Semaphore,
    /// Owns the task of every connection.
    pub(crate) connections: TaskTracker,
    open_sessions: AtomicUsize,
    draining: CancellationToken,
    /// Cancelled when a task of the node ended before it was told to.
    failed: CancellationToken,
}

impl EdgeState {
    pub(crate) fn new(parts: EdgeParts) -> Self {
        let EdgeParts { service, verifier, server_keys, demo_users, bus, timing } = parts;
        let service = Arc::new(service);
        Self {
            hub: Arc::new(Hub::new(service.clone())),
            service,
            verifier,
            server_keys,
            demo_users,
            bus,
            timing,
            hellos: Semaphore::new(HELLOS_AT_ONCE),
            connections: TaskTracker::new(),
            open_sessions: AtomicUsize::new(0),
            draining: CancellationToken::new(),
            failed: CancellationToken::new(),
        }
    }

    pub(crate) fn limits(&self) -> &Arc<Limits> {
        self.service.limits()
    }

    /// Whether the server is being shut down.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// Set when a task without which nothing is delivered has ended.
    pub(crate) fn failed(&self) -> &CancellationToken {
        &self.failed
    }

    /// Waits until the server is being shut down.
    pub(crate) async fn drain_begins(&self) {
        self.draining.cancelled().await;
    }

    /// From now on no session begins, and those that are open come to their end.
    pub(crate) fn start_draining(&self) {
        self.draining.cancel();
        self.hub.drain();
    }

    /// Sessions open now.
    pub(crate) fn open_sessions(&self) -> usize {
        self.open_sessions.load(Ordering::Acquire)
    }

    /// A place for one more session, unless all are taken. Given back when dropped.
    pub(crate) fn take_place(self: &Arc<Self>) -> Option<Place> {
        let taken = self.open_sessions.fetch_add(1, Ordering::AcqRel);
        let place = Place(self.clone());
        metrics::gauge!("bongsu_connections").increment(1.0);
        (taken < self.limits().sessions).then_some(place)
    }
}

/// One of `Limits::sessions`.
pub(crate) struct Place(Arc<EdgeState>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open_sessions.fetch_sub(1, Ordering::AcqRel);
        metrics::gauge!("bongsu_connections").decrement(1.0);
    }
}

impl fmt::Debug for EdgeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EdgeState").field("timing", &self.timing).finish_non_exhaustive()
    }
}
