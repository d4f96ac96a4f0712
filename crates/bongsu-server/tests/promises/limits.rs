//! Every bound of `Limits` that a client can reach, reached: refused with the limit, and what fits still goes.

use bongsu_load::client::{ClientOptions, group, numbered, text_message};
use bongsu_testkit::{Access, Binary, ServerProcess, TestClient, user_id, within};
use bongsu_types::{ClientId, DeviceId, JsonObject, Mentions, RoomId, RoomKind, Seq, UserId};
use bongsu_wire::{
    AddMembers, CreateRoom, ErrorKind, Event, GetUsers, History, ListDevices, ListRooms, React, SendMessage,
    UpdateRoom, Watch, WireError,
};
use serde_json::json;

use crate::bongsu;

/// A server with one bound changed.
async fn limited(name: &str, value: u64) -> (ServerProcess, Access) {
    let server = limit(bongsu(), name, value).serve().await;
    let access = server.access();
    (server, access)
}

fn limit(binary: Binary, name: &str, value: u64) -> Binary {
    binary.env(&format!("BONGSU_LIMITS__{}", name.to_uppercase()), value)
}

#[track_caller]
fn assert_limit(error: &WireError, kind: ErrorKind, limit: u64) {
    assert_eq!((error.kind, error.limit), (kind, Some(limit)), "{error:?}");
}

fn message(room: RoomId, client_id: &str, text: &str) -> SendMessage {
    text_message(room, ClientId::new(client_id).unwrap(), text)
}

fn users(count: usize) -> Vec<UserId> {
    (0..count).map(|number| user_id(&format!("user{number}"))).collect()
}

fn data(bytes: usize) -> Option<JsonObject> {
    let filling = "x".repeat(bytes - r#"{"a":""}"#.len());
    Some(JsonObject::parsed(format!(r#"{{"a":"{filling}"}}"#)).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_and_data_of_a_message() {
    let server = limit(limit(bongsu(), "text_bytes", 10), "data_bytes", 20).serve().await;
    let (alice, _bob) = server.access().two_members().await;
    let room = alice.room();
    alice.call(message(room, "fits", "ten bytes!")).await;
    let long = alice.refused(message(room, "long", "eleven byte")).await;
    assert_limit(&long, ErrorKind::TooLarge, 10);
    assert_eq!(long.field.as_deref(), Some("text"));
    alice.call(SendMessage { data: data(20), ..message(room, "d1", "x") }).await;
    let large = alice.refused(SendMessage { data: data(21), ..message(room, "d2", "x") }).await;
    assert_limit(&large, ErrorKind::TooLarge, 20);
    assert_eq!(large.field.as_deref(), Some("data"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_and_images() {
    let server = limit(limit(bongsu(), "name_bytes", 8), "image_bytes", 12).serve().await;
    let (alice, _bob) = server.access().two_members().await;
    let change = UpdateRoom {
        room: alice.room(),
        name: Some("12345678".into()),
        image: Some("123456789012".into()),
        data: None,
        history_before_join: None,
        retention: None,
        client_id: None,
    };
    alice.call(change.clone()).await;
    let name = alice.refused(UpdateRoom { name: Some("123456789".into()), ..change.clone() }).await;
    assert_limit(&name, ErrorKind::TooLarge, 8);
    let image = alice.refused(UpdateRoom { image: Some("1234567890123".into()), ..change }).await;
    assert_limit(&image, ErrorKind::TooLarge, 12);
    let mut host = server.access().server();
    assert_eq!(host.put("/v1/users/alice", &json!({"name": "123456789"})).await.unwrap().status, 413);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mentions_of_a_message() {
    let (_server, access) = limited("mentions", 2).await;
    let (alice, _bob) = access.two_members().await;
    let mentioning = |count| SendMessage {
        mentions: Mentions { all: false, users: users(count) },
        ..message(alice.room(), "m", "x")
    };
    assert_limit(&alice.refused(mentioning(3)).await, ErrorKind::LimitReached, 2);
    alice.call(mentioning(2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn distinct_reactions_on_a_message() {
    let (_server, access) = limited("reactions_per_message", 2).await;
    let (alice, bob) = access.two_members().await;
    let seq = alice.send("react").await.acked().seq;
    let react = |emoji: &str| React {
        room: alice.room(),
        seq,
        emoji: emoji.parse().unwrap(),
        remove: false,
        client_id: None,
    };
    alice.call(react("a")).await;
    alice.call(react("b")).await;
    assert_limit(&alice.refused(react("c")).await, ErrorKind::LimitReached, 2);
    bob.call(react("a")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_of_groups_and_channels() {
    let server = limit(limit(bongsu(), "group_members", 3), "channel_members", 4).serve().await;
    let alice = server.access().client("alice").await;
    assert_limit(&alice.refused(group("g", users(3))).await, ErrorKind::LimitReached, 3);
    let room = alice.call(group("g", users(2))).await.room;
    let one_more = AddMembers { room, users: vec![user_id("late")] };
    assert_limit(&alice.refused(one_more).await, ErrorKind::LimitReached, 3);
    let channel = |count| CreateRoom { kind: RoomKind::Channel, ..group("c", users(count)) };
    assert_limit(&alice.refused(channel(4)).await, ErrorKind::LimitReached, 4);
    alice.call(channel(3)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_of_a_user() {
    let (_server, access) = limited("rooms_per_user", 2).await;
    let alice = access.client("alice").await;
    alice.call(group("1", users(1))).await;
    alice.call(group("2", vec![user_id("other")])).await;
    assert_limit(&alice.refused(group("3", vec![])).await, ErrorKind::LimitReached, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_device_more_replaces_the_least_recently_active() {
    let (_server, access) = limited("devices_per_user", 2).await;
    let first = access.device("alice", "first").await;
    let second = access.device("alice", "second").await;
    second.call(bongsu_wire::Ping {}).await;
    let third = access.device("alice", "third").await;
    assert_eq!(first.closed().await.code, Some(4102));
    let mut ids: Vec<String> =
        third.call(ListDevices {}).await.devices.into_iter().map(|device| device.id.to_string()).collect();
    ids.sort();
    assert_eq!(ids, ["second", "third"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_and_profiles_in_one_call() {
    let server = limit(limit(bongsu(), "users_per_call", 3), "profiles_per_call", 2).serve().await;
    let alice = server.access().client("alice").await;
    let room = alice.call(group("g", users(3))).await.room;
    let too_many = AddMembers { room, users: users(9).split_off(5) };
    assert_limit(&alice.refused(too_many).await, ErrorKind::LimitReached, 3);
    assert_limit(&alice.refused(GetUsers { users: users(3) }).await, ErrorKind::LimitReached, 2);
    assert_eq!(alice.call(GetUsers { users: users(2) }).await.users.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn items_and_bytes_of_a_page() {
    let server = limit(limit(bongsu(), "page_items", 5), "page_bytes", 4_000).serve().await;
    let (alice, _bob) = server.access().two_members().await;
    let room = alice.room();
    for number in 0..7 {
        alice.call(message(room, &format!("short{number}"), "short")).await;
    }
    let history =
        |limit| History { room, before: None, after: Some(Seq(1)), around: None, limit: Some(limit) };
    let over = alice.refused(history(6)).await;
    assert_eq!((over.kind, over.field.as_deref()), (ErrorKind::InvalidParams, Some("limit")));
    let none = alice.refused(history(0)).await;
    assert_eq!((none.kind, none.field.as_deref()), (ErrorKind::InvalidParams, Some("limit")));
    let page = alice.call(history(5)).await;
    assert_eq!((page.messages.len(), page.more), (5, true));
    for number in 0..5 {
        alice.call(message(room, &format!("long{number}"), &"x".repeat(3_000))).await;
    }
    let latest = History { room, before: None, after: None, around: None, limit: Some(5) };
    let page = alice.call(latest).await;
    assert!((1..=2).contains(&page.messages.len()), "{} of 3,000 bytes in 4,000", page.messages.len());
    let (all, _) = page_by_page(&alice).await;
    assert_eq!(all, 12, "small pages cover everything");
    let list = ListRooms { limit: Some(6), cursor: None, unread_only: false, kind: None, hidden: false };
    assert_eq!(alice.refused(list).await.kind, ErrorKind::InvalidParams);
}

async fn page_by_page(alice: &TestClient) -> (usize, Seq) {
    let (mut count, mut after) = (0, Seq::ZERO);
    loop {
        let history =
            History { room: alice.room(), before: None, after: Some(after), around: None, limit: Some(3) };
        let page = alice.call(history).await;
        count += page.messages.len();
        match page.to_seq {
            Some(to) if page.more => after = to,
            _ => return (count, after),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_a_session_watches() {
    let (_server, access) = limited("watch_users", 2).await;
    let alice = access.client("alice").await;
    assert_eq!(alice.hello().limits.watch_users, 2);
    assert_limit(&alice.refused(Watch { users: users(3) }).await, ErrorKind::LimitReached, 2);
    alice.call(Watch { users: users(2) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cursors_of_a_hello() {
    let (_server, access) = limited("hello_cursors", 2).await;
    let cursors = (1..=3).map(|byte| (RoomId::from_bytes([byte; 16]), Seq(1))).collect();
    let options = ClientOptions::new(access.token("alice"), DeviceId::new("d").unwrap()).cursors(cursors);
    let refused = TestClient::connect_with(access, "alice", options).await.map(drop).unwrap_err();
    assert_eq!(refused.kind(), Some(ErrorKind::LimitReached));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sends_of_a_user() {
    let server = limit(limit(bongsu(), "sends_per_s", 1), "sends_burst", 3).serve().await;
    let (alice, bob) = server.access().two_members().await;
    let mut refused = None;
    for number in 0..20 {
        if let Err(error) = alice.connection().call(message(alice.room(), &format!("{number}"), "x")).await {
            refused = Some((number, error));
            break;
        }
    }
    let (number, error) = refused.expect("20 sends at once are over the rate");
    assert!(number >= 3, "a burst of 3 is taken");
    let error = error.refusal().expect("a refusal").clone();
    assert_eq!((error.kind, error.retry), (ErrorKind::RateLimited, true));
    assert!(error.retry_after_ms.is_some_and(|ms| (1..=1_000).contains(&ms)), "{error:?}");
    // A message that is there already is looked up before rates; another user has a rate of its own.
    assert!(alice.call(message(alice.room(), "0", "x")).await.duplicate);
    bob.send("not limited").await.acked();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_created_per_minute() {
    let (_server, access) = limited("creates_per_min", 2).await;
    let alice = access.client("alice").await;
    let mut refused = None;
    for number in 0..5 {
        match alice.connection().call(group(number.to_string(), vec![])).await {
            Ok(_) => {}
            Err(error) => refused = Some((number, error)),
        }
    }
    let (_, error) = refused.expect("5 rooms at once are over the rate");
    assert_eq!(error.kind(), Some(ErrorKind::RateLimited));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watches_of_presence_are_rated_by_user() {
    let (_server, access) = limited("watches_per_min", 1).await;
    let (alice, _bob) = access.two_members().await;
    let watch = |users| Watch { users };
    alice.call(watch(vec![user_id("bob")])).await;
    let refused = alice.refused(watch(vec![user_id("bob")])).await;
    assert_eq!(refused.kind, ErrorKind::RateLimited);
    assert!(refused.retry_after_ms.is_some_and(|wait| wait > 0 && wait <= 60_000), "{refused:?}");
    alice.call(watch(Vec::new())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_over_its_rate_is_dropped_and_the_session_is_well() {
    let (_server, access) = limited("typing_per_s", 1).await;
    let (alice, bob) = access.two_members().await;
    for number in 0..100 {
        alice
            .connection()
            .notify(bongsu_wire::Typing { room: alice.room(), on: number % 2 == 0 })
            .await
            .unwrap();
    }
    let head = alice.send("typed").await.acked().seq;
    bob.until_seen(alice.room(), head).await;
    // Typing is lost on a session that is catching up at that moment, so alice goes on until bob hears of it.
    let is_typing = |event: &Event| matches!(event, Event::Typing(_)).then_some(());
    let goes_on = async {
        loop {
            alice.connection().notify(bongsu_wire::Typing { room: alice.room(), on: true }).await.unwrap();
            alice.call(bongsu_wire::Ping {}).await;
        }
    };
    tokio::select! {
        () = bob.next_of("typing", is_typing) => {}
        () = goes_on => {}
    }
    alice.call(bongsu_wire::Ping {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_of_a_node_are_told_after_the_upgrade() {
    let (_server, access) = limited("sessions", 1).await;
    let alice = access.client("alice").await;
    let mut second = bongsu_load::Socket::connect(access.endpoint(), None).await.unwrap();
    let closed = within("the close", second.next()).await;
    assert!(matches!(closed, bongsu_load::Incoming::Closed(closed) if closed.code == Some(4002)));
    alice.connection().close().await;
    // Its place is free once it is gone.
    within("a free place", async {
        let options = || ClientOptions::new(access.token("bob"), DeviceId::new("d").unwrap());
        while bongsu_load::Client::connect(access.endpoint(), options()).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_in_flight_over_the_bound_wait_and_are_all_answered() {
    let (_server, access) = limited("in_flight", 2).await;
    let (alice, bob) = access.two_members().await;
    let mut replies = Vec::new();
    for number in 0..200 {
        let message = text_message(alice.room(), numbered("w", number), "x");
        replies.push(alice.connection().start(message).await.unwrap());
    }
    let mut head = Seq::ZERO;
    for reply in replies {
        let seq = reply.result().await.unwrap().seq;
        assert!(seq > head, "appends of a session commit in their order");
        head = seq;
    }
    bob.until_seen(alice.room(), head).await;
}
