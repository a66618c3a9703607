//! Nouns shared by every room: time, identity, segments, metrics, observations, checks, changes.
//! No IO, no async, no ratatui, no statistics beyond what a noun needs to describe itself.

pub mod change;
pub mod check;
pub mod flaw;
pub mod histogram;
pub mod id;
pub mod measure;
pub mod metric;
pub mod money;
pub mod observation;
pub mod own;
pub mod past;
pub mod segment;
pub mod severity;
pub mod text;
pub mod time;
