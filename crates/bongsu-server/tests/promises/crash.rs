//! kill -9 under load, again and again: what was replied is there, once, and every count is right.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use bongsu_load::client::{CallError, Client, ClientOptions, Reply, numbered, text_message};
use bongsu_load::random::Random;
use bongsu_load::state::Fresh;
use bongsu_load::{Checker, SendKey};
use bongsu_testkit::{Access, TestClient, user_id, within};
use bongsu_types::{DeviceId, RoomId, Seq, UserId};
use bongsu_wire::SendMessage;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::bongsu;

const USERS: [&str; 4] = ["alice", "bob", "carol", "dave"];
const ROOMS: usize = 3;

/// Sends of one user in flight.
const WINDOW: usize = 8;

/// Replies after which a server is killed: at least, and how many more at most.
const REPLIES: (usize, usize) = (40, 400);

/// Everything known about a run, over all its servers.
#[derive(Default)]
struct Known {
    checker: Mutex<Checker>,
    /// Read marks that were replied to.
    marks: Mutex<BTreeMap<(UserId, RoomId), Seq>>,
}

fn rounds() -> usize {
    std::env::var("BONGSU_CRASH_ROUNDS").map_or(25, |rounds| rounds.parse().expect("a number of rounds"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_under_load_loses_and_doubles_nothing_it_replied_to() {
    let mut server = bongsu().serve().await;
    let mut watcher = server.access().client("watcher").await;
    let rooms = create_rooms(&watcher).await;
    let known = Arc::new(Known::default());
    let mut random = Random::seeded(7);
    let mut repeated = 0;
    for round in 0..rounds() {
        let enough = REPLIES.0 + random.below(REPLIES.1);
        let access = server.access();
        let (replies, mut replied) = watch::channel(0_usize);
        let mut speakers = JoinSet::new();
        for user in USERS {
            let speaker = Speaker {
                client: connect(&access, user).await,
                user: user_id(user),
                rooms: rooms.clone(),
                known: Arc::clone(&known),
                replies: replies.clone(),
                random: Random::seeded(random.number()),
                sent: 0,
                round,
            };
            speakers.spawn(speaker.speak());
        }
        within("enough replies", replied.wait_for(|replies| *replies >= enough)).await.unwrap();
        server.kill9().await;
        within("the speakers to notice", speakers.join_all()).await;
        server.restart().await;
        repeated += repeat_open_sends(&server.access(), &known).await;
        watcher.reconnect_to(server.access()).await;
    }
    compare(&server.access(), &known).await;
    watcher.assert_equals_fresh().await;
    server.stop().await;
    server.assert_check_clean().await;
    let report = known.checker.lock().unwrap().report();
    println!("{} rounds of kill -9, {repeated} sends without a reply repeated:\n{report}", rounds());
    report.assert_clean();
    assert_eq!((report.unknown, report.failed), (0, 0), "every send was repeated until replied:\n{report}");
}

async fn create_rooms(watcher: &TestClient) -> Vec<RoomId> {
    let mut rooms = Vec::new();
    for number in 0..ROOMS {
        let room = watcher.create_group(&format!("room {number}"), USERS.map(user_id).into()).await;
        watcher.until("the room to come", |state| state.room(room).is_some()).await;
        rooms.push(room);
    }
    rooms
}

async fn connect(access: &Access, user: &str) -> Client {
    let options = ClientOptions::new(access.token(user), DeviceId::new("phone").unwrap());
    Client::connect(access.endpoint(), options).await.expect("a session at a server just started").0
}

/// A user who sends without pause, several at once, and reads now and then, until the server is gone.
struct Speaker {
    client: Client,
    user: UserId,
    rooms: Vec<RoomId>,
    known: Arc<Known>,
    replies: watch::Sender<usize>,
    random: Random,
    round: usize,
    sent: u64,
}

type InFlight = (SendKey, Reply<SendMessage>);

impl Speaker {
    async fn speak(mut self) {
        let mut in_flight: VecDeque<InFlight> = VecDeque::new();
        while self.fill(&mut in_flight).await.is_ok() {
            let Some(oldest) = in_flight.pop_front() else { return };
            if self.settle(oldest).await.is_err() || self.read().await.is_err() {
                break;
            }
        }
        for left in in_flight {
            // Each of them is settled, whatever became of the one before.
            drop(self.settle(left).await);
        }
    }

    async fn fill(&mut self, in_flight: &mut VecDeque<InFlight>) -> Result<(), CallError> {
        while in_flight.len() < WINDOW {
            let room = *self.random.pick(&self.rooms);
            let client_id = numbered(&format!("r{}", self.round), self.sent);
            let text = format!("message {} of {} in round {}", self.sent, self.user, self.round);
            self.sent += 1;
            let key = SendKey { room, sender: self.user.clone(), client_id: client_id.clone() };
            self.known.checker.lock().unwrap().sending(key.clone(), &text);
            let reply = self.client.start(text_message(room, client_id, text)).await?;
            in_flight.push_back((key, reply));
        }
        Ok(())
    }

    async fn settle(&self, (key, reply): InFlight) -> Result<(), CallError> {
        let result = reply.result().await;
        let mut checker = self.known.checker.lock().unwrap();
        match result {
            Ok(reply) => {
                checker.replied(&key, &reply);
                self.replies.send_modify(|replies| *replies += 1);
                Ok(())
            }
            Err(error) => {
                checker.failed(&key, error.outcome());
                Err(error)
            }
        }
    }

    async fn read(&mut self) -> Result<(), CallError> {
        if !self.random.once_in(10) {
            return Ok(());
        }
        let room = *self.random.pick(&self.rooms);
        let marked = self.client.mark_read(room, Seq(u64::MAX >> 11)).await?;
        let mut marks = self.known.marks.lock().unwrap();
        let mark = marks.entry((self.user.clone(), room)).or_default();
        *mark = (*mark).max(marked.read_seq);
        Ok(())
    }
}

/// What a real client does after a crash: every send without a reply goes again, with the same client id.
async fn repeat_open_sends(access: &Access, known: &Known) -> usize {
    let open = known.checker.lock().unwrap().open_sends();
    for user in USERS.map(user_id) {
        let client = connect(access, user.as_str()).await;
        for (key, text) in open.iter().filter(|(key, _)| key.sender == user) {
            let reply = client.send(key.room, key.client_id.clone(), text.clone()).await;
            known.checker.lock().unwrap().replied(key, &reply.expect("a reply to a repeated send"));
        }
    }
    open.len()
}

/// Logs against what was sent, unread against a recount, marks against what was replied.
async fn compare(access: &Access, known: &Known) {
    for user in USERS.map(user_id) {
        let client = connect(access, user.as_str()).await;
        let fresh = Fresh::fetch(&client).await.expect("a fresh fetch");
        let mut checker = known.checker.lock().unwrap();
        for row in fresh.rows() {
            let messages = fresh.messages(row.room);
            if user.as_str() == USERS[0] {
                checker.log(row.room, messages);
            }
            checker.unread(&user, row, messages);
            let marks = known.marks.lock().unwrap();
            let mark = marks.get(&(user.clone(), row.room)).copied().unwrap_or_default();
            assert!(row.read_seq >= mark, "{user} read up to {mark}, the row says {}", row.read_seq);
        }
    }
}
