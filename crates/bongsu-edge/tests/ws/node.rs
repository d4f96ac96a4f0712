//! A node on a port of its own, over the reference store.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bongsu_cluster::InProcessBus;
use bongsu_cluster::fault::{Faults, FaultyBus};
use bongsu_edge::{Edge, EdgeParts, Timing};
use bongsu_service::auth::{NewToken, Secret, ServerKeys, TokenSettings, TokenSigner, TokenVerifier};
use bongsu_service::{
    Bus, Cards, FeedCards, Presence, PublishCommits, Service, ServiceParts, ServiceSettings, Store,
};
use bongsu_store::StoreOptions;
use bongsu_store::memory::MemoryStore;
use bongsu_types::{Clock, Limits, ManualClock, Millis, UserId};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::client::Client;

const SECRET: &[u8] = b"a secret of the tests, 32 bytes or more";
const AUDIENCE: &str = "bongsu";

/// A node that serves sockets.
pub(crate) struct Node {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) edge: Arc<Edge>,
    pub(crate) store: Arc<dyn Store>,
    stop: CancellationToken,
    _serving: JoinHandle<()>,
}

/// How a node differs from the usual one.
#[derive(Default)]
pub(crate) struct Setup {
    pub(crate) limits: Limits,
    pub(crate) timing: Timing,
    pub(crate) faults: Option<(Faults, u64)>,
}

impl Setup {
    /// Without rates: tests send as fast as they can.
    pub(crate) fn new() -> Self {
        let limits = Limits { sends_per_s: 0, creates_per_min: 0, ..Limits::default() };
        Self { limits, ..Self::default() }
    }

    pub(crate) fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    pub(crate) fn timing(mut self, change: impl FnOnce(&mut Timing)) -> Self {
        change(&mut self.timing);
        self
    }

    pub(crate) fn faults(mut self, faults: Faults, seed: u64) -> Self {
        self.faults = Some((faults, seed));
        self
    }

    pub(crate) async fn start(self) -> Node {
        let clock = Arc::new(ManualClock::at(Millis(1_789_000_000_000)));
        let shared: Arc<dyn Clock> = clock.clone();
        let limits = Arc::new(self.limits);
        let honest: Arc<dyn Bus> = Arc::new(InProcessBus::new());
        let bus: Arc<dyn Bus> = match self.faults {
            Some((faults, seed)) => Arc::new(FaultyBus::new(honest, faults, seed)),
            None => honest,
        };
        let cards = Cards::open(1 << 20).unwrap();
        let publish = Arc::new(PublishCommits::to(bus.clone()));
        let store: Arc<dyn Store> = Arc::new(MemoryStore::open(StoreOptions {
            clock: shared.clone(),
            limits: limits.clone(),
            observer: Arc::new(FeedCards::before(publish, &cards)),
        }));
        let presence = Arc::new(Presence::new(bus.clone(), shared.clone()));
        let settings = ServiceSettings { users_own_profile: true, requests: true };
        let clock_of_service = shared.clone();
        let parts =
            ServiceParts { store: store.clone(), cards, limits, clock: clock_of_service, presence, settings };
        let secrets = vec![Secret { kid: None, bytes: SECRET.to_vec() }];
        let tokens = TokenSettings { audience: AUDIENCE.to_owned(), secrets, jwks_file: None };
        let edge = Edge::start(EdgeParts {
            service: Service::new(parts),
            verifier: Arc::new(TokenVerifier::open(tokens, shared.clone()).await.unwrap()),
            server_keys: Arc::new(ServerKeys::new(store.clone(), shared)),
            demo_users: Vec::new(),
            bus,
            timing: self.timing,
        });
        let edge = Arc::new(edge.await.unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let (serving, stopped) = (edge.clone(), stop.clone());
        let serving = tokio::spawn(async move { serving.serve(listener, stopped).await });
        Node { address, clock, edge, store, stop, _serving: serving }
    }
}

impl Node {
    pub(crate) async fn start() -> Self {
        Setup::new().start().await
    }

    /// A token of `user`, valid for a day.
    pub(crate) fn token(&self, user: &str) -> String {
        self.token_for(user, 24 * 60 * 60 * 1_000)
    }

    /// A token of `user`, valid for `valid_ms`.
    pub(crate) fn token_for(&self, user: &str, valid_ms: u64) -> String {
        let signer = TokenSigner::new(SECRET, AUDIENCE, self.clock.clone());
        let user = UserId::new(user).unwrap();
        signer.sign(&NewToken { valid_ms, ..NewToken::of(user) })
    }

    /// A socket without hello.
    pub(crate) async fn connect(&self) -> Client {
        Client::connect(self.address, self.store.epoch().get(), None).await
    }

    /// A socket whose client takes in little that it does not read.
    pub(crate) async fn connect_narrow(&self) -> Client {
        Client::connect(self.address, self.store.epoch().get(), Some(4 * 1024)).await
    }

    /// A session of `user` on the device `<user>-phone` that has caught up.
    pub(crate) async fn session(&self, user: &str) -> Client {
        self.session_on(user, &format!("{user}-phone")).await
    }

    /// A session of `user` on a device that has caught up.
    pub(crate) async fn session_on(&self, user: &str, device: &str) -> Client {
        let mut client = self.connect().await;
        client.hello(&self.token(user), device).await;
        client.event("session.caught_up").await;
        client
    }

    /// Waits until every session whose client is gone has ended.
    pub(crate) async fn forget_rooms(&self) {
        while self.edge.open_sessions() > 0 {
            tokio::task::yield_now().await;
        }
    }

    /// No connection is accepted any more, and all sessions end.
    pub(crate) async fn shut_down(&self) {
        self.stop.cancel();
        self.edge.drain(Duration::from_secs(20)).await;
    }
}
