//! The watcher's core: `update(&mut Watch, Event) -> Vec<Effect>`; total, synchronous, clock-free.
//! Holds the engine, incidents, changes and source health; builds the board. No IO here.

pub mod assemble;
pub mod checklist;
pub mod event;
pub mod freshness;
pub mod health;
mod learning;
pub mod outbox;
pub mod past;
pub mod state;
pub mod timing;
pub mod unstored;
pub mod update;

#[cfg(test)]
mod tests;
