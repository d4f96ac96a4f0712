//! The rows that the story begins with.

use super::Plan;
use super::database::Database;
use super::page::Failure;

/// People, products, rooms of two, messages of both sides in turn, and read marks between them.
pub(crate) async fn fill(database: &Database, plan: Plan) -> Result<(), Failure> {
    let Plan { users, rooms, messages, .. } = plan;
    let of_a_room = messages / rooms;
    // Room r is of user r and of one further on; each round of rooms goes one further.
    let people = format!("r % {users}, (r % {users} + 1 + r / {users}) % {users}");
    let statements = format!(
        "insert into person select n, 'user ' || n from generate_series(0, {users} - 1) n;
         insert into product select n, 'product ' || n from generate_series(0, {rooms} - 1) n;
         insert into room (id, product_id, buyer_id, seller_id)
             select r, r, {people} from generate_series(0, {rooms} - 1) r;
         insert into member (user_id, room_id, is_muted)
             select buyer_id, id, id % 7 = 0 from room union all select seller_id, id, id % 11 = 0 from room;
         insert into message (room_id, sender_id, text)
             select room.id, case when n % 3 = 0 then buyer_id else seller_id end, 'hello ' || n || ' of ' || room.id
             from generate_series(1, {of_a_room}) n, room order by n, room.id;
         update room set last_message_id = (select max(id) from message where room_id = room.id);
         update member set last_message_id = (select last_message_id from room where id = member.room_id),
             read_message_id = (
             select id from message where room_id = member.room_id
             order by id desc offset (member.user_id * 31 + member.room_id * 17) % least({of_a_room}, 100) limit 1
         );
         analyze;"
    );
    Ok(database.client.batch_execute(&statements).await?)
}

/// The same numbers in every run.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 0 to `end - 1`, by SplitMix64 (Steele, Lea, Flood, 2014).
    pub(crate) fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        i64::try_from((mixed ^ (mixed >> 31)) >> 1).unwrap_or(0) % end
    }
}
