//! Counters: a hash with the epoch it was seeded under and the seed's name, and beside it the operations that were
//! applied to it.

use std::time::Duration;

use bytes::Bytes;
use redis::Value;

use super::answers::{filled, millis, number_text, parts};
use super::command::{Argument, Command};
use super::generations::Generations;
use super::l2::{ValkeyL2, lease_key, on_key};
use super::router::Answer;
use super::script::{self, Script};
use crate::contract::{Addition, Counted, CounterSeed, CounterValue, Epoch, Filled, Key, L2Error, Token};

/// An operation that is tried again later than this may be applied twice.
const OPERATION_KNOWN_FOR: Duration = Duration::from_secs(600);

/// Operations that are known for one counter. More than these within the time of a second try may be applied twice.
const OPERATIONS_KNOWN_MAX: i64 = 4096;

/// In the slot of the key, which has no braces.
pub(super) fn operations_key(key: &Key) -> String {
    format!("{{{}}}~operations", key.as_str())
}

/// What a server answered about a counter, and the epoch that holds for it.
struct UnderEpoch {
    epoch: Epoch,
    value: Value,
}

pub(super) async fn value(l2: &ValkeyL2, key: &Key) -> Result<Option<CounterValue>, L2Error> {
    counter_of(&ask(l2, key, read(key)).await?)
}

pub(super) async fn values(l2: &ValkeyL2, keys: &[Key]) -> Vec<Result<Option<CounterValue>, L2Error>> {
    let reads = keys.iter().map(read).collect();
    let keys: Vec<&Key> = keys.iter().collect();
    let answers = ask_each(l2, &keys, reads).await;
    answers.into_iter().map(|answer| counter_of(&answer?)).collect()
}

fn read(key: &Key) -> Command {
    let fields = ["epoch", "seed", "n"].map(Argument::Word);
    fields.into_iter().fold(on_key("HMGET", key), Command::with)
}

fn counter_of(answer: &UnderEpoch) -> Result<Option<CounterValue>, L2Error> {
    match parts(&answer.value)? {
        [epoch, seed, number] if is(epoch, answer.epoch) => {
            Ok(Some(CounterValue { value: number_text(number)?, seeded_by: token(seed)? }))
        }
        _ => Ok(None),
    }
}

pub(super) async fn seed(l2: &ValkeyL2, key: &Key, seed: CounterSeed) -> Result<Filled, L2Error> {
    let seed = on_counter(&script::SEED_COUNTER, key)
        .with(Argument::Long(seed.token.0))
        .with(Argument::Number(seed.value))
        .with(Argument::Number(millis(seed.ttl)))
        .with(Argument::Run)
        .with(Argument::Bytes(Bytes::copy_from_slice(&bytes(seed.epoch))));
    filled(&l2.router.ask_one(seed).await?.value)
}

pub(super) async fn add(l2: &ValkeyL2, key: &Key, addition: Addition) -> Result<Counted, L2Error> {
    let add = || {
        let operation =
            addition.once.map_or_else(Bytes::new, |id| Bytes::copy_from_slice(&id.0.to_be_bytes()));
        let add = on_counter(&script::ADD_IF_PRESENT, key)
            .with(Argument::Run)
            .with(Argument::Number(addition.by))
            .with(Argument::Bytes(operation))
            .with(Argument::Number(millis(OPERATION_KNOWN_FOR)))
            .with(Argument::Number(OPERATIONS_KNOWN_MAX))
            .with(Argument::Long(addition.to.0));
        if addition.once.is_none() { add.never_repeated() } else { add }
    };
    let mut answer = ask(l2, key, add()).await?;
    let of_another_run = parts(&answer.value)?.first() == Some(&Value::Int(3));
    if of_another_run && l2.router.recheck(key.slot()).await {
        answer = ask(l2, key, add()).await?;
    }
    match parts(&answer.value)? {
        // Of a generation that is over: what was added to it is read by nobody.
        [_, _, epoch] if !is(epoch, answer.epoch) => Ok(Counted::NotSeeded),
        [Value::Int(1), value, _] => number_text(value).map(Counted::Applied),
        [Value::Int(2), value, _] => number_text(value).map(Counted::Duplicate),
        [Value::Int(4), seed, _] => token(seed).map(Counted::OtherSeed),
        _ => Ok(Counted::NotSeeded),
    }
}

/// Asks in one round trip for the epoch too. The generation is read first: should it be renewed in between, the counter
/// was believed a moment longer, and not one that is over already.
async fn ask(l2: &ValkeyL2, key: &Key, command: Command) -> Result<UnderEpoch, L2Error> {
    let answer = ask_each(l2, &[key], vec![command]).await.pop();
    answer.unwrap_or_else(|| Err(L2Error::Unreachable("no answer".to_owned())))
}

/// The same for several keys, each with its command: one pipeline for each server.
async fn ask_each(l2: &ValkeyL2, keys: &[&Key], commands: Vec<Command>) -> Vec<Result<UnderEpoch, L2Error>> {
    let topology = l2.router.first_topology().await;
    let generations = Generations::of(keys, &l2.prefix, &topology);
    let commands: Vec<Command> = generations.commands().chain(commands).collect();
    let mut answers = l2.router.ask(&commands).await.into_iter();
    let generations = generations.read(&l2.router, answers.by_ref().take(generations.len())).await;
    let under_epoch = |(place, answer): (usize, Result<Answer, L2Error>)| {
        let Answer { run, value } = answer?;
        Ok(UnderEpoch { epoch: generations.epoch(place, run)?, value })
    };
    answers.enumerate().map(under_epoch).collect()
}

fn bytes(epoch: Epoch) -> [u8; 16] {
    (u128::from(epoch.run) << 64 | u128::from(epoch.generation)).to_be_bytes()
}

fn is(stored: &Value, epoch: Epoch) -> bool {
    matches!(stored, Value::BulkString(stored) if stored[..] == bytes(epoch))
}

fn token(value: &Value) -> Result<Token, L2Error> {
    match value {
        Value::BulkString(bytes) => bytes[..].try_into().ok().map(|bytes| Token(u64::from_be_bytes(bytes))),
        _ => None,
    }
    .ok_or_else(|| L2Error::Refused("a counter that is none".to_owned()))
}

fn on_counter(script: &'static Script, key: &Key) -> Command {
    Command::script(script, key.slot(), [key.as_str().to_owned(), lease_key(key), operations_key(key)])
}
