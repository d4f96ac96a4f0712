//! The binary `bongsu`, as a library for its tests: command line, settings, assembly, telemetry, shutdown.

mod admin;
mod assemble;
pub mod cli;
mod config;
mod data_dir;
mod demo;
mod keys;
mod serve;
mod telemetry;
mod upkeep;
