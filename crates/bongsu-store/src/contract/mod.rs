//! The contracts every engine keeps, one trait a file, with the requests and answers they speak.

pub(crate) mod devices;
pub(crate) mod import;
pub(crate) mod messages;
pub(crate) mod options;
pub(crate) mod reads;
pub(crate) mod rooms;
pub(crate) mod tail;
pub(crate) mod upkeep;
