//! A user in front of a device: says things, sees things, and keeps what a real client would keep.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use bongsu_load::Closed;
use bongsu_load::client::{CallError, Client, ClientOptions, HelloError, numbered, text_message};
use bongsu_load::state::{DeviceState, Fresh, Todo};
use bongsu_testbed::within;
use bongsu_types::{DeviceId, RoomId, Seq, UserId};
use bongsu_wire::{Call, Event, HelloResult, MessageObject, RoomChanges, SendResult, WireError};

use crate::access::{Access, user_id};

/// A connected device. Every event it takes goes through the client rules into its state.
#[derive(Debug)]
pub struct TestClient {
    access: Access,
    device: DeviceId,
    client: Client,
    hello: HelloResult,
    state: Mutex<DeviceState>,
    room: Option<RoomId>,
    /// Counts client ids; they stay unique over reconnects.
    sent: AtomicU64,
    /// Events taken while waiting for others.
    passed: Mutex<VecDeque<Event>>,
}

/// What became of a send.
#[derive(Debug)]
pub struct Sent(Result<SendResult, CallError>);

impl Sent {
    /// The reply.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn acked(self) -> SendResult {
        self.0.unwrap_or_else(|error| panic!("not acked: {error}"))
    }

    /// The refusal.
    ///
    /// # Panics
    /// When it was not refused.
    #[track_caller]
    pub fn refused(self) -> WireError {
        refusal(self.0)
    }
}

#[track_caller]
fn refusal<T: std::fmt::Debug>(result: Result<T, CallError>) -> WireError {
    match result {
        Err(CallError::Refused { error, .. }) => *error,
        Err(error) => panic!("neither done nor refused: {error}"),
        Ok(result) => panic!("not refused, but done: {result:?}"),
    }
}

impl TestClient {
    /// Connects a device that holds nothing and fetches what there is.
    ///
    /// # Panics
    /// When it cannot connect.
    pub async fn connect(access: Access, user: &str, device: &str) -> Self {
        let options = ClientOptions::new(access.token(user), DeviceId::new(device).expect("a device id"));
        Self::connect_with(access, user, options)
            .await
            .unwrap_or_else(|error| panic!("{user} cannot connect: {error}"))
    }

    /// Connects with other options than usual.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn connect_with(
        access: Access,
        user: &str,
        options: ClientOptions,
    ) -> Result<Self, HelloError> {
        let (device, reads) = (options.device.clone(), options.reading == bongsu_load::client::Reading::On);
        let (client, hello) = Client::connect(access.endpoint(), options).await?;
        let mut state = DeviceState::new(user_id(user));
        let todo = state.hello(&hello);
        let client = Self {
            access,
            device,
            client,
            hello,
            state: Mutex::new(state),
            room: None,
            sent: AtomicU64::new(0),
            passed: Mutex::default(),
        };
        if reads {
            client.carry_out(todo).await;
        }
        Ok(client)
    }

    /// Loses the connection and resumes with what the device holds.
    ///
    /// # Panics
    /// When it cannot connect.
    pub async fn reconnect(&mut self) {
        let access = self.access.clone();
        self.reconnect_to(access).await;
    }

    /// Resumes at a server that was started again elsewhere.
    ///
    /// # Panics
    /// When it cannot connect.
    pub async fn reconnect_to(&mut self, access: Access) {
        let options = self.resume_options(&access);
        let connected = Client::connect(access.endpoint(), options).await;
        let (client, hello) =
            connected.unwrap_or_else(|error| panic!("{} cannot resume: {error}", self.user()));
        self.client = client;
        self.access = access;
        let todo = self.with_state(|state| state.hello(&hello));
        self.hello = hello;
        self.carry_out(todo).await;
    }

    /// What hello says of a device that holds something.
    #[must_use]
    pub fn resume_options(&self, access: &Access) -> ClientOptions {
        let (epoch, user_rev, cursors) =
            self.with_state(|state| (state.epoch(), state.user_rev(), state.cursors()));
        let token = access.token(self.user().as_str());
        ClientOptions::new(token, self.device.clone()).resuming(epoch, user_rev).cursors(cursors)
    }

    /// Whose device it is.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.with_state(|state| state.user().clone())
    }

    /// The reply to the last hello.
    #[must_use]
    pub fn hello(&self) -> &HelloResult {
        &self.hello
    }

    /// The connection, for calls that have no word of their own here.
    #[must_use]
    pub fn connection(&self) -> &Client {
        &self.client
    }

    /// Looks at what the device holds, or changes it.
    pub fn with_state<T>(&self, look: impl FnOnce(&mut DeviceState) -> T) -> T {
        look(&mut self.state.lock().expect("no holder panics"))
    }

    /// The room that is spoken in.
    ///
    /// # Panics
    /// When none was entered.
    #[track_caller]
    #[must_use]
    pub fn room(&self) -> RoomId {
        self.room.expect("enter a room first")
    }

    /// Waits until the device holds the room, fetches its members and history, and speaks in it from now on.
    ///
    /// # Panics
    /// When the room does not come.
    pub async fn enter(&mut self, room: RoomId) {
        self.until(&format!("{} to join {room}", self.user()), |state| state.room(room).is_some()).await;
        self.fetch_room(room).await;
        self.room = Some(room);
    }

    /// Creates a group.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn create_group(&self, name: &str, members: Vec<UserId>) -> RoomId {
        let created = self.client.create_group(name, members).await;
        created.unwrap_or_else(|error| panic!("{} cannot create a group: {error}", self.user()))
    }

    /// Sends a text to the room.
    pub async fn send(&self, text: &str) -> Sent {
        let client_id = numbered(self.device.as_str(), self.sent.fetch_add(1, Ordering::Relaxed));
        Sent(self.client.call(text_message(self.room(), client_id, text)).await)
    }

    /// Sends any message.
    pub async fn send_message(&self, message: bongsu_wire::SendMessage) -> Sent {
        Sent(self.client.call(message).await)
    }

    /// Calls a method.
    ///
    /// # Panics
    /// When it has no result.
    pub async fn call<C: Call>(&self, params: C) -> C::Result {
        self.client.call(params).await.unwrap_or_else(|error| panic!("{}: {error}", self.user()))
    }

    /// Calls a method that must be refused.
    ///
    /// # Panics
    /// When it is not.
    pub async fn refused<C: Call<Result: std::fmt::Debug>>(&self, params: C) -> WireError {
        refusal(self.client.call(params).await)
    }

    /// The next message of another event order: events before it are kept for later waits.
    ///
    /// # Panics
    /// When none comes.
    pub async fn next_message(&self) -> MessageObject {
        self.next_of("a message", |event| match event {
            Event::MessageNew(new) => Some(new.message.clone()),
            _ => None,
        })
        .await
    }

    /// The next event that `wanted` takes; those before it are passed over, but reach the state.
    ///
    /// # Panics
    /// When none comes.
    pub async fn next_of<T>(&self, what: &str, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let found = {
            let mut passed = self.passed.lock().expect("no holder panics");
            let at = passed.iter().position(|event| wanted(event).is_some());
            at.and_then(|at| passed.drain(..=at).next_back())
        };
        if let Some(found) = found.as_ref().and_then(&wanted) {
            return found;
        }
        let what = format!("{} to get {what}", self.user());
        within(&what, async {
            loop {
                let event = self.take_event().await;
                if let Some(found) = wanted(&event) {
                    return found;
                }
            }
        })
        .await
    }

    /// Takes events until the state is as `wanted`; they can still be waited for afterwards.
    ///
    /// # Panics
    /// When it never is.
    pub async fn until(&self, what: &str, wanted: impl Fn(&DeviceState) -> bool) {
        within(what, async {
            while !self.with_state(|state| wanted(state)) {
                let event = self.take_event().await;
                self.passed.lock().expect("no holder panics").push_back(event);
            }
        })
        .await;
    }

    /// Takes events until the device has `seq` of `room`.
    ///
    /// # Panics
    /// When it never gets there.
    pub async fn until_seen(&self, room: RoomId, seq: Seq) {
        let what = format!("{} to see {seq} of {room}", self.user());
        self.until(&what, |state| state.room(room).is_some_and(|room| room.seen() >= seq)).await;
    }

    /// Acks all that the device has, and waits until the server knows.
    ///
    /// # Panics
    /// When the connection is over.
    pub async fn ack_all(&self) {
        let cursors = self.with_state(|state| state.cursors());
        self.ack(cursors).await;
    }

    /// Acks these positions, and waits until the server knows.
    ///
    /// # Panics
    /// When the connection is over.
    pub async fn ack(&self, cursors: BTreeMap<RoomId, Seq>) {
        self.client.ack(cursors).await.expect("an open connection");
        // Commands of a session start in order: an answer means the ack was taken.
        self.call(bongsu_wire::Ping {}).await;
    }

    /// Takes all events still to come and compares the state with a fresh fetch.
    ///
    /// # Panics
    /// When they differ.
    pub async fn assert_equals_fresh(&self) {
        let fresh = Fresh::fetch(&self.client).await.expect("a fresh fetch");
        for row in fresh.rows() {
            self.until_seen(row.room, row.head_seq).await;
        }
        let since = self.with_state(|state| state.user_rev());
        let now = self.call(RoomChanges { since }).await.user_rev;
        self.until(&format!("{} to get own facts up to {now}", self.user()), |state| state.user_rev() >= now)
            .await;
        let differences = self.with_state(|state| state.differences(&fresh));
        assert!(
            differences.is_empty(),
            "{} replayed another state:\n{}",
            self.user(),
            differences.join("\n")
        );
    }

    /// Waits for the end of the connection.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn closed(&self) -> Closed {
        within(&format!("the end of {}'s session", self.user()), async {
            loop {
                if let Err(closed) = self.client.next_events().await {
                    return closed;
                }
            }
        })
        .await
    }

    /// One event, applied to the state.
    async fn take_event(&self) -> Event {
        let next = self.client.next_event().await;
        let event = next.unwrap_or_else(|closed| panic!("{}: {closed}", self.user()));
        let todo = self.with_state(|state| state.event(&event));
        self.carry_out(todo).await;
        event
    }

    async fn carry_out(&self, todo: Vec<Todo>) {
        for todo in todo {
            match todo {
                Todo::FetchChanges => {
                    let since = self.with_state(|state| state.user_rev());
                    let result = self.call(RoomChanges { since }).await;
                    let more = self.with_state(|state| state.changes(&result));
                    Box::pin(self.carry_out(more)).await;
                }
                Todo::FetchList => {
                    let fresh = Fresh::fetch(&self.client).await.expect("a fresh fetch");
                    self.with_state(|state| state.take_fresh(&fresh));
                }
                Todo::FetchRoom(room) => {
                    let head = self.fetch_room(room).await;
                    self.client.ack([(room, head)].into()).await.expect("an open connection");
                }
            }
        }
    }

    /// Fetches row, members and history of a room; the head of the row.
    async fn fetch_room(&self, room: RoomId) -> Seq {
        let row = self.client.room(room).await.expect("a row");
        let head = row.head_seq;
        let (messages, _) = self.client.history(room, Seq::ZERO).await.expect("a history");
        self.with_state(|state| {
            state.row(row);
            state.history(room, messages);
        });
        head
    }
}
