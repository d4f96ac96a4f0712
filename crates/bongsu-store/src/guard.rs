//! What stands between the service and an engine in production: a deadline, retries, metrics, one log line.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bongsu_types::Outcome;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::warn;

use crate::decorate::decorate_store;
use crate::decorate::names::*;
use crate::{Store, StoreError};

/// How long and how often a guard tries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardSettings {
    /// A call and all its attempts end after this long. A write that was not answered by then is `Unknown`.
    pub deadline_ms: u64,
    /// Attempts of a call, at least 1.
    pub attempts: u32,
    /// Wait before the second attempt; doubled for each one after it, and jittered to 50-100 %.
    pub backoff_ms: u64,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self { deadline_ms: 10_000, attempts: 3, backoff_ms: 20 }
    }
}

/// The production decorator.
///
/// Tries again only what is safe: reads and writes that certainly were not applied (but no append, whose place is gone),
/// and after `Unknown` only idempotent calls (those with a key, marks, cursors). Refusals and overload are answered at once: the first will not
/// change, the second must not be made worse. A call that passes its deadline is dropped, which the contracts allow at
/// any await.
pub struct Guard {
    inner: Arc<dyn Store>,
    settings: GuardSettings,
    /// Retries so far: where the next one stands in the jitter sequence.
    retries: AtomicU64,
}

impl Guard {
    /// Guards a store.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>, settings: GuardSettings) -> Self {
        Self { inner, settings, retries: AtomicU64::new(0) }
    }

    async fn call<'a, T>(&self, call: Call, attempt: impl Fn() -> Attempt<'a, T>) -> StoreResult<T> {
        let started = Instant::now();
        let deadline = started + Duration::from_millis(self.settings.deadline_ms);
        let (answer, attempts) = self.try_until(deadline, call, attempt).await;
        metrics::histogram!("bongsu_store_call_seconds", "op" => call.op).record(started.elapsed());
        let outcome = match &answer {
            Ok(_) => "ok",
            Err(StoreError::Refused(_)) => "refused",
            Err(StoreError::Overloaded) => "overloaded",
            Err(StoreError::Failed { outcome: Outcome::NotApplied, .. }) => "not_applied",
            Err(StoreError::Failed { outcome: Outcome::Unknown, .. }) => "unknown",
        };
        metrics::counter!("bongsu_store_calls_total", "op" => call.op, "outcome" => outcome).increment(1);
        match &answer {
            Err(error @ (StoreError::Failed { .. } | StoreError::Overloaded)) => {
                warn!(op = call.op, attempt = attempts, %error, "store call failed");
            }
            Ok(_) | Err(StoreError::Refused(_)) => {}
        }
        answer
    }

    /// The answer, and the number of the attempt that gave it.
    async fn try_until<'a, T>(
        &self,
        deadline: Instant,
        call: Call,
        attempt: impl Fn() -> Attempt<'a, T>,
    ) -> (StoreResult<T>, u32) {
        let mut number = 1;
        loop {
            let answer = match timeout_at(deadline, attempt()).await {
                Ok(answer) => answer,
                Err(_) => return (Err(past_deadline(call.effect)), number),
            };
            if number >= self.settings.attempts || !is_worth_retrying(&answer, call.effect) {
                return (answer, number);
            }
            let wait = self.backoff(number);
            if Instant::now() + wait >= deadline {
                return (answer, number);
            }
            sleep(wait).await;
            number += 1;
        }
    }

    /// Doubled for each attempt. The jitter is a golden-ratio sequence: calls that fail together come back spread
    /// evenly, without a source of randomness.
    fn backoff(&self, attempt: u32) -> Duration {
        const GOLDEN_RATIO: u64 = 0x9e37_79b9_7f4a_7c15;
        let full_ms = self.settings.backoff_ms.saturating_mul(1 << (attempt - 1).min(16));
        let spread = self.retries.fetch_add(1, Ordering::Relaxed).wrapping_mul(GOLDEN_RATIO) >> 32;
        let half_ms = full_ms / 2;
        Duration::from_millis(full_ms - ((half_ms * spread) >> 32))
    }
}

fn past_deadline(effect: Effect) -> StoreError {
    match effect {
        Effect::Read => StoreError::not_applied("no answer before the deadline"),
        Effect::Idempotent | Effect::Append | Effect::Write => {
            StoreError::unknown("no answer before the deadline")
        }
    }
}

fn is_worth_retrying<T>(answer: &StoreResult<T>, effect: Effect) -> bool {
    match answer {
        Ok(_) | Err(StoreError::Refused(_) | StoreError::Overloaded) => false,
        // While it waits, the next append of the same session may commit, and the retry would come after it. The sender
        // is told at once and repeats in an order of its own. After `Unknown` the first attempt mostly has its place
        // already, and a retry finds it.
        Err(StoreError::Failed { outcome: Outcome::NotApplied, .. }) => effect != Effect::Append,
        Err(StoreError::Failed { outcome: Outcome::Unknown, .. }) => effect != Effect::Write,
    }
}

decorate_store!(Guard);

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use bongsu_types::{ClientId, Mentions, MessageKind, Retention, RoomKind};
    use metrics::{Key, KeyName, Metadata, Recorder, SharedString, Unit};

    use super::*;
    use crate::memory::MemoryStore;
    use crate::{LoseReply, Refusal, RequestHash, StoreOptions};

    /// What happens to the next attempt of a call.
    enum Step {
        Pass,
        Fail(StoreError),
        Hang,
    }

    /// A store whose calls meet the steps of a script, and pass after its end.
    struct Scripted {
        inner: Arc<dyn Store>,
        script: Mutex<VecDeque<Step>>,
        called: Mutex<Vec<(&'static str, Instant)>>,
    }

    impl Scripted {
        async fn call<'a, T>(&self, call: Call, attempt: impl Fn() -> Attempt<'a, T>) -> StoreResult<T> {
            self.called.lock().unwrap().push((call.op, Instant::now()));
            let step = self.script.lock().unwrap().pop_front().unwrap_or(Step::Pass);
            match step {
                Step::Pass => attempt().await,
                Step::Fail(error) => Err(error),
                Step::Hang => std::future::pending().await,
            }
        }
    }

    decorate_store!(Scripted);

    fn memory() -> Arc<dyn Store> {
        Arc::new(MemoryStore::open(StoreOptions::default()))
    }

    fn guarded(script: impl IntoIterator<Item = Step>) -> (Guard, Arc<Scripted>) {
        let scripted = Arc::new(Scripted {
            inner: memory(),
            script: Mutex::new(script.into_iter().collect()),
            called: Mutex::default(),
        });
        let settings = GuardSettings { deadline_ms: 1_000, attempts: 3, backoff_ms: 20 };
        (Guard::new(Arc::clone(&scripted) as _, settings), scripted)
    }

    fn not_applied() -> Step {
        Step::Fail(StoreError::not_applied("down"))
    }

    fn unknown() -> Step {
        Step::Fail(StoreError::unknown("lost"))
    }

    fn calls(scripted: &Scripted) -> usize {
        scripted.called.lock().unwrap().len()
    }

    fn alice() -> UserId {
        UserId::new("alice").unwrap()
    }

    fn group() -> CreateRoom {
        CreateRoom {
            kind: RoomKind::Group,
            creator: alice(),
            key: None,
            members: Vec::new(),
            name: String::new(),
            image: String::new(),
            data: None,
            history_before_join: false,
            retention: Retention::History { days: None },
            request: false,
        }
    }

    fn hello(room: RoomId) -> AppendMessage {
        AppendMessage {
            room,
            sender: alice(),
            once: Once { client_id: ClientId::new("c-1").unwrap(), request: RequestHash([1; 16]) },
            kind: MessageKind::Message,
            text: "hello".to_owned(),
            data: None,
            mentions: Mentions::default(),
            reply_to: None,
            silent: false,
            keep_unread: false,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_not_applied_is_tried_again() {
        let (guard, scripted) = guarded([not_applied(), not_applied(), Step::Pass, not_applied()]);
        guard.create_room(group()).await.unwrap();
        assert_eq!(calls(&scripted), 3);
        guard.own_rows(&alice()).await.unwrap();
        assert_eq!(calls(&scripted), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_are_bounded() {
        let (guard, scripted) = guarded([not_applied(), not_applied(), not_applied()]);
        assert_eq!(guard.own_rows(&alice()).await, Err(StoreError::not_applied("down")));
        assert_eq!(calls(&scripted), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn an_append_that_was_not_applied_is_not_tried_again_behind_a_later_one() {
        let (guard, scripted) = guarded([Step::Pass, not_applied()]);
        let room = guard.create_room(group()).await.unwrap().room;
        let once = Once { client_id: ClientId::new("c-2").unwrap(), request: RequestHash([2; 16]) };
        let second = AppendMessage { once, ..hello(room) };
        let (first, second) = tokio::join!(guard.append(hello(room)), guard.append(second));
        assert_eq!(first, Err(StoreError::not_applied("down")));
        assert_eq!(second.unwrap().seq, Seq(2));
        assert_eq!(calls(&scripted), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn after_an_unknown_outcome_only_idempotent_calls_are_tried_again() {
        let (guard, scripted) = guarded([Step::Pass, unknown(), Step::Pass, unknown()]);
        let room = guard.create_room(group()).await.unwrap().room;
        guard.append(hello(room)).await.unwrap();
        assert_eq!(calls(&scripted), 3);
        assert_eq!(guard.create_room(group()).await, Err(StoreError::unknown("lost")));

        let change = DeleteMessage { room, actor: alice(), target: Seq(2), once: None };
        scripted.script.lock().unwrap().push_back(unknown());
        assert_eq!(guard.delete(change.clone()).await, Err(StoreError::unknown("lost")));
        scripted.script.lock().unwrap().push_back(unknown());
        let once = Once { client_id: ClientId::new("c-2").unwrap(), request: RequestHash([2; 16]) };
        let deleted = guard.delete(DeleteMessage { once: Some(once), ..change }).await.unwrap();
        assert_eq!((deleted.seq, deleted.duplicate), (Seq(3), false));
    }

    #[tokio::test(start_paused = true)]
    async fn a_committed_append_whose_reply_was_lost_is_one_message() {
        let faulty = Arc::new(LoseReply::new(memory()));
        let guard = Guard::new(Arc::clone(&faulty) as _, GuardSettings::default());
        let room = guard.create_room(group()).await.unwrap().room;
        faulty.lose_next(2);
        let reply = guard.append(hello(room)).await.unwrap();
        assert_eq!((reply.seq, reply.duplicate), (Seq(2), true));
        assert_eq!(guard.records(room, Seq(0), 10, 1_000).await.unwrap().head_seq, Seq(2));
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_and_overload_are_answered_at_once() {
        let (guard, scripted) = guarded([Step::Fail(StoreError::Overloaded)]);
        assert_eq!(guard.own_rows(&alice()).await, Err(StoreError::Overloaded));
        let nowhere = RoomId::from_bytes([7; 16]);
        assert_eq!(guard.append(hello(nowhere)).await, Err(Refusal::RoomNotFound.into()));
        assert_eq!(calls(&scripted), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn past_its_deadline_a_write_is_unknown_and_a_read_was_not_applied() {
        let (guard, scripted) = guarded([Step::Hang, Step::Hang]);
        let started = Instant::now();
        let outcome = |error| match error {
            StoreError::Failed { outcome, .. } => outcome,
            other => panic!("expected a failure, got {other}"),
        };
        assert_eq!(outcome(guard.create_room(group()).await.unwrap_err()), Outcome::Unknown);
        assert_eq!(started.elapsed(), Duration::from_millis(1_000));
        assert_eq!(outcome(guard.own_rows(&alice()).await.unwrap_err()), Outcome::NotApplied);
        assert_eq!(calls(&scripted), 2, "the deadline is for all attempts together");
    }

    #[tokio::test(start_paused = true)]
    async fn waits_double_and_are_spread_and_none_reaches_past_the_deadline() {
        let settings = GuardSettings { deadline_ms: 200, attempts: 10, backoff_ms: 20 };
        let (_, scripted) = guarded((0..10).map(|_| not_applied()));
        let guard = Guard::new(Arc::clone(&scripted) as _, settings);
        assert_eq!(guard.own_rows(&alice()).await, Err(StoreError::not_applied("down")));
        let called = scripted.called.lock().unwrap();
        let waits: Vec<u128> = called.windows(2).map(|pair| (pair[1].1 - pair[0].1).as_millis()).collect();
        assert!(waits.len() >= 3 && waits.iter().sum::<u128>() < 200);
        for (wait, full) in waits.iter().zip([20, 40, 80, 160]) {
            assert!((full / 2..=full + 1).contains(wait), "{wait} of {full} ms");
        }
    }

    #[derive(Default)]
    struct Counted(Mutex<Vec<String>>);

    impl Counted {
        fn note(&self, key: &Key) {
            let labels: Vec<String> = key.labels().map(|label| label.value().to_owned()).collect();
            self.0.lock().unwrap().push(format!("{}{labels:?}", key.name()));
        }
    }

    impl Recorder for Counted {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> metrics::Counter {
            self.note(key);
            metrics::Counter::noop()
        }
        fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> metrics::Gauge {
            self.note(key);
            metrics::Gauge::noop()
        }
        fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
            self.note(key);
            metrics::Histogram::noop()
        }
    }

    #[test]
    fn every_call_is_counted_once_with_its_outcome() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let counted = Counted::default();
        metrics::with_local_recorder(&counted, || {
            runtime.block_on(async {
                let (guard, _) = guarded([not_applied(), Step::Pass, Step::Fail(StoreError::Overloaded)]);
                guard.own_rows(&alice()).await.unwrap();
                guard.last_commit().await.unwrap_err();
            });
        });
        let expected = [
            r#"bongsu_store_call_seconds["own_rows"]"#,
            r#"bongsu_store_calls_total["own_rows", "ok"]"#,
            r#"bongsu_store_call_seconds["last_commit"]"#,
            r#"bongsu_store_calls_total["last_commit", "overloaded"]"#,
        ];
        assert_eq!(*counted.0.lock().unwrap(), expected);
    }
}
