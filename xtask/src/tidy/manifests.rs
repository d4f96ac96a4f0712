//! Manifests: versions in one table, nothing from git, a licence and the lints on every crate.

use crate::tidy::fault::Fault;
use crate::tidy::tree::Tree;

const LICENCE: &str = "Apache-2.0";

/// Every dependency line of a member says `workspace = true`.
pub(crate) fn versions(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for package in &tree.packages {
        let Some(manifest) = tree.file(&package.manifest) else { continue };
        let mut in_dependencies = false;
        for (line, text) in (1..).zip(manifest.text.lines()) {
            let text = text.trim();
            if let Some(section) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                in_dependencies = section.ends_with("dependencies");
                if section.contains("dependencies.") {
                    let message = format!("write [{section}] as one line of its table");
                    faults.push(Fault::at(&manifest.path, line, message));
                }
                continue;
            }
            if in_dependencies && begins_an_entry(text) && !comes_from_the_workspace(text) {
                let message =
                    format!("`{text}`: name the version in the root's table and say workspace = true here");
                faults.push(Fault::at(&manifest.path, line, message));
            }
        }
    }
    faults
}

/// An entry's first line is `name = ...` or `name.workspace = true`; the lines of a list begin with a quote.
fn begins_an_entry(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.contains('=')
}

fn comes_from_the_workspace(text: &str) -> bool {
    text.contains("workspace = true")
}

/// Neither in a manifest nor through a patch in the lock file.
pub(crate) fn git(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for package in &tree.packages {
        for dependency in
            package.dependencies.iter().filter(|dependency| dependency.source.starts_with("git+"))
        {
            let message = format!("{} comes from git: use a released version", dependency.name);
            faults.push(Fault::of_file(&package.manifest, message));
        }
    }
    if let Some(lock) = tree.file("Cargo.lock") {
        for (line, _) in (1..).zip(lock.text.lines()).filter(|(_, text)| text.starts_with("source = \"git+"))
        {
            faults.push(Fault::at(&lock.path, line, "a package comes from git: use a released version"));
        }
    }
    faults
}

pub(crate) fn licence_and_lints(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for package in &tree.packages {
        if package.licence.as_deref() != Some(LICENCE) {
            let message = format!("{} must say license.workspace = true ({LICENCE})", package.name);
            faults.push(Fault::of_file(&package.manifest, message));
        }
        let has_lints = tree
            .file(&package.manifest)
            .is_none_or(|manifest| manifest.text.contains("[lints]\nworkspace = true"));
        if !has_lints {
            let message = format!("{} must take the workspace's [lints]", package.name);
            faults.push(Fault::of_file(&package.manifest, message));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::{Dependency, DependencyKind, Package};

    const MANIFEST: &str = "crates/bongsu-wire/Cargo.toml";

    fn tree(manifest: &str, licence: Option<&str>, source: &str) -> Tree {
        let mut tree = Tree::of_files(&[(MANIFEST, manifest)]);
        tree.packages.push(Package {
            name: "bongsu-wire".to_owned(),
            manifest: MANIFEST.to_owned(),
            licence: licence.map(str::to_owned),
            dependencies: vec![Dependency {
                name: "serde".to_owned(),
                kind: DependencyKind::Shipped,
                optional: false,
                source: source.to_owned(),
            }],
        });
        tree
    }

    #[test]
    fn a_version_in_a_member_is_a_fault() {
        let manifest =
            "[dependencies]\nserde = \"1\"\nhttp = { workspace = true, features = [\n  \"std\",\n] }\n";
        let faults = versions(&tree(manifest, None, ""));
        assert_eq!(faults.len(), 1);
        assert!(faults[0].to_string().starts_with("crates/bongsu-wire/Cargo.toml:2: `serde = \"1\"`"));
    }

    #[test]
    fn a_table_of_its_own_for_one_dependency_is_a_fault() {
        assert_eq!(versions(&tree("[dependencies.serde]\nversion = \"1\"\n", None, "")).len(), 1);
    }

    #[test]
    fn versions_outside_dependencies_are_no_business_of_the_rule() {
        let manifest = "[package]\nversion.workspace = true\nname = \"x\"\n[features]\ndefault = [\"a\"]\n";
        assert!(versions(&tree(manifest, None, "")).is_empty());
    }

    #[test]
    fn a_dependency_from_git_is_a_fault() {
        assert_eq!(git(&tree("", None, "git+https://example.org/serde")).len(), 1);
        assert!(git(&tree("", None, "registry+https://example.org/index")).is_empty());
    }

    #[test]
    fn a_package_patched_from_git_is_a_fault() {
        let lock = "[[package]]\nname = \"serde\"\nsource = \"git+https://example.org/serde#0f\"\n";
        assert_eq!(git(&Tree::of_files(&[("Cargo.lock", lock)])).len(), 1);
    }

    #[test]
    fn a_crate_without_licence_or_lints_is_a_fault() {
        let lints = "[lints]\nworkspace = true\n";
        assert_eq!(licence_and_lints(&tree(lints, None, "")).len(), 1);
        assert_eq!(licence_and_lints(&tree("", Some(LICENCE), "")).len(), 1);
        assert!(licence_and_lints(&tree(lints, Some(LICENCE), "")).is_empty());
    }
}
