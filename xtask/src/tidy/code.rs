//! What Rust code may say where: engine names, retries, ignored tests.

use crate::tidy::fault::Fault;
use crate::tidy::rust_source::{Name, RustSource};
use crate::tidy::tree::{TextFile, Tree};

const STORE: &str = "crates/bongsu-store/src/";

/// The modules of the store's engines: everybody else holds the store as a trait object.
const ENGINES: [&str; 2] = ["embedded", "memory"];

/// The store itself, and the one place that composes a server.
const MAY_NAME_ENGINES: [&str; 2] = ["crates/bongsu-store/", "crates/bongsu-server/src/assemble.rs"];

/// A retry needs to know that the call is idempotent; only these do.
const MAY_RETRY: [&str; 1] = ["crates/bongsu-store/src/guard.rs"];

pub(crate) fn engines(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in tree.rust_files() {
        let Some(source) = RustSource::read(file) else { continue };
        let named = if file.path == format!("{STORE}lib.rs") {
            reexported_engines(&source.names)
        } else if stands_in(file, &MAY_NAME_ENGINES) {
            Vec::new()
        } else {
            imported_engines(&source.names)
        };
        for name in named {
            let message =
                format!("the engine `{}` is named only in the server's assemble.rs and tests", name.text);
            faults.push(Fault::at(&file.path, name.line, message));
        }
    }
    faults
}

/// Engines in paths such as `bongsu_store::memory::..` and in lists such as `use bongsu_store::{Store, memory}`.
fn imported_engines(names: &[Name]) -> Vec<&Name> {
    let mut found = Vec::new();
    for (position, _) in names.iter().enumerate().filter(|(_, name)| name.text == "bongsu_store") {
        let in_use = position > 0 && names[position - 1].text == "use";
        let path = names[position + 1..].iter().take_while(|name| name.text != ";");
        // Outside of `use`, only the name that follows `::` belongs to the path for certain.
        let reach = if in_use { usize::MAX } else { 3 };
        found.extend(path.take(reach).filter(|name| ENGINES.contains(&name.text.as_str())));
    }
    found
}

/// `pub use memory::..` at the store's root would open a second path to an engine, which no one would see.
fn reexported_engines(names: &[Name]) -> Vec<&Name> {
    let uses = names.windows(3).filter(|three| three[0].text == "pub" && three[1].text == "use");
    uses.map(|three| &three[2]).filter(|name| ENGINES.contains(&name.text.as_str())).collect()
}

/// A function that waits and tries again is an `async fn` with retry in its name, or any with backoff.
/// Values such as `retry_after_ms` only tell a client what to do, and are fine everywhere.
pub(crate) fn retries(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in tree.rust_files().filter(|file| !stands_in(file, &MAY_RETRY)) {
        let Some(source) = RustSource::read(file) else { continue };
        for name in
            functions(&source.names).filter(|function| function.retries()).map(|function| function.name)
        {
            let message =
                format!("`fn {}`: retries belong in the store's guard, handlers never retry", name.text);
            faults.push(Fault::at(&file.path, name.line, message));
        }
    }
    faults
}

/// A test that does not run proves nothing.
pub(crate) fn ignored_tests(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in tree.rust_files() {
        let Some(source) = RustSource::read(file) else { continue };
        for attribute in source.attributes.iter().filter(|attribute| attribute.text == "ignore") {
            faults.push(Fault::at(
                &file.path,
                attribute.line,
                "an ignored test proves nothing: fix it or remove it",
            ));
        }
    }
    faults
}

struct Function<'a> {
    name: &'a Name,
    is_async: bool,
}

impl Function<'_> {
    fn retries(&self) -> bool {
        let mut words = self.name.text.split('_');
        let only_tells = self.name.text.contains("retry_after");
        words.any(|word| match word {
            "backoff" => true,
            "retry" | "retries" | "retrying" => self.is_async && !only_tells,
            _ => false,
        })
    }
}

fn functions(names: &[Name]) -> impl Iterator<Item = Function<'_>> {
    names.windows(2).enumerate().filter(|(_, pair)| pair[0].text == "fn").map(|(position, pair)| Function {
        name: &pair[1],
        is_async: position > 0 && names[position - 1].text == "async",
    })
}

fn stands_in(file: &TextFile, places: &[&str]) -> bool {
    places.iter().any(|place| file.path.starts_with(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(faults: Vec<Fault>) -> Vec<String> {
        let place = |fault: &Fault| fault.to_string().split(": ").next().unwrap_or_default().to_owned();
        faults.iter().map(place).collect()
    }

    #[test]
    fn an_engine_named_in_a_use_case_is_a_fault() {
        let code = "use bongsu_store::{Store, memory};\nfn a() { bongsu_store::embedded::open(); }\n\
                    #[cfg(test)]\nmod tests {\n    use bongsu_store::memory;\n}\n";
        let tree = Tree::of_files(&[
            ("crates/bongsu-service/src/send.rs", code),
            ("crates/bongsu-server/src/assemble.rs", code),
            ("crates/bongsu-service/tests/send.rs", code),
        ]);
        let expected = ["crates/bongsu-service/src/send.rs:1", "crates/bongsu-service/src/send.rs:2"];
        assert_eq!(lines(engines(&tree)), expected);
    }

    #[test]
    fn what_the_word_memory_means_elsewhere_is_no_engine() {
        let code = "use bongsu_store::Store;\nfn memory(store: &dyn bongsu_store::Store, memory: u64) {}\n";
        assert!(engines(&Tree::of_files(&[("crates/bongsu-service/src/send.rs", code)])).is_empty());
    }

    #[test]
    fn a_second_path_to_an_engine_is_a_fault() {
        let code = "pub mod memory;\npub use memory::Memory;\n";
        assert_eq!(lines(engines(&Tree::of_files(&[("crates/bongsu-store/src/lib.rs", code)]))).len(), 1);
    }

    #[test]
    fn every_engine_of_the_rule_exists() {
        let tree = Tree::load(&crate::step::root()).unwrap();
        let store = tree.file(&format!("{STORE}lib.rs")).unwrap();
        for engine in ENGINES {
            assert!(store.text.contains(&format!("pub mod {engine};")), "the store has no engine `{engine}`");
        }
    }

    #[test]
    fn a_handler_that_retries_is_a_fault() {
        let code =
            "async fn send_with_retry() {}\nfn retry_after_ms() {}\nfn retry() {}\nfn next_backoff() {}\n";
        let tree = Tree::of_files(&[
            ("crates/bongsu-service/src/send.rs", code),
            ("crates/bongsu-store/src/guard.rs", code),
        ]);
        let expected = ["crates/bongsu-service/src/send.rs:1", "crates/bongsu-service/src/send.rs:4"];
        assert_eq!(lines(retries(&tree)), expected);
    }

    #[test]
    fn an_ignored_test_is_a_fault() {
        let code = "#[test]\n#[ignore = \"slow\"]\nfn a() {}\n";
        assert_eq!(lines(ignored_tests(&Tree::of_files(&[("tests/a.rs", code)]))), ["tests/a.rs:2"]);
    }
}
