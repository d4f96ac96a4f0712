//! As it is written first: the rooms, then for each of them everything the row shows. 1 + 5 x 10 queries.

use super::database::Database;
use super::page::{Failure, Row};

pub(crate) async fn page(database: &Database, user: i64) -> Result<Vec<Row>, Failure> {
    let statements = &database.statements;
    let mut page = Vec::new();
    for member in database.query(&statements.rooms_of, &[&user]).await? {
        let id: i64 = member.get(0);
        let room = database.query_one(&statements.room, &[&id]).await?;
        let (product, buyer, seller, last): (i64, i64, i64, i64) =
            (room.get(0), room.get(1), room.get(2), room.get(3));
        let counterpart = if buyer == user { seller } else { buyer };
        page.push(Row {
            room: id,
            is_muted: member.get(1),
            product: database.query_one(&statements.product, &[&product]).await?.get(0),
            counterpart: database.query_one(&statements.person, &[&counterpart]).await?.get(0),
            last_message: database.query_one(&statements.message, &[&last]).await?.get(0),
            unread: database.query_one(&statements.unread, &[&user, &id]).await?.get(0),
        });
    }
    Ok(page)
}
