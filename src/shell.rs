//! Everything with a socket, a file, a clock or a signal: loops, pollers, executor, terminal.
//! No judgement, no words for people.

pub mod alive;
pub mod clock;
pub mod duty;
pub mod fault;
pub mod follow;
pub mod hub;
pub mod identity;
pub mod input;
pub mod keeper;
pub mod kill_switch;
pub mod lease;
pub mod log;
pub mod order;
mod past;
pub mod outcome;
pub mod poller;
pub mod post;
pub mod redact;
pub mod resume;
pub mod run;
pub mod session;
pub mod settings;
mod signing;
pub mod signals;
pub mod terminal;
pub mod tty;
pub mod watched;
