//! Values of every table: what is stored, and how it becomes bytes and back. One file per family of tables.

pub(crate) mod log;
pub(crate) mod meta;
pub(crate) mod own;
pub(crate) mod people;
pub(crate) mod reply;
pub(crate) mod room;
pub(crate) mod tail;

#[cfg(test)]
mod tests;
