//! Everything with a socket, a file, a clock or a signal: loops, pollers, executor, terminal.
//! No judgement, no words for people.

pub mod clock;
pub mod follow;
pub mod hub;
pub mod identity;
pub mod input;
pub mod known;
pub mod lease;
pub mod log;
pub mod order;
pub mod poller;
pub mod run;
pub mod session;
pub mod settings;
pub mod signals;
pub mod terminal;
pub mod tty;
