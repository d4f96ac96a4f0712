//! Bots that keep conversations of the demo going: they type, say the next line, and read what they are told.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bongsu_service::{Actor, Bus, Ephemeral, SendMessage, Service};
use bongsu_types::{ClientId, Mentions, RoomId, UserId};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::chance::Chance;
use super::market::{Conversation, Market};
use super::script::Script;
use super::seed::MESSAGES;

/// Conversations that go on: of the person the link logs in as, and of others.
const TALKS_WITH_PERSON: usize = 6;
const TALKS_OF_OTHERS: usize = 8;

/// Time between two lines, over all conversations.
const BETWEEN_LINES: Duration = Duration::from_millis(2_500);

/// How long a bot types.
const TYPING: Duration = Duration::from_millis(1_200);

/// Talks until `stop`. `rooms` are the ids of the market's conversations, in order.
pub(crate) async fn talk(
    service: Arc<Service>,
    bus: Arc<dyn Bus>,
    market: Market,
    rooms: Vec<RoomId>,
    stop: CancellationToken,
) {
    let person = &market.people[0].user;
    let mut talks = lively(&market, &rooms, person);
    let mut chance = Chance::seeded(7);
    // A bot speaks for whoever is not the person: that one is looking at the page.
    let run = async {
        for line in 0_u64.. {
            let talk = chance.below(talks.len());
            if let Err(error) = talks[talk].say(&service, &*bus, person, line).await {
                warn!(%error, "a bot could not speak");
            }
            tokio::time::sleep(BETWEEN_LINES).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = run => {}
    }
}

/// The most recent conversations with the person, and of others.
fn lively(market: &Market, rooms: &[RoomId], person: &UserId) -> Vec<Talk> {
    let recent = || market.conversations.iter().zip(rooms).rev();
    let with =
        recent().filter(|(conversation, _)| conversation.users.contains(person)).take(TALKS_WITH_PERSON);
    let others =
        recent().filter(|(conversation, _)| !conversation.users.contains(person)).take(TALKS_OF_OTHERS);
    with.chain(others).map(|(conversation, room)| Talk::new(conversation, *room)).collect()
}

/// A conversation that goes on.
struct Talk {
    conversation: Conversation,
    room: RoomId,
    script: Script,
}

impl Talk {
    /// Goes on where the market's messages end.
    fn new(conversation: &Conversation, room: RoomId) -> Self {
        let mut script = conversation.script();
        for _ in 0..MESSAGES {
            script.next_line();
        }
        Self { conversation: conversation.clone(), room, script }
    }

    /// Types and says the next line of somebody who is not `person`.
    async fn say(&mut self, service: &Service, bus: &dyn Bus, person: &UserId, line: u64) -> Result<()> {
        let (speaker, text) = loop {
            let (side, text) = self.script.next_line();
            let speaker = self.conversation.speaker(side, line as usize / 7);
            if speaker != person {
                break (speaker.clone(), text);
            }
        };
        bus.publish_ephemeral(Ephemeral::Typing { room: self.room, user: speaker.clone(), on: true });
        tokio::time::sleep(TYPING).await;
        bus.publish_ephemeral(Ephemeral::Typing { room: self.room, user: speaker.clone(), on: false });
        let actor = Actor::user(speaker);
        // A new start speaks anew: the key holds the instant.
        let client_id = ClientId::new(&format!("bot:{line}:{}", service.clock().now_ms()))?;
        let message = SendMessage {
            room: self.room,
            client_id,
            text,
            data: None,
            mentions: Mentions::default(),
            reply_to: None,
            silent: false,
            keep_unread: None,
        };
        let sent = service.send(&actor, message).await?;
        service.mark_read(&actor, self.room, sent.seq).await?;
        Ok(())
    }
}
