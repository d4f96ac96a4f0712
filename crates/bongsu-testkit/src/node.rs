//! A whole node inside the test: any store, a clock that stands still, limits of the test's choice, a bus that lies.

use std::sync::Arc;
use std::time::Duration;

use bongsu_cluster::InProcessBus;
use bongsu_cluster::fault::{Faults, FaultyBus};
use bongsu_edge::{Edge, EdgeParts, Timing};
use bongsu_service::auth::{NewServerKey, Secret, ServerKeys, TokenSettings, TokenSigner, TokenVerifier};
use bongsu_service::{
    Bus, Cards, FeedCards, Presence, PublishCommits, Service, ServiceParts, ServiceSettings,
};
use bongsu_store::{Store, StoreOptions};
use bongsu_types::{Clock, KeyScope, Limits, ManualClock, Millis};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::access::Access;

/// Where the clock of a node stands at first: any day will do.
const START: Millis = Millis(1_789_000_000_000);

/// Memory for the cards of a node: more than a test fills.
const CARDS_BYTES: u64 = 16 << 20;

/// How long a node takes to end its sessions, at most.
const DRAIN: Duration = Duration::from_secs(10);

/// What a node is made of.
#[derive(Debug)]
pub struct NodeOptions {
    limits: Limits,
    timing: Timing,
    bus: Arc<dyn Bus>,
}

impl Default for NodeOptions {
    /// No rates, and the protocol's durations.
    fn default() -> Self {
        let limits = Limits { sends_per_s: 0, creates_per_min: 0, ..Limits::default() };
        Self { limits, timing: Timing::default(), bus: Arc::new(InProcessBus::new()) }
    }
}

impl NodeOptions {
    /// Changes bounds.
    #[must_use]
    pub fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    /// Changes durations.
    #[must_use]
    pub fn timing(mut self, change: impl FnOnce(&mut Timing)) -> Self {
        change(&mut self.timing);
        self
    }

    /// The bus drops, doubles and reorders commits, the same way for the same seed.
    #[must_use]
    pub fn faulty_bus(mut self, faults: Faults, seed: u64) -> Self {
        self.bus = Arc::new(FaultyBus::new(self.bus, faults, seed));
        self
    }

    /// Starts the node over the store that `open` gives.
    ///
    /// # Panics
    /// When it cannot start.
    pub async fn start(self, open: impl FnOnce(StoreOptions) -> Arc<dyn Store>) -> TestNode {
        let manual = Arc::new(ManualClock::at(START));
        let clock: Arc<dyn Clock> = Arc::clone(&manual) as Arc<dyn Clock>;
        let limits = Arc::new(self.limits);
        let cards = Cards::open(CARDS_BYTES).expect("a runtime runs");
        let publish = Arc::new(PublishCommits::to(Arc::clone(&self.bus)));
        let observer = Arc::new(FeedCards::before(publish, &cards));
        let store = open(StoreOptions { clock: Arc::clone(&clock), limits: Arc::clone(&limits), observer });
        let service = Service::new(ServiceParts {
            store: Arc::clone(&store),
            cards,
            limits,
            clock: Arc::clone(&clock),
            presence: Arc::new(Presence::new(Arc::clone(&self.bus), Arc::clone(&clock))),
            settings: ServiceSettings::default(),
        });
        let key = NewServerKey::generate(vec![KeyScope::Act, KeyScope::Users], START);
        let server_keys = Arc::new(ServerKeys::new(store, Arc::clone(&clock)));
        server_keys.put(key.row).await.expect("the store takes a server key");
        let secret = TokenSigner::new_secret();
        let verifier = Arc::new(verifier(&secret, Arc::clone(&clock)).await);
        let parts = EdgeParts {
            service: service.clone(),
            verifier,
            server_keys,
            demo_users: Vec::new(),
            bus: self.bus,
            timing: self.timing,
        };
        let edge = Arc::new(Edge::start(parts).await.expect("the edge starts"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
        let stop = CancellationToken::new();
        let serving = {
            let (edge, stop) = (Arc::clone(&edge), stop.clone());
            tokio::spawn(async move { edge.serve(listener, stop).await })
        };
        let access = Access::new(&url, &secret, &key.text, clock);
        TestNode { access, service, clock: manual, edge, stop, _serving: AbortOnDropHandle::new(serving) }
    }
}

async fn verifier(secret: &str, clock: Arc<dyn Clock>) -> TokenVerifier {
    let secrets = vec![Secret { kid: None, bytes: secret.as_bytes().to_vec() }];
    let settings = TokenSettings { audience: "bongsu".to_owned(), secrets, jwks_file: None };
    TokenVerifier::open(settings, clock).await.expect("a secret is enough")
}

/// A node in this process. Its wall clock stands still until it is told to go on.
pub struct TestNode {
    access: Access,
    service: Service,
    clock: Arc<ManualClock>,
    edge: Arc<Edge>,
    stop: CancellationToken,
    _serving: AbortOnDropHandle<()>,
}

impl TestNode {
    /// The way in.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// The use cases, for what no client may ask: sweeps, expiry, audits.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// The wall clock.
    #[must_use]
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// Ends every session as a shutdown does.
    pub async fn drain(&self) {
        self.stop.cancel();
        self.edge.drain(DRAIN).await;
    }
}
