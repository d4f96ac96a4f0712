//! Types that hold themselves, alone and through each other, and generic types.
#![allow(dead_code, reason = "only the structure of these types is looked at")]

use std::collections::HashMap;

use bongsu_cache::schema::{CacheSchema, canonical_text, fingerprint};

#[derive(CacheSchema)]
struct Thread {
    title: String,
    replies: Vec<Thread>,
    parent: Option<Box<Self>>,
}

#[derive(CacheSchema)]
struct Room {
    last: Message,
}

#[derive(CacheSchema)]
struct Message {
    text: String,
    #[cache(backref)]
    room: Option<Box<Room>>,
    #[cache(backref = Room)]
    mentions: HashMap<String, Room>,
}

#[derive(CacheSchema)]
struct Page<T> {
    items: Vec<T>,
    next: Option<Box<Page<T>>>,
}

#[derive(CacheSchema)]
enum Expression {
    Number(i64),
    Sum(Box<Expression>, Box<Expression>),
    Call { name: String, arguments: Vec<Self> },
}

#[derive(CacheSchema)]
#[cache(bound = "")]
struct Typed<T> {
    id: u64,
    marker: std::marker::PhantomData<T>,
}

struct Unknown;

#[test]
fn schema_of_a_type_that_holds_itself_refers_back() {
    assert_eq!(
        canonical_text(Thread::NODE, true),
        "value: Thread\n\
         struct Thread {\n    title: string\n    replies: seq<Thread>\n    parent: option<Thread>\n}\n"
    );
}

#[test]
fn schema_of_types_that_hold_each_other_refers_back_where_it_is_told_to() {
    assert_eq!(
        canonical_text(Room::NODE, true),
        "value: Room\n\
         struct Room {\n    last: Message\n}\n\
         struct Message {\n    text: string\n    room: option<Room>\n    mentions: map<string, Room>\n}\n"
    );
}

#[test]
fn schema_of_a_generic_type_is_that_of_its_arguments() {
    assert_eq!(
        canonical_text(<Page<Thread>>::NODE, false),
        "value: Page\n\
         struct Page {\n    items: seq<Thread>\n    next: option<Page>\n}\n\
         struct Thread {\n    parent: option<Thread>\n    replies: seq<Thread>\n    title: string\n}\n"
    );
    let hash = |node| fingerprint(node, "postcard", 1, true, 0);
    assert_ne!(hash(<Page<u8>>::NODE), hash(<Page<u16>>::NODE));
    assert_eq!(hash(<Page<String>>::NODE), hash(<Page<Box<str>>>::NODE));
}

#[test]
fn schema_of_a_recursive_enum_refers_back() {
    assert_eq!(
        canonical_text(Expression::NODE, false),
        "value: Expression\n\
         enum Expression {\n    Call {\n        arguments: seq<Expression>\n        name: string\n    }\n    \
         Number(i64)\n    Sum(Expression, Expression)\n}\n"
    );
}

#[test]
fn schema_bounds_can_be_replaced() {
    assert_eq!(
        canonical_text(<Typed<Unknown>>::NODE, true),
        "value: Typed\nstruct Typed {\n    id: u64\n    marker: unit\n}\n"
    );
}
