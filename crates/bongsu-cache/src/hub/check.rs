//! Refuses options that make no sense, and says what to do instead.

use std::time::Duration;

use super::HubOptions;
use crate::error::BuildError;
use crate::options::{EntryOptions, LONGEST, LeaseMode};

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
    check_longest(
        "hub",
        &[
            ("l1_max_staleness_without_backplane", options.l1_max_staleness_without_backplane),
            ("l2_budget", options.l2_budget),
            ("l2_write_budget", options.l2_write_budget),
            ("heartbeat", options.heartbeat),
            ("schema_notice", options.schema_notice),
            ("load_wait", options.load_wait),
        ],
    )?;
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

/// Refuses what is longer than any machine runs.
pub(crate) fn check_longest(whose: &str, times: &[(&'static str, Duration)]) -> Result<(), BuildError> {
    match times.iter().find(|(_, time)| *time > LONGEST) {
        Some((option, time)) => Err(BuildError::option(whose, option, time, "use at most a hundred years")),
        None => Ok(()),
    }
}

pub(crate) fn check_entry_options(model: &str, options: &EntryOptions) -> Result<(), BuildError> {
    check_longest(
        &format!("model {model}"),
        &[
            ("ttl", options.ttl),
            ("stale_if_error", options.stale_if_error),
            ("hard_timeout", options.hard_timeout),
            ("load_timeout", options.load_timeout),
        ],
    )?;
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
        check_longest(&format!("model {model}"), &[("lease ttl", ttl)])?;
        if ttl.is_zero() {
            return refuse("lease ttl", &ttl, "the lease would end before the load: about twice a slow load");
        }
        if wait > options.hard_timeout {
            return refuse("lease wait", &wait, "a follower would time out first: stay below hard_timeout");
        }
    }
    Ok(())
}
