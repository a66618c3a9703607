//! Incidents: past-tense events, the fold that makes an incident of them, and the pure rules that
//! turn cases and commands into events. No IO, no clock: every event carries its instant.

pub mod event;
pub mod state;
pub mod tick;
pub mod truth;
pub mod words;
pub mod fold;
pub mod id;
pub mod order;
pub mod record;
pub mod unread;
pub mod facts;
pub mod deadline;
pub mod deed;
pub mod emission;
pub mod rank;
pub mod compare;
mod likeness;
mod rise;
pub mod reconcile;
pub mod paging;
pub mod rollback;
pub mod gate;
pub mod verify;

#[cfg(test)]
pub(crate) mod tests;
