//! Rollbacks on their way out: stored here, being sent, and those that were not. What was not sent
//! stands until somebody acts or the board knows more; a toast alone would be gone in seconds.

use crate::board::{ActionState, IncidentView};
use crate::desk::order::{FailedSend, Outgoing, Pending, Say};
use crate::desk::state::Desk;
use crate::domain::id::IncidentId;
use crate::incident::order::OrderKind;

use super::subject::is_closed;

/// An order is in the journal. A rollback leaves now; whatever stood for the incident is past.
pub(super) fn stored(desk: &mut Desk, done: Pending) {
    match done.verb {
        OrderKind::Rollback => {
            let (incident, before) = (done.incident, done.before);
            desk.outgoing.retain(|o| o.incident != incident);
            desk.outgoing.push(Outgoing { incident, before, since: desk.now, failed: None });
            settle(desk);
        }
        OrderKind::Decide | OrderKind::Resolve => {
            desk.outgoing.retain(|o| o.incident != done.incident);
        }
        OrderKind::Acknowledge
        | OrderKind::Undo
        | OrderKind::StartTimer
        | OrderKind::ExtendTimer
        | OrderKind::StopTimer
        | OrderKind::Note
        | OrderKind::Review => {}
    }
}

/// A stored rollback did not get out, or its answer did not get into the journal.
pub(super) fn failed(desk: &mut Desk, incident: IncidentId, how: FailedSend) {
    let known = desk.outgoing.iter().position(|o| o.incident == incident);
    let before = match known.map(|at| desk.outgoing.remove(at)) {
        Some(known) => known.before,
        None => desk.incident(&incident).and_then(|x| x.action.clone()),
    };
    desk.say_of(incident.clone(), Say::Went(how.clone()));
    desk.outgoing.push(Outgoing { incident, before, since: desk.now, failed: Some(how) });
}

/// Drops what the board knows better by now, and says how it went.
pub(super) fn settle(desk: &mut Desk) {
    let (over, open) = std::mem::take(&mut desk.outgoing).into_iter().partition(|o| {
        let incident = desk.incident(&o.incident);
        incident.is_none_or(|x| is_closed(x) || is_decided(x, o) || came(x, o).is_some())
    });
    desk.outgoing = open;
    let over: Vec<Outgoing> = over;
    for out in over {
        let came = desk.incident(&out.incident).and_then(|x| came(x, &out));
        let waits =
            desk.ui.toast.as_ref().is_some_and(|t| t.say == Say::Stored(OrderKind::Rollback));
        if let Some(state) = came.filter(|_| waits) {
            desk.say_of(out.incident, Say::Came(state));
        }
    }
}

/// Somebody decided after it failed.
fn is_decided(x: &IncidentView, o: &Outgoing) -> bool {
    o.failed.is_some() && x.decision.as_ref().is_some_and(|d| d.at > o.since)
}

/// The state of the action that the order led to; none while the board does not show more than was
/// known when it was given.
fn came(x: &IncidentView, o: &Outgoing) -> Option<ActionState> {
    let action = x.action.as_ref().filter(|a| Some(*a) != o.before.as_ref())?;
    let waits = matches!(action.state, ActionState::Prepared | ActionState::Sent);
    (!waits).then_some(action.state)
}
