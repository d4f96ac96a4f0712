//! `cargo x tidy`: the house rules a machine can hold. The same checks run as a test of this crate.
//!
//! Each rule is a function from the tree to its faults, in a file of its own kind, with a test that shows it failing.

mod code;
mod fault;
mod manifests;
mod rust_source;
mod shape;
mod tree;
mod walls;
mod words;

use anyhow::{Result, bail};

use crate::step::{root, titled};
use crate::tidy::fault::Fault;
use crate::tidy::tree::Tree;

type Rule = fn(&Tree) -> Vec<Fault>;

const RULES: [(&str, Rule); 13] = [
    ("crates import only whom they may", walls::imports),
    ("foreign crates stay behind their walls", walls::foreign_crates),
    ("versions stand only in the workspace table", manifests::versions),
    ("no dependency from git", manifests::git),
    ("every crate has the licence and the workspace lints", manifests::licence_and_lints),
    ("a file says first why it exists", shape::first_line),
    ("files stay short", shape::length),
    ("modules are named after what they hold", shape::names),
    ("engines are named only where the server is assembled", code::engines),
    ("retries only where they are safe", code::retries),
    ("no ignored tests", code::ignored_tests),
    ("no path of anyone's machine", words::paths),
    ("no package registry by name", words::registries),
];

pub(crate) fn run() -> Result<()> {
    titled("tidy", check)
}

/// Prints every fault; fails if there is one.
pub(crate) fn check() -> Result<()> {
    let tree = Tree::load(&root())?;
    let mut count = 0;
    for (rule, faults) in RULES {
        for fault in faults(&tree) {
            println!("    {fault} ({rule})");
            count += 1;
        }
    }
    if count > 0 {
        bail!("house rules broken: {count} (docs/CONTRIBUTING.md says why they are there)");
    }
    println!("    {} files and {} crates hold {} rules", tree.files.len(), tree.packages.len(), RULES.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_holds_every_rule() {
        let tree = Tree::load(&root()).unwrap();
        let faults: Vec<String> =
            RULES.iter().flat_map(|(_, rule)| rule(&tree)).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
