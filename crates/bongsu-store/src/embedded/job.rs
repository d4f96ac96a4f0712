//! A command on its way through the committer, with the one who waits for its answer.

use tokio::sync::oneshot;

use super::transaction::Transaction;
use crate::{StoreError, StoreResult};

/// A use case that writes: decided on the committer, one after the other.
pub(crate) trait Mutation: Send + 'static {
    /// What the caller is told.
    type Answer: Send + 'static;

    /// Small, and worth the last space of a disk: it keeps clients connected, ends what must end, or frees space.
    const USES_RESERVE: bool = false;

    /// Reads, decides and writes; an error takes everything back that was written. Called once.
    fn decide(self, transaction: &mut Transaction<'_, '_>) -> StoreResult<Self::Answer>;
}

/// What the committer sees of a command.
pub(crate) trait Work: Send {
    /// Whether it is still taken when the disk is nearly full.
    fn uses_reserve(&self) -> bool;

    /// Decides it, and tells whether what it wrote stays. When this panics, nothing does.
    fn decide(&mut self, transaction: &mut Transaction<'_, '_>) -> Decision;

    /// Tells the waiter what was decided. Called only once the batch is durable.
    fn answer(self: Box<Self>);

    /// Tells the waiter that it failed.
    fn fail(self: Box<Self>, error: StoreError);
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Keep what it wrote.
    Keep,
    /// Take back what it wrote.
    TakeBack,
}

/// One command and its waiter.
pub(crate) struct Job<M: Mutation> {
    mutation: Option<M>,
    answer: Option<StoreResult<M::Answer>>,
    waiter: oneshot::Sender<StoreResult<M::Answer>>,
}

impl<M: Mutation> Job<M> {
    pub(crate) fn new(mutation: M) -> (Self, oneshot::Receiver<StoreResult<M::Answer>>) {
        let (waiter, receiver) = oneshot::channel();
        (Self { mutation: Some(mutation), answer: None, waiter }, receiver)
    }
}

impl<M: Mutation> Work for Job<M> {
    fn uses_reserve(&self) -> bool {
        M::USES_RESERVE
    }

    fn decide(&mut self, transaction: &mut Transaction<'_, '_>) -> Decision {
        let Some(mutation) = self.mutation.take() else { return Decision::TakeBack };
        let answer = mutation.decide(transaction);
        let decision = if answer.is_ok() { Decision::Keep } else { Decision::TakeBack };
        self.answer = Some(answer);
        decision
    }

    fn answer(self: Box<Self>) {
        let answer =
            self.answer.unwrap_or_else(|| Err(StoreError::not_applied("deciding the command panicked")));
        // A waiter that went away has its answer under its idempotency key.
        drop(self.waiter.send(answer));
    }

    fn fail(self: Box<Self>, error: StoreError) {
        drop(self.waiter.send(Err(error)));
    }
}
