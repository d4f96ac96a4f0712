//! npm packages of one folder, installed exactly as its lock file says and only when that file changed.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::step::{Step, root};

/// A copy of the lock file that `node_modules` was installed from.
const STAMP: &str = "node_modules/.installed-lock.json";

/// Installs the packages of `folder`, or says that they are there already.
pub(crate) fn install(folder: &str) -> Result<()> {
    let lock = root().join(folder).join("package-lock.json");
    let wanted = fs::read(&lock).with_context(|| format!("could not read {folder}/package-lock.json"))?;
    let stamp = root().join(folder).join(STAMP);
    if is_installed(&stamp, &wanted) {
        println!("    {folder}: npm packages are there");
        return Ok(());
    }
    Step::new("npm", &["ci", "--no-audit", "--no-fund", "--loglevel=error"]).within(folder).run()?;
    fs::create_dir_all(root().join(folder).join("node_modules"))?;
    fs::write(&stamp, wanted).with_context(|| format!("could not write {folder}/{STAMP}"))
}

fn is_installed(stamp: &Path, wanted: &[u8]) -> bool {
    fs::read(stamp).is_ok_and(|installed| installed == wanted)
}
