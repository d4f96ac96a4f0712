//! The shared tier on Valkey or Redis: which commands each promise of [`L2`] is made of.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use redis::Value;
use tokio_util::sync::DropGuard;

use super::answers::{filled, integer, lease_answer, millis, stored};
use super::command::{Argument, Command};
use super::counters::{self, operations_key};
use super::generations::Generations;
use super::router::{Answer, Router};
use super::schemas;
use super::script::{self, Script};
use super::tags::{End, generation_key};
use crate::contract::{
    Addition, Counted, CounterSeed, CounterValue, Epoch, Filled, Found, Key, L2, L2Error, Lease, Over, Put,
    Region, Registration, SchemaList, Token,
};
use crate::envelope::FLAG_VERSIONED;
use crate::random;
use crate::schema::SchemaHash;

/// The shared tier on Valkey or Redis.
#[derive(Debug)]
pub(super) struct ValkeyL2 {
    pub(super) router: Arc<Router>,
    pub(super) prefix: String,
    pub(super) keys_in_one_max: usize,
    /// Ends the tasks with the last user.
    pub(super) _tasks: Arc<DropGuard>,
}

#[async_trait]
impl L2 for ValkeyL2 {
    async fn get_many(&self, keys: &[Key]) -> Vec<Result<Found, L2Error>> {
        let keys: Vec<&Key> = keys.iter().collect();
        let topology = self.router.first_topology().await;
        let generations = Generations::of(&keys, &self.prefix, &topology);
        let mut commands: Vec<Command> = generations.commands().collect();
        // The time left is read first: should the entry change in between, it is too short rather than too long.
        commands.extend(keys.iter().map(|key| on_key("PTTL", key)));
        // In a cluster, the keys of one command must lie in one slot.
        let keys_in_one = if topology.is_single() { self.keys_in_one_max } else { 1 };
        commands.extend(keys.chunks(keys_in_one).map(get));
        let mut answers = self.router.ask(&commands).await.into_iter();
        let generations = generations.read(&self.router, answers.by_ref().take(generations.len())).await;
        let left: Vec<_> = answers.by_ref().take(keys.len()).collect();
        let values =
            keys.chunks(keys_in_one).zip(answers).flat_map(|(keys, answer)| one_by_one(answer, keys.len()));
        let found = |(place, (left, value)): (usize, (Result<Answer, L2Error>, _))| {
            let (left, value): (Answer, Answer) = (left?, value?);
            let epoch = generations.epoch(place, value.run)?;
            // Two connections answered, to two servers perhaps.
            let stored = if left.run == value.run { stored(value.value, &left.value)? } else { None };
            Ok(Found { epoch, stored })
        };
        left.into_iter().zip(values).enumerate().map(found).collect()
    }

    async fn lease(&self, key: &Key, token: Token, ttl: Duration, over: Over) -> Result<Lease, L2Error> {
        let leases = self.lease_many(std::slice::from_ref(key), token, ttl, over).await;
        leases.into_iter().next().unwrap_or_else(|| Err(L2Error::Unreachable("no answer".to_owned())))
    }

    async fn lease_many(
        &self,
        keys: &[Key],
        token: Token,
        ttl: Duration,
        over: Over,
    ) -> Vec<Result<Lease, L2Error>> {
        let keys: Vec<&Key> = keys.iter().collect();
        let lease = |key: &&Key| {
            with_lease(&script::LEASE, key)
                .with(Argument::Long(token.0))
                .with(Argument::Number(millis(ttl)))
                .with(Argument::Number(match over {
                    Over::Absent => 0,
                    Over::Present => 1,
                    Over::Holder => 2,
                }))
                .with(Argument::Run)
        };
        let topology = self.router.first_topology().await;
        let generations = Generations::of(&keys, &self.prefix, &topology);
        let commands: Vec<Command> = generations.commands().chain(keys.iter().map(lease)).collect();
        let mut answers = self.router.ask(&commands).await.into_iter();
        let generations = generations.read(&self.router, answers.by_ref().take(generations.len())).await;
        let read = |(place, answer): (usize, Result<Answer, L2Error>)| {
            let answer = answer?;
            lease_answer(answer.value, generations.epoch(place, answer.run)?)
        };
        answers.enumerate().map(read).collect()
    }

    async fn fill_many(
        &self,
        entries: &[(Key, Bytes, Duration)],
        token: Token,
    ) -> Vec<Result<Filled, L2Error>> {
        let fill = |(key, entry, ttl): &(Key, Bytes, Duration)| {
            store(key, entry.clone(), *ttl, token, Same::Replaced)
        };
        let commands: Vec<Command> = entries.iter().map(fill).collect();
        self.router.ask(&commands).await.into_iter().map(|answer| filled(&answer?.value)).collect()
    }

    async fn release(&self, key: &Key, token: Token) -> Result<(), L2Error> {
        let release = Command::script(&script::RELEASE, key.slot(), [lease_key(key)]);
        self.router.ask_one(release.with(Argument::Long(token.0))).await.map(drop)
    }

    async fn epoch(&self, key: &Key) -> Result<Epoch, L2Error> {
        let topology = self.router.first_topology().await;
        let generations = Generations::of(&[key], &self.prefix, &topology);
        // The key's own server says its run; whether the key exists does not matter.
        let commands: Vec<Command> = generations.commands().chain([on_key("EXISTS", key)]).collect();
        let mut answers = self.router.ask(&commands).await;
        let exists = answers.pop().unwrap_or_else(|| Err(L2Error::Unreachable("no answer".to_owned())))?;
        generations.read(&self.router, answers.into_iter()).await.epoch(0, exists.run)
    }

    async fn put_if_newer(
        &self,
        key: &Key,
        entry: Bytes,
        ttl: Duration,
        token: Token,
    ) -> Result<Put, L2Error> {
        let put = store(key, entry, ttl, token, Same::Stays);
        Ok(match integer(&self.router.ask_one(put).await?.value)? {
            0 => Put::Older,
            1 => Put::Stored,
            _ => Put::Superseded,
        })
    }

    async fn remove_many(&self, keys: &[Key]) -> Vec<Result<(), L2Error>> {
        let remove = |key: &Key| {
            let and = [lease_key(key), operations_key(key)].map(Argument::Text);
            and.into_iter().fold(on_key("DEL", key), Command::with)
        };
        let commands: Vec<Command> = keys.iter().map(remove).collect();
        self.router.ask(&commands).await.into_iter().map(|answer| answer.map(drop)).collect()
    }

    async fn renew_generation(&self, model: &str, region: Region) -> Result<(), L2Error> {
        let renew = |end| {
            Command::on_key("SET", &generation_key(&self.prefix, model, region, end))
                .with(Argument::RunAndLong(random::number()))
        };
        let commands = [End::First, End::Last].map(renew);
        self.router.ask(&commands).await.into_iter().try_for_each(|answer| answer.map(drop))
    }

    async fn register_schema(
        &self,
        model: &str,
        schema: SchemaHash,
        ttl: Duration,
    ) -> Result<Registration, L2Error> {
        schemas::register(self, model, schema, ttl).await
    }

    async fn live_schemas(&self, model: &str) -> Result<SchemaList, L2Error> {
        schemas::live(self, model).await
    }

    async fn vouch_for_schemas(&self, model: &str, list: u64) -> Result<bool, L2Error> {
        schemas::vouch(self, model, list).await
    }

    async fn counter(&self, key: &Key) -> Result<Option<CounterValue>, L2Error> {
        counters::value(self, key).await
    }

    async fn counters(&self, keys: &[Key]) -> Vec<Result<Option<CounterValue>, L2Error>> {
        counters::values(self, keys).await
    }

    async fn seed_counter(&self, key: &Key, seed: CounterSeed) -> Result<Filled, L2Error> {
        counters::seed(self, key, seed).await
    }

    async fn add_if_present(&self, key: &Key, addition: Addition) -> Result<Counted, L2Error> {
        counters::add(self, key, addition).await
    }
}

/// The values of a command that asked for so many.
fn one_by_one(answer: Result<Answer, L2Error>, count: usize) -> Vec<Result<Answer, L2Error>> {
    match answer {
        Ok(Answer { run, value: Value::Array(values) }) if values.len() == count => {
            values.into_iter().map(|value| Ok(Answer { run, value })).collect()
        }
        Ok(_) => (0..count).map(|_| Err(L2Error::Refused("values that are none".to_owned()))).collect(),
        Err(error) => vec![error; count].into_iter().map(Err).collect(),
    }
}

pub(super) fn on_key(name: &'static str, key: &Key) -> Command {
    Command::in_slot(key.slot(), name).with(Argument::Text(key.as_str().to_owned()))
}

/// Of keys that may stand in one command.
fn get(keys: &[&Key]) -> Command {
    let slot = keys.first().map_or(0, |key| key.slot());
    let keys = keys.iter().map(|key| Argument::Text(key.as_str().to_owned()));
    keys.fold(Command::in_slot(slot, "MGET"), Command::with)
}

/// What becomes of an entry of the version that is to be stored.
#[derive(Clone, Copy)]
enum Same {
    Stays = 0,
    /// By a fill, with which its life begins anew.
    Replaced = 1,
}

fn store(key: &Key, entry: Bytes, ttl: Duration, token: Token, same: Same) -> Command {
    with_lease(&script::STORE, key)
        .with(Argument::Bytes(entry))
        .with(Argument::Number(millis(ttl)))
        .with(Argument::Number(i64::from(FLAG_VERSIONED)))
        .with(Argument::Long(token.0))
        .with(Argument::Number(same as i64))
}

pub(super) fn with_lease(script: &'static Script, key: &Key) -> Command {
    Command::script(script, key.slot(), [key.as_str().to_owned(), lease_key(key)])
}

/// In the slot of the key, which has no braces.
pub(super) fn lease_key(key: &Key) -> String {
    format!("{{{}}}~lease", key.as_str())
}
