//! The lock file: what it says, and what it says when something changed.

use bongsu_cache::Json;
use bongsu_cache::schema::CacheSchema;
use bongsu_cache::testing::{LockFault, SchemaEntry, assert_lock, check_lock, lock_text};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheSchema)]
struct RoomId(u64);

#[derive(Serialize, Deserialize, CacheSchema)]
enum Role {
    Owner,
    Guest { until_ms: u64 },
}

mod before {
    use super::*;

    #[derive(Serialize, Deserialize, CacheSchema)]
    pub(super) struct Member {
        user: u64,
        joined_ms: u64,
        role: Role,
    }

    #[derive(Serialize, Deserialize, CacheSchema)]
    #[cache(model = "room", id = u64)]
    pub(super) struct Room {
        id: RoomId,
        title: String,
        members: Vec<Member>,
    }

    #[derive(Serialize, Deserialize, CacheSchema)]
    #[cache(model = "profile", id = u64, codec = Json, revision = 2)]
    pub(super) struct Profile {
        name: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        about: Option<String>,
    }
}

mod after {
    use super::*;

    #[derive(Serialize, Deserialize, CacheSchema)]
    pub(super) struct Member {
        user: u64,
        joined_ms: i64,
        role: Role,
    }

    #[derive(Serialize, Deserialize, CacheSchema)]
    #[cache(model = "room", id = u64, revision = 1)]
    pub(super) struct Room {
        id: RoomId,
        name: String,
        members: Vec<Member>,
    }

    #[derive(Serialize, Deserialize, CacheSchema)]
    #[cache(model = "invitation", id = u64)]
    pub(super) struct Invitation;
}

mod reordered {
    use super::*;

    #[derive(Serialize, Deserialize, CacheSchema)]
    #[cache(model = "room", id = u64)]
    pub(super) struct Room {
        title: String,
        id: RoomId,
        members: Vec<before::Member>,
    }
}

fn deployed() -> Vec<SchemaEntry> {
    vec![SchemaEntry::of::<before::Room>(), SchemaEntry::of::<before::Profile>()]
}

fn difference(entries: &[SchemaEntry]) -> String {
    match check_lock(&lock_text(&deployed()).expect("no model twice"), entries) {
        Err(LockFault::Changed(report)) => report,
        other => panic!("expected a difference, found {other:?}"),
    }
}

#[test]
fn schema_lock_file_of_this_test_is_up_to_date() {
    assert_lock("tests/schema/cache-schemas.lock", &deployed());
}

#[test]
fn schema_lock_does_not_depend_on_the_order_of_models_nor_on_line_endings() {
    let mut entries = deployed();
    let locked = lock_text(&entries).unwrap();
    entries.reverse();
    assert_eq!(lock_text(&entries).unwrap(), locked);
    assert_eq!(check_lock(&locked.replace('\n', "\r\n"), &entries), Ok(()));
}

#[test]
fn schema_lock_says_what_changed_by_type_and_field() {
    use bongsu_cache::Cached;
    let report = difference(&[SchemaEntry::of::<after::Room>(), SchemaEntry::of::<after::Invitation>()]);
    let expected = format!(
        "the models changed\n\
         \nmodel invitation is new, with key {}\n\
         \nmodel room: {} -> {}\n    \
         ~ revision: 0 -> 1\n    \
         + Room.name: string\n    \
         ~ Member.joined_ms: u64 -> i64\n    \
         - Room.title: string\n\
         \nmodel profile is gone\n",
        after::Invitation::SCHEMA,
        before::Room::SCHEMA,
        after::Room::SCHEMA,
    );
    assert_eq!(report, expected);
}

#[test]
fn schema_lock_says_that_a_field_moved() {
    let report = difference(&[SchemaEntry::of::<reordered::Room>(), SchemaEntry::of::<before::Profile>()]);
    assert!(report.ends_with("    ~ Room.title: moved, and the codec goes by position\n"), "{report}");
}

#[test]
fn schema_lock_refuses_two_types_under_one_model_name() {
    let twice = [SchemaEntry::of::<before::Room>(), SchemaEntry::of::<after::Room>()];
    assert_eq!(lock_text(&twice), Err(LockFault::DuplicateModel("room")));
}

#[test]
fn schema_lock_sees_a_key_that_was_edited_by_hand() {
    let locked = lock_text(&deployed()).unwrap().replacen("key: ", "key: x", 1);
    assert!(check_lock(&locked, &deployed()).is_err());
}
