//! A service over the reference store, and short ways to say what a test needs.

use std::sync::Arc;

use bongsu_cluster::{Bus, InProcessBus, Presence};
use bongsu_service::auth::{Claims, NewServerKey, ServerKeys, VerifiedKey};
use bongsu_service::{
    Actor, Appended, Cards, FeedCards, NewRoom, OpenSession, PublishCommits, SendMessage, Service,
    ServiceParts, ServiceSettings, Store,
};
use bongsu_store::StoreOptions;
use bongsu_store::memory::MemoryStore;
use bongsu_types::{
    ClientId, Clock, DeviceId, DeviceInfo, JsonObject, KeyScope, Limits, ManualClock, Mentions, Millis,
    RoomId, RoomKind, UserId,
};

use crate::counting::{Calls, CountingStore};

/// When every test begins.
pub(crate) const START: Millis = Millis(1_789_000_000_000);

pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) bus: Arc<InProcessBus>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) cards: Cards,
    pub(crate) calls: Arc<Calls>,
    pub(crate) service: Service,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(limits: impl FnOnce(&mut Limits)) -> Self {
        Self::with_settings(limits, ServiceSettings::default())
    }

    pub(crate) fn with_settings(change: impl FnOnce(&mut Limits), settings: ServiceSettings) -> Self {
        let mut limits = Limits::default();
        change(&mut limits);
        let limits = Arc::new(limits);
        let clock = Arc::new(ManualClock::at(START));
        let bus = Arc::new(InProcessBus::new());
        let cards = Cards::open(1 << 20).unwrap();
        let publish = Arc::new(PublishCommits::to(bus.clone() as Arc<dyn Bus>));
        let memory = MemoryStore::open(StoreOptions {
            clock: clock.clone(),
            limits: limits.clone(),
            observer: Arc::new(FeedCards::before(publish, &cards)),
        });
        let calls = Arc::new(Calls::default());
        let store: Arc<dyn Store> = Arc::new(CountingStore::new(Arc::new(memory), calls.clone()));
        let service = Service::new(ServiceParts {
            store: store.clone(),
            cards: cards.clone(),
            limits: limits.clone(),
            clock: clock.clone(),
            presence: Arc::new(Presence::new(bus.clone(), clock.clone())),
            settings,
        });
        Self { clock, limits, bus, store, cards, calls, service }
    }

    /// The same data under other limits, as after a change of the configuration.
    pub(crate) fn service_with(&self, change: impl FnOnce(&mut Limits)) -> Service {
        let mut limits = Limits::clone(&self.limits);
        change(&mut limits);
        Service::new(ServiceParts {
            store: self.store.clone(),
            cards: self.cards.clone(),
            limits: Arc::new(limits),
            clock: self.clock.clone(),
            presence: self.service.presence().clone(),
            settings: ServiceSettings::default(),
        })
    }

    /// A group of these users; the first one owns it.
    pub(crate) async fn group(&self, users: &[&str]) -> RoomId {
        self.room(RoomKind::Group, users).await
    }

    pub(crate) async fn room(&self, kind: RoomKind, users: &[&str]) -> RoomId {
        let room = new_room(kind, &users[1..]);
        self.service.create_room(&actor(users[0]), room).await.unwrap().room
    }

    pub(crate) async fn say(&self, user: &str, room: RoomId, text: &str) -> Appended {
        let number = self.clock.now_ms().get();
        self.clock.advance(1);
        let message = message(room, &format!("{user}-{number}"), text);
        self.service.send(&actor(user), message).await.unwrap()
    }

    /// A server key that may do everything.
    pub(crate) async fn server_key(&self) -> VerifiedKey {
        self.server_key_for(vec![KeyScope::Act, KeyScope::Users]).await
    }

    pub(crate) async fn server_key_for(&self, scopes: Vec<KeyScope>) -> VerifiedKey {
        let keys = ServerKeys::new(self.store.clone(), self.clock.clone());
        let key = NewServerKey::generate(scopes, self.clock.now_ms());
        keys.put(key.row.clone()).await.unwrap();
        keys.verify(&key.text).await.unwrap()
    }

    /// What a token issued now says.
    pub(crate) fn claims(&self, name: &str) -> Claims {
        let issued_ms = self.clock.now_ms();
        Claims { user: user(name), issued_ms, expires_ms: issued_ms.plus(3_600_000), name: None, image: None }
    }

    /// A hello of a device that knows nothing.
    pub(crate) fn hello(&self, name: &str, device: &str) -> OpenSession {
        OpenSession {
            claims: self.claims(name),
            device: DeviceInfo {
                id: DeviceId::new(device).unwrap(),
                platform: "web".to_owned(),
                name: String::new(),
            },
            epoch: None,
            user_rev: None,
            cursors: Vec::new(),
            list: None,
        }
    }
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

pub(crate) fn users(names: &[&str]) -> Vec<UserId> {
    names.iter().map(|name| user(name)).collect()
}

pub(crate) fn actor(name: &str) -> Actor {
    Actor::user(user(name))
}

pub(crate) fn client_id(text: &str) -> ClientId {
    ClientId::new(text).unwrap()
}

pub(crate) fn json(text: &str) -> JsonObject {
    JsonObject::parsed(text).unwrap()
}

/// A JSON object of exactly so many bytes.
pub(crate) fn json_of(bytes: usize) -> JsonObject {
    json(&format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8)))
}

pub(crate) fn message(room: RoomId, client: &str, text: &str) -> SendMessage {
    SendMessage {
        room,
        client_id: client_id(client),
        text: text.to_owned(),
        data: None,
        mentions: Mentions::default(),
        reply_to: None,
        silent: false,
        keep_unread: None,
    }
}

pub(crate) fn new_room(kind: RoomKind, others: &[&str]) -> NewRoom {
    NewRoom {
        kind,
        members: users(others),
        name: String::new(),
        image: String::new(),
        data: None,
        key: None,
        history_before_join: false,
        retention: None,
    }
}
