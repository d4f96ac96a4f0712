//! One server process: paused, resumed, killed, and gone when the value is.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::spawner::spawn;

/// Whether a server can be expected to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Running,
    Paused,
    Ended,
}

/// How a server is made to end. Either way it gets no time to tidy up its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goodbye {
    /// SIGKILL.
    Kill,
    /// SIGQUIT, for a server with children and shared memory that would outlive it; SIGKILL when that does not help.
    Quit,
}

/// How long a process may take to end at SIGQUIT.
const QUIT_TIMEOUT: Duration = Duration::from_secs(5);

/// How often it is asked whether it has ended: a drop cannot wait for events of the runtime.
const ASK_AGAIN: Duration = Duration::from_millis(2);

/// A process that can be started again. Shared by reference: a test breaks a server while others talk to it.
#[derive(Debug)]
pub(crate) struct Process {
    goodbye: Goodbye,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    child: Child,
    condition: Condition,
}

impl Process {
    pub(crate) fn start(command: Command, goodbye: Goodbye) -> io::Result<Process> {
        let child = spawn(command)?;
        Ok(Process { goodbye, state: Mutex::new(State { child, condition: Condition::Running }) })
    }

    pub(crate) fn id(&self) -> u32 {
        self.state().child.id()
    }

    pub(crate) fn condition(&self) -> Condition {
        self.state().condition
    }

    /// How it ended by itself, if it did.
    pub(crate) fn exit(&self) -> Option<ExitStatus> {
        self.state().child.try_wait().expect("the state of a child")
    }

    /// Stops it where it is. Returns when it does stand still.
    pub(crate) fn pause(&self) {
        let mut state = self.state();
        assert_eq!(state.condition, Condition::Running, "only a running server can be paused");
        state.signal(Signal::STOP);
        let stopped = waitid(WaitId::Pid(state.pid()), WaitIdOptions::STOPPED);
        stopped.expect("a child that was running can stop");
        state.condition = Condition::Paused;
    }

    pub(crate) fn resume(&self) {
        let mut state = self.state();
        assert_eq!(state.condition, Condition::Paused, "only a paused server can be resumed");
        state.signal(Signal::CONT);
        state.condition = Condition::Running;
    }

    /// Ends it, paused or not. Returns when it is gone.
    pub(crate) fn kill(&self) {
        let mut state = self.state();
        if state.condition == Condition::Ended {
            return;
        }
        if self.goodbye == Goodbye::Kill || !state.quits() {
            state.child.kill().expect("a child of ours can be killed");
            state.child.wait().expect("a child of ours can be waited for");
        }
        state.condition = Condition::Ended;
    }

    /// Starts it again. It must have ended.
    pub(crate) fn restart(&self, command: Command) -> io::Result<()> {
        let mut state = self.state();
        assert_eq!(state.condition, Condition::Ended, "restart a server that was killed");
        state.child = spawn(command)?;
        state.condition = Condition::Running;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A failed assertion above poisons nothing that a drop could not still clean up.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl State {
    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("a child that was not waited for takes signals");
    }

    /// Asks it to end at once. Says whether it did.
    fn quits(&mut self) -> bool {
        let has_ended = |child: &mut Child| child.try_wait().expect("the state of a child").is_some();
        if has_ended(&mut self.child) {
            return true;
        }
        self.signal(Signal::QUIT);
        for _ in 0..QUIT_TIMEOUT.as_millis() / ASK_AGAIN.as_millis() {
            if has_ended(&mut self.child) {
                return true;
            }
            thread::sleep(ASK_AGAIN);
        }
        false
    }
}
