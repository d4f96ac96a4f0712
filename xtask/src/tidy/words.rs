//! Texts that belong to one machine or one workplace and to no repository. The lock file of cargo is left out: cargo
//! writes it. The forbidden texts are put together from pieces here, or this file would hold them itself.

use crate::tidy::fault::Fault;
use crate::tidy::tree::Tree;

const LEFT_OUT: [&str; 1] = ["Cargo.lock"];

/// Absolute paths of somebody's home or workplace.
pub(crate) fn paths(tree: &Tree) -> Vec<Fault> {
    let homes = ["root", "work", "home", "Users"].map(|folder| format!("/{folder}/"));
    find(tree, &homes, |before| !before.is_some_and(continues_a_path), "a path of one machine")
}

/// Hosts of package registries: a tool's own settings say where packages come from.
pub(crate) fn registries(tree: &Tree) -> Vec<Fault> {
    let hosts = [
        ["registry.npmjs", ".org"],
        ["registry.yarnpkg", ".com"],
        ["static.crates", ".io"],
        ["index.crates", ".io"],
        ["files.pythonhosted", ".org"],
        ["pypi", ".org"],
        ["deb.debian", ".org"],
        ["security.debian", ".org"],
        ["proxy.golang", ".org"],
    ]
    .map(|pieces| pieces.concat());
    find(tree, &hosts, |before| !before.is_some_and(char::is_alphanumeric), "a package registry's host")
}

fn find(tree: &Tree, texts: &[String], starts_here: fn(Option<char>) -> bool, what: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in tree.files.iter().filter(|file| !LEFT_OUT.contains(&file.path.as_str())) {
        for (line, content) in (1..).zip(file.text.lines()) {
            for text in texts {
                let found =
                    content.match_indices(text).any(|(at, _)| starts_here(content[..at].chars().next_back()));
                if found {
                    faults.push(Fault::at(&file.path, line, format!("{what} must not stand here: {text}")));
                }
            }
        }
    }
    faults
}

/// Whether `/folder/` after this character is only the middle of a relative path or of an address.
fn continues_a_path(before: char) -> bool {
    before.is_alphanumeric() || ['.', '_', '-', '*', '}'].contains(&before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(path: &str, text: &str) -> Tree {
        Tree::of_files(&[(path, text)])
    }

    #[test]
    fn a_path_of_one_machine_is_a_fault() {
        let home = ["/ro", "ot/notes"].concat();
        assert_eq!(paths(&tree("docs/OPERATIONS.md", &format!("see {home}"))).len(), 1);
        assert_eq!(paths(&tree("a.rs", &format!("open(\"{home}\")"))).len(), 1);
    }

    #[test]
    fn the_middle_of_a_relative_path_is_none() {
        assert!(paths(&tree("a.rs", &["see ./net/wo", "rk/frames"].concat())).is_empty());
    }

    #[test]
    fn a_registry_host_is_a_fault_everywhere_but_in_the_lock_file() {
        let address = ["https://registry.npm", "js.org/a"].concat();
        assert_eq!(registries(&tree("web/package-lock.json", &address)).len(), 1);
        assert!(registries(&tree("Cargo.lock", &address)).is_empty());
    }
}
