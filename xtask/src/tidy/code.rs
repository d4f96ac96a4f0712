//! What Rust code may say where: engine names, retries, ignored tests.

use crate::tidy::fault::Fault;
use crate::tidy::rust_source::{Name, RustSource};
use crate::tidy::tree::{TextFile, Tree};

/// The store engines' own types: everybody else holds the store as a trait object.
const ENGINES: [&str; 2] = ["EmbeddedStore", "MemoryStore"];

/// The store itself, and the one place that composes a server.
const MAY_NAME_ENGINES: [&str; 2] = ["crates/bongsu-store/", "crates/bongsu-server/src/assemble.rs"];

/// A retry needs to know that the call is idempotent; only these do.
const MAY_RETRY: [&str; 1] = ["crates/bongsu-store/src/guard.rs"];

pub(crate) fn engines(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in tree.rust_files().filter(|file| !stands_in(file, &MAY_NAME_ENGINES)) {
        let Some(source) = RustSource::read(file) else { continue };
        for name in source.names.iter().filter(|name| ENGINES.contains(&name.text.as_str())) {
            let message =
                format!("{} is named outside the server's assemble.rs: take a trait object", name.text);
            faults.push(Fault::at(&file.path, name.line, message));
        }
    }
    faults
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
        let code = "use bongsu_store::MemoryStore;\n#[cfg(test)]\nmod tests {\n    use bongsu_store::MemoryStore;\n}\n";
        let tree = Tree::of_files(&[
            ("crates/bongsu-service/src/send.rs", code),
            ("crates/bongsu-server/src/assemble.rs", code),
            ("crates/bongsu-service/tests/send.rs", code),
        ]);
        assert_eq!(lines(engines(&tree)), ["crates/bongsu-service/src/send.rs:1"]);
    }

    #[test]
    fn every_engine_name_of_the_rule_exists() {
        let tree = Tree::load(&crate::step::root()).unwrap();
        for engine in ENGINES {
            let declared = format!("pub struct {engine}");
            let is_there =
                |file: &TextFile| file.path.starts_with(MAY_NAME_ENGINES[0]) && file.text.contains(&declared);
            assert!(
                tree.rust_files().any(is_there),
                "no `{declared}` in {}: correct ENGINES",
                MAY_NAME_ENGINES[0]
            );
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
