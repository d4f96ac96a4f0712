//! A client of the protocol: one connection, calls matched with their replies, events in order.
//!
//! One task per connection writes and reads the socket. Calls are written in the order they are started, so several
//! may be in flight; what is not read (events nobody takes, a client told not to read) stays in the socket.

mod connection;
mod error;
mod inbox;
mod options;
mod typed;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bongsu_types::{RoomId, Seq};
use bongsu_wire::{
    Ack, Call, Event, FromServer, Hello, HelloResult, RequestId, WireError, decode_server_frame,
    encode_request,
};
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::task::AbortOnDropHandle;

pub use error::{CallError, HelloError};
pub use options::{ClientOptions, Reading};
pub use typed::{group, numbered, text_message};

use crate::Endpoint;
use crate::socket::{Closed, Incoming, Socket};
use inbox::Inbox;

/// Frames on their way to the socket; a caller that starts more waits.
const OUTGOING_FRAMES: usize = 64;

/// Id of hello; calls count from the next one.
const HELLO_ID: i64 = 1;

/// An answer as it came.
type Answer = Result<Box<RawValue>, WireError>;

/// A session. Dropping it cuts the connection without a goodbye.
#[derive(Debug)]
pub struct Client {
    shared: Arc<Shared>,
    outgoing: mpsc::Sender<Outgoing>,
    next_id: AtomicI64,
    call_timeout: Duration,
    /// Items of a page, as the server takes them.
    page_items: u32,
    _connection: AbortOnDropHandle<()>,
}

/// What the connection writes.
#[derive(Debug)]
enum Outgoing {
    /// A text frame.
    Text(String),
    /// The close frame; nothing is written after it.
    Goodbye,
}

/// What the connection and the callers share.
#[derive(Debug)]
struct Shared {
    inbox: Inbox,
    pending: Mutex<Pending>,
    reading: watch::Sender<Reading>,
}

#[derive(Debug, Default)]
struct Pending {
    calls: HashMap<i64, oneshot::Sender<Answer>>,
    /// No more answers come.
    over: bool,
}

impl Client {
    /// Connects and says hello.
    ///
    /// # Errors
    /// When the server is not reached, refuses hello, or does not answer in time.
    pub async fn connect(
        endpoint: &Endpoint,
        options: ClientOptions,
    ) -> Result<(Self, HelloResult), HelloError> {
        let socket = Socket::connect(endpoint, options.receive_buffer_bytes).await?;
        Ok(Self::open(socket, options).await?)
    }

    /// Says hello on a connection made before.
    ///
    /// # Errors
    /// When the server refuses hello or does not answer in time.
    pub async fn open(mut socket: Socket, options: ClientOptions) -> Result<(Self, HelloResult), CallError> {
        let call_timeout = options.call_timeout;
        let timeout = CallError::Timeout { method: Hello::METHOD, timeout: call_timeout };
        let hello = hello(&options);
        let exchange = say_hello(&mut socket, hello);
        let (result, first_events) =
            tokio::time::timeout(call_timeout, exchange).await.map_err(|_| timeout)??;
        let shared = Arc::new(Shared {
            inbox: Inbox::new(options.events_max),
            pending: Mutex::default(),
            reading: watch::Sender::new(options.reading),
        });
        shared.inbox.push(first_events).await;
        let (outgoing, queue) = mpsc::channel(OUTGOING_FRAMES);
        let ping = Duration::from_millis(result.ping_ms.max(1));
        let connection = tokio::spawn(connection::run(socket, Arc::clone(&shared), queue, ping));
        let client = Self {
            shared,
            outgoing,
            next_id: AtomicI64::new(HELLO_ID + 1),
            call_timeout,
            page_items: u32::try_from(result.limits.page_items).unwrap_or(u32::MAX),
            _connection: AbortOnDropHandle::new(connection),
        };
        Ok((client, result))
    }

    /// Calls a method and waits for its result.
    ///
    /// # Errors
    /// When the server refuses, the connection ends, or no reply comes in time.
    pub async fn call<C: Call>(&self, params: C) -> Result<C::Result, CallError> {
        self.start(params).await?.result().await
    }

    /// Writes a request and does not wait for its reply. Requests are sent in the order they are started.
    ///
    /// # Errors
    /// When the connection is over.
    pub async fn start<C: Call>(&self, params: C) -> Result<Reply<C>, CallError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        if !self.shared.expect_answer(id, sender) {
            return Err(self.over(C::METHOD));
        }
        let text = encode_request(Some(&RequestId::from(id)), &params.into_command());
        self.write(C::METHOD, text).await?;
        let shared = Arc::clone(&self.shared);
        let (params, timeout) = (std::marker::PhantomData, self.call_timeout);
        Ok(Reply { receiver, shared, timeout, params })
    }

    /// Sends a notification: it is not answered.
    ///
    /// # Errors
    /// When the connection is over.
    pub async fn notify<C: Call>(&self, params: C) -> Result<(), CallError> {
        self.write(C::METHOD, encode_request(None, &params.into_command())).await
    }

    /// Tells the server what this device has.
    ///
    /// # Errors
    /// When the connection is over.
    pub async fn ack(&self, rooms: BTreeMap<RoomId, Seq>) -> Result<(), CallError> {
        self.notify(Ack { rooms }).await
    }

    /// Sends text as one frame, whatever it says.
    ///
    /// # Errors
    /// When the connection is over.
    pub async fn send_raw(&self, text: String) -> Result<(), CallError> {
        self.write("raw", text).await
    }

    /// The next event, in order.
    ///
    /// # Errors
    /// How the connection ended, after the last event.
    pub async fn next_event(&self) -> Result<Event, Closed> {
        self.shared.inbox.next().await
    }

    /// All events that arrived, at least one, in order: cheaper than one by one.
    ///
    /// # Errors
    /// How the connection ended, after the last event.
    pub async fn next_events(&self) -> Result<VecDeque<Event>, Closed> {
        self.shared.inbox.next_all().await
    }

    /// The events that arrived until now, perhaps none.
    #[must_use]
    pub fn take_events(&self) -> VecDeque<Event> {
        self.shared.inbox.take_now()
    }

    /// Reads on, or stops reading the socket.
    pub fn set_reading(&self, reading: Reading) {
        self.shared.reading.send_replace(reading);
    }

    /// How the connection ended, if it did.
    #[must_use]
    pub fn closed(&self) -> Option<Closed> {
        self.shared.inbox.closed()
    }

    /// Says goodbye after everything that was started, and waits for the end. Events that arrived can still be taken,
    /// later ones are dropped.
    pub async fn close(&self) -> Closed {
        // A connection that is over already needs no goodbye.
        drop(self.outgoing.send(Outgoing::Goodbye).await);
        let end = tokio::time::timeout(self.call_timeout, self.shared.inbox.end()).await;
        end.unwrap_or_else(|_| Closed { code: None, reason: "the goodbye was not answered".to_owned() })
    }

    async fn write(&self, method: &'static str, text: String) -> Result<(), CallError> {
        self.outgoing.send(Outgoing::Text(text)).await.map_err(|_| self.over(method))
    }

    fn over(&self, method: &'static str) -> CallError {
        CallError::Closed { method, closed: self.shared.how_closed() }
    }
}

/// A request on its way. Dropping it forgets the reply.
#[derive(Debug)]
pub struct Reply<C> {
    receiver: oneshot::Receiver<Answer>,
    shared: Arc<Shared>,
    timeout: Duration,
    params: std::marker::PhantomData<fn() -> C>,
}

impl<C: Call> Reply<C> {
    /// Waits for the result.
    ///
    /// # Errors
    /// When the server refuses, the connection ends, or no reply comes in time.
    pub async fn result(self) -> Result<C::Result, CallError> {
        let answer = tokio::time::timeout(self.timeout, self.receiver).await;
        let answer = answer.map_err(|_| CallError::Timeout { method: C::METHOD, timeout: self.timeout })?;
        match answer {
            Ok(answer) => read_answer::<C>(answer),
            Err(_) => Err(CallError::Closed { method: C::METHOD, closed: self.shared.how_closed() }),
        }
    }
}

impl Shared {
    /// Remembers who waits for an answer; `false` when none comes any more.
    fn expect_answer(&self, id: i64, sender: oneshot::Sender<Answer>) -> bool {
        let mut pending = self.pending.lock().expect("no holder panics");
        if !pending.over {
            pending.calls.insert(id, sender);
        }
        !pending.over
    }

    /// Hands an answer to who waits for it. One that nobody waits for was given up.
    fn answer(&self, id: i64, answer: Answer) {
        let waiting = self.pending.lock().expect("no holder panics").calls.remove(&id);
        if let Some(sender) = waiting {
            drop(sender.send(answer));
        }
    }

    /// Ends everything: events that arrived can still be taken.
    fn end(&self, closed: Closed) {
        self.inbox.close(closed);
        let mut pending = self.pending.lock().expect("no holder panics");
        pending.over = true;
        pending.calls.clear();
    }

    fn how_closed(&self) -> Closed {
        let unknown = || Closed { code: None, reason: "the connection was given up".to_owned() };
        self.inbox.closed().unwrap_or_else(unknown)
    }
}

fn hello(options: &ClientOptions) -> Hello {
    let device = bongsu_wire::DeviceParam {
        id: options.device.clone(),
        platform: options.platform.clone(),
        name: String::new(),
    };
    Hello {
        token: options.token.clone(),
        device,
        epoch: options.epoch,
        user_rev: options.user_rev,
        cursors: options.cursors.clone(),
        list: options.list,
    }
}

/// Sends hello and reads until its reply; events that share its frame follow it.
async fn say_hello(socket: &mut Socket, hello: Hello) -> Result<(HelloResult, Vec<Event>), CallError> {
    let method = Hello::METHOD;
    let closed = |closed| CallError::Closed { method, closed };
    let request = encode_request(Some(&RequestId::from(HELLO_ID)), &hello.into_command());
    socket.send_text(&request).await.map_err(closed)?;
    let text = match socket.next().await {
        Incoming::Text(text) => text,
        Incoming::Closed(how) => return Err(closed(how)),
    };
    let unreadable =
        |reason: &str| CallError::Unreadable { method, reason: reason.to_owned(), text: text.clone() };
    let mut objects = decode_server_frame(&text).map_err(|error| unreadable(&error.message))?.into_iter();
    let Some(FromServer::Answer { result, .. }) = objects.next() else {
        return Err(unreadable("the reply to hello precedes every event"));
    };
    let result = read_answer::<Hello>(result)?;
    let mut events = Vec::new();
    for object in objects {
        match object {
            FromServer::Event(event) => events.push(event),
            FromServer::Answer { .. } => return Err(unreadable("an answer to nothing")),
        }
    }
    Ok((result, events))
}

fn read_answer<C: Call>(answer: Answer) -> Result<C::Result, CallError> {
    let raw = answer.map_err(|error| CallError::Refused { method: C::METHOD, error: Box::new(error) })?;
    FromServer::result(&raw).map_err(|error| CallError::Unreadable {
        method: C::METHOD,
        reason: format!("{}: {}", error.field.unwrap_or_default(), error.message),
        text: raw.get().to_owned(),
    })
}
