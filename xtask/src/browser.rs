//! `cargo x browser`: the demo page in a real Chromium against the real binary.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::setup;
use crate::step::{Step, root, titled};
use crate::test::EVERYTHING;

/// Where the browser tests and their npm packages are.
pub(crate) const FOLDER: &str = "web/e2e";

pub(crate) fn run() -> Result<()> {
    titled("setup", setup::browser)?;
    titled("browser tests", build_and_run)
}

/// Builds with the features of `cargo x test`, so that the two share every artifact.
pub(crate) fn build_and_run() -> Result<()> {
    Step::cargo(&["build", "--bins", "--tests"]).with(EVERYTHING).run()?;
    let binary = target_directory()?.join("debug/bongsu");
    if !binary.is_file() {
        bail!("cargo build left no {}", binary.display());
    }
    let files = test_files()?;
    // One file at a time: each starts a server and a browser, and a small machine has two cores.
    let mut arguments = vec!["--test", "--test-concurrency=1", "--test-reporter=spec"];
    arguments.extend(files.iter().map(String::as_str));
    Step::new("node", &arguments)
        .within(FOLDER)
        .env("BONGSU_BIN", binary)
        .env("BONGSU_CHROMIUM", setup::chromium())
        .env("BONGSU_E2E_OUTPUT", root().join("target/e2e"))
        .run()
}

fn target_directory() -> Result<PathBuf> {
    let text = Step::cargo(&["metadata", "--no-deps", "--format-version", "1"]).output()?;
    let metadata: Value = serde_json::from_str(&text)?;
    let target = metadata["target_directory"].as_str().context("cargo metadata names no target directory")?;
    Ok(PathBuf::from(target))
}

fn test_files() -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root().join(FOLDER)).with_context(|| format!("could not read {FOLDER}"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".test.mjs") {
            files.push(name);
        }
    }
    files.sort();
    if files.is_empty() {
        bail!("no browser tests in {FOLDER}");
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_story_is_found_and_the_harness_is_not_one() {
        let files = test_files().unwrap();
        assert!(files.contains(&"chat.test.mjs".to_owned()), "{files:?}");
        assert!(files.iter().all(|file| file.ends_with(".test.mjs")), "{files:?}");
    }
}
