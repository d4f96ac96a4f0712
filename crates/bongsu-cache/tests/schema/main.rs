//! Schema identity as users meet it: the derive, frozen hashes, serde's attributes, the lock file, and what is refused.

mod schema_golden;
mod schema_hygiene;
mod schema_identity;
mod schema_lock;
mod schema_positional;
mod schema_recursion;
mod schema_refusals;
mod schema_serde;
