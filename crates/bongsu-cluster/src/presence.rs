//! Who is online: sessions counted per user, offline only after a grace, so that a reconnect is not seen.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bongsu_types::{Clock, Millis, UserId};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{Bus, Ephemeral};

/// What others see of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PresenceState {
    /// Has a session, or had one within the grace.
    pub online: bool,
    /// When the user last did something here; `None` when this node does not remember.
    pub last_active_ms: Option<Millis>,
}

/// Who is online on this node. Bounded by its sessions: a user is forgotten when the grace is over.
///
/// Changes go to the bus as [`Ephemeral::Presence`]; [`Presence::run`] has to be running for users to go offline.
pub struct Presence {
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    users: Mutex<Users>,
    /// Told when `leaving` is no longer empty.
    left: Notify,
}

#[derive(Default)]
struct Users {
    online: HashMap<UserId, Online>,
    /// Who may go offline and when, ascending: the grace is the same for all. As long as sessions end within a grace.
    leaving: VecDeque<(Instant, UserId)>,
}

#[derive(Default)]
struct Online {
    sessions: usize,
    last_active_ms: Millis,
    /// Set while there are no sessions: end of the grace.
    offline_at: Option<Instant>,
}

impl Presence {
    /// Time without a session before a user is offline: longer than a reconnect.
    pub const GRACE: Duration = Duration::from_secs(10);

    /// Nobody is online yet.
    #[must_use]
    pub fn new(bus: Arc<dyn Bus>, clock: Arc<dyn Clock>) -> Self {
        Self { bus, clock, users: Mutex::default(), left: Notify::new() }
    }

    /// A session of `user` began. Each call is answered by one of [`Presence::closed`].
    pub fn opened(&self, user: &UserId) {
        let now = self.clock.now_ms();
        let mut users = self.lock();
        let was_online = users.online.contains_key(user);
        let online = users.online.entry(user.clone()).or_default();
        online.sessions += 1;
        online.last_active_ms = now;
        online.offline_at = None;
        if !was_online {
            self.tell(&users, user.clone(), true, now);
        }
    }

    /// A session of `user` ended. The last one starts the grace.
    pub fn closed(&self, user: &UserId) {
        let mut users = self.lock();
        let deadline = Instant::now() + Self::GRACE;
        let Some(online) = users.online.get_mut(user) else { return };
        online.sessions = online.sessions.saturating_sub(1);
        online.last_active_ms = self.clock.now_ms();
        if online.sessions == 0 {
            online.offline_at = Some(deadline);
            users.leaving.push_back((deadline, user.clone()));
            self.left.notify_one();
        }
    }

    /// `user` did something.
    pub fn active(&self, user: &UserId) {
        if let Some(online) = self.lock().online.get_mut(user) {
            online.last_active_ms = self.clock.now_ms();
        }
    }

    /// What others see of these users, in the order asked.
    #[must_use]
    pub fn is_online(&self, users: &[UserId]) -> Vec<PresenceState> {
        let known = self.lock();
        users
            .iter()
            .map(|user| match known.online.get(user) {
                Some(online) => PresenceState { online: true, last_active_ms: Some(online.last_active_ms) },
                None => PresenceState::default(),
            })
            .collect()
    }

    /// Users online now.
    #[must_use]
    pub fn online(&self) -> usize {
        self.lock().online.len()
    }

    /// Takes users offline when their grace is over, until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        loop {
            let next = self.lock().leaving.front().map(|(deadline, _)| *deadline);
            let due = async {
                match next {
                    Some(deadline) => tokio::time::sleep_until(deadline).await,
                    None => self.left.notified().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = due => self.take_offline(Instant::now()),
            }
        }
    }

    fn take_offline(&self, now: Instant) {
        let mut users = self.lock();
        for (user, last_active_ms) in users.leave(now) {
            self.tell(&users, user, false, last_active_ms);
        }
    }

    /// Called with the users locked, so that changes of one user are published in the order they happened.
    fn tell(&self, users: &Users, user: UserId, online: bool, last_active_ms: Millis) {
        metrics::gauge!("bongsu_users_online").set(users.online.len() as f64);
        self.bus.publish_ephemeral(Ephemeral::Presence { user, online, last_active_ms });
    }

    fn lock(&self) -> MutexGuard<'_, Users> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Users {
    /// Removes and returns those whose grace is over.
    fn leave(&mut self, now: Instant) -> Vec<(UserId, Millis)> {
        let mut gone = Vec::new();
        while self.leaving.front().is_some_and(|(deadline, _)| *deadline <= now) {
            let Some((deadline, user)) = self.leaving.pop_front() else { break };
            // Whoever came back in between has another deadline, or none.
            if self.online.get(&user).is_some_and(|online| online.offline_at == Some(deadline))
                && let Some(online) = self.online.remove(&user)
            {
                gone.push((user, online.last_active_ms));
            }
        }
        gone
    }
}

impl fmt::Debug for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presence").field("online", &self.online()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use bongsu_types::ManualClock;

    use super::*;
    use crate::{EphemeralReceiver, InProcessBus};

    struct Fixture {
        clock: Arc<ManualClock>,
        presence: Arc<Presence>,
        told: EphemeralReceiver,
        stop: CancellationToken,
    }

    impl Fixture {
        fn started() -> Self {
            let bus = Arc::new(InProcessBus::new());
            let told = bus.subscribe_ephemerals();
            let clock = Arc::new(ManualClock::at(Millis(5_000)));
            let presence = Arc::new(Presence::new(bus, clock.clone()));
            let stop = CancellationToken::new();
            let (running, stopped) = (presence.clone(), stop.clone());
            tokio::spawn(async move { running.run(stopped).await });
            Self { clock, presence, told, stop }
        }

        async fn next(&mut self) -> (String, bool, u64) {
            match self.told.recv().await {
                Some(Ephemeral::Presence { user, online, last_active_ms }) => {
                    (user.to_string(), online, last_active_ms.0)
                }
                other => panic!("expected presence, got {other:?}"),
            }
        }
    }

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_user_goes_offline_only_after_the_grace() {
        let mut at = Fixture::started();
        let alice = user("alice");
        let began = Instant::now();
        at.presence.opened(&alice);
        assert_eq!(at.next().await, ("alice".to_owned(), true, 5_000));
        at.clock.advance(7);
        at.presence.closed(&alice);
        assert!(at.presence.is_online(std::slice::from_ref(&alice))[0].online);
        assert_eq!(at.next().await, ("alice".to_owned(), false, 5_007));
        assert!(began.elapsed() >= Presence::GRACE);
        assert_eq!(at.presence.is_online(&[alice]), [PresenceState::default()]);
        assert_eq!(at.presence.online(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reconnect_within_the_grace_is_not_seen() {
        let mut at = Fixture::started();
        let (alice, bob) = (user("alice"), user("bob"));
        at.presence.opened(&alice);
        assert!(at.next().await.1);
        at.presence.closed(&alice);
        tokio::time::advance(Presence::GRACE / 2).await;
        at.presence.opened(&alice);
        tokio::time::advance(Presence::GRACE * 2).await;
        at.presence.opened(&bob);
        assert_eq!(at.next().await.0, "bob");
        assert!(at.presence.is_online(&[alice])[0].online);
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_session_keeps_a_user_online() {
        let mut at = Fixture::started();
        let (alice, bob) = (user("alice"), user("bob"));
        at.presence.opened(&alice);
        at.presence.opened(&alice);
        at.presence.opened(&bob);
        assert_eq!((at.next().await.0, at.next().await.0), ("alice".to_owned(), "bob".to_owned()));
        at.presence.closed(&alice);
        at.presence.closed(&bob);
        assert_eq!(at.next().await.0, "bob");
        assert!(at.presence.is_online(&[alice])[0].online);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_user_does_moves_their_last_activity() {
        let at = Fixture::started();
        let alice = user("alice");
        at.presence.opened(&alice);
        at.clock.advance(1_000);
        at.presence.active(&alice);
        assert_eq!(at.presence.is_online(&[alice])[0].last_active_ms, Some(Millis(6_000)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_task_ends_when_told_to() {
        let at = Fixture::started();
        at.stop.cancel();
        at.presence.run(at.stop.clone()).await;
    }
}
