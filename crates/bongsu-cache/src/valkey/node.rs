//! One server: its connection, rebuilt when it hangs or breaks, and its breaker.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::{Pipeline, PushInfo, PushKind, Value};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use super::address::Address;
use super::link::{Link, Login, Silence};
use crate::contract::L2Error;
use crate::random;
use crate::resilience::{Breaker, BreakerOptions, BreakerState};

/// What all servers have in common.
#[derive(Debug, Clone)]
pub(super) struct NodeSettings {
    pub(super) login: Login,
    pub(super) answer_timeout: Duration,
    pub(super) breaker: BreakerOptions,
    /// Told when a connection breaks or a server is given up: the slot map may have changed.
    pub(super) trouble: Arc<Notify>,
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
}

/// A server. At most one task connects to it at a time.
#[derive(Debug)]
pub(super) struct Node {
    address: Address,
    settings: NodeSettings,
    breaker: Breaker,
    state: watch::Sender<State>,
    /// The last call timed out.
    late: AtomicBool,
    /// Somebody finds out whether it answers again.
    asked: AtomicBool,
    /// Ends the connecting when the node has left the cluster.
    retired: CancellationToken,
}

#[derive(Debug, Clone)]
enum State {
    /// Nobody has asked yet, or the last attempt failed.
    Down(Option<Silence>),
    /// A task connects. If it has failed before, nobody waits for it.
    Connecting(Option<Silence>),
    Up(Arc<Connected>),
}

#[derive(Debug)]
struct Connected {
    link: Link,
    /// Set when the connection has ended.
    ended: CancellationToken,
    /// A broken connection counts as one failure, however many calls were under way.
    counted: AtomicBool,
}

/// What a server answered, and as whom.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) run: u64,
    pub(super) values: Vec<Value>,
}

/// Why a server gave no answer.
#[derive(Debug, Clone)]
pub(super) struct NoAnswer {
    pub(super) error: L2Error,
    /// Nothing was sent: nothing was carried out.
    pub(super) unsent: bool,
}

/// A caller who waits. One who gave up before the timeout says nothing about the server, which may hang all the same:
/// somebody has to look.
struct Wait<'a> {
    node: &'a Node,
    over: bool,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.node.late.store(true, Ordering::Relaxed);
            self.node.settings.trouble.notify_one();
        }
    }
}

impl Node {
    pub(super) fn new(address: Address, settings: NodeSettings) -> Self {
        let breaker = Breaker::new(settings.breaker);
        let retired = settings.stop.child_token();
        let state = watch::Sender::new(State::Down(None));
        let (late, asked) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { address, settings, breaker, state, late, asked, retired }
    }

    /// Sends the pipeline that `worded` makes for the run of whoever is there.
    pub(super) async fn ask(
        self: &Arc<Self>,
        worded: impl FnOnce(u64) -> Pipeline,
    ) -> Result<Answers, NoAnswer> {
        let unsent = |error| NoAnswer { error, unsent: true };
        // Whether the server is back is found out by connecting, not by somebody's call.
        if self.breaker.state() != BreakerState::Closed {
            return Err(unsent(L2Error::BreakerOpen));
        }
        let connected = self.connected().await.map_err(unsent)?;
        let Some(entry) = self.breaker.enter() else { return Err(unsent(L2Error::BreakerOpen)) };
        let run = connected.link.identity.run;
        let mut wait = Wait { node: self, over: false };
        let answered = connected.link.send(&worded(run), self.settings.answer_timeout).await;
        wait.over = true;
        let silence = match answered {
            Ok(values) => {
                entry.succeeded();
                self.late.store(false, Ordering::Relaxed);
                return Ok(Answers { run, values });
            }
            Err(silence) => silence,
        };
        let counts = match &silence {
            Silence::Timeout => {
                self.late.store(true, Ordering::Relaxed);
                self.settings.trouble.notify_one();
                true
            }
            Silence::Broken(_) => !connected.counted.swap(true, Ordering::Relaxed),
        };
        if counts {
            entry.failed();
        } else {
            drop(entry);
        }
        if matches!(silence, Silence::Broken(_)) {
            self.forget(&connected);
        }
        if self.breaker.state() != BreakerState::Closed {
            self.give_up();
        }
        Err(NoAnswer { error: silence.into(), unsent: false })
    }

    /// Tells what the breaker does, whenever that may have changed.
    fn report(&self) {
        let state = match self.breaker.state() {
            BreakerState::Closed => 0.0,
            BreakerState::HalfOpen => 1.0,
            BreakerState::Open => 2.0,
        };
        metrics::gauge!("cache_l2_breaker_state", "shard" => self.address.to_string()).set(state);
    }

    /// Whether there is no connection that works: others are asked first.
    pub(super) fn is_doubtful(&self) -> bool {
        let up = matches!(&*self.state.borrow(), State::Up(connected) if !connected.ended.is_cancelled());
        !up || self.late.load(Ordering::Relaxed) || self.breaker.state() != BreakerState::Closed
    }

    /// Finds out whether a server in doubt is well, without a call that waits for it.
    pub(super) fn check(self: &Arc<Self>) {
        if !self.late.load(Ordering::Relaxed) {
            return self.wake();
        }
        if self.asked.swap(true, Ordering::Relaxed) {
            return;
        }
        let node = Arc::clone(self);
        self.settings.tasks.spawn(async move {
            let ping = |_| {
                let mut pipeline = Pipeline::with_capacity(1);
                pipeline.cmd("PING");
                pipeline
            };
            if let Some(Err(no_answer)) = node.retired.run_until_cancelled(node.ask(ping)).await {
                debug!(server = %node.address, error = %no_answer.error, "still in doubt");
            }
            node.asked.store(false, Ordering::Relaxed);
        });
    }

    /// Connects if there is no connection and nobody else connects.
    fn wake(self: &Arc<Self>) {
        let mut begin = false;
        self.state.send_if_modified(|state| {
            begin = match state {
                State::Down(_) => true,
                State::Connecting(_) => false,
                State::Up(connected) => connected.ended.is_cancelled(),
            };
            if begin {
                *state = State::Connecting(None);
            }
            begin
        });
        if begin {
            self.spawn_connecting(false);
        }
    }

    /// Connects anew if the server is not who it was when the connection was made; says whether it is not.
    pub(super) async fn recheck(&self) -> bool {
        let State::Up(connected) = self.state.borrow().clone() else { return false };
        if connected.link.is_who_it_was(self.settings.answer_timeout).await {
            return false;
        }
        debug!(server = %self.address, "another run answers, connecting anew");
        self.forget(&connected);
        true
    }

    /// A connection made while the server was a replica does not know its run as a primary.
    pub(super) fn was_promoted(&self) {
        let State::Up(connected) = self.state.borrow().clone() else { return };
        if !connected.link.identity.primary {
            self.forget(&connected);
        }
    }

    /// It left the cluster.
    pub(super) fn retire(&self) {
        self.retired.cancel();
        self.state.send_replace(State::Down(None));
        // Nobody asks it any more, so nothing is cut off.
        metrics::gauge!("cache_l2_breaker_state", "shard" => self.address.to_string()).set(0.0);
    }

    async fn connected(self: &Arc<Self>) -> Result<Arc<Connected>, L2Error> {
        let mut changes = self.state.subscribe();
        self.wake();
        let settled = changes.wait_for(|state| !matches!(state, State::Connecting(None)));
        match tokio::time::timeout(self.settings.answer_timeout, settled).await {
            Ok(Ok(state)) => match &*state {
                State::Up(connected) => Ok(Arc::clone(connected)),
                State::Down(Some(silence)) | State::Connecting(Some(silence)) => Err(silence.clone().into()),
                State::Down(None) | State::Connecting(None) => Err(gone()),
            },
            Ok(Err(_)) => Err(gone()),
            Err(_) => Err(L2Error::Timeout),
        }
    }

    fn forget(&self, connected: &Arc<Connected>) {
        self.state.send_if_modified(|state| {
            let is_it = matches!(state, State::Up(now) if Arc::ptr_eq(now, connected));
            if is_it {
                *state = State::Down(None);
            }
            is_it
        });
        self.settings.trouble.notify_one();
    }

    /// The breaker is open: drops the connection, which may hang, and connects until somebody answers.
    fn give_up(self: &Arc<Self>) {
        let mut begin = false;
        self.state.send_if_modified(|state| {
            begin = !matches!(state, State::Connecting(_));
            *state = State::Connecting(Some(Silence::Timeout));
            true
        });
        self.settings.trouble.notify_one();
        self.report();
        if begin {
            warn!(server = %self.address, "no answer, its breaker is open");
            self.spawn_connecting(true);
        }
    }

    fn spawn_connecting(self: &Arc<Self>, after_pause: bool) {
        let node = Arc::clone(self);
        self.settings.tasks.spawn(async move {
            let retired = node.retired.clone();
            if retired.run_until_cancelled(node.connect(after_pause)).await.is_none() {
                node.state.send_replace(State::Down(None));
            }
        });
    }

    /// Connects. While the breaker is open, again and again with pauses: the probe of a half-open breaker.
    async fn connect(&self, after_pause: bool) {
        let mut pause = after_pause;
        loop {
            if pause {
                // Not before the breaker lets a probe through.
                let longest = 1.0 + f64::from(self.settings.breaker.jitter_percent) / 100.0;
                let jittered = longest + random::fraction() / 10.0;
                tokio::time::sleep(self.settings.breaker.open_for.mul_f64(jittered)).await;
            }
            let Some(entry) = self.breaker.enter() else {
                pause = true;
                continue;
            };
            self.report();
            match self.open().await {
                Ok(connected) => {
                    let was_open = self.breaker.state() != BreakerState::Closed;
                    entry.succeeded();
                    self.report();
                    self.late.store(false, Ordering::Relaxed);
                    if self.is_up(connected) {
                        if was_open {
                            info!(server = %self.address, "answers again, its breaker is closed");
                        }
                        return;
                    }
                    pause = true;
                }
                Err(silence) => {
                    entry.failed();
                    self.report();
                    debug!(server = %self.address, ?silence, "not connected");
                    self.settings.trouble.notify_one();
                    if self.breaker.state() == BreakerState::Closed {
                        self.state.send_replace(State::Down(Some(silence)));
                        return;
                    }
                    self.state.send_replace(State::Connecting(Some(silence)));
                    pause = true;
                }
            }
        }
    }

    /// Hands the connection to the callers. False if calls over the one before it have opened the breaker meanwhile: it
    /// lets nobody through then, and only who connects ends that.
    fn is_up(&self, connected: Connected) -> bool {
        let connected = Arc::new(connected);
        self.state.send_replace(State::Up(Arc::clone(&connected)));
        if self.breaker.state() == BreakerState::Closed {
            return true;
        }
        // Who sees the breaker open gives the connection up too, and connects; one of the two is enough.
        !self.state.send_if_modified(|state| {
            let is_it = matches!(state, State::Up(now) if Arc::ptr_eq(now, &connected));
            if is_it {
                *state = State::Connecting(Some(Silence::Timeout));
            }
            is_it
        })
    }

    async fn open(&self) -> Result<Connected, Silence> {
        let ended = CancellationToken::new();
        let (end, trouble) = (ended.clone(), Arc::clone(&self.settings.trouble));
        let pushes = move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                end.cancel();
                trouble.notify_one();
            }
            Ok::<(), std::convert::Infallible>(())
        };
        let link = Link::open(&self.address, &self.settings.login, pushes).await?;
        Ok(Connected { link, ended, counted: AtomicBool::new(false) })
    }
}

fn gone() -> L2Error {
    L2Error::Unreachable("the connection was given up meanwhile".to_owned())
}

impl From<Silence> for L2Error {
    fn from(silence: Silence) -> Self {
        match silence {
            Silence::Timeout => Self::Timeout,
            Silence::Broken(why) => Self::Unreachable(why),
        }
    }
}
