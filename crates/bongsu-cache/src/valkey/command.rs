//! A command before it is known who gets it: the run of the server that answers is one of its arguments.

use bytes::Bytes;
use redis::Cmd;

use super::script::Script;
use crate::contract::slot_of;

/// A command whose keys all lie in one slot.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) slot: u16,
    pub(super) repeat: Repeat,
    verb: Verb,
    arguments: Vec<Argument>,
}

/// Whether a command may be sent again when it is not known whether it was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    Harmless,
    Never,
}

#[derive(Debug)]
enum Verb {
    Name(&'static str),
    Script { script: &'static Script, keys: usize },
}

#[derive(Debug)]
pub(super) enum Argument {
    Word(&'static str),
    Text(String),
    Bytes(Bytes),
    Number(i64),
    /// Eight bytes, big-endian.
    Long(u64),
    /// The run of the server that the command goes to, eight bytes.
    Run,
    /// The run, and eight bytes behind it.
    RunAndLong(u64),
}

/// How scripts are named: by digest, or with their text when the server does not know them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wording {
    Digest,
    Text,
}

impl Command {
    /// `NAME key`.
    pub(super) fn on_key(name: &'static str, key: &str) -> Self {
        Self::in_slot(slot_of(key.as_bytes()), name).with(Argument::Text(key.to_owned()))
    }

    /// A command that says its slot, and gets its keys as arguments.
    pub(super) fn in_slot(slot: u16, name: &'static str) -> Self {
        Self { slot, repeat: Repeat::Harmless, verb: Verb::Name(name), arguments: Vec::with_capacity(4) }
    }

    /// A script on keys of one slot.
    pub(super) fn script(script: &'static Script, slot: u16, keys: impl IntoIterator<Item = String>) -> Self {
        let arguments: Vec<_> = keys.into_iter().map(Argument::Text).collect();
        let verb = Verb::Script { script, keys: arguments.len() };
        Self { slot, repeat: Repeat::Harmless, verb, arguments }
    }

    pub(super) fn with(mut self, argument: Argument) -> Self {
        self.arguments.push(argument);
        self
    }

    pub(super) fn never_repeated(mut self) -> Self {
        self.repeat = Repeat::Never;
        self
    }

    /// The command for a server with this run.
    pub(super) fn worded(&self, run: u64, wording: Wording) -> Cmd {
        let bytes = self.arguments.iter().map(Argument::bytes_at_most).sum::<usize>() + 80;
        let mut command = Cmd::with_capacity(self.arguments.len() + 3, bytes);
        match self.verb {
            Verb::Name(name) => command.arg(name),
            Verb::Script { script, keys } => match wording {
                Wording::Digest => command.arg("EVALSHA").arg(script.digest()).arg(keys),
                Wording::Text => command.arg("EVAL").arg(script.text()).arg(keys),
            },
        };
        for argument in &self.arguments {
            match argument {
                Argument::Word(word) => command.arg(*word),
                Argument::Text(text) => command.arg(text),
                Argument::Bytes(bytes) => command.arg(bytes.as_ref()),
                Argument::Number(number) => command.arg(*number),
                Argument::Long(long) => command.arg(&long.to_be_bytes()),
                Argument::Run => command.arg(&run.to_be_bytes()),
                Argument::RunAndLong(long) => command.arg(&both(run, *long)),
            };
        }
        command
    }
}

impl Argument {
    fn bytes_at_most(&self) -> usize {
        // Besides the argument its length and two line ends.
        16 + match self {
            Self::Word(word) => word.len(),
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Number(_) | Self::Long(_) | Self::Run | Self::RunAndLong(_) => 20,
        }
    }
}

fn both(high: u64, low: u64) -> [u8; 16] {
    (u128::from(high) << 64 | u128::from(low)).to_be_bytes()
}
