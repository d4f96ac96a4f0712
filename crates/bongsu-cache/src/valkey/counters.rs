//! Counters: a hash with the run it was seeded under, and beside it the operations that were applied to it.

use std::time::Duration;

use bytes::Bytes;
use redis::Value;

use super::answers::{filled, millis, number_text, parts};
use super::command::{Argument, Command};
use super::l2::{ValkeyL2, lease_key, on_key};
use super::script::{self, Script};
use crate::contract::{Counted, CounterSeed, Filled, Key, L2Error, OperationId};

/// An operation that is tried again later than this may be applied twice.
const OPERATION_KNOWN_FOR: Duration = Duration::from_secs(600);

/// Operations that are known for one counter. More than these within the time of a second try may be applied twice.
const OPERATIONS_KNOWN_MAX: i64 = 4096;

/// In the slot of the key, which has no braces.
pub(super) fn operations_key(key: &Key) -> String {
    format!("{{{}}}~operations", key.as_str())
}

pub(super) async fn value(l2: &ValkeyL2, key: &Key) -> Result<Option<i64>, L2Error> {
    let read = || on_key("HMGET", key).with(Argument::Word("run")).with(Argument::Word("n"));
    let mut answer = l2.router.ask_one(read()).await?;
    for look_again in [true, false] {
        let [Value::BulkString(run), number] = parts(&answer.value)? else { return Ok(None) };
        if run[..] == answer.run.to_be_bytes() {
            return number_text(number).map(Some);
        }
        // Of another run; or it is us who are wrong.
        if look_again && l2.router.recheck(key.slot()).await {
            answer = l2.router.ask_one(read()).await?;
        }
    }
    Ok(None)
}

pub(super) async fn seed(l2: &ValkeyL2, key: &Key, seed: CounterSeed) -> Result<Filled, L2Error> {
    let seed = on_counter(&script::SEED_COUNTER, key)
        .with(Argument::Long(seed.token.0))
        .with(Argument::Number(seed.value))
        .with(Argument::Number(millis(seed.ttl)))
        .with(Argument::Run);
    filled(&l2.router.ask_one(seed).await?.value)
}

pub(super) async fn add(
    l2: &ValkeyL2,
    key: &Key,
    by: i64,
    once: Option<OperationId>,
) -> Result<Counted, L2Error> {
    let add = || {
        let operation = once.map_or_else(Bytes::new, |id| Bytes::copy_from_slice(&id.0.to_be_bytes()));
        let add = on_counter(&script::ADD_IF_PRESENT, key)
            .with(Argument::Run)
            .with(Argument::Number(by))
            .with(Argument::Bytes(operation))
            .with(Argument::Number(millis(OPERATION_KNOWN_FOR)))
            .with(Argument::Number(OPERATIONS_KNOWN_MAX));
        if once.is_none() { add.never_repeated() } else { add }
    };
    let mut answer = l2.router.ask_one(add()).await?;
    let of_another_run = parts(&answer.value)?.first() == Some(&Value::Int(3));
    if of_another_run && l2.router.recheck(key.slot()).await {
        answer = l2.router.ask_one(add()).await?;
    }
    match parts(&answer.value)? {
        [Value::Int(1), value] => number_text(value).map(Counted::Applied),
        [Value::Int(2), value] => number_text(value).map(Counted::Duplicate),
        _ => Ok(Counted::NotSeeded),
    }
}

fn on_counter(script: &'static Script, key: &Key) -> Command {
    Command::script(script, key.slot(), [key.as_str().to_owned(), lease_key(key), operations_key(key)])
}
