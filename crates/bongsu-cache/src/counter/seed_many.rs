//! Reading many counters at once: one pipelined read, one round of leases, one count for all that is missing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::future::join_all;
use tokio::time::timeout;

use super::seed::{Asked, Right};
use super::{Counter, CounterKey};
use crate::contract::{Key, Token};
use crate::error::LoadError;
use crate::random;

/// Counters of one round: longer lists are read in several.
const ROUND_IDS_MAX: usize = 1000;

/// A counter that is to be counted, with the right to seed it, or without.
struct Task<K> {
    id: K,
    key: Key,
    right: Right,
}

impl<K: CounterKey> Counter<K> {
    /// The values of many counters. `seed` gets those that are missing (each once) and counts them in the source; what
    /// it leaves out counts 0. It is called once, and once more only for counters that other processes were counting
    /// and did not finish in time. For the rest as [`Counter::get_or_seed`].
    ///
    /// # Errors
    /// As [`Counter::get_or_seed`].
    pub async fn get_many_or_seed<E, F, Fut>(
        &self,
        ids: &[K],
        seed: F,
    ) -> Result<HashMap<K, i64>, LoadError<E>>
    where
        E: Send + Sync + 'static,
        F: Fn(Vec<K>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<HashMap<K, i64>, E>> + Send + 'static,
    {
        let seed = Arc::new(seed);
        let mut values = HashMap::with_capacity(ids.len());
        for round in ids.chunks(ROUND_IDS_MAX) {
            let missing = self.read_many(round, &mut values).await;
            if missing.is_empty() {
                continue;
            }
            let (counter, seed) = (self.clone(), Arc::clone(&seed));
            let counting = async move { counter.count_many(missing, &*seed).await };
            match timeout(self.options.hard_timeout, self.hub.core.tasks.spawn(counting)).await {
                Ok(Ok(counted)) => values.extend(counted?),
                Ok(Err(_)) => return Err(LoadError::Panicked),
                Err(_) => return Err(LoadError::Timeout),
            }
        }
        Ok(values)
    }

    /// Adds what the tier holds to `values`, and returns the others.
    async fn read_many(&self, ids: &[K], values: &mut HashMap<K, i64>) -> Vec<K> {
        let ids: HashSet<&K> = ids.iter().filter(|id| !values.contains_key(*id)).collect();
        let (mut asked, mut keys, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        for id in ids {
            let key = self.key(id);
            if self.believed(&key).is_some() {
                asked.push(id);
                keys.push(key);
            } else {
                missing.push(id.clone());
            }
        }
        let answers = match &self.hub.core.shared {
            Some(shared) if !keys.is_empty() => shared.counters(&keys).await,
            _ => Vec::new(),
        };
        let mut hits = 0;
        for ((id, key), answer) in asked.into_iter().zip(&keys).zip(answers) {
            match answer {
                Ok(Some(counter)) => {
                    hits += 1;
                    self.seeds.remember(key, counter.seeded_by);
                    values.insert(id.clone(), counter.value);
                }
                Ok(None) | Err(_) => missing.push(id.clone()),
            }
        }
        let read = |outcome| metrics::counter!("cache_counter_reads_total", "model" => K::MODEL, "outcome" => outcome);
        read("hit").increment(hits);
        read("miss").increment(missing.len() as u64);
        missing
    }

    /// What nobody else counts first: whoever waits for these must not wait for what this call waits for.
    async fn count_many<E, F, Fut>(self, missing: Vec<K>, seed: &F) -> Result<HashMap<K, i64>, LoadError<E>>
    where
        F: Fn(Vec<K>) -> Fut + Sync,
        Fut: Future<Output = Result<HashMap<K, i64>, E>>,
    {
        if self.hub.core.stop.is_cancelled() {
            return Err(LoadError::Shutdown);
        }
        let token = Token(random::number());
        let asked = join_all(missing.into_iter().map(async |id| {
            let key = self.key(&id);
            let asked = match self.believed(&key) {
                Some(shared) => self.ask(shared, &key, token).await,
                None => Asked::Answer(Right::None),
            };
            (id, key, asked)
        }));
        let mut values = HashMap::new();
        let (mut now, mut later) = (Vec::new(), Vec::new());
        for (id, key, asked) in asked.await {
            match asked {
                Asked::Answer(Right::Value(value)) => drop(values.insert(id, value)),
                Asked::Answer(right) => now.push(Task { id, key, right }),
                Asked::Again(_) => later.push((id, key)),
            }
        }
        self.seed_tasks(now, seed, &mut values).await?;
        let waited = join_all(later.into_iter().map(async |(id, key)| {
            let right = match self.believed(&key) {
                Some(shared) => self.right_to_seed(shared, &key).await,
                None => Right::None,
            };
            Task { id, key, right }
        }));
        let mut rest = Vec::new();
        for task in waited.await {
            match task.right {
                Right::Value(value) => drop(values.insert(task.id, value)),
                Right::Seed(..) | Right::None => rest.push(task),
            }
        }
        self.seed_tasks(rest, seed, &mut values).await?;
        Ok(values)
    }

    /// Counts in the source, and stores what may be stored.
    async fn seed_tasks<E, F, Fut>(
        &self,
        tasks: Vec<Task<K>>,
        seed: &F,
        values: &mut HashMap<K, i64>,
    ) -> Result<(), LoadError<E>>
    where
        F: Fn(Vec<K>) -> Fut + Sync,
        Fut: Future<Output = Result<HashMap<K, i64>, E>>,
    {
        if tasks.is_empty() {
            return Ok(());
        }
        let counted = match self.limit.place().await {
            Some(_place) => self.in_time(seed(tasks.iter().map(|task| task.id.clone()).collect())).await,
            None => Err(LoadError::TooBusy),
        };
        let value_of =
            |task: &Task<K>| counted.as_ref().ok().map(|all| all.get(&task.id).copied().unwrap_or(0));
        if let Some(shared) = &self.hub.core.shared {
            join_all(tasks.iter().map(async |task| {
                self.keep(shared, &task.key, &task.right, value_of(task)).await;
            }))
            .await;
        }
        values.extend(tasks.iter().filter_map(|task| Some((task.id.clone(), value_of(task)?))));
        counted.map(drop)
    }
}
