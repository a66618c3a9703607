//! One look of the watcher at its incidents: when it is, since when it has been judging, and which
//! incidents can still matter to it.

use super::fold::Incident;
use crate::domain::time::Timestamp;
use crate::policy::response::ResponsePolicy;

/// When this is, and since when this watcher has been judging.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tick {
    pub now: Timestamp,
    pub watching_since: Timestamp,
}

/// True while an incident can still matter to `reconcile`; others may be dropped from memory.
pub fn keep(incident: &Incident, policy: &ResponsePolicy, now: Timestamp) -> bool {
    let over = |end: Timestamp| now.since(end) > policy.timing.reopen_window;
    incident.is_live() || incident.suppressed || !ended_at(incident).is_some_and(over)
}

/// When trouble ended: closed, or cleared after that.
fn ended_at(incident: &Incident) -> Option<Timestamp> {
    incident.closed_at.max(incident.cleared_at)
}

/// This watcher has opened it, or has gone on with it already.
pub(super) fn claimed(incident: &Incident, tick: Tick) -> bool {
    incident.updated_at >= tick.watching_since
}
