//! Which schemas of a model may have entries: a sorted set, and beside it the name of that list, by which whoever reads
//! it knows whether anything of it may have been lost.

use std::time::Duration;

use redis::Value;

use super::answers::{integer, millis, parts, unexpected};
use super::command::{Argument, Command};
use super::l2::ValkeyL2;
use super::script::{self, Script};
use crate::contract::{L2Error, Registration, SchemaList, slot_of};
use crate::random;
use crate::schema::SchemaHash;

pub(super) async fn register(
    l2: &ValkeyL2,
    model: &str,
    schema: SchemaHash,
    ttl: Duration,
) -> Result<Registration, L2Error> {
    let register = on_list(l2, &script::REGISTER_SCHEMA, model)
        .with(Argument::Long(schema.as_u64()))
        .with(Argument::Number(millis(ttl)))
        .with(Argument::Run)
        .with(Argument::Long(random::number()));
    let answer = l2.router.ask_one(register).await?;
    let [was_listed, list @ ..] = parts(&answer.value)? else { return Err(unexpected()) };
    Ok(Registration { was_listed: integer(was_listed)? == 1, list: read(list, answer.run)? })
}

pub(super) async fn live(l2: &ValkeyL2, model: &str) -> Result<SchemaList, L2Error> {
    let answer = l2.router.ask_one(on_list(l2, &script::LIVE_SCHEMAS, model)).await?;
    read(parts(&answer.value)?, answer.run)
}

pub(super) async fn vouch(l2: &ValkeyL2, model: &str, list: u64) -> Result<bool, L2Error> {
    let vouch = on_list(l2, &script::VOUCH_FOR_SCHEMAS, model).with(Argument::Run).with(Argument::Long(list));
    Ok(integer(&l2.router.ask_one(vouch).await?.value)? == 1)
}

fn on_list(l2: &ValkeyL2, script: &'static Script, model: &str) -> Command {
    let list = format!("{}:schemas:{model}", l2.prefix);
    // In the slot of the list, which has no braces.
    let name = format!("{{{list}}}~name");
    Command::script(script, slot_of(list.as_bytes()), [list, name])
}

/// The name, then schemas and the milliseconds that each has left.
fn read(answer: &[Value], run: u64) -> Result<SchemaList, L2Error> {
    let [Value::BulkString(name), listed @ ..] = answer else { return Err(unexpected()) };
    let mut list = SchemaList::default();
    if let Some((of_run, id_and_flag)) = name.split_first_chunk::<8>()
        && let Some((id, flag)) = id_and_flag.split_first_chunk::<8>()
        && u64::from_be_bytes(*of_run) == run
    {
        list.id = Some(u64::from_be_bytes(*id));
        list.is_vouched_for = flag == b"1";
    }
    for schema in listed.chunks(2) {
        let [Value::BulkString(schema), left] = schema else { return Err(unexpected()) };
        let schema = schema[..].try_into().map_err(|_| unexpected())?;
        let left = Duration::from_millis(u64::try_from(integer(left)?).unwrap_or(0));
        list.schemas.push((SchemaHash::from_u64(u64::from_be_bytes(schema)), left));
    }
    Ok(list)
}
