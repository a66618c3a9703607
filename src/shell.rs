//! Everything with a socket, a file, a clock or a signal: loops, pollers, executor, terminal.
//! No judgement, no words for people.

pub mod input;
pub mod terminal;
pub mod tty;
