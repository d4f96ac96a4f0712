//! Fills an empty store with the marketplace: 500 rooms of 150 messages, by the same way imports take.

use anyhow::{Context, Result};
use bongsu_service::{ImportMember, ImportMessage, ImportRoom, Importer};
use bongsu_types::{ClientId, JsonObject, Millis, Role, RoomId, RoomKind, Seq, direct_pair};

use super::chance::Chance;
use super::market::{Conversation, Market};

/// Messages of a room.
pub(super) const MESSAGES: u64 = 150;

/// How far back the oldest message lies.
const PAST_MS: u64 = 21 * 24 * 3_600_000;

/// Brings the marketplace in; rooms that are there stay as they are. Returns their ids in the market's order.
///
/// # Errors
/// When the store fails.
pub(crate) async fn seed(
    importer: &Importer,
    market: &Market,
    now: Millis,
    on_messages: impl Fn(u64),
) -> Result<Vec<RoomId>> {
    let mut rooms = Vec::with_capacity(market.conversations.len());
    for (number, conversation) in market.conversations.iter().enumerate() {
        // Rooms end at different times, the last one a minute ago.
        let age = (market.conversations.len() - 1 - number) as u64;
        let end = now.minus(60_000 + age * 17 * 60_000);
        let room = seed_room(importer, market, conversation, end)
            .await
            .with_context(|| format!("cannot fill room {}", conversation.key))?;
        rooms.push(room);
        on_messages(MESSAGES);
    }
    Ok(rooms)
}

async fn seed_room(
    importer: &Importer,
    market: &Market,
    conversation: &Conversation,
    end: Millis,
) -> Result<RoomId> {
    let start = end.minus(PAST_MS);
    let mut import = importer.begin(room_of(conversation, start)?).await?;
    if import.state().finished {
        return Ok(import.state().room);
    }
    // A start that was cut off goes on where it stopped: the script is the same every time.
    let messages: Vec<ImportMessage> = messages_of(conversation, start).collect::<Result<_>>()?;
    import.append(messages[import.state().head_seq.get() as usize..].to_vec()).await?;
    let mut chance = Chance::seeded(conversation.number());
    let members = conversation
        .users
        .iter()
        .enumerate()
        .map(|(index, user)| ImportMember {
            user: user.clone(),
            name: market
                .people
                .iter()
                .find(|person| person.user == *user)
                .map_or("", |person| person.name)
                .to_owned(),
            role: if index == 0 && conversation.kind == RoomKind::Group { Role::Owner } else { Role::Member },
            // Most have read everything; some are behind by a few.
            read_seq: Some(Seq(MESSAGES - if chance.below(4) == 0 { chance.below(9) as u64 } else { 0 })),
        })
        .collect();
    Ok(import.finish(members).await?.room)
}

fn room_of(conversation: &Conversation, created_ms: Millis) -> Result<ImportRoom> {
    let pair = match conversation.kind {
        RoomKind::Direct => Some(direct_pair(&conversation.users[0], &conversation.users[1])),
        RoomKind::Group | RoomKind::Channel => None,
    };
    Ok(ImportRoom {
        kind: conversation.kind,
        key: conversation.key.clone(),
        creator: conversation.users[0].clone(),
        name: conversation.name.clone(),
        image: String::new(),
        data: Some(JsonObject::parsed(conversation.data())?),
        created_ms,
        pair,
    })
}

fn messages_of(
    conversation: &Conversation,
    start: Millis,
) -> impl Iterator<Item = Result<ImportMessage>> + '_ {
    let mut script = conversation.script();
    let step = PAST_MS / MESSAGES;
    (0..MESSAGES).map(move |number| {
        let (side, text) = script.next_line();
        Ok(ImportMessage {
            sender: conversation.speaker(side, number as usize / 7).clone(),
            client_id: ClientId::new(&format!("demo:{number}"))?,
            at_ms: start.plus((number + 1) * step),
            text,
            data: None,
            reply_to: None,
            edited_ms: None,
            reactions: Vec::new(),
        })
    })
}
