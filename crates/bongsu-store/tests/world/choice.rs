//! Choices among those who are there: most steps of a life should be allowed, some should not.

use bongsu_types::{Message, Record, Role, Seq};

use super::{USERS, World};

/// Of 256 choices, so many fall on anybody and anything.
const ANY: usize = 32;

impl World {
    /// Mostly a member of the room, sometimes anybody.
    pub(crate) async fn actor(&self, room: usize, choice: usize) -> &'static str {
        let members = match self.rooms.get(room) {
            Some(room) => self.fixture.store().member_ids(*room).await.unwrap_or_default(),
            None => Vec::new(),
        };
        let chosen = members.get(choice % members.len().max(1)).filter(|_| choice >= ANY);
        let name = chosen.and_then(|member| USERS.into_iter().find(|name| *name == member.as_str()));
        name.unwrap_or(USERS[choice % USERS.len()])
    }

    /// Mostly an owner of the room, sometimes any member, sometimes anybody.
    pub(crate) async fn manager(&self, room: usize, choice: usize) -> &'static str {
        if choice >= 3 * ANY {
            for name in USERS {
                let row = self.fixture.store().room_row(&name.parse().expect("an id"), self.room(room)).await;
                if row.ok().flatten().is_some_and(|row| row.own.is_member() && row.own.role == Role::Owner) {
                    return name;
                }
            }
        }
        self.actor(room, choice).await
    }

    /// Mostly the sender of a message, sometimes any member, sometimes anybody.
    pub(crate) async fn sender(&self, room: usize, choice: usize, target: Seq) -> &'static str {
        let messages = self.messages(room).await;
        let record = messages.iter().find(|record| record.seq == target && choice >= 3 * ANY);
        let name = record.and_then(|record| USERS.into_iter().find(|name| *name == record.actor.as_str()));
        match name {
            Some(name) => name,
            None => self.actor(room, choice).await,
        }
    }

    /// Mostly a message that was said, the newest most often; sometimes any seq.
    pub(crate) async fn target(&self, room: usize, choice: u64) -> Seq {
        let messages = self.messages(room).await;
        let back = usize::try_from(choice).unwrap_or_default();
        let chosen = messages.iter().rev().nth(back % 7 % messages.len().max(1)).filter(|_| back >= ANY);
        chosen.map_or(Seq(choice % 24), |record| record.seq)
    }

    async fn messages(&self, room: usize) -> Vec<Record> {
        let Some(room) = self.rooms.get(room) else { return Vec::new() };
        let is_live = |message: &Message| !message.deleted;
        let mut log = self.fixture.log(*room).await;
        log.retain(|record| record.body.message().is_some_and(is_live));
        log
    }
}
