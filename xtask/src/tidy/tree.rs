//! What the rules look at: the text files of the repository and the packages of the workspace.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::step::Step;

/// A file git tracks, or would track: what is ignored is nobody's business.
pub(crate) struct TextFile {
    /// From the repository's root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A workspace member as its manifest says.
pub(crate) struct Package {
    pub(crate) name: String,
    /// Of its Cargo.toml, from the repository's root.
    pub(crate) manifest: String,
    pub(crate) licence: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: DependencyKind,
    /// Whether only a feature brings it.
    pub(crate) optional: bool,
    /// Empty for a path.
    pub(crate) source: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DependencyKind {
    /// Part of what ships: normal and build dependencies.
    Shipped,
    /// Tests, benches and examples only.
    Dev,
}

pub(crate) struct Tree {
    pub(crate) files: Vec<TextFile>,
    pub(crate) packages: Vec<Package>,
}

impl Tree {
    pub(crate) fn load(root: &Path) -> Result<Tree> {
        Ok(Tree { files: load_files(root)?, packages: load_packages(root)? })
    }

    pub(crate) fn rust_files(&self) -> impl Iterator<Item = &TextFile> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    pub(crate) fn file(&self, path: &str) -> Option<&TextFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// A tree made of samples, for the tests of the rules.
    #[cfg(test)]
    pub(crate) fn of_files(files: &[(&str, &str)]) -> Tree {
        let files = files
            .iter()
            .map(|(path, text)| TextFile { path: (*path).to_owned(), text: (*text).to_owned() })
            .collect();
        Tree { files, packages: Vec::new() }
    }

    #[cfg(test)]
    pub(crate) fn of_packages(packages: Vec<Package>) -> Tree {
        Tree { files: Vec::new(), packages }
    }
}

fn load_files(root: &Path) -> Result<Vec<TextFile>> {
    let listed =
        Step::new("git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).output()?;
    let mut files = Vec::new();
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        let file = root.join(path);
        // A deleted file stays listed until the deletion is committed.
        if !file.is_file() {
            continue;
        }
        let bytes = fs::read(&file).with_context(|| format!("could not read {path}"))?;
        // What is no UTF-8 is an image or a golden file of bytes: no rule speaks about it.
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(TextFile { path: path.to_owned(), text });
        }
    }
    files.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(files)
}

fn load_packages(root: &Path) -> Result<Vec<Package>> {
    let text = Step::cargo(&["metadata", "--no-deps", "--format-version", "1"]).output()?;
    let metadata: Value =
        serde_json::from_str(&text).context("cargo metadata wrote something else than JSON")?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    packages.iter().map(|package| read_package(root, package)).collect()
}

fn read_package(root: &Path, package: &Value) -> Result<Package> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let manifest = text(&package["manifest_path"]);
    let manifest =
        Path::new(&manifest).strip_prefix(root).context("a member stands outside the repository")?;
    let dependencies = package["dependencies"].as_array().context("cargo metadata lists no dependencies")?;
    Ok(Package {
        name: text(&package["name"]),
        manifest: manifest.to_string_lossy().into_owned(),
        licence: package["license"].as_str().map(str::to_owned),
        dependencies: dependencies
            .iter()
            .map(|dependency| Dependency {
                name: text(&dependency["name"]),
                kind: match dependency["kind"].as_str() {
                    Some("dev") => DependencyKind::Dev,
                    _ => DependencyKind::Shipped,
                },
                optional: dependency["optional"].as_bool().unwrap_or_default(),
                source: text(&dependency["source"]),
            })
            .collect(),
    })
}
