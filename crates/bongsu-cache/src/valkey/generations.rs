//! Asks for the generations of the entries of one call, in the same pipelines as the entries.
//!
//! A generation is stored together with the run it was written under. A failover may bring an old one back, and with
//! it entries that were dropped: so one of another run is replaced by a fresh one before it is believed.

use super::command::{Argument, Command};
use super::router::{Answer, Router};
use super::script;
use super::tags::{End, first_slot, generation_key, last_slot};
use super::topology::Topology;
use crate::contract::{Epoch, Key, L2Error, Region, slot_of};
use crate::random;

/// The generations of one call, each asked for once.
#[derive(Debug, Default)]
pub(super) struct Generations {
    wanted: Vec<Wanted>,
    /// For each key its place in `wanted`.
    of_key: Vec<usize>,
}

#[derive(Debug)]
struct Wanted {
    model: &'static str,
    region: Region,
    end: End,
    key: String,
    slot: u16,
}

impl Generations {
    /// Those that the keys need.
    pub(super) fn of(keys: &[&Key], prefix: &str, topology: &Topology) -> Self {
        let mut generations = Self::default();
        for key in keys {
            let end = end_on_same_shard(key, topology);
            let (model, region) = (key.model(), key.region());
            let same =
                |wanted: &Wanted| wanted.region == region && wanted.end == end && wanted.model == model;
            let known = generations.wanted.iter().position(same);
            let place = known.unwrap_or_else(|| {
                let key = generation_key(prefix, model, region, end);
                let slot = slot_of(key.as_bytes());
                generations.wanted.push(Wanted { model, region, end, key, slot });
                generations.wanted.len() - 1
            });
            generations.of_key.push(place);
        }
        generations
    }

    /// To be put before the commands of the entries; their answers are [`Self::read`].
    pub(super) fn commands(&self) -> impl Iterator<Item = Command> {
        let get =
            |wanted: &Wanted| Command::in_slot(wanted.slot, "GET").with(Argument::Text(wanted.key.clone()));
        self.wanted.iter().map(get)
    }

    pub(super) fn len(&self) -> usize {
        self.wanted.len()
    }

    /// The generation for each key, or why there is none.
    pub(super) async fn read(
        &self,
        router: &Router,
        answers: impl Iterator<Item = Result<Answer, L2Error>>,
    ) -> GenerationOfKey<'_> {
        let mut read = Vec::with_capacity(self.wanted.len());
        for (wanted, answer) in self.wanted.iter().zip(answers) {
            read.push(match answer {
                Ok(answer) => match believed(&answer) {
                    Some(generation) => Ok(generation),
                    None => wanted.renewed(router, matches!(answer.value, redis::Value::Nil)).await,
                },
                Err(error) => Err(error),
            });
        }
        GenerationOfKey { read, of_key: &self.of_key }
    }
}

impl Wanted {
    /// Replaces what is not there, or cannot be believed. Others may do the same at this moment: one of them wins.
    async fn renewed(&self, router: &Router, was_absent: bool) -> Result<u64, L2Error> {
        // It may be us who are wrong: connected before a promotion. Then the other answers of this call are of a run
        // that is over.
        if !was_absent && router.recheck(self.slot).await {
            return Err(L2Error::Unreachable("the server became another run".to_owned()));
        }
        let renew = Command::script(&script::GENERATION, self.slot, [self.key.clone()])
            .with(Argument::Run)
            .with(Argument::Long(random::number()));
        let answer = router.ask_one(renew).await?;
        match answer.value {
            redis::Value::BulkString(bytes) => long(&bytes),
            _ => None,
        }
        .ok_or_else(|| L2Error::Refused("a generation that is none".to_owned()))
    }
}

/// The answers to [`Generations::commands`].
#[derive(Debug)]
pub(super) struct GenerationOfKey<'a> {
    read: Vec<Result<u64, L2Error>>,
    of_key: &'a [usize],
}

impl GenerationOfKey<'_> {
    /// The epoch of the key in this place, whose own server answered as `run`.
    pub(super) fn epoch(&self, place: usize, run: u64) -> Result<Epoch, L2Error> {
        let generation = self.of_key.get(place).and_then(|place| self.read.get(*place));
        match generation {
            Some(Ok(generation)) => Ok(Epoch { run, generation: *generation }),
            Some(Err(error)) => Err(error.clone()),
            None => Err(L2Error::Unreachable("a generation is missing".to_owned())),
        }
    }
}

/// The end of the key's region that lies on the key's shard, so that another shard in trouble does not matter. The
/// first one when neither does.
fn end_on_same_shard(key: &Key, topology: &Topology) -> End {
    let shard = topology.owner(key.slot());
    let first = topology.owner(first_slot(key.region()));
    let last = topology.owner(last_slot(key.region()));
    if first != shard && last == shard { End::Last } else { End::First }
}

fn believed(answer: &Answer) -> Option<u64> {
    let redis::Value::BulkString(bytes) = &answer.value else { return None };
    let (run, generation) = bytes.split_first_chunk::<8>()?;
    if u64::from_be_bytes(*run) != answer.run {
        return None;
    }
    long(generation)
}

fn long(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}
