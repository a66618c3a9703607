//! Incidents: past-tense events, the fold that makes an incident of them, and the pure rules that
//! turn cases and commands into events. No IO, no clock: every event carries its instant.

pub mod event;
