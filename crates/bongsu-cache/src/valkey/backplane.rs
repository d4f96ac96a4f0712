//! The backplane on sharded pub/sub: who listens where, and what to do when somebody stops hearing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use super::address::Address;
use super::command::{Argument, Command};
use super::ear::{Deaf, Ear};
use super::link::Login;
use super::readers::Readers;
use super::router::Router;
use super::tags::channel_name;
use super::topology::Topology;
use crate::contract::{Backplane, BackplaneError, BackplaneEvent, Channel, L2Error, slot_of};
use crate::random;

/// Before listening to a server again that stopped.
const PAUSE: Duration = Duration::from_millis(50);

/// The longest such pause: a server that refuses is not asked more often.
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// The backplane on Valkey or Redis.
#[derive(Debug)]
pub(super) struct ValkeyBackplane {
    pub(super) listening: Arc<Listening>,
    pub(super) runtime: Handle,
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
    /// Begun with the first reader.
    pub(super) begun: AtomicBool,
    /// Ends the tasks with the last user.
    pub(super) _tasks: Arc<DropGuard>,
}

/// What the listening task knows.
#[derive(Debug)]
pub(super) struct Listening {
    pub(super) router: Arc<Router>,
    pub(super) readers: Arc<Readers>,
    pub(super) login: Login,
    pub(super) answer_timeout: Duration,
    pub(super) ping_interval: Duration,
    pub(super) queue_events_max: usize,
    pub(super) prefix: String,
}

#[async_trait]
impl Backplane for ValkeyBackplane {
    async fn publish(&self, channel: Channel, frame: Bytes) -> Result<(), BackplaneError> {
        let name = channel_name(&self.listening.prefix, channel);
        // Twice is not harmless: a reader that counts would see a frame out of order.
        let publish = Command::on_key("SPUBLISH", &name).with(Argument::Bytes(frame)).never_repeated();
        match self.listening.router.ask_one(publish).await {
            Ok(_) => Ok(()),
            Err(L2Error::Timeout) => Err(BackplaneError::Timeout),
            Err(L2Error::Refused(why)) => Err(BackplaneError::Refused(why)),
            Err(error @ (L2Error::Unreachable(_) | L2Error::BreakerOpen)) => {
                Err(BackplaneError::Unreachable(error.to_string()))
            }
        }
    }

    fn subscribe(&self) -> mpsc::Receiver<BackplaneEvent> {
        if !self.begun.swap(true, Ordering::Relaxed) {
            let listening = Arc::clone(&self.listening);
            let stop = self.stop.clone();
            self.tasks.spawn_on(
                async move {
                    stop.run_until_cancelled(listening.keep_listening()).await;
                },
                &self.runtime,
            );
        }
        self.listening.readers.add(self.listening.queue_events_max)
    }
}

/// The ears, by server.
#[derive(Default)]
struct Ears {
    tasks: JoinSet<Deaf>,
    by_server: BTreeMap<Address, Hearing>,
}

struct Hearing {
    ear: Arc<Ear>,
    task: AbortHandle,
    /// Grows while the server keeps refusing.
    pause: Duration,
}

impl Listening {
    /// Listens to every channel where its slot is owned, for ever.
    async fn keep_listening(&self) {
        let mut topology = self.router.watch_topology();
        let mut ears = Ears::default();
        loop {
            let current = Arc::clone(&topology.borrow_and_update());
            self.arrange(&mut ears, &current);
            tokio::select! {
                changed = topology.changed() => if changed.is_err() { return },
                Some(ended) = ears.tasks.join_next_with_id() => self.after(&mut ears, ended),
            }
        }
    }

    /// One ear for each server that owns slots of channels. Those that listen in the wrong place are cut off.
    fn arrange(&self, ears: &mut Ears, topology: &Topology) {
        let mut wanted: BTreeMap<Address, BTreeMap<String, Channel>> = BTreeMap::new();
        for channel in Channel::all() {
            let name = channel_name(&self.prefix, channel);
            if let Some(owner) = topology.owner(slot_of(name.as_bytes())) {
                wanted.entry(owner.clone()).or_default().insert(name, channel);
            }
        }
        ears.by_server.retain(|server, hearing| {
            let stays = wanted.get(server) == Some(&hearing.ear.channels);
            if !stays {
                hearing.task.abort();
                self.readers.give(hearing.ear.channels.values().copied());
            }
            stays
        });
        for (server, channels) in wanted {
            if !ears.by_server.contains_key(&server) {
                ears.begin(Arc::new(self.ear(server, channels)), Duration::ZERO);
            }
        }
    }

    /// Somebody stopped hearing: the slot map may be wrong, and then there is somebody else to listen to.
    fn after(&self, ears: &mut Ears, ended: Result<(Id, Deaf), JoinError>) {
        let (id, deaf) = match ended {
            Ok(ended) => ended,
            // What it listened to is lost as soon as it is given to its successor, if not before.
            Err(error) if error.is_panic() => (error.id(), Deaf::Panicked),
            // One that was cut off has been replaced already.
            Err(_) => return,
        };
        let is_it = |hearing: &&Hearing| hearing.task.id() == id;
        let Some(hearing) = ears.by_server.values().find(is_it) else { return };
        let (ear, pause) = (Arc::clone(&hearing.ear), hearing.pause);
        let server = &ear.server;
        self.router.trouble().notify_one();
        let pause = match deaf {
            Deaf::Disconnected | Deaf::Stuck => {
                info!(%server, ?deaf, "the backplane lost a server");
                PAUSE
            }
            Deaf::Moved => PAUSE,
            Deaf::Panicked => {
                error!(%server, "who listened to a server panicked, somebody else goes on");
                PAUSE_MAX
            }
            Deaf::NotConnected => (pause * 2).clamp(PAUSE, PAUSE_MAX),
            Deaf::Refused(why) => {
                warn!(%server, why, "the backplane is refused");
                PAUSE_MAX
            }
        };
        ears.begin(ear, pause);
    }

    fn ear(&self, server: Address, channels: BTreeMap<String, Channel>) -> Ear {
        Ear {
            server,
            channels,
            login: self.login.clone(),
            answer_timeout: self.answer_timeout,
            ping_interval: self.ping_interval,
            readers: Arc::clone(&self.readers),
        }
    }
}

impl Ears {
    fn begin(&mut self, ear: Arc<Ear>, pause: Duration) {
        let listener = Arc::clone(&ear);
        let hearer = ear.readers.give(ear.channels.values().copied());
        let task = self.tasks.spawn(async move {
            tokio::time::sleep(pause.mul_f64(0.5 + random::fraction())).await;
            listener.listen(hearer).await
        });
        self.by_server.insert(ear.server.clone(), Hearing { ear, task, pause });
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Notify;
    use tokio_util::task::TaskTracker;

    use super::*;
    use crate::valkey::ValkeyOptions;
    use crate::valkey::node::NodeSettings;

    /// Nobody is there to listen to, which is no reason to stop trying.
    fn listening() -> Listening {
        let options = ValkeyOptions::new(["127.0.0.1:1"]);
        let login = Login::new(&options);
        let settings = NodeSettings {
            login: login.clone(),
            answer_timeout: options.answer_timeout,
            breaker: options.breaker,
            trouble: Arc::new(Notify::new()),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        Listening {
            router: Arc::new(Router::new(Vec::new(), settings, 1)),
            readers: Arc::new(Readers::default()),
            login,
            answer_timeout: options.answer_timeout,
            ping_interval: options.listen_ping_interval,
            queue_events_max: options.queue_events_max,
            prefix: options.prefix,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_listener_that_panics_is_replaced_and_its_channels_are_lost_meanwhile() {
        let listening = listening();
        let mut events = listening.readers.add(100);
        let (server, channel) = (Address::parse("127.0.0.1:1").unwrap(), Channel::new(3).unwrap());
        let channels = BTreeMap::from([(channel_name("cache", channel), channel)]);
        let ear = Arc::new(listening.ear(server.clone(), channels));
        let hearer = listening.readers.give([channel].into_iter());
        listening.readers.subscribed(channel, hearer);
        let mut ears = Ears::default();
        let panics = ears.tasks.spawn(async { panic!("by the will of the test") });
        let dead = panics.id();
        ears.by_server.insert(server.clone(), Hearing { ear, task: panics, pause: PAUSE });

        let ended = ears.tasks.join_next_with_id().await.unwrap();
        listening.after(&mut ears, ended);
        assert_ne!(ears.by_server[&server].task.id(), dead, "somebody else listens");
        assert_eq!(events.recv().await, Some(BackplaneEvent::Subscribed(channel)));
        assert_eq!(events.recv().await, Some(BackplaneEvent::Lost(channel)));
        // And tries: that nobody is there is found out by connecting.
        let (_, deaf) = ears.tasks.join_next_with_id().await.unwrap().unwrap();
        assert_eq!(deaf, Deaf::NotConnected);
    }
}
