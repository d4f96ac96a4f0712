//! Refuses options that make no sense, and says what to do instead.

use std::time::Duration;

use super::HubOptions;
use crate::error::BuildError;
use crate::options::{EntryOptions, LeaseMode};

const NAME_BYTES_MAX: usize = 32;
const JITTER_PERCENT_MAX: u8 = 90;

pub(crate) fn check_name(name: &str) -> Result<(), BuildError> {
    let fits = (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if fits { Ok(()) } else { Err(BuildError::Name { name: name.to_owned() }) }
}

pub(crate) fn check_hub_options(prefix: &str, options: &HubOptions) -> Result<(), BuildError> {
    check_name(prefix)?;
    let refuse_zero = |option, value: Duration| {
        if value.is_zero() {
            return Err(BuildError::option("hub", option, value, "it must be longer than zero"));
        }
        Ok(())
    };
    refuse_zero("l2_budget", options.l2_budget)?;
    refuse_zero("l2_write_budget", options.l2_write_budget)?;
    refuse_zero("load_wait", options.load_wait)?;
    refuse_zero("pending_age_max", options.pending_age_max)?;
    if options.heartbeat < Duration::from_millis(10) {
        let advice = "heartbeats closer than 10 ms only make traffic";
        return Err(BuildError::option("hub", "heartbeat", options.heartbeat, advice));
    }
    if options.l1_bytes < 1 << 16 {
        let advice = "the process tier needs at least 64 KiB to hold anything";
        return Err(BuildError::option("hub", "l1_bytes", options.l1_bytes, advice));
    }
    if options.loads_per_model_max == 0 {
        let advice = "no load could ever run: allow at least one";
        return Err(BuildError::option("hub", "loads_per_model_max", 0, advice));
    }
    if options.pending_max == 0 {
        let advice = "no invalidation could wait for the shared tier: allow some";
        return Err(BuildError::option("hub", "pending_max", 0, advice));
    }
    Ok(())
}

pub(crate) fn check_entry_options(model: &str, options: &EntryOptions) -> Result<(), BuildError> {
    let refuse = |option, value: &dyn std::fmt::Debug, advice| {
        Err(BuildError::option(&format!("model {model}"), option, value, advice))
    };
    if options.ttl.is_zero() {
        return refuse("ttl", &options.ttl, "nothing would be kept: give entries a life");
    }
    if options.l1_ttl.is_zero() {
        return refuse(
            "l1_ttl",
            &options.l1_ttl,
            "nothing would be kept in the process: give entries a life",
        );
    }
    if options.l1_ttl > options.ttl {
        return refuse("l1_ttl", &options.l1_ttl, "the process tier cannot keep entries longer than ttl");
    }
    if options.negative_ttl > options.ttl {
        return refuse("negative_ttl", &options.negative_ttl, "absence is kept for ttl at most");
    }
    if options.jitter_percent > JITTER_PERCENT_MAX {
        return refuse("jitter_percent", &options.jitter_percent, "use at most 90");
    }
    if options.hard_timeout.is_zero() {
        return refuse("hard_timeout", &options.hard_timeout, "every read would fail: give loads some time");
    }
    if options.soft_timeout > options.hard_timeout {
        return refuse("soft_timeout", &options.soft_timeout, "it has to end before hard_timeout");
    }
    if options.load_timeout < options.hard_timeout {
        let advice = "loads would be given up while readers still wait: at least hard_timeout";
        return refuse("load_timeout", &options.load_timeout, advice);
    }
    if options.max_bytes == 0 {
        return refuse("max_bytes", &options.max_bytes, "no value would be kept");
    }
    if let LeaseMode::CrossProcess { ttl, wait } = options.lease {
        if ttl.is_zero() {
            return refuse("lease ttl", &ttl, "the lease would end before the load: about twice a slow load");
        }
        if wait > options.hard_timeout {
            return refuse("lease wait", &wait, "a follower would time out first: stay below hard_timeout");
        }
    }
    Ok(())
}
