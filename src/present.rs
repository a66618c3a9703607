//! `present(&Desk) -> Screen`: the picture as words, numbers and roles. No ratatui, no colours.
//! The only place where text for people is made while the program runs.

pub mod role;
