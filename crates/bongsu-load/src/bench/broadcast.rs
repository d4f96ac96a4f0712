//! `bench broadcast`: one message to a channel whose members are all online, until the last of them has it.

use std::time::Duration;

use bongsu_types::{RoomKind, UserId};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use tokio::time::Instant;

use super::crowd::Crowd;
use super::line::BUSY_BUFFER;
use super::outcome::Meter;
use super::template::{Template, room_text};
use super::{BenchError, Histogram, Outcome, Target};

/// Members named in one call: what the server's limits allow.
const USERS_PER_CALL: usize = 1_000;

/// Sessions opened at once.
const HELLOS_AT_ONCE: usize = 64;

/// Buffer of a member, bytes: a few messages are all that come.
const MEMBER_BUFFER: usize = 4 * 1024;

/// What is sent to whom.
#[derive(Debug, Clone)]
pub struct BroadcastOptions {
    /// Members, all online; the first one sends.
    pub members: usize,
    /// Messages measured, each after the last delivery of the one before.
    pub messages: usize,
    /// Bytes of a text.
    pub text_bytes: usize,
    /// Not measured.
    pub warm_up: Duration,
}

/// Runs it. `on_progress` is told the members connected.
///
/// # Errors
/// When the server cannot be reached, refuses, or stops answering.
pub async fn run(
    target: &Target,
    options: &BroadcastOptions,
    mut on_progress: impl FnMut(u64),
) -> Result<Outcome, BenchError> {
    if options.members < 2 || options.messages == 0 {
        return Err(BenchError::Options("there must be two members and a message".to_owned()));
    }
    let members: Vec<UserId> = (0..options.members).map(|number| target.user(number)).collect();
    let room = open_channel(target, &members).await?;
    let (speaker, _) = target.line(&members[0], 0, BUSY_BUFFER).await?;
    let mut crowd = Crowd::of(room, target.head_of(&members[0], room).await?);
    let speaker = crowd.join_speaker(speaker);
    let opening = stream::iter(&members[1..]).map(|member| target.line(member, 0, MEMBER_BUFFER));
    let mut lines = opening.buffer_unordered(HELLOS_AT_ONCE);
    let mut connected = 1;
    while let Some((line, _)) = lines.try_next().await? {
        crowd.join(line);
        connected += 1;
        on_progress(connected);
    }
    let mut template = Template::new(&target.run, options.text_bytes);
    let mut last = Histogram::default();
    let warm_up_end = Instant::now() + options.warm_up;
    let (mut meter, mut before) = (Meter::start(target), 0);
    let mut measured = 0;
    while measured < options.messages {
        if measured == 0 {
            (meter, before) = (Meter::start(target), crowd.arrived());
            crowd.take_latency();
        }
        let written = Instant::now();
        let frame = template.address(&room, crowd.expect(written)).to_vec();
        speaker
            .send(frame)
            .await
            .map_err(|_| BenchError::Closed("the sender's connection is over".to_owned()))?;
        if !crowd.all_arrived().await? {
            break;
        }
        if written >= warm_up_end {
            last.add(written.elapsed());
            measured += 1;
        }
    }
    let mut outcome = Outcome::default();
    let to_last = meter.end("to the last member", "messages", last.count(), last);
    let mut every = to_last.clone();
    (every.name, every.unit) = ("to every member".to_owned(), "deliveries");
    (every.count, every.latency) = (crowd.arrived() - before, crowd.take_latency());
    outcome.phases.extend([to_last, every]);
    crowd.judge_deliveries(&mut outcome.report);
    if outcome.report.is_clean() {
        crowd.all_answered().await?;
    }
    crowd.judge_answers(target.head_of(&members[0], room).await?, &mut outcome.report);
    Ok(outcome)
}

/// A channel with all members, named call by call.
async fn open_channel(target: &Target, members: &[UserId]) -> Result<super::scan::RoomText, BenchError> {
    let mut calls = members.chunks(USERS_PER_CALL);
    let first = calls.next().unwrap_or_default().to_vec();
    let created = target.create(RoomKind::Channel, vec![first], |_| {}).await?;
    let room = created.first().copied().ok_or(BenchError::Stalled("the channel"))?;
    let mut rest = target.rest().acting_for(members[0].to_string());
    for users in calls {
        let users: Vec<&str> = users.iter().map(UserId::as_str).collect();
        let answer = rest.post(&format!("/v1/rooms/{room}/members"), &json!({ "users": users })).await?;
        if !answer.is_success() {
            return Err(BenchError::Refused(answer.body));
        }
    }
    Ok(room_text(room))
}
