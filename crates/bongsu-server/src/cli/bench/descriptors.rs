//! Thousands of sockets in one process: the limit of open files is raised as far as it may be, or said what to do.

use anyhow::{Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files and sockets besides the sessions: the store's, REST connections, the runtime's own.
const BESIDES: u64 = 512;

/// Makes room for so many sessions here, and in the server that is started from here.
pub(super) fn allow(sessions: usize) -> Result<()> {
    let needed = sessions as u64 + BESIDES;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    // Who may not raise it to the end finds out by the check below.
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let is_raised = setrlimit(Resource::Nofile, raised).is_ok();
    let now = getrlimit(Resource::Nofile).current;
    ensure!(
        is_raised && now.is_none_or(|now| now >= needed),
        "{sessions} sessions need {needed} open files here and as many in the server, but only {} are allowed: \
         raise the limit (`ulimit -n {needed}` as root, `LimitNOFILE={needed}` in a systemd unit, `--ulimit \
         nofile={needed}` in Docker) or ask for fewer",
        now.unwrap_or(u64::MAX)
    );
    Ok(())
}
