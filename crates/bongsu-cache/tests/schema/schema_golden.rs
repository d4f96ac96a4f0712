//! Hashes that never change: algorithm 1 is frozen, or every key of every deployment would become cold.
#![allow(dead_code, reason = "only the structure of these types is looked at")]

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use bongsu_cache::schema::{CacheSchema, fingerprint};

#[derive(CacheSchema)]
struct Unit;

#[derive(CacheSchema)]
struct Newtype(u64);

#[derive(CacheSchema)]
struct Pair(u32, String);

#[derive(CacheSchema)]
struct Named {
    b: u8,
    a: Option<String>,
    #[serde(default)]
    c: Vec<Newtype>,
}

#[derive(CacheSchema)]
struct Recursive {
    next: Option<Box<Recursive>>,
}

#[derive(CacheSchema)]
struct Generic<T> {
    items: Vec<T>,
    more: Option<Box<Generic<T>>>,
}

#[derive(CacheSchema)]
enum Event {
    Joined,
    Renamed(String),
    Moved(u8, u8),
    Closed { by: u64, why: Option<String> },
}

#[derive(CacheSchema)]
#[serde(tag = "type", content = "of")]
enum Adjacent {
    One(u8),
}

#[derive(CacheSchema)]
#[serde(untagged)]
enum Untagged {
    Number(u64),
    Text(String),
}

#[derive(CacheSchema)]
struct Flattened {
    id: u64,
    #[serde(flatten)]
    rest: Named,
    #[cache(opaque = "chrono::DateTime", rev = 1)]
    at: Foreign,
}

struct Foreign;

/// The key texts of a type under Postcard and under JSON.
fn keys<T: CacheSchema>(name: &'static str) -> (&'static str, String, String) {
    let by_position = match name {
        // Postcard cannot read these.
        "Adjacent" | "Untagged" | "Flattened" => String::new(),
        _ => fingerprint(T::NODE, "postcard", 1, true, 0).to_string(),
    };
    (name, by_position, fingerprint(T::NODE, "json", 1, false, 0).to_string())
}

/// Name, key text under Postcard, key text under JSON. Lines are added, never changed.
const FROZEN: [(&str, &str, &str); 28] = [
    ("bool", "gf3kaeb6yo3y4", "u5hvu7kxcnefk"),
    ("u8", "ujiaukktdq4gc", "q6fj5dnc2lhkm"),
    ("usize", "rholfqpevmuue", "qv36giqb7nrr6"),
    ("i128", "7ok6m22vvzdcu", "mv5vqh5yisfhk"),
    ("f64", "fzymxqsb4mbfw", "6u4xuisbbjbzm"),
    ("char", "ng4hsfzyawjrm", "ub5ks4ladz4jk"),
    ("()", "inb53t6ruojei", "cygplrg5gfmo6"),
    ("String", "btoptqjbxl52s", "d4jrran3ro7hu"),
    ("Bytes", "acvjkt5spyvem", "ou3eag5dfnwn6"),
    ("Duration", "hkzo3ggludgce", "wf7f356vyk63c"),
    ("NonZeroU32", "kap3bxdwsrdsa", "vmwn5ds7nv6h2"),
    ("Option<u8>", "khqsquwhnfrxc", "4rh6bioyvqjmy"),
    ("Vec<u8>", "xuzsyxs7237gy", "pd7fzfsah5ivc"),
    ("[u8; 16]", "lpi2wkx6sg662", "2cpcgw6iokbwq"),
    ("(u8, String)", "5mszs4mcwpnru", "hn6u3ne6awncs"),
    ("HashMap<String, u64>", "rkxubqf7cqpyo", "pkpqvh5mszz4e"),
    ("BTreeSet<u64>", "t4gwtdfjtfdoi", "oylp7u5hx3hk6"),
    ("Result<u8, String>", "e54m57jypaohy", "jzm3bgxk7tkcu"),
    ("Unit", "hmy3qar7medc6", "2vupmecei7sdy"),
    ("Newtype", "7bqnoomrgtfmg", "6pgfu7gpxnmxa"),
    ("Pair", "vhxuzvdjb43qu", "2v6nbvm7w5c7a"),
    ("Named", "bq4cadw4uehhg", "apbeid6jcb36k"),
    ("Recursive", "ewbk2dvo564dq", "jrmm4dk2dxbo6"),
    ("Generic<Named>", "htodvtcn6hajs", "tfzfsardhnk6a"),
    ("Event", "knqoh4hyd3my6", "tbj5yongx6f3m"),
    ("Adjacent", "", "h6mc2samge5zy"),
    ("Untagged", "", "nklq6kg7aqp66"),
    ("Flattened", "", "4ztpflh5mxhgc"),
];

#[test]
fn schema_hashes_are_frozen() {
    let current = [
        keys::<bool>("bool"),
        keys::<u8>("u8"),
        keys::<usize>("usize"),
        keys::<i128>("i128"),
        keys::<f64>("f64"),
        keys::<char>("char"),
        keys::<()>("()"),
        keys::<String>("String"),
        keys::<bytes::Bytes>("Bytes"),
        keys::<Duration>("Duration"),
        keys::<std::num::NonZeroU32>("NonZeroU32"),
        keys::<Option<u8>>("Option<u8>"),
        keys::<Vec<u8>>("Vec<u8>"),
        keys::<[u8; 16]>("[u8; 16]"),
        keys::<(u8, String)>("(u8, String)"),
        keys::<HashMap<String, u64>>("HashMap<String, u64>"),
        keys::<BTreeSet<u64>>("BTreeSet<u64>"),
        keys::<Result<u8, String>>("Result<u8, String>"),
        keys::<Unit>("Unit"),
        keys::<Newtype>("Newtype"),
        keys::<Pair>("Pair"),
        keys::<Named>("Named"),
        keys::<Recursive>("Recursive"),
        keys::<Generic<Named>>("Generic<Named>"),
        keys::<Event>("Event"),
        keys::<Adjacent>("Adjacent"),
        keys::<Untagged>("Untagged"),
        keys::<Flattened>("Flattened"),
    ];
    for (current, (name, by_position, by_name)) in current.iter().zip(FROZEN) {
        assert_eq!((current.0, current.1.as_str(), current.2.as_str()), (name, by_position, by_name));
    }
    assert_eq!(current.len(), FROZEN.len());
}
