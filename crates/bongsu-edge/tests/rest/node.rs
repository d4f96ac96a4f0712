//! A node whose router is called without a socket, and the calls.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request};
use bongsu_cluster::InProcessBus;
use bongsu_edge::{DemoUser, Edge, EdgeParts, Timing};
use bongsu_service::auth::{
    NewServerKey, NewToken, Secret, ServerKeys, TokenSettings, TokenSigner, TokenVerifier,
};
use bongsu_service::{Bus, Cards, Presence, Service, ServiceParts, ServiceSettings, Store};
use bongsu_store::memory::MemoryStore;
use bongsu_store::{Hello, StoreOptions};
use bongsu_types::{Clock, DeviceId, DeviceInfo, KeyScope, Limits, ManualClock, Millis, UserId};
use serde_json::{Value, json};
use tower::ServiceExt;

const SECRET: &[u8] = b"a secret of the tests, 32 bytes or more";
const AUDIENCE: &str = "bongsu";

/// A node without sockets.
pub(crate) struct Node {
    pub(crate) router: Router,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) edge: Edge,
    store: Arc<dyn Store>,
    server_keys: Arc<ServerKeys>,
}

/// Whoever calls: a set of headers.
#[derive(Clone)]
pub(crate) struct Caller {
    router: Router,
    headers: Vec<(String, String)>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Node {
    pub(crate) async fn start() -> Self {
        Self::with(Limits::default(), ServiceSettings::default(), Vec::new()).await
    }

    pub(crate) async fn with_limits(limits: Limits) -> Self {
        Self::with(limits, ServiceSettings::default(), Vec::new()).await
    }

    pub(crate) async fn with(limits: Limits, settings: ServiceSettings, demo_users: Vec<DemoUser>) -> Self {
        let clock = Arc::new(ManualClock::at(Millis(1_789_000_000_000)));
        let shared: Arc<dyn Clock> = clock.clone();
        let limits = Arc::new(limits);
        let options =
            StoreOptions { clock: shared.clone(), limits: limits.clone(), ..StoreOptions::default() };
        let store: Arc<dyn Store> = Arc::new(MemoryStore::open(options));
        let bus: Arc<dyn Bus> = Arc::new(InProcessBus::new());
        let presence = Arc::new(Presence::new(bus.clone(), shared.clone()));
        let cards = Cards::none();
        let clock_of_service = shared.clone();
        let parts =
            ServiceParts { store: store.clone(), cards, limits, clock: clock_of_service, presence, settings };
        let server_keys = Arc::new(ServerKeys::new(store.clone(), shared.clone()));
        let secrets = vec![Secret { kid: None, bytes: SECRET.to_vec() }];
        let tokens = TokenSettings { audience: AUDIENCE.to_owned(), secrets, jwks_file: None };
        let parts = EdgeParts {
            service: Service::new(parts),
            verifier: Arc::new(TokenVerifier::open(tokens, shared).await.unwrap()),
            server_keys: server_keys.clone(),
            demo_users,
            bus,
            timing: Timing::default(),
        };
        let edge = Edge::start(parts).await.unwrap();
        Self { router: edge.router(), clock, edge, store, server_keys }
    }

    /// A token of `user`, issued now.
    pub(crate) fn token(&self, user: &str) -> String {
        let signer = TokenSigner::new(SECRET, AUDIENCE, self.clock.clone());
        signer.sign(&NewToken::of(user_id(user)))
    }

    /// A server key with these scopes.
    pub(crate) async fn server_key(&self, scopes: &[KeyScope]) -> String {
        let NewServerKey { text, row } = NewServerKey::generate(scopes.to_vec(), self.clock.now_ms());
        self.server_keys.put(row).await.unwrap();
        text
    }

    /// Nobody in particular.
    pub(crate) fn stranger(&self) -> Caller {
        Caller { router: self.router.clone(), headers: Vec::new() }
    }

    /// A user by their own token.
    pub(crate) fn user(&self, user: &str) -> Caller {
        self.stranger().bearer(&self.token(user))
    }

    /// A server with a key that may do everything.
    pub(crate) async fn server(&self) -> Caller {
        let key = self.server_key(&[KeyScope::Act, KeyScope::Users]).await;
        self.stranger().bearer(&key)
    }

    /// Registers a device as a session would.
    pub(crate) async fn register_device(&self, user: &str, device: &str) {
        let device = DeviceInfo {
            id: DeviceId::new(device).unwrap(),
            platform: "web".to_owned(),
            name: String::new(),
        };
        let hello = Hello {
            user: user_id(user),
            device,
            issued_ms: self.clock.now_ms(),
            epoch: None,
            cursors: Vec::new(),
            profile: None,
        };
        self.store.hello(hello).await.unwrap();
    }

    /// A group of `owner` and `others`; returns its path.
    pub(crate) async fn group(&self, owner: &str, others: &[&str]) -> String {
        let body = json!({ "kind": "group", "members": others });
        let created = self.user(owner).post("/v1/rooms", body).await.ok();
        format!("/v1/rooms/{}", created["room"].as_str().unwrap())
    }
}

impl Caller {
    pub(crate) fn bearer(self, credential: &str) -> Self {
        self.header("authorization", &format!("Bearer {credential}"))
    }

    /// With a server key: acts for this user.
    pub(crate) fn acting_for(&self, user: &str) -> Self {
        self.clone().header("x-bongsu-user", user)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Body::from(body.to_string())).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, Body::from(body.to_string())).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PUT, path, Body::from(body.to_string())).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, Body::empty()).await
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Body) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    /// Sends a message; returns its seq.
    pub(crate) async fn send(&self, room: &str, client_id: &str, text: &str) -> u64 {
        let body = json!({ "client_id": client_id, "text": text });
        let sent = self.post(&format!("{room}/messages"), body).await.ok();
        sent["seq"].as_u64().unwrap()
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// The result; anything but 200 fails the test.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// A refusal of this kind with the status of the table; returns its `data`.
    #[track_caller]
    pub(crate) fn refused(&self, kind: &str) -> Value {
        let error = self.json()["error"].clone();
        assert_eq!(error["data"]["kind"], kind, "{}", self.text);
        let known = bongsu_wire::ErrorKind::ALL.into_iter().find(|known| known.name() == kind).unwrap();
        assert_eq!((self.status, &error["code"]), (known.status(), &json!(known.code())), "{}", self.text);
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()));
        error["data"].clone()
    }

    /// The value of a header, "" when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) fn user_id(text: &str) -> UserId {
    UserId::new(text).unwrap()
}
