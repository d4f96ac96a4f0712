//! Sends each command to the owner of its slot: one pipeline for each server, all of them at once. Follows slots that
//! move.
//!
//! A server that answers MOVED, ASK, TRYAGAIN, CLUSTERDOWN, LOADING, MASTERDOWN, READONLY or NOSCRIPT has carried
//! nothing out, so every command may be sent again after those. After a connection that broke, only commands that do
//! no harm twice are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use redis::{ServerError, ServerErrorKind, Value};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::address::Address;
use super::command::{Command, Repeat, Wording};
use super::node::{Answers, NoAnswer, Node, NodeSettings};
use super::topology::Topology;
use crate::contract::{L2Error, deadline};

/// How often one command is sent at most: enough for a slot that moves, a script that is not known and a connection
/// that breaks, all at once.
const SENDS_MAX: u32 = 6;

/// Before a command is sent again that a server could not take just now.
const PAUSE: Duration = Duration::from_millis(25);

/// What a server answered to a command, and as which run.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) run: u64,
    pub(super) value: Value,
}

#[derive(Debug)]
pub(super) struct Router {
    pub(super) seeds: Vec<Address>,
    settings: NodeSettings,
    pipeline_commands_max: usize,
    topology: watch::Sender<Arc<Topology>>,
    nodes: Mutex<BTreeMap<Address, Arc<Node>>>,
}

/// A command on its way.
struct Way {
    /// Its place among the commands of the call.
    place: usize,
    /// Where a server said it should go, if not to the owner of its slot.
    sent_to: Option<Address>,
    /// The slot is on the move, and its next owner must be told that we know.
    asking: bool,
    wording: Wording,
    broke: bool,
}

/// What to do after an answer.
enum Next {
    Done(Result<Answer, L2Error>),
    Again { way: Way, pause: bool },
}

impl Router {
    pub(super) fn new(seeds: Vec<Address>, settings: NodeSettings, pipeline_commands_max: usize) -> Self {
        let topology = watch::Sender::new(Arc::new(Topology::unknown()));
        Self { seeds, settings, pipeline_commands_max, topology, nodes: Mutex::default() }
    }

    pub(super) fn topology(&self) -> Arc<Topology> {
        Arc::clone(&self.topology.borrow())
    }

    /// The slot map, waited for if nobody has told it yet. If nobody does, calls fail for that reason.
    pub(super) async fn first_topology(&self) -> Arc<Topology> {
        if let Err(error) = self.known_topology().await {
            tracing::debug!(%error, "no slot map");
        }
        self.topology()
    }

    pub(super) fn watch_topology(&self) -> watch::Receiver<Arc<Topology>> {
        self.topology.subscribe()
    }

    /// Wakes whoever keeps the slot map fresh.
    pub(super) fn trouble(&self) -> &Arc<Notify> {
        &self.settings.trouble
    }

    /// The server, known or not.
    pub(super) fn node(&self, address: &Address) -> Arc<Node> {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        let node = nodes
            .entry(address.clone())
            .or_insert_with(|| Arc::new(Node::new(address.clone(), self.settings.clone())));
        Arc::clone(node)
    }

    /// From now on these own the slots. Servers that own none are forgotten.
    pub(super) fn adopt(&self, topology: Topology) {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.retain(|address, node| {
            let stays = topology.servers().contains(address);
            if !stays {
                node.retire();
            }
            stays
        });
        let known = self.topology();
        for (address, node) in nodes.iter().filter(|(address, _)| !known.servers().contains(address)) {
            tracing::debug!(server = %address, "owns slots now");
            node.was_promoted();
        }
        self.topology.send_if_modified(|current| {
            let changed = **current != topology;
            *current = Arc::new(topology);
            changed
        });
    }

    /// Asks the owner of a slot who it is, in case it was promoted since we connected. Says whether it was.
    pub(super) async fn recheck(&self, slot: u16) -> bool {
        let owner = self.topology().owner(slot).cloned();
        match owner {
            Some(owner) => self.node(&owner).recheck().await,
            None => false,
        }
    }

    /// Sends one command.
    pub(super) async fn ask_one(&self, command: Command) -> Result<Answer, L2Error> {
        let commands = [command];
        let no_answer = || Err(L2Error::Unreachable("no answer".to_owned()));
        self.ask(&commands).await.pop().unwrap_or_else(no_answer)
    }

    /// Sends commands; the answers stand in their order. What the server refuses is an error of that command only.
    pub(super) async fn ask(&self, commands: &[Command]) -> Vec<Result<Answer, L2Error>> {
        let began = Instant::now();
        let mut answers: Vec<Option<Result<Answer, L2Error>>> = Vec::new();
        answers.resize_with(commands.len(), || None);
        let mut ways: Vec<Way> = (0..commands.len()).map(Way::to_owner).collect();
        let mut last_refusal = L2Error::Unreachable("the slot map is not known yet".to_owned());
        if let Err(error) = self.known_topology().await {
            last_refusal = error;
            ways.clear();
        }
        for _ in 0..SENDS_MAX {
            if ways.is_empty() || began.elapsed() >= self.settings.answer_timeout {
                break;
            }
            let mut pause = false;
            for (place, next) in self.send_all(commands, std::mem::take(&mut ways)).await {
                match next {
                    Next::Done(answer) => answers[place] = Some(answer),
                    Next::Again { way, pause: wait } => {
                        pause |= wait;
                        ways.push(way);
                    }
                }
            }
            if pause {
                last_refusal = L2Error::Refused("the shard is not ready".to_owned());
                tokio::time::sleep(PAUSE).await;
            } else if !ways.is_empty() {
                last_refusal = L2Error::Refused("the slot moves without an end".to_owned());
            }
        }
        answers.into_iter().map(|answer| answer.unwrap_or_else(|| Err(last_refusal.clone()))).collect()
    }

    /// Waits until somebody told which server owns which slot.
    async fn known_topology(&self) -> Result<(), L2Error> {
        if self.topology.borrow().is_known() {
            return Ok(());
        }
        self.settings.trouble.notify_one();
        let mut topology = self.topology.subscribe();
        let known = topology.wait_for(|topology| topology.is_known());
        match tokio::time::timeout(self.settings.answer_timeout, known).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(L2Error::Unreachable("no server has been reached yet".to_owned())),
        }
    }

    async fn send_all(&self, commands: &[Command], ways: Vec<Way>) -> Vec<(usize, Next)> {
        let topology = self.topology();
        let mut done = Vec::with_capacity(ways.len());
        let mut by_server: BTreeMap<Address, Vec<Way>> = BTreeMap::new();
        for way in ways {
            let slot = commands[way.place].slot;
            match way.sent_to.as_ref().or_else(|| topology.owner(slot)) {
                Some(server) => match by_server.get_mut(server) {
                    Some(ways) => ways.push(way),
                    None => {
                        by_server.insert(server.clone(), vec![way]);
                    }
                },
                None => {
                    self.settings.trouble.notify_one();
                    let error = L2Error::Unreachable(format!("no server owns slot {slot}"));
                    done.push((way.place, Next::Done(Err(error))));
                }
            }
        }
        let mut pipelines = Vec::new();
        for (server, mut ways) in by_server {
            let node = self.node(&server);
            while ways.len() > self.pipeline_commands_max {
                let rest = ways.split_off(self.pipeline_commands_max);
                pipelines.push(self.send(commands, Arc::clone(&node), ways));
                ways = rest;
            }
            pipelines.push(self.send(commands, node, ways));
        }
        let mut moved = Vec::new();
        for answered in join_all(pipelines).await {
            done.extend(answered.nexts);
            moved.extend(answered.moved);
        }
        self.follow(moved);
        done
    }

    /// One pipeline to one server.
    async fn send(&self, commands: &[Command], node: Arc<Node>, ways: Vec<Way>) -> Answered {
        let worded = |run| {
            let mut pipeline = redis::Pipeline::with_capacity(ways.len());
            for way in &ways {
                if way.asking {
                    pipeline.cmd("ASKING");
                }
                pipeline.add_command(commands[way.place].worded(run, way.wording));
            }
            pipeline
        };
        let answers = match in_time(node.ask(worded)).await {
            Ok(answers) => answers,
            Err(no_answer) => return self.unanswered(commands, ways, &no_answer),
        };
        let mut answered = Answered::default();
        let mut values = answers.values.into_iter();
        for way in ways {
            if way.asking {
                values.next();
            }
            let place = way.place;
            let next = match values.next() {
                Some(Value::ServerError(refusal)) => {
                    self.refused(commands[place].slot, way, &refusal, &mut answered.moved)
                }
                Some(value) => Next::Done(Ok(Answer { run: answers.run, value })),
                None => Next::Done(Err(L2Error::Unreachable("an answer is missing".to_owned()))),
            };
            answered.nexts.push((place, next));
        }
        answered
    }

    fn unanswered(&self, commands: &[Command], ways: Vec<Way>, no_answer: &NoAnswer) -> Answered {
        let broke = matches!(no_answer.error, L2Error::Unreachable(_));
        let mut answered = Answered::default();
        for way in ways {
            let harmless = no_answer.unsent || commands[way.place].repeat == Repeat::Harmless;
            let place = way.place;
            let next = if broke && harmless && !way.broke {
                Next::Again { way: Way { broke: true, ..Way::to_owner(place) }, pause: false }
            } else {
                Next::Done(Err(no_answer.error.clone()))
            };
            answered.nexts.push((place, next));
        }
        answered
    }

    fn refused(&self, slot: u16, way: Way, refusal: &ServerError, moved: &mut Vec<(u16, Address)>) -> Next {
        let elsewhere = || refusal.details()?.split(' ').nth(1).and_then(Address::parse);
        let again = |way, pause| Next::Again { way, pause };
        match (refusal.kind(), elsewhere) {
            (Some(ServerErrorKind::Moved), elsewhere) => match elsewhere() {
                Some(server) => {
                    moved.push((slot, server.clone()));
                    again(Way { sent_to: Some(server), asking: false, ..way }, false)
                }
                None => Next::Done(Err(refused_for_good(refusal))),
            },
            (Some(ServerErrorKind::Ask), elsewhere) => match elsewhere() {
                Some(server) => again(Way { sent_to: Some(server), asking: true, ..way }, false),
                None => Next::Done(Err(refused_for_good(refusal))),
            },
            (Some(ServerErrorKind::NoScript), _) if way.wording == Wording::Digest => {
                again(Way { wording: Wording::Text, ..way }, false)
            }
            (Some(ServerErrorKind::TryAgain | ServerErrorKind::BusyLoading), _) => again(way, true),
            (
                Some(ServerErrorKind::ClusterDown | ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown),
                _,
            ) => {
                self.settings.trouble.notify_one();
                again(Way { sent_to: None, asking: false, ..way }, true)
            }
            _ => Next::Done(Err(refused_for_good(refusal))),
        }
    }

    /// Believes servers that say where slots went, until the whole map has been asked for.
    fn follow(&self, moved: Vec<(u16, Address)>) {
        let news =
            |topology: &Topology| moved.iter().any(|(slot, server)| topology.owner(*slot) != Some(server));
        self.topology.send_if_modified(|current| {
            if current.is_single() || !news(current) {
                return false;
            }
            let mut topology = Topology::clone(current);
            for (slot, server) in &moved {
                topology.move_slot(*slot, server.clone());
            }
            *current = Arc::new(topology);
            true
        });
        if !moved.is_empty() {
            self.settings.trouble.notify_one();
        }
    }
}

#[derive(Default)]
struct Answered {
    nexts: Vec<(usize, Next)>,
    moved: Vec<(u16, Address)>,
}

impl Way {
    fn to_owner(place: usize) -> Self {
        Self { place, sent_to: None, asking: false, wording: Wording::Digest, broke: false }
    }
}

fn refused_for_good(refusal: &ServerError) -> L2Error {
    L2Error::Refused(format!("{} {}", refusal.code(), refusal.details().unwrap_or_default()))
}

/// Until the caller stops waiting. The other servers' answers are not lost then.
async fn in_time(asked: impl Future<Output = Result<Answers, NoAnswer>>) -> Result<Answers, NoAnswer> {
    match deadline() {
        Some(deadline) => tokio::time::timeout_at(deadline, asked)
            .await
            .unwrap_or(Err(NoAnswer { error: L2Error::Timeout, unsent: false })),
        None => asked.await,
    }
}
