//! The edge as the server sees it: start it, serve a listener with it, drain it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bongsu_service::Bus;
use bongsu_service::auth::{ServerKeys, TokenVerifier};
use bongsu_service::{Service, ServiceResult};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::info;

use crate::http::DemoUser;
use crate::state::EdgeState;
use crate::supervise::supervised;
use crate::timing::Timing;
use crate::{hub, router, serve};

/// What an edge is made of.
#[derive(Clone)]
pub struct EdgeParts {
    /// The use cases; their limits and clock are the edge's too.
    pub service: Service,
    /// Verifies user tokens.
    pub verifier: Arc<TokenVerifier>,
    /// Verifies server keys.
    pub server_keys: Arc<ServerKeys>,
    /// Whom the page may become; empty but in a demo.
    pub demo_users: Vec<DemoUser>,
    /// Where the store's commits are published, and ephemeral messages go.
    pub bus: Arc<dyn Bus>,
    /// Durations.
    pub timing: Timing,
}

/// Sessions, HTTP and delivery of one node. It owns all its tasks: [`Edge::drain`] ends them.
pub struct Edge {
    state: Arc<EdgeState>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Edge {
    /// Starts delivery. Commits from now on reach sessions.
    ///
    /// # Errors
    /// When the store cannot say where its tail ends.
    pub async fn start(parts: EdgeParts) -> ServiceResult<Self> {
        let (commits, ephemerals) = (parts.bus.subscribe(), parts.bus.subscribe_ephemerals());
        // After subscribing: whatever is committed in between comes by both ways, and counts once.
        let proven = parts.service.last_commit().await?;
        let presence = parts.service.presence().clone();
        let state = Arc::new(EdgeState::new(parts));
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let spawn = |name, task| tasks.spawn(supervised(name, task, stop.clone(), state.failed().clone()));
        spawn("hub", Box::pin(hub::run(state.hub.clone(), commits, proven, stop.clone())));
        spawn("ephemerals", Box::pin(hub::run_ephemerals(state.hub.clone(), ephemerals, stop.clone())));
        spawn("doubts", Box::pin(hub::run_doubts(state.hub.clone(), stop.clone())));
        let stopped = stop.clone();
        spawn("presence", Box::pin(async move { presence.run(stopped).await }));
        Ok(Self { state, tasks, stop })
    }

    /// Waits until a task without which nothing is delivered ends before [`Edge::drain`] ended it. From then on the node is
    /// not ready, and only a new process serves again.
    pub async fn failed(&self) {
        self.state.failed().cancelled().await;
    }

    /// All routes: `/v1/connect`, REST, and the page.
    pub fn router(&self) -> axum::Router {
        router::router(self.state.clone())
    }

    /// Accepts connections until `cancel` or [`Edge::drain`]. Requests under way are finished; sessions go on until
    /// [`Edge::drain`].
    pub async fn serve(&self, listener: TcpListener, cancel: CancellationToken) {
        serve::serve(&self.state, self.router(), listener, cancel).await;
    }

    /// Sessions open now, those without hello included.
    #[must_use]
    pub fn open_sessions(&self) -> usize {
        self.state.open_sessions()
    }

    /// Ends every session: tells its client when to come back, lets its commands finish, stores its positions and
    /// closes it. Then ends delivery. Takes `within` at most; what is left then is cut off.
    pub async fn drain(&self, within: Duration) {
        self.state.start_draining();
        self.state.connections.close();
        let open = self.state.connections.len();
        if tokio::time::timeout(within, self.state.connections.wait()).await.is_err() {
            info!(open, left = self.state.connections.len(), "connections did not end in time");
        }
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl fmt::Debug for EdgeParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EdgeParts").field("timing", &self.timing).finish_non_exhaustive()
    }
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edge").field("state", &self.state).finish_non_exhaustive()
    }
}
