//! The viewer's core: state of one screen, command table, keymap, `update(&mut Desk, Event)`.
//! Knows the board, never a socket, a clock or a colour.

pub mod chord;
