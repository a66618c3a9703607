//! When somebody is told: the messages that are due, the tries that leave, and what follows from an
//! answer. Pure: the incident is the fold of its records, so each message is decided once, whoever
//! watches and however often that changes.

mod asks;
mod tries;

pub use asks::{Rung, due, next_rung};
pub use tries::{follows, next_wake, sends, state};

use super::event::{Event, Record};
use super::fold::Incident;
use crate::domain::time::{Span, Timestamp};
use crate::policy::paging::Paging;
use crate::policy::response::ResponsePolicy;

/// What deciding needs beside the incident.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    pub paging: &'a Paging,
    pub policy: &'a ResponsePolicy,
    pub now: Timestamp,
    /// Shop seconds per wall second: waits for receivers and people's hands are wall time.
    pub speed: f64,
}

impl Look<'_> {
    /// Wall time as it passes here.
    pub fn wall(&self, span: Span) -> Span {
        Span::from_millis((span.millis() as f64 * self.speed.max(1.0)) as i64)
    }
}

fn record(incident: &Incident, at: Timestamp, event: Event) -> Record {
    super::deadline::record(incident, at, "sink", event)
}
