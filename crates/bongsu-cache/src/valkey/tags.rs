//! Names in braces that put a key into a slot of our choice.

use crate::contract::{Channel, REGIONS, Region};

const SLOTS_OF_REGION: u16 = 16_384 / REGIONS;

/// For each region a number whose text lies in the region's first slot, and one in its last.
#[rustfmt::skip]
const TAGS: [(u32, u32); 16] = [
    (3560, 5033), (22069, 21248), (48576, 19349), (11467, 1866),
    (4129, 7308), (130, 9175), (1296, 27926), (41342, 42163),
    (8209, 45381), (3706, 5255), (2821, 12420), (48710, 5698),
    (356, 9313), (45971, 58286), (16248, 15069), (4782, 39296),
];

/// Which end of a region a key lies at. A region may be cut in two by the border of two shards; then each of them
/// has one end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum End {
    First,
    Last,
}

/// Where the generation of `model` in `region` is stored, at each end.
pub(super) fn generation_key(prefix: &str, model: &str, region: Region, end: End) -> String {
    let (first, last) = TAGS[usize::from(region.index())];
    let tag = match end {
        End::First => first,
        End::Last => last,
    };
    format!("{prefix}:gen:{model}:{{{tag}}}")
}

/// Where the generation at [`End::First`] lies.
pub(super) fn first_slot(region: Region) -> u16 {
    region.index() * SLOTS_OF_REGION
}

/// Where the generation at [`End::Last`] lies.
pub(super) fn last_slot(region: Region) -> u16 {
    first_slot(region) + SLOTS_OF_REGION - 1
}

/// The channels are spread over the slots as the regions are.
pub(super) fn channel_name(prefix: &str, channel: Channel) -> String {
    let (tag, _) = TAGS[usize::from(channel.index()) % TAGS.len()];
    format!("{prefix}:backplane:{}:{{{tag}}}", channel.index())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::slot_of;

    #[test]
    fn generations_lie_at_the_two_ends_of_their_region() {
        for region in Region::all() {
            let slot = |end| slot_of(generation_key("p", "m", region, end).as_bytes());
            assert_eq!([first_slot(region), last_slot(region)].map(Region::of_slot), [region; 2]);
            assert_eq!(slot(End::First), first_slot(region));
            assert_eq!(slot(End::Last), last_slot(region));
        }
    }

    #[test]
    fn every_channel_has_a_name_and_a_region_of_its_own() {
        let regions: Vec<_> = Channel::all()
            .map(|channel| Region::of_slot(slot_of(channel_name("p", channel).as_bytes())))
            .collect();
        assert_eq!(regions, Region::all().collect::<Vec<_>>());
    }
}
