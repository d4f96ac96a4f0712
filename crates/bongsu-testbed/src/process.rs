//! One server process: paused, resumed, killed, and gone when the value is.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::spawner::spawn;

/// Whether a server can be expected to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Running,
    Paused,
    Ended,
}

/// A process that can be started again. Shared by reference: a test breaks a server while others talk to it.
#[derive(Debug)]
pub(crate) struct Process {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    child: Child,
    condition: Condition,
}

impl Process {
    pub(crate) fn start(command: Command) -> io::Result<Process> {
        let child = spawn(command)?;
        Ok(Process { state: Mutex::new(State { child, condition: Condition::Running }) })
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

    /// `kill -9`, paused or not. Returns when it is gone.
    pub(crate) fn kill(&self) {
        self.state().kill();
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

    fn kill(&mut self) {
        if self.condition == Condition::Ended {
            return;
        }
        self.child.kill().expect("a child of ours can be killed");
        self.child.wait().expect("a child of ours can be waited for");
        self.condition = Condition::Ended;
    }
}
