//! Who rents what from whom: the demo's people and rooms, the same on every start.

use std::collections::HashSet;

use bongsu_types::{RoomKey, RoomKind, UserId};

use super::chance::Chance;
use super::script::Script;
use super::words::{Language, PEOPLE, PRODUCTS, Side};

/// Rooms of the demo.
const ROOMS: usize = 500;

/// Rooms in which more than two talk.
const GROUPS: usize = 20;

/// A person of the demo.
#[derive(Debug, Clone)]
pub(crate) struct People {
    /// Id.
    pub(crate) user: UserId,
    /// Name to show.
    pub name: &'static str,
}

/// A conversation of the demo.
#[derive(Debug, Clone)]
pub(crate) struct Conversation {
    /// Names the room.
    pub key: RoomKey,
    /// Direct or group.
    pub kind: RoomKind,
    /// Name; empty for direct rooms.
    pub name: String,
    /// The lender first; the others rent.
    pub(crate) users: Vec<UserId>,
    product: usize,
    number: usize,
}

impl Conversation {
    /// Its place in the market.
    pub(super) fn number(&self) -> u64 {
        self.number as u64
    }

    /// What is said in it.
    pub(super) fn script(&self) -> Script {
        Script::about(self.product, self.number())
    }

    /// What it is about, as `room.data`.
    pub(super) fn data(&self) -> String {
        super::script::listing(&PRODUCTS[self.product], self.number)
    }

    /// Who says a line of `side`.
    pub(super) fn speaker(&self, side: Side, turn: usize) -> &UserId {
        match side {
            Side::Lender => &self.users[0],
            Side::Renter => &self.users[1 + turn % (self.users.len() - 1)],
        }
    }
}

/// The whole marketplace.
#[derive(Debug, Clone)]
pub(crate) struct Market {
    /// Everybody; the first is who the printed link logs in as.
    pub people: Vec<People>,
    /// All conversations, the least recent first.
    pub conversations: Vec<Conversation>,
}

impl Market {
    /// The marketplace: 100 people, 500 rooms.
    #[must_use]
    pub(crate) fn open() -> Self {
        let people: Vec<People> = PEOPLE
            .iter()
            .map(|(id, name)| People {
                user: UserId::new(id).expect("ids of the demo are well formed"),
                name,
            })
            .collect();
        let mut chance = Chance::seeded(0xb0_15_50);
        let mut pairs = HashSet::new();
        let conversations = (0..ROOMS)
            .map(|number| {
                let product = chance.below(PRODUCTS.len());
                if number % (ROOMS / GROUPS) == 7 {
                    return group(&people, product, number, &mut chance);
                }
                direct(&people, product, number, &mut chance, &mut pairs)
            })
            .collect();
        Self { people, conversations }
    }
}

/// People talk to those who speak their language; the first of each half talks the most.
fn somebody(people: &[People], language: Language, chance: &mut Chance) -> usize {
    let half = people.len() / 2;
    let index = if chance.below(8) == 0 { 0 } else { chance.below(half) };
    match language {
        Language::Korean => index,
        Language::English => half + index,
    }
}

fn direct(
    people: &[People],
    product: usize,
    number: usize,
    chance: &mut Chance,
    pairs: &mut HashSet<(usize, usize)>,
) -> Conversation {
    let language = PRODUCTS[product].language;
    loop {
        let (lender, renter) = (somebody(people, language, chance), somebody(people, language, chance));
        if lender == renter || !pairs.insert((lender.min(renter), lender.max(renter))) {
            continue;
        }
        let users = vec![people[lender].user.clone(), people[renter].user.clone()];
        return conversation(RoomKind::Direct, String::new(), users, product, number);
    }
}

fn group(people: &[People], product: usize, number: usize, chance: &mut Chance) -> Conversation {
    let product_of = &PRODUCTS[product];
    let mut members = vec![];
    while members.len() < 5 {
        let index = somebody(people, product_of.language, chance);
        if !members.contains(&index) {
            members.push(index);
        }
    }
    let name = match product_of.language {
        Language::Korean => format!("{} 공동대여", product_of.title),
        Language::English => format!("{}, shared", product_of.title),
    };
    let users = members.into_iter().map(|index| people[index].user.clone()).collect();
    conversation(RoomKind::Group, name, users, product, number)
}

fn conversation(
    kind: RoomKind,
    name: String,
    users: Vec<UserId>,
    product: usize,
    number: usize,
) -> Conversation {
    let key = RoomKey::new(&format!("demo:{number}")).expect("a short key");
    Conversation { key, kind, name, users, product, number }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_market_has_the_scale_of_the_problem_and_no_pair_twice() {
        let market = Market::open();
        assert_eq!(market.people.len(), 100);
        assert_eq!(market.conversations.len(), 500);
        let users: HashSet<_> = market.people.iter().map(|person| person.user.clone()).collect();
        assert_eq!(users.len(), 100);
        let mut pairs = HashSet::new();
        for conversation in &market.conversations {
            let distinct: HashSet<_> = conversation.users.iter().collect();
            assert_eq!(distinct.len(), conversation.users.len());
            if conversation.kind == RoomKind::Direct {
                assert!(
                    pairs.insert(bongsu_types::direct_pair(&conversation.users[0], &conversation.users[1]))
                );
            }
        }
    }
}
