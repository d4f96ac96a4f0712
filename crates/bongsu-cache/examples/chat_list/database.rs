//! The database: its tables, every statement that the three ways use, prepared once, and a count of the queries.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Row, Statement};

use super::page::Failure;

/// Rooms of two, as on a market: somebody buys, somebody sells.
pub(crate) const TABLES: &str = "
    create table person (id bigint primary key, name text not null);
    create table product (id bigint primary key, title text not null);
    create table room (
        id bigint primary key,
        product_id bigint not null references product,
        buyer_id bigint not null references person,
        seller_id bigint not null references person,
        last_message_id bigint not null default 0
    );
    create table member (
        user_id bigint not null references person,
        room_id bigint not null references room,
        is_muted boolean not null,
        read_message_id bigint not null default 0,
        last_message_id bigint not null default 0,
        primary key (user_id, room_id)
    );
    create table message (
        id bigint generated always as identity primary key,
        room_id bigint not null references room,
        sender_id bigint not null references person,
        text text not null
    );
    create index message_of_room on message (room_id, id);
    create index member_of_room on member (room_id);
    create index member_by_last_message on member (user_id, last_message_id);
";

/// What is asked.
pub(crate) struct Statements {
    /// The rooms of a user's page, with the settings of the user for each.
    pub(crate) rooms_of: Statement,
    pub(crate) room: Statement,
    pub(crate) product: Statement,
    pub(crate) person: Statement,
    pub(crate) message: Statement,
    pub(crate) unread: Statement,
    /// Of many rooms: product and people.
    pub(crate) rooms: Statement,
    pub(crate) messages: Statement,
    /// All rooms of a user, with the settings of the user for each.
    pub(crate) memberships: Statement,
    /// Of many rooms: the last message.
    pub(crate) heads: Statement,
    /// Of many pairs of room and user.
    pub(crate) unread_of: Statement,
    pub(crate) send: Statement,
    pub(crate) read: Statement,
    pub(crate) recount: Statement,
}

/// A connection that counts what it is asked.
pub(crate) struct Database {
    pub(crate) client: Client,
    pub(crate) statements: Statements,
    queries: AtomicU64,
}

impl Database {
    /// Connects, creates the tables and prepares the statements.
    pub(crate) async fn connect(url: &str) -> Result<Self, Failure> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        // It ends with the client.
        tokio::spawn(connection);
        client.batch_execute(TABLES).await?;
        let statements = Statements::prepare(&client).await?;
        Ok(Self { client, statements, queries: AtomicU64::new(0) })
    }

    /// A query of one of the three ways.
    pub(crate) async fn query(
        &self,
        statement: &Statement,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        self.queries.fetch_add(1, Ordering::Relaxed);
        self.client.query(statement, parameters).await
    }

    /// The same, when it must give one row.
    pub(crate) async fn query_one(
        &self,
        statement: &Statement,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Row, tokio_postgres::Error> {
        self.queries.fetch_add(1, Ordering::Relaxed);
        self.client.query_one(statement, parameters).await
    }

    /// A query that belongs to none of them.
    pub(crate) async fn uncounted(
        &self,
        statement: &Statement,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        self.client.query(statement, parameters).await
    }

    /// Queries so far.
    pub(crate) fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }
}

impl Statements {
    async fn prepare(client: &Client) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            rooms_of: client
                .prepare(
                    "select room_id, is_muted, last_message_id
                     from member
                     where user_id = $1
                     order by last_message_id desc
                     limit 10",
                )
                .await?,
            room: client
                .prepare("select product_id, buyer_id, seller_id, last_message_id from room where id = $1")
                .await?,
            product: client.prepare("select title from product where id = $1").await?,
            person: client.prepare("select name from person where id = $1").await?,
            message: client.prepare("select text from message where id = $1").await?,
            unread: client
                .prepare(
                    "select count(*)
                     from member
                     join message on message.room_id = member.room_id
                     where member.user_id = $1
                     and member.room_id = $2
                     and message.id > member.read_message_id
                     and message.sender_id <> $1",
                )
                .await?,
            rooms: client
                .prepare(
                    "select room.id, product.title, buyer.id, buyer.name, seller.name
                     from room
                     join product on product.id = room.product_id
                     join person buyer on buyer.id = room.buyer_id
                     join person seller on seller.id = room.seller_id
                     where room.id = any($1)",
                )
                .await?,
            messages: client.prepare("select id, text from message where id = any($1)").await?,
            memberships: client.prepare("select room_id, is_muted from member where user_id = $1").await?,
            heads: client
                .prepare(
                    "select room.id, message.id, message.text
                     from room
                     join message on message.id = room.last_message_id
                     where room.id = any($1)",
                )
                .await?,
            unread_of: client
                .prepare(
                    "select member.room_id, count(*)
                     from member
                     join message on message.room_id = member.room_id
                     where member.user_id = $1
                     and member.room_id = any($2)
                     and message.id > member.read_message_id
                     and message.sender_id <> $1
                     group by member.room_id",
                )
                .await?,
            send: client
                .prepare(
                    "with sent as (
                         insert into message (room_id, sender_id, text) values ($1, $2, $3) returning id
                     ), listed as (
                         update member set last_message_id = sent.id from sent where room_id = $1
                     )
                     update room set last_message_id = sent.id from sent where room.id = $1 returning sent.id",
                )
                .await?,
            read: client
                .prepare(
                    "update member
                     set read_message_id = last_message_id
                     where room_id = $1
                     and user_id = $2",
                )
                .await?,
            recount: client.prepare(RECOUNT).await?,
        })
    }
}

/// The whole page from the messages themselves; it trusts neither `last_message_id` nor anything that was counted.
const RECOUNT: &str = "
    select member.room_id, member.is_muted, product.title,
        (select name from person
         where person.id = case when room.buyer_id = $1 then room.seller_id else room.buyer_id end),
        (select text from message where room_id = room.id order by id desc limit 1),
        (select count(*) filter (where message.sender_id <> $1 and message.id > member.read_message_id)
         from message where message.room_id = room.id)
    from member
    join room on room.id = member.room_id
    join product on product.id = room.product_id
    where member.user_id = $1
    order by (select max(id) from message where room_id = room.id) desc
    limit 10";
