//! The shape of a source file: its first line, its length, its name.

use crate::tidy::fault::Fault;
use crate::tidy::rust_source::{RustSource, is_test_file};
use crate::tidy::tree::{TextFile, Tree};

/// Lines a reader can hold in mind; tests are not counted.
const LINES_MAX: usize = 500;

/// Names that say nothing and so gather everything.
const EMPTY_NAMES: [&str; 9] =
    ["common", "helper", "helpers", "manager", "managers", "misc", "util", "utilities", "utils"];

const SOURCE_ENDINGS: [&str; 5] = [".rs", ".ts", ".tsx", ".js", ".mjs"];

pub(crate) fn first_line(tree: &Tree) -> Vec<Fault> {
    let lacks_it = |file: &&TextFile| {
        let first = file.text.lines().next().unwrap_or_default();
        first.strip_prefix("//! ").is_none_or(|why| why.trim().is_empty())
    };
    let message = "begin with one `//!` line that says why the file exists";
    tree.rust_files().filter(lacks_it).map(|file| Fault::at(&file.path, 1, message)).collect()
}

pub(crate) fn length(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in sources(tree).filter(|file| !is_test_file(&file.path) && !is_web_test(&file.path)) {
        let lines = shipped_lines(file);
        if lines > LINES_MAX {
            let message =
                format!("{lines} lines without its tests, more than {LINES_MAX}: split it by use case");
            faults.push(Fault::of_file(&file.path, message));
        }
    }
    faults
}

fn shipped_lines(file: &TextFile) -> usize {
    let all = file.text.lines().count();
    let tests = match RustSource::read(file) {
        Some(source) if file.path.ends_with(".rs") => source.test_lines.len(),
        _ => 0,
    };
    all - tests
}

fn is_web_test(path: &str) -> bool {
    path.contains(".test.")
}

pub(crate) fn names(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in sources(tree) {
        let stems = file.path.split('/').map(|part| part.split('.').next().unwrap_or_default());
        for name in stems.filter(|name| EMPTY_NAMES.contains(name)) {
            faults.push(Fault::of_file(
                &file.path,
                format!("`{name}` says nothing: name it after what it holds"),
            ));
        }
    }
    for file in tree.rust_files() {
        let Some(source) = RustSource::read(file) else { continue };
        for pair in source.names.windows(2) {
            if pair[0].text == "mod" && EMPTY_NAMES.contains(&pair[1].text.as_str()) {
                let message = format!("`mod {}` says nothing: name it after what it holds", pair[1].text);
                faults.push(Fault::at(&file.path, pair[1].line, message));
            }
        }
    }
    faults
}

/// Sources that people write: what a build leaves in `dist` is not.
fn sources(tree: &Tree) -> impl Iterator<Item = &TextFile> {
    tree.files.iter().filter(|file| {
        let is_source = SOURCE_ENDINGS.iter().any(|ending| file.path.ends_with(ending));
        is_source && !file.path.split('/').any(|folder| folder == "dist")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(faults: Vec<Fault>) -> Vec<String> {
        faults
            .iter()
            .map(|fault| fault.to_string().split(':').next().unwrap_or_default().to_owned())
            .collect()
    }

    #[test]
    fn a_file_that_does_not_say_why_it_exists_is_a_fault() {
        let tree = Tree::of_files(&[
            ("a.rs", "use std::fs;\n"),
            ("b.rs", "//!\n//! Late.\n"),
            ("c.rs", ""),
            ("d.rs", "//! Frames.\n"),
        ]);
        assert_eq!(paths(first_line(&tree)), ["a.rs", "b.rs", "c.rs"]);
    }

    #[test]
    fn a_long_file_is_a_fault_and_its_tests_do_not_count() {
        let line = "fn a() {}\n";
        let with_tests = format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", line.repeat(500), line.repeat(400));
        let tree = Tree::of_files(&[
            ("src/long.rs", &line.repeat(501)),
            ("src/tested.rs", &with_tests),
            ("tests/long.rs", &line.repeat(501)),
            ("web/src/long.ts", &line.repeat(501)),
            ("web/dist/long.js", &line.repeat(501)),
        ]);
        assert_eq!(paths(length(&tree)), ["src/long.rs", "web/src/long.ts"]);
    }

    #[test]
    fn a_name_that_says_nothing_is_a_fault() {
        let tree = Tree::of_files(&[
            ("src/utils.rs", ""),
            ("tests/common/mod.rs", ""),
            ("web/src/helpers.ts", ""),
            ("src/lib.rs", "mod misc {}\n"),
            ("src/commonplace.rs", ""),
        ]);
        assert_eq!(
            paths(names(&tree)),
            ["src/utils.rs", "tests/common/mod.rs", "web/src/helpers.ts", "src/lib.rs"]
        );
    }
}
