//! Clocks: which run, when the next one ends, and what has to be written down when one did.
//! Pure: the caller asks at the right moment, `due` instants come from the journal.

use super::event::{Actor, Event, Record};
use super::fold::{Incident, Phase};
use super::state::State;
use crate::domain::time::{Span, Timestamp};
use crate::policy::response::ResponsePolicy;
use crate::policy::severity::Choice;

/// What a running clock waits for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum IncidentClock {
    Acknowledge,
    Decide,
    AckExpires,
    Recheck,
    Timer,
}

/// Every running clock of `incident` with its end, passed ones included.
pub fn clocks(incident: &Incident) -> Vec<(IncidentClock, Timestamp)> {
    if incident.phase != Phase::Open {
        return Vec::new();
    }
    [
        (IncidentClock::Acknowledge, incident.ack_clock()),
        (IncidentClock::Decide, incident.decide_clock()),
        (IncidentClock::AckExpires, incident.ack_expires_at()),
        (IncidentClock::Recheck, recheck_at(incident)),
        (IncidentClock::Timer, incident.timer.map(|t| t.due_at)),
    ]
    .into_iter()
    .filter_map(|(clock, at)| at.map(|at| (clock, at)))
    .collect()
}

/// The next clock to end after `now`: when to wake up.
pub fn next_deadline(incident: &Incident, now: Timestamp) -> Option<Timestamp> {
    clocks(incident).into_iter().map(|(_, at)| at).filter(|at| *at > now).min()
}

/// What clocks that ended by `now` leave in the journal; each once.
pub fn sweep(incident: &Incident, policy: &ResponsePolicy, now: Timestamp) -> Vec<Record> {
    let severity = incident.severity;
    let passed = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
    let mut events = Vec::new();
    if incident.state() == State::Acknowledged && passed(incident.ack_expires_at()) {
        events.push(Event::AckExpired { ack_due_at: policy.ack_due(severity, now) });
    }
    if !incident.decision_expired && passed(incident.decide_clock()) {
        events.push(Event::DecisionExpired);
    }
    if incident.phase == Phase::Open && passed(recheck_at(incident)) {
        events.push(Event::RecheckDue { decide_due_at: policy.decide_due(severity, now) });
    }
    events.into_iter().map(|event| record(incident, now, "deadline", event)).collect()
}

/// What a step of the machine's clock leaves in the journal where clocks run.
pub fn stepped(incident: &Incident, by: Span, now: Timestamp) -> Option<Record> {
    let runs = !clocks(incident).is_empty();
    runs.then(|| record(incident, now, "clock", Event::ClockStepped { by }))
}

fn recheck_at(incident: &Incident) -> Option<Timestamp> {
    let decision = incident.decision.as_ref().filter(|d| d.choice == Choice::Hold)?;
    decision.recheck_at
}

/// A record of the watcher itself.
pub(super) fn record(incident: &Incident, at: Timestamp, cause: &str, event: Event) -> Record {
    Record { at, incident: incident.id.clone(), actor: watcher(), cause: cause.to_owned(), event }
}

/// The actor of everything nobody ordered.
pub fn watcher() -> Actor {
    Actor { name: "tillwatch".to_owned(), ..Actor::default() }
}
