//! A bounded map that forgets what was not read for long, without a list to keep in order.
//!
//! Two generations: when the young one is full it becomes the old one, whose entries are forgotten; what is read from
//! the old one moves to the young. So at most twice the bound of one is held, and finding room costs nothing.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// What knows its size.
pub(crate) trait Weigh {
    /// Bytes with its key and its place in the map, about.
    fn bytes(&self) -> usize;
}

/// Entries of about one age.
pub(crate) struct Generation<K, V> {
    entries: HashMap<K, V>,
    bytes: usize,
}

impl<K, V> Default for Generation<K, V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), bytes: 0 }
    }
}

/// The map.
pub(crate) struct Generations<K, V> {
    young: Generation<K, V>,
    old: Generation<K, V>,
    forgotten: Generation<K, V>,
    generation_bytes_max: usize,
}

impl<K: Hash + Eq, V: Weigh> Generation<K, V> {
    fn change<Q>(&mut self, key: &Q, change: &mut impl FnMut(&mut V)) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let Some(value) = self.entries.get_mut(key) else { return false };
        self.bytes -= value.bytes();
        change(value);
        self.bytes += value.bytes();
        true
    }
}

impl<K, V> Generations<K, V> {
    /// The generation that a `read` or a `put` made room of: freeing thousands of entries takes a while, which is better
    /// done without the lock.
    pub(crate) fn take_forgotten(&mut self) -> Generation<K, V> {
        std::mem::take(&mut self.forgotten)
    }
}

impl<K: Hash + Eq, V: Weigh> Generations<K, V> {
    /// Holds at most `bytes_max` bytes, both generations together.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            young: Generation::default(),
            old: Generation::default(),
            forgotten: Generation::default(),
            generation_bytes_max: bytes_max / 2,
        }
    }

    /// Reads an entry, which keeps it for longer.
    pub(crate) fn read<Q, R>(&mut self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        if let Some(value) = self.young.entries.get(key) {
            return Some(read(value));
        }
        let (key, value) = self.old.entries.remove_entry(key)?;
        self.old.bytes -= value.bytes();
        let answer = read(&value);
        self.put(key, value);
        Some(answer)
    }

    /// Changes an entry, if there is one; this keeps it no longer than before. One that outgrows its generation is
    /// forgotten.
    pub(crate) fn change<Q>(&mut self, key: &Q, mut change: impl FnMut(&mut V))
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let found = self.young.change(key, &mut change) || self.old.change(key, &mut change);
        if found && self.young.bytes.max(self.old.bytes) > self.generation_bytes_max {
            self.forget(key);
        }
    }

    /// Puts an entry, in place of the one before. One that is larger than a generation is not kept.
    pub(crate) fn put(&mut self, key: K, value: V) {
        self.forget(&key);
        let bytes = value.bytes();
        if bytes > self.generation_bytes_max {
            return;
        }
        if self.young.bytes + bytes > self.generation_bytes_max {
            self.forgotten = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
        }
        self.young.bytes += bytes;
        self.young.entries.insert(key, value);
    }

    /// Forgets an entry.
    pub(crate) fn forget<Q>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        for generation in [&mut self.young, &mut self.old] {
            if let Some(value) = generation.entries.remove(key) {
                generation.bytes -= value.bytes();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES_MAX: usize = 1_000;

    impl Weigh for usize {
        fn bytes(&self) -> usize {
            *self
        }
    }

    fn held(map: &Generations<u32, usize>) -> usize {
        let counted: usize = map.young.entries.values().chain(map.old.entries.values()).sum();
        assert_eq!(counted, map.young.bytes + map.old.bytes, "every byte is counted once");
        counted
    }

    #[test]
    fn what_is_read_stays_and_what_is_not_goes() {
        let mut map = Generations::new(BYTES_MAX);
        map.put(0, 20);
        map.put(1, 20);
        for number in 2..200 {
            map.put(number, 20);
            assert_eq!(map.read(&0, |value| *value), Some(20));
            assert!(held(&map) <= BYTES_MAX);
        }
        assert_eq!(map.read(&1, |value| *value), None);
    }

    #[test]
    fn what_grows_stays_within_the_bound() {
        let mut map = Generations::new(BYTES_MAX);
        for number in 0..1_000_u32 {
            map.put(number % 37, 10);
            map.change(&(number % 23), |value| *value += 17);
            map.change(&(number % 7), |value| *value /= 2);
            map.forget(&(number % 13));
            assert!(held(&map) <= BYTES_MAX);
        }
    }

    #[test]
    fn an_entry_is_what_was_put_last_and_a_giant_is_not_kept() {
        let mut map = Generations::new(BYTES_MAX);
        map.put(1, 10);
        map.put(1, 30);
        assert_eq!((map.read(&1, |value| *value), held(&map)), (Some(30), 30));
        map.put(1, BYTES_MAX);
        assert_eq!((map.read(&1, |value| *value), held(&map)), (None, 0));
    }
}
