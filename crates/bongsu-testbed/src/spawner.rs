//! Starts programs so that they die with this process, even if it is killed.
//!
//! Linux kills a child when the *thread* that started it ends (`PR_SET_PDEATHSIG`). Tests come and go on threads of
//! their own, and a shared server outlives the test that started it: so one thread, which never ends before the
//! process does, starts everything.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::program::on_the_path;

struct Order {
    command: Command,
    reply: SyncSender<io::Result<Child>>,
}

static ORDERS: LazyLock<SyncSender<Order>> = LazyLock::new(|| {
    let (sender, receiver) = sync_channel(1);
    thread::Builder::new()
        .name("testbed-spawner".to_owned())
        .spawn(move || carry_out(&receiver))
        .expect("a thread starts");
    sender
});

/// A command for `program` that is sent `signal` (KILL, QUIT) when this process dies; `setpriv` of util-linux sees to
/// it and keeps the process id. Where there is no `setpriv`, only dropping the value ends the server.
pub(crate) fn dying_with_us(signal: &str, as_user: Option<&str>, program: &OsStr) -> Command {
    let Some(setpriv) = on_the_path("setpriv") else { return Command::new(program) };
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", signal]);
    if let Some(user) = as_user {
        command.args([&format!("--reuid={user}"), &format!("--regid={user}"), "--init-groups"]);
    }
    command.arg("--").arg(program);
    command
}

/// Appends what the program prints to a file. A pipe would need a reader that outlives the test.
pub(crate) fn logging_to(command: &mut Command, file: &Path) {
    let log = File::options().create(true).append(true).open(file).expect("a log file");
    command.stdout(log.try_clone().expect("a second handle of the log")).stderr(log);
}

/// Starts `command` without a terminal, in a process group of its own: an interrupt at the terminal is for the test.
pub(crate) fn spawn(mut command: Command) -> io::Result<Child> {
    command.stdin(Stdio::null()).process_group(0);
    let (reply, answer) = sync_channel(1);
    ORDERS.send(Order { command, reply }).expect("the spawner never ends");
    answer.recv().expect("the spawner answers every order")
}

fn carry_out(orders: &Receiver<Order>) {
    for mut order in orders {
        let spawned = order.command.spawn();
        order.reply.send(spawned).expect("whoever ordered waits for the answer");
    }
}
