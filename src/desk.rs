//! The viewer's core: state of one screen, command table, keymap, `update(&mut Desk, Event)`.
//! Knows the board, never a socket, a clock or a colour.

pub mod chord;
pub mod command;
pub mod dialog;
pub mod fit;
pub mod heat;
pub mod inputs;
pub mod keymap;
pub mod list;
pub mod order;
pub mod page;
pub mod state;
pub mod summary;
pub mod ui;
pub mod update;
pub mod wake;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod outgoing_tests;
#[cfg(test)]
mod choose_tests;
#[cfg(test)]
mod rollback_tests;
#[cfg(test)]
mod session_tests;
