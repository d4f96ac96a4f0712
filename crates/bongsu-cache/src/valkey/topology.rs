//! Which server owns which slot.

use redis::Value;

use super::address::Address;

const SLOTS: usize = 16_384;
const NOBODY: u16 = u16::MAX;

/// A slot map as some server told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Topology {
    servers: Vec<Address>,
    /// For each slot the place of its owner in `servers`.
    owners: Vec<u16>,
    single: bool,
}

impl Topology {
    /// Before anybody was asked.
    pub(super) fn unknown() -> Self {
        Self { servers: Vec::new(), owners: vec![NOBODY; SLOTS], single: false }
    }

    /// One server that owns everything.
    pub(super) fn single(server: Address) -> Self {
        Self { servers: vec![server], owners: vec![0; SLOTS], single: true }
    }

    /// The answer of `asked` to CLUSTER SLOTS: `[first, last, [host, port, ..], replicas..]` for each run of slots.
    /// `None` when it is something else, or no slot has an owner.
    pub(super) fn read(answer: &Value, asked: &Address) -> Option<Self> {
        let mut read = Self::unknown();
        for range in answer.as_sequence()? {
            let [first, last, primary, ..] = range.as_sequence()? else { return None };
            let (first, last) = (slot(first)?, slot(last)?);
            let server = address(primary, asked)?;
            if first > last {
                return None;
            }
            let place = read.place_of(server)?;
            read.owners[first..=last].fill(place);
        }
        (!read.servers.is_empty()).then_some(read)
    }

    pub(super) fn is_known(&self) -> bool {
        !self.servers.is_empty()
    }

    /// Whether there is no cluster, so that all keys may stand in one command.
    pub(super) fn is_single(&self) -> bool {
        self.single
    }

    pub(super) fn owner(&self, slot: u16) -> Option<&Address> {
        let place = *self.owners.get(usize::from(slot))?;
        self.servers.get(usize::from(place))
    }

    /// The servers that own slots.
    pub(super) fn servers(&self) -> &[Address] {
        &self.servers
    }

    /// Whether every slot has an owner.
    pub(super) fn is_complete(&self) -> bool {
        !self.owners.contains(&NOBODY)
    }

    /// What a server said about one slot.
    pub(super) fn move_slot(&mut self, slot: u16, server: Address) {
        if let (Some(place), Some(owner)) = (self.place_of(server), self.owners.get_mut(usize::from(slot))) {
            *owner = place;
        }
    }

    fn place_of(&mut self, server: Address) -> Option<u16> {
        let place = self.servers.iter().position(|known| *known == server).unwrap_or_else(|| {
            self.servers.push(server);
            self.servers.len() - 1
        });
        u16::try_from(place).ok().filter(|place| *place != NOBODY)
    }
}

fn slot(value: &Value) -> Option<usize> {
    let Value::Int(number) = value else { return None };
    usize::try_from(*number).ok().filter(|slot| *slot < SLOTS)
}

/// A server that does not know how others reach it names no host: it is where it was asked.
fn address(value: &Value, asked: &Address) -> Option<Address> {
    let [host, Value::Int(port), ..] = value.as_sequence()? else { return None };
    let host = match host {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok()?,
        Value::SimpleString(text) => text,
        Value::Nil => "",
        _ => return None,
    };
    let host = if host.is_empty() || host == "?" { &asked.host } else { host };
    Some(Address::new(host, u16::try_from(*port).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn range(first: i64, last: i64, host: Value, port: i64) -> Value {
        let primary = Value::Array(vec![host, Value::Int(port), text("id")]);
        let replica = Value::Array(vec![text("10.0.0.9"), Value::Int(1), text("id")]);
        Value::Array(vec![Value::Int(first), Value::Int(last), primary, replica])
    }

    fn asked() -> Address {
        Address::new("seed", 7000)
    }

    #[test]
    fn owners_are_the_primaries_of_the_ranges() {
        let answer = Value::Array(vec![range(0, 99, text("a"), 1), range(100, 200, text("b"), 2)]);
        let topology = Topology::read(&answer, &asked()).unwrap();
        assert_eq!(topology.owner(99), Some(&Address::new("a", 1)));
        assert_eq!(topology.owner(100), Some(&Address::new("b", 2)));
        assert_eq!(topology.owner(201), None);
        assert!(!topology.is_complete() && !topology.is_single());
    }

    #[test]
    fn a_server_without_a_host_is_the_one_that_was_asked() {
        for host in [Value::Nil, text(""), text("?")] {
            let topology = Topology::read(&Value::Array(vec![range(0, 16_383, host, 5)]), &asked()).unwrap();
            assert_eq!(topology.owner(7), Some(&Address::new("seed", 5)));
            assert!(topology.is_complete());
        }
    }

    #[test]
    fn what_is_no_slot_map_is_refused() {
        let wrong = [
            Value::Nil,
            Value::Array(vec![]),
            Value::Array(vec![Value::Int(1)]),
            Value::Array(vec![range(5, 4, text("a"), 1)]),
            Value::Array(vec![range(0, 16_384, text("a"), 1)]),
            Value::Array(vec![range(-1, 4, text("a"), 1)]),
            Value::Array(vec![range(0, 4, text("a"), 70_000)]),
        ];
        for value in wrong {
            assert_eq!(Topology::read(&value, &asked()), None, "{value:?}");
        }
    }

    #[test]
    fn a_moved_slot_has_a_new_owner_and_its_neighbours_do_not() {
        let mut topology = Topology::single(asked());
        topology.move_slot(7, Address::new("b", 2));
        assert_eq!(topology.owner(7), Some(&Address::new("b", 2)));
        assert_eq!(topology.owner(8), Some(&asked()));
    }
}
