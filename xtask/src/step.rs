//! One command of a task: shown before it runs, timed, and explained when it fails.

use std::env;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// A child process that runs in the repository's root unless told otherwise.
pub(crate) struct Step {
    command: Command,
}

impl Step {
    pub(crate) fn new(program: &str, arguments: &[&str]) -> Step {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(root());
        Step { command }
    }

    /// The cargo that runs this task, so that toolchain overrides hold for the steps too.
    pub(crate) fn cargo(arguments: &[&str]) -> Step {
        let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        Step::new(&cargo, arguments)
    }

    /// More arguments, after those given.
    pub(crate) fn with(mut self, arguments: &[&str]) -> Step {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Step {
        self.command.env(name, value);
        self
    }

    pub(crate) fn within(mut self, folder: &str) -> Step {
        self.command.current_dir(root().join(folder));
        self
    }

    /// Runs to the end with the terminal's own output.
    pub(crate) fn run(mut self) -> Result<()> {
        let line = self.line();
        println!("    $ {line}");
        let status = self.command.status().with_context(|| format!("could not start `{line}`"))?;
        if !status.success() {
            bail!("`{line}` failed ({status})");
        }
        Ok(())
    }

    /// Runs to the end and returns what it wrote to stdout.
    pub(crate) fn output(mut self) -> Result<String> {
        let line = self.line();
        let output = self
            .command
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("could not start `{line}`"))?;
        if !output.status.success() {
            bail!("`{line}` failed ({})", output.status);
        }
        String::from_utf8(output.stdout).with_context(|| format!("`{line}` wrote invalid UTF-8"))
    }

    /// Runs to the end without a word, and says whether it is there and ended well.
    pub(crate) fn succeeds(mut self) -> bool {
        let quiet = self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    }

    /// The command as one would type it.
    fn line(&self) -> String {
        let program = Path::new(self.command.get_program()).file_name().unwrap_or_default();
        let mut words = vec![program.to_string_lossy().into_owned()];
        words.extend(self.command.get_args().map(|word| word.to_string_lossy().into_owned()));
        words.join(" ")
    }
}

/// The repository's root: xtask stands directly below it.
pub(crate) fn root() -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    PathBuf::from(manifest).parent().expect("xtask is a folder of the repository").to_path_buf()
}

/// Whether a missing tool is a failure (CI) or a printed skip (a laptop).
pub(crate) fn in_ci() -> bool {
    env::var_os("CI").is_some()
}

/// Finds a program as a shell would.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Says what begins, runs it, and says how long it took.
pub(crate) fn titled(title: impl Display, work: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("==> {title}");
    let started = now();
    let done = work();
    let seconds = started.elapsed().as_secs_f64();
    match &done {
        Ok(()) => println!("    {title}: ok, {seconds:.1} s"),
        Err(_) => println!("    {title}: FAILED after {seconds:.1} s"),
    }
    done
}

/// What several parts of a task came to: all of them run, so that one visit shows every fault.
pub(crate) struct Parts {
    failed: Vec<String>,
}

impl Parts {
    pub(crate) fn new() -> Parts {
        Parts { failed: Vec::new() }
    }

    pub(crate) fn run(&mut self, title: &str, work: impl FnOnce() -> Result<()>) {
        if let Err(error) = titled(title, work) {
            println!("    {error:#}");
            self.failed.push(title.to_owned());
        }
    }

    pub(crate) fn finish(self) -> Result<()> {
        if !self.failed.is_empty() {
            bail!("failed: {} (the output of each stands above)", self.failed.join(", "));
        }
        Ok(())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a developer's tool shows real seconds; nothing depends on them"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_command_names_itself_and_its_exit() {
        let error = Step::new("sh", &["-c", "exit 3"]).run().unwrap_err().to_string();
        assert_eq!(error, "`sh -c exit 3` failed (exit status: 3)");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = Step::new("no-such-program", &[]).run().unwrap_err().to_string();
        assert_eq!(error, "could not start `no-such-program`");
    }

    #[test]
    fn every_part_runs_even_after_one_failed() {
        let mut ran = 0;
        let mut parts = Parts::new();
        parts.run("first", || bail!("broken"));
        parts.run("second", || {
            ran += 1;
            Ok(())
        });
        assert_eq!(ran, 1);
        assert_eq!(
            parts.finish().unwrap_err().to_string(),
            "failed: first (the output of each stands above)"
        );
    }
}
