//! A small world on an embedded store, served with cards and without.

use std::sync::Arc;

use bongsu_cluster::{InProcessBus, Presence};
use bongsu_service::auth::{Claims, NewServerKey, ServerKeys, VerifiedKey};
use bongsu_service::*;
use bongsu_store::embedded::EmbeddedStore;
use bongsu_store::{StoreOptions, Unobserved};
use bongsu_types::*;
use tokio::task::JoinHandle;

use crate::step::{Step, USERS, What};

const START: Millis = Millis(1_789_000_000_000);
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Who tells the cards of commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feed {
    /// The store, as in a server.
    Commits,
    /// Nobody.
    Nothing,
}

/// All a user can ask of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lists {
    shown: ServiceResult<ListPage>,
    hidden: ServiceResult<ListPage>,
    changes: ServiceResult<OwnChanges>,
}

pub(crate) struct World {
    clock: Arc<ManualClock>,
    store: Arc<dyn Store>,
    /// With cards; the host app owns profiles.
    service: Service,
    /// With the same cards; users own their profiles.
    owning: Service,
    without: Service,
    importer: Importer,
    rooms: Vec<RoomId>,
    steps: u64,
    _dir: tempfile::TempDir,
}

impl World {
    pub(crate) fn open(feed: Feed) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let limits = Arc::new(Limits { sends_per_s: 0, creates_per_min: 0, ..Limits::default() });
        let cards = Cards::open(1 << 20).unwrap();
        let observer: Arc<dyn bongsu_store::CommitObserver> = match feed {
            Feed::Commits => Arc::new(FeedCards::before(Arc::new(Unobserved), &cards)),
            Feed::Nothing => Arc::new(Unobserved),
        };
        let dir = tempfile::tempdir().unwrap();
        let options = StoreOptions { clock: clock.clone(), limits: limits.clone(), observer };
        let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(dir.path(), options).unwrap());
        let presence = Arc::new(Presence::new(Arc::new(InProcessBus::new()), clock.clone()));
        let service = |cards, users_own_profile| {
            Service::new(ServiceParts {
                store: store.clone(),
                cards,
                limits: limits.clone(),
                clock: clock.clone(),
                presence: presence.clone(),
                settings: ServiceSettings { users_own_profile, requests: true },
            })
        };
        Self {
            service: service(cards.clone(), false),
            owning: service(cards, true),
            without: service(Cards::none(), false),
            importer: Importer::new(store.clone(), limits.clone()),
            clock,
            store,
            rooms: Vec::new(),
            steps: 0,
            _dir: dir,
        }
    }

    /// Lists of everybody, again and again, beside the next step.
    pub(crate) fn begin_lists(&self) -> JoinHandle<()> {
        let service = self.service.clone();
        tokio::spawn(async move {
            for _ in 0..3 {
                for user in USERS {
                    lists(&service, user).await;
                }
            }
        })
    }

    /// Everybody's lists, with cards and without.
    pub(crate) async fn all_lists(&self) -> Vec<(Lists, Lists)> {
        let mut all = Vec::new();
        for user in USERS {
            all.push((lists(&self.service, user).await, lists(&self.without, user).await));
        }
        all
    }

    /// Does it, as far as it can be done: a refusal is as good as any other answer.
    pub(crate) async fn take(&mut self, step: &Step) {
        self.steps += 1;
        self.clock.advance(1);
        match step.what {
            What::CreateDirect => self.create(step, RoomKind::Direct).await,
            What::CreateGroup => self.create(step, RoomKind::Group).await,
            What::CreateChannel => self.create(step, RoomKind::Channel).await,
            What::Import => self.import(step).await,
            What::HelloWithName => drop(self.service.open_session(self.hello(step)).await),
            What::UpdateOwnProfile => drop(self.owning.update_profile(&actor(step.user), named(step)).await),
            What::UpsertUser => {
                let users = [(user(step.other), named(step))];
                self.service.upsert_users(&self.key().await, &users).await.unwrap();
            }
            What::RevokeUser => {
                self.service.revoke_user(&self.key().await, &user(step.other)).await.unwrap();
            }
            What::ADayPasses => self.clock.advance(DAY_MS * (1 + step.number)),
            What::Sweep => while self.service.sweep_once().await.unwrap().more {},
            What::ExpireDevices => {
                self.service.expire_once().await.unwrap();
            }
            _ => {
                if let Some(room) = self.rooms.get(step.room % self.rooms.len().max(1)).copied() {
                    self.take_in(room, step).await;
                }
            }
        }
    }

    async fn create(&mut self, step: &Step, kind: RoomKind) {
        let number = step.number;
        let others = match kind {
            RoomKind::Direct => vec![user(step.other)],
            RoomKind::Group | RoomKind::Channel => vec![user(step.other), user((step.other + 1) % 4)],
        };
        let room = NewRoom {
            kind,
            members: others,
            name: format!("room {}", self.steps),
            image: String::new(),
            data: None,
            key: None,
            history_before_join: number.is_multiple_of(2),
            retention: (number > 5).then_some(Retention::History { days: Some(1) }),
        };
        if let Ok(created) = self.service.create_room(&actor(step.user), room).await {
            self.rooms.push(created.room);
        }
    }

    async fn import(&mut self, step: &Step) {
        let (a, b) = (user(step.user), user(step.other));
        let room = ImportRoom {
            kind: RoomKind::Group,
            key: RoomKey::new(&format!("import {}", step.number)).unwrap(),
            creator: a.clone(),
            name: "imported".to_owned(),
            image: String::new(),
            data: None,
            created_ms: START,
            pair: None,
        };
        let message = ImportMessage {
            sender: a.clone(),
            client_id: ClientId::new("one").unwrap(),
            at_ms: START,
            text: "long ago".to_owned(),
            data: None,
            reply_to: None,
            edited_ms: None,
            reactions: Vec::new(),
        };
        let member = |user: UserId| {
            let name = format!("imported {user}");
            ImportMember { user, name, role: Role::Admin, read_seq: None }
        };
        let mut import = self.importer.begin(room).await.unwrap();
        if import.append(vec![message]).await.is_ok() {
            import.finish(vec![member(a), member(b)]).await.unwrap();
            self.rooms.push(import.state().room);
        }
    }

    async fn take_in(&self, room: RoomId, step: &Step) {
        let (service, actor, number) = (&self.service, &actor(step.user), step.number);
        let (other, seq) = (user(step.other), Seq(number + 1));
        match step.what {
            What::Send | What::SendToAll | What::SendSilently => {
                drop(service.send(actor, self.message(room, step)).await);
            }
            What::Edit => {
                let text = Some(format!("edited {}", self.steps));
                drop(service.edit(actor, EditRequest { room, seq, client_id: None, text, data: None }).await);
            }
            What::Delete => {
                drop(service.delete(actor, DeleteRequest { room, seq, client_id: None }).await);
            }
            What::React | What::TakeBackReaction => {
                let is_added = step.what == What::React;
                let op = if is_added { ReactionOp::Add } else { ReactionOp::Remove };
                let emoji = Emoji::new("+1").unwrap();
                drop(service.react(actor, ReactRequest { room, seq, emoji, op, client_id: None }).await);
            }
            What::Rename | What::ShowHistory | What::ChangeData | What::ChangeRetention => {
                let change = room_change(step);
                drop(service.update_room(actor, UpdateRequest { room, change, client_id: None }).await);
            }
            What::AddMember => drop(service.add_members(actor, room, vec![other]).await),
            What::RemoveMember => drop(service.remove_members(actor, room, vec![other]).await),
            What::Leave => drop(service.leave(actor, room).await),
            What::SetRole => {
                let role = if number > 3 { Role::Admin } else { Role::Member };
                drop(service.set_role(actor, room, &other, role).await);
            }
            What::MarkRead => drop(service.mark_read(actor, room, seq).await),
            What::MarkUnread => drop(service.mark_unread(actor, room).await),
            What::Pin | What::Hide | What::Mute => {
                drop(service.change_settings(actor, room, settings_change(step, self.clock.now_ms())).await);
            }
            What::Accept => drop(service.accept(actor, room).await),
            what => unreachable!("{what:?} is not about one room"),
        }
    }

    fn message(&self, room: RoomId, step: &Step) -> SendMessage {
        SendMessage {
            room,
            client_id: ClientId::new(&format!("step {}", self.steps)).unwrap(),
            text: format!("text {}", self.steps),
            data: None,
            mentions: Mentions { all: step.what == What::SendToAll, users: vec![user(step.other)] },
            reply_to: None,
            silent: step.what == What::SendSilently,
            keep_unread: (step.number == 0).then_some(true),
        }
    }

    /// A hello of a new token that names its user.
    fn hello(&self, step: &Step) -> OpenSession {
        let issued_ms = self.clock.now_ms().plus(1);
        let (name, expires_ms) = (named(step).name, issued_ms.plus(3_600_000));
        OpenSession {
            claims: Claims { user: user(step.user), issued_ms, expires_ms, name, image: None },
            device: DeviceInfo {
                id: DeviceId::new("phone").unwrap(),
                platform: "web".to_owned(),
                name: String::new(),
            },
            epoch: None,
            user_rev: None,
            cursors: Vec::new(),
            list: Some(10),
        }
    }

    async fn key(&self) -> VerifiedKey {
        let keys = ServerKeys::new(self.store.clone(), self.clock.clone());
        let key = NewServerKey::generate(vec![KeyScope::Users], self.clock.now_ms());
        keys.put(key.row.clone()).await.unwrap();
        keys.verify(&key.text).await.unwrap()
    }
}

fn user(number: usize) -> UserId {
    UserId::new(USERS[number]).unwrap()
}

fn actor(number: usize) -> Actor {
    Actor::user(user(number))
}

fn named(step: &Step) -> ProfileChange {
    ProfileChange { name: Some(format!("name {}", step.number)), ..ProfileChange::default() }
}

fn room_change(step: &Step) -> RoomChange {
    let number = step.number;
    let mut change = RoomChange::default();
    match step.what {
        What::Rename => change.name = Some(format!("name {number}")),
        What::ShowHistory => change.history_before_join = Some(number > 3),
        What::ChangeData => change.data = JsonObject::parsed(format!(r#"{{"price":{number}}}"#)).ok(),
        _ => change.retention = Some(Retention::History { days: Some(1) }),
    }
    change
}

fn settings_change(step: &Step, now: Millis) -> SettingsChange {
    let is_on = step.number > 2;
    let mut change = SettingsChange::default();
    match step.what {
        What::Pin => change.pinned = Some(is_on),
        What::Hide => change.hidden = Some(is_on),
        _ => change.muted_until_ms = Some(if is_on { now.plus(DAY_MS) } else { Millis::ZERO }),
    }
    change
}

async fn lists(service: &Service, name: &str) -> Lists {
    let actor = Actor::user(UserId::new(name).unwrap());
    let all = |hidden| ListRooms { limit: Some(100), hidden, ..ListRooms::default() };
    Lists {
        shown: service.list_rooms(&actor, all(false)).await,
        hidden: service.list_rooms(&actor, all(true)).await,
        changes: service.changes(&actor, UserRev::ZERO).await,
    }
}
