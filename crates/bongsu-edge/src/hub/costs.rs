//! What a delivery costs, counted exactly: system calls and allocations.

use std::sync::Arc;

use bongsu_types::{DeviceId, RoomId, Seq, UserId};

use super::channel::tests::message;
use super::channel::{Attach, RoomChannel};
use super::mailbox::{Mailbox, SessionId};
use super::outlet::OutletBounds;
use super::outlet::tests::{CountingSink, outlet};
use super::touched::Touched;

const BOUNDS: OutletBounds = OutletBounds { queue_bytes: 256 * 1024, group_bytes: 64 * 1024 };

/// A room whose members are all live, and what is written to each of them.
struct Crowd {
    channel: RoomChannel,
    sinks: Vec<CountingSink>,
    /// Their mailboxes live as long as their sessions.
    _mailboxes: Vec<Arc<Mailbox>>,
    last: u64,
}

impl Crowd {
    fn of(members: u64) -> Self {
        let channel = RoomChannel::new(RoomId::from_bytes([1; 16]));
        channel.open(Seq(0));
        let mut crowd = Self { channel, sinks: Vec::new(), _mailboxes: Vec::new(), last: 0 };
        for number in 0..members {
            let sink = CountingSink::with_room(1 << 20);
            let (user, device) = (UserId::new("alice").unwrap(), DeviceId::new("phone").unwrap());
            let mailbox = Arc::new(Mailbox::new(SessionId(number), user, device, outlet(&sink, BOUNDS)));
            assert_eq!(crowd.channel.attach(&mailbox, Seq(1), 0), Attach::Live);
            crowd.sinks.push(sink);
            crowd._mailboxes.push(mailbox);
        }
        crowd
    }

    /// Delivers messages that were at hand together.
    fn deliver(&mut self, messages: u64) {
        let mut touched = Touched::default();
        for _ in 0..messages {
            self.last += 1;
            self.channel.offer(&message(self.last), &mut touched);
        }
    }

    fn writes(&self) -> Vec<usize> {
        self.sinks.iter().map(CountingSink::writes).collect()
    }
}

#[test]
fn a_message_is_one_write_for_each_session_and_so_is_a_burst() {
    let mut crowd = Crowd::of(3);
    crowd.deliver(1);
    assert_eq!(crowd.writes(), [1, 1, 1]);
    crowd.deliver(64);
    assert_eq!(crowd.writes(), [2, 2, 2]);
}

#[test]
fn everybody_gets_the_same_bytes() {
    let mut crowd = Crowd::of(2);
    crowd.deliver(1);
    crowd.deliver(5);
    let [first, second] = &crowd.sinks[..] else { panic!("two members") };
    assert!(!first.written().is_empty());
    assert_eq!(first.written(), second.written());
}

#[test]
fn a_delivery_allocates_nothing() {
    let allocations = |members| {
        let mut crowd = Crowd::of(members);
        crowd.deliver(1);
        crowd.deliver(1);
        allocation_counter::measure(|| crowd.deliver(1)).count_total
    };
    let (few, many) = (allocations(65), allocations(128));
    assert_eq!(few, many, "what a message allocates does not grow with the members");
    assert!(few < 30, "a message allocates {few} times, whoever gets it");
}
