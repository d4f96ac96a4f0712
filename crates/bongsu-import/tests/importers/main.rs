//! Every importer, from its files to what a member of the room sees.

mod driver;
mod irc;
mod support;
