//! A service over an embedded store of its own, whose committer can be held.

use std::sync::{Arc, Condvar, Mutex};
use std::task::Poll;

use bongsu_cluster::{InProcessBus, Presence};
use bongsu_service::auth::Claims;
use bongsu_service::{
    Actor, Appended, Cards, FeedCards, NewRoom, OpenSession, SendMessage, Service, ServiceParts,
    ServiceSettings, SessionOpened,
};
use bongsu_store::embedded::EmbeddedStore;
use bongsu_store::{Store, StoreOptions, Tail, Unobserved};
use bongsu_types::{
    ClientId, Clock, DeviceId, DeviceInfo, Limits, ManualClock, Mentions, Millis, RoomId, RoomKind, UserId,
};

use crate::counting::{Calls, CountingStore};

const START: Millis = Millis(1_789_000_000_000);

/// The store's clock: while it is held, whoever asks for the time waits. The committer asks once for each batch.
#[derive(Debug, Default)]
struct HeldClock {
    state: Mutex<Held>,
    changed: Condvar,
}

#[derive(Debug, Default, Clone, Copy)]
struct Held {
    is_held: bool,
    is_asked: bool,
}

impl HeldClock {
    fn hold(&self) {
        *self.state.lock().unwrap() = Held { is_held: true, is_asked: false };
    }

    fn wait_until_asked(&self) {
        let state = self.state.lock().unwrap();
        drop(self.changed.wait_while(state, |state| !state.is_asked).unwrap());
    }

    fn let_go(&self) {
        self.state.lock().unwrap().is_held = false;
        self.changed.notify_all();
    }
}

impl Clock for HeldClock {
    fn now_ms(&self) -> Millis {
        let mut state = self.state.lock().unwrap();
        state.is_asked = true;
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |state| state.is_held).unwrap());
        START
    }
}

pub(crate) struct Node {
    pub(crate) service: Service,
    pub(crate) calls: Arc<Calls>,
    store: Arc<EmbeddedStore>,
    clock: Arc<HeldClock>,
    dir: tempfile::TempDir,
}

impl Node {
    pub(crate) fn open() -> Self {
        Self::in_dir(tempfile::tempdir().unwrap())
    }

    fn in_dir(dir: tempfile::TempDir) -> Self {
        let limits = Arc::new(Limits {
            sends_per_s: 0,
            creates_per_min: 0,
            group_members: 1_000,
            ..Limits::default()
        });
        let clock = Arc::new(HeldClock::default());
        let cards = Cards::open(16 << 20).unwrap();
        let observer = Arc::new(FeedCards::before(Arc::new(Unobserved), &cards));
        let options = StoreOptions { clock: clock.clone(), limits: Arc::clone(&limits), observer };
        let store = Arc::new(EmbeddedStore::open(dir.path(), options).unwrap());
        let calls = Arc::new(Calls::default());
        let counting: Arc<dyn Store> = Arc::new(CountingStore::new(store.clone(), Arc::clone(&calls)));
        let now = Arc::new(ManualClock::at(START));
        let service = Service::new(ServiceParts {
            store: counting,
            cards,
            limits,
            clock: now.clone(),
            presence: Arc::new(Presence::new(Arc::new(InProcessBus::new()), now)),
            settings: ServiceSettings::default(),
        });
        Self { service, calls, store, clock, dir }
    }

    /// As after a restart: nothing is in memory.
    pub(crate) async fn reopen(&mut self) {
        self.store.shutdown().await.unwrap();
        let old = std::mem::replace(self, Self::open());
        let Self { service, store, dir, .. } = old;
        drop((service, store));
        *self = Self::in_dir(dir);
    }

    pub(crate) async fn last_commit(&self) -> u64 {
        self.store.last_commit().await.unwrap().0
    }

    /// A group of so many members; alice owns it.
    pub(crate) async fn room(&self, members: usize) -> RoomId {
        let others = (1..members).map(|number| UserId::new(&format!("member-{number}")).unwrap()).collect();
        let room = NewRoom {
            kind: RoomKind::Group,
            members: others,
            name: String::new(),
            image: String::new(),
            data: None,
            key: None,
            history_before_join: false,
            retention: None,
        };
        self.service.create_room(&actor(), room).await.unwrap().room
    }

    pub(crate) async fn say(&self, room: RoomId, client_id: &str) -> Appended {
        self.service.send(&actor(), message(room, client_id)).await.unwrap()
    }

    pub(crate) async fn say_many(&self, room: RoomId, messages: usize) {
        for number in 0..messages {
            self.say(room, &format!("before {number}")).await;
        }
    }

    /// One message that the committer is held at, and these behind it.
    pub(crate) async fn say_at_once(&self, room: RoomId, messages: usize) {
        let alice = actor();
        let mut sends = Vec::new();
        self.clock.hold();
        for number in 0..=messages {
            let mut send = Box::pin(self.service.send(&alice, message(room, &format!("at once {number}"))));
            let waits = std::future::poll_fn(|cx| Poll::Ready(send.as_mut().poll(cx).is_pending())).await;
            assert!(waits, "nothing is answered while the committer is held");
            if number == 0 {
                self.clock.wait_until_asked();
            }
            sends.push(send);
        }
        self.clock.let_go();
        for send in sends {
            send.await.unwrap();
        }
    }

    /// A hello of alice's phone, which knows what it was told before.
    pub(crate) async fn hello(&self, known: Option<&SessionOpened>) -> SessionOpened {
        let expires_ms = START.plus(3_600_000);
        let request = OpenSession {
            claims: Claims { user: actor().user, issued_ms: START, expires_ms, name: None, image: None },
            device: DeviceInfo {
                id: DeviceId::new("phone").unwrap(),
                platform: "web".to_owned(),
                name: String::new(),
            },
            epoch: known.map(|_| self.store.epoch()),
            user_rev: known.map(|known| known.own.user_rev),
            cursors: Vec::new(),
            list: Some(10),
        };
        self.service.open_session(request).await.unwrap()
    }
}

pub(crate) fn actor() -> Actor {
    Actor::user(UserId::new("alice").unwrap())
}

fn message(room: RoomId, client_id: &str) -> SendMessage {
    SendMessage {
        room,
        client_id: ClientId::new(client_id).unwrap(),
        text: "hello".to_owned(),
        data: None,
        mentions: Mentions::default(),
        reply_to: None,
        silent: false,
        keep_unread: None,
    }
}
