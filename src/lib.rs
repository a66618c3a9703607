//! tillwatch: judge shopper harm, hold incidents to their clocks, roll back safely, show the
//! picture.
//!
//! Rooms in reading order; a room imports only from rooms above it (ranks in ARCHITECTURE.md).

pub mod board;
pub mod verdict;
pub mod detect;
pub mod domain;
pub mod incident;
pub mod policy;
pub mod watch;
pub mod desk;
pub mod present;
pub mod render;
pub mod source;
pub mod sink;
pub mod journal;
pub mod report;
pub mod shop;
pub mod config;
pub mod shell;
pub mod cli;

#[cfg(test)]
#[path = "../tests/it/skip.rs"]
mod skip;
