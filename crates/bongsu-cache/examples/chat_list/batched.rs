//! A query for each kind of thing: 4, however many rooms the page has.

use std::collections::HashMap;

use super::database::Database;
use super::page::{Failure, Row};

pub(crate) async fn page(database: &Database, user: i64) -> Result<Vec<Row>, Failure> {
    let statements = &database.statements;
    let members = database.query(&statements.rooms_of, &[&user]).await?;
    let ids: Vec<i64> = members.iter().map(|member| member.get(0)).collect();
    let last: Vec<i64> = members.iter().map(|member| member.get(2)).collect();
    let rooms = database.query(&statements.rooms, &[&ids]).await?;
    let rooms: HashMap<i64, _> = rooms.iter().map(|room| (room.get(0), room)).collect();
    let messages = database.query(&statements.messages, &[&last]).await?;
    let messages: HashMap<i64, String> = messages.iter().map(|row| (row.get(0), row.get(1))).collect();
    let unread = database.query(&statements.unread_of, &[&user, &ids]).await?;
    let unread: HashMap<i64, i64> = unread.iter().map(|row| (row.get(0), row.get(1))).collect();
    let mut page = Vec::with_capacity(members.len());
    for member in &members {
        let (id, last): (i64, i64) = (member.get(0), member.get(2));
        let room = rooms.get(&id).ok_or("a room is gone")?;
        let counterpart = if room.get::<_, i64>(2) == user { 4 } else { 3 };
        page.push(Row {
            room: id,
            is_muted: member.get(1),
            product: room.get(1),
            counterpart: room.get(counterpart),
            last_message: messages.get(&last).ok_or("a message is gone")?.clone(),
            unread: unread.get(&id).copied().unwrap_or(0),
        });
    }
    Ok(page)
}
