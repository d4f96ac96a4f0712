//! Who may import whom, and which foreign crate may stand where: the walls of the architecture as a table.
//!
//! Dev-dependencies are free, except that tests keep out of what ships: the testkit and the test bed may only be one
//! of them.

use crate::tidy::fault::Fault;
use crate::tidy::tree::{Dependency, DependencyKind, Package, Tree};

const TESTKIT: &str = "bongsu-testkit";

/// Real servers for tests. It knows nothing of messaging, so that the cache can be tested without it.
const TESTBED: &str = "bongsu-testbed";

/// For each crate, the crates of the workspace that it may import. A new crate gets a line here first.
const IMPORTS: [(&str, &[&str]); 14] = [
    ("bongsu-types", &[]),
    ("bongsu-wire", &["bongsu-types"]),
    ("bongsu-store", &["bongsu-types"]),
    ("bongsu-cluster", &["bongsu-types"]),
    ("bongsu-service", &["bongsu-types", "bongsu-store", "bongsu-cluster", "bongsu-cache"]),
    ("bongsu-edge", &["bongsu-types", "bongsu-wire", "bongsu-service"]),
    ("bongsu-load", &["bongsu-types", "bongsu-wire"]),
    ("bongsu-import", &["bongsu-types", "bongsu-service"]),
    ("bongsu-cache-derive", &[]),
    ("bongsu-cache", &["bongsu-cache-derive"]),
    ("bongsu-server", EVERYTHING_THAT_SHIPS),
    (TESTBED, &[]),
    (TESTKIT, EVERYTHING_A_TEST_NEEDS),
    ("xtask", &[]),
];

const EVERYTHING_THAT_SHIPS: &[&str] = &[
    "bongsu-types",
    "bongsu-wire",
    "bongsu-store",
    "bongsu-cluster",
    "bongsu-service",
    "bongsu-edge",
    "bongsu-load",
    "bongsu-import",
    "bongsu-cache",
];

const EVERYTHING_A_TEST_NEEDS: &[&str] = &[
    "bongsu-types",
    "bongsu-wire",
    "bongsu-store",
    "bongsu-cluster",
    "bongsu-service",
    "bongsu-edge",
    "bongsu-load",
    "bongsu-import",
    "bongsu-server",
    TESTBED,
];

/// Foreign crates of one kind, and the only crates of ours that may ship with them.
struct Wall {
    about: &'static str,
    foreign: &'static [&'static str],
    allowed: &'static [&'static str],
}

const WALLS: [Wall; 6] = [
    Wall {
        about: "HTTP and WebSocket",
        foreign: &[
            "axum",
            "axum-core",
            "axum-extra",
            "fastwebsockets",
            "http",
            "http-body",
            "http-body-util",
            "hyper",
            "hyper-util",
            "reqwest",
            "tokio-tungstenite",
            "tower-http",
            "tungstenite",
        ],
        allowed: &["bongsu-edge", "bongsu-load"],
    },
    Wall { about: "the embedded engine", foreign: &["fjall", "lsm-tree"], allowed: &["bongsu-store"] },
    // No crate speaks SQL yet: the one that starts to gets its name here.
    Wall {
        about: "SQL",
        foreign: &["deadpool-postgres", "diesel", "postgres", "rusqlite", "sqlx", "tokio-postgres"],
        allowed: &[],
    },
    Wall {
        about: "Redis",
        foreign: &["bb8-redis", "deadpool-redis", "fred", "redis"],
        allowed: &["bongsu-cache", TESTBED],
    },
    Wall {
        about: "catch-all errors",
        foreign: &["anyhow", "eyre"],
        allowed: &["bongsu-server", TESTKIT, "xtask"],
    },
    Wall {
        about: "the command line",
        foreign: &["clap", "figment", "indicatif", "tracing-subscriber"],
        allowed: &["bongsu-server", "xtask"],
    },
];

/// What a crate may only bring with a feature of its own: who embeds the crate without a server builds none of it.
const OPTIONAL: [(&str, &str); 1] = [("bongsu-cache", "redis")];

/// `bongsu-types` is the vocabulary: no I/O, no async, no wire or stored form.
const NOT_IN_TYPES: [&str; 7] =
    ["async-trait", "futures-util", "serde", "serde_json", "tokio", "tokio-util", "utoipa"];

pub(crate) fn imports(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for package in &tree.packages {
        let Some((_, allowed)) = IMPORTS.iter().find(|(name, _)| *name == package.name) else {
            let message = format!("{} is not in the table of xtask/src/tidy/walls.rs", package.name);
            faults.push(Fault::of_file(&package.manifest, message));
            continue;
        };
        for dependency in shipped(package).filter(|dependency| is_ours(dependency)) {
            if is_for_tests(&dependency.name) && !is_for_tests(&package.name) {
                let message = format!("{} may only be a dev-dependency", dependency.name);
                faults.push(Fault::of_file(&package.manifest, message));
            } else if !allowed.contains(&dependency.name.as_str()) {
                let message = format!("{} may not import {}", package.name, dependency.name);
                faults.push(Fault::of_file(&package.manifest, message));
            }
        }
    }
    faults
}

pub(crate) fn foreign_crates(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for package in &tree.packages {
        for dependency in shipped(package) {
            if let Some(message) = behind_a_wall(&package.name, &dependency.name) {
                faults.push(Fault::of_file(&package.manifest, message));
            } else if !dependency.optional && OPTIONAL.contains(&(&package.name, &dependency.name)) {
                let message = format!("{} may have {} only behind a feature", package.name, dependency.name);
                faults.push(Fault::of_file(&package.manifest, message));
            }
        }
    }
    faults
}

/// Whether a crate is only ever a dev-dependency of what ships.
fn is_for_tests(package: &str) -> bool {
    [TESTKIT, TESTBED].contains(&package)
}

fn behind_a_wall(package: &str, dependency: &str) -> Option<String> {
    if package == "bongsu-types" && NOT_IN_TYPES.contains(&dependency) {
        return Some(format!(
            "{package} has no I/O, no async and no serde: it may not depend on {dependency}"
        ));
    }
    let wall = WALLS.iter().find(|wall| wall.foreign.contains(&dependency))?;
    if wall.allowed.contains(&package) {
        return None;
    }
    let allowed = if wall.allowed.is_empty() { "none yet".to_owned() } else { wall.allowed.join(", ") };
    Some(format!("{package} may not depend on {dependency}: {} is only for: {allowed}", wall.about))
}

fn shipped(package: &Package) -> impl Iterator<Item = &Dependency> {
    package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Shipped)
}

fn is_ours(dependency: &Dependency) -> bool {
    dependency.source.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, DependencyKind)]) -> Package {
        let dependencies = dependencies
            .iter()
            .map(|(name, kind)| Dependency {
                name: (*name).to_owned(),
                kind: *kind,
                optional: false,
                source: String::new(),
            })
            .collect();
        Package { name: name.to_owned(), manifest: "Cargo.toml".to_owned(), licence: None, dependencies }
    }

    fn messages(faults: Vec<Fault>) -> Vec<String> {
        faults.iter().map(|fault| fault.to_string()).collect()
    }

    #[test]
    fn an_import_through_a_wall_is_a_fault() {
        let tree =
            Tree::of_packages(vec![package("bongsu-wire", &[("bongsu-store", DependencyKind::Shipped)])]);
        assert_eq!(messages(imports(&tree)), ["Cargo.toml: bongsu-wire may not import bongsu-store"]);
    }

    #[test]
    fn a_test_may_import_what_the_crate_may_not() {
        let tree = Tree::of_packages(vec![package("bongsu-wire", &[("bongsu-store", DependencyKind::Dev)])]);
        assert!(imports(&tree).is_empty());
    }

    #[test]
    fn what_is_for_tests_never_ships() {
        let tree = Tree::of_packages(vec![
            package("bongsu-server", &[(TESTKIT, DependencyKind::Shipped)]),
            package("bongsu-cache", &[(TESTBED, DependencyKind::Shipped)]),
            package(TESTKIT, &[(TESTBED, DependencyKind::Shipped)]),
        ]);
        let expected =
            [TESTKIT, TESTBED].map(|name| format!("Cargo.toml: {name} may only be a dev-dependency"));
        assert_eq!(messages(imports(&tree)), expected);
    }

    #[test]
    fn the_cache_knows_nothing_of_messaging() {
        let tree =
            Tree::of_packages(vec![package("bongsu-cache", &[("bongsu-types", DependencyKind::Shipped)])]);
        assert_eq!(messages(imports(&tree)), ["Cargo.toml: bongsu-cache may not import bongsu-types"]);
    }

    #[test]
    fn a_crate_outside_the_table_is_a_fault() {
        let tree = Tree::of_packages(vec![package("bongsu-new", &[])]);
        let expected = "Cargo.toml: bongsu-new is not in the table of xtask/src/tidy/walls.rs";
        assert_eq!(messages(imports(&tree)), [expected]);
    }

    #[test]
    fn a_web_crate_outside_the_edge_is_a_fault() {
        let tree = Tree::of_packages(vec![
            package("bongsu-service", &[("axum", DependencyKind::Shipped)]),
            package("bongsu-edge", &[("axum", DependencyKind::Shipped)]),
        ]);
        let expected = "Cargo.toml: bongsu-service may not depend on axum: HTTP and WebSocket is only for: \
                        bongsu-edge, bongsu-load";
        assert_eq!(messages(foreign_crates(&tree)), [expected]);
    }

    #[test]
    fn nobody_speaks_sql_yet() {
        let tree =
            Tree::of_packages(vec![package("bongsu-store", &[("tokio-postgres", DependencyKind::Shipped)])]);
        assert_eq!(foreign_crates(&tree).len(), 1);
    }

    #[test]
    fn only_the_cache_and_the_test_bed_speak_redis_the_cache_behind_a_feature() {
        let mut cache = package("bongsu-cache", &[("redis", DependencyKind::Shipped)]);
        let test_bed = package(TESTBED, &[("redis", DependencyKind::Shipped)]);
        let cluster = package("bongsu-cluster", &[("redis", DependencyKind::Shipped)]);
        let expected = "Cargo.toml: bongsu-cache may have redis only behind a feature";
        assert_eq!(messages(foreign_crates(&Tree::of_packages(vec![cache]))), [expected]);

        cache = package("bongsu-cache", &[("redis", DependencyKind::Shipped)]);
        cache.dependencies[0].optional = true;
        let tree = Tree::of_packages(vec![cache, test_bed, cluster]);
        let expected = "Cargo.toml: bongsu-cluster may not depend on redis: Redis is only for: bongsu-cache, \
                        bongsu-testbed";
        assert_eq!(messages(foreign_crates(&tree)), [expected]);
    }

    #[test]
    fn types_take_neither_serde_nor_async() {
        let tree = Tree::of_packages(vec![package(
            "bongsu-types",
            &[("serde", DependencyKind::Shipped), ("tokio", DependencyKind::Shipped)],
        )]);
        assert_eq!(foreign_crates(&tree).len(), 2);
    }
}
