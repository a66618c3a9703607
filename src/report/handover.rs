//! `tillwatch handover`: what the next shift has to know, `tillwatch/handover/1`. Open incidents
//! with their clocks and people, holds, actions without an end, announced work, what closed
//! meanwhile.

use serde::Serialize;

use super::about;
use crate::domain::id::IncidentId;
use crate::domain::money::MoneyRange;
use crate::domain::severity::Severity;
use crate::domain::time::{Span, Timestamp};
use crate::incident::deadline::{IncidentClock, clocks};
use crate::incident::fold::{ActionRun, Incident};
use crate::incident::state::{ActionState, Decision, State, TimelineEntry};
use crate::incident::truth::AlarmTruth;
use crate::incident::words::{plan, suspect};
use crate::policy::maintenance::MaintenanceRow;
use crate::policy::severity::Choice;

mod page;

pub const SCHEMA: &str = "tillwatch/handover/1";

/// Announced work that begins within so long is told.
const AHEAD: Span = Span::from_days(2);

/// The whole document.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Handover {
    pub schema: &'static str,
    pub made_at: Timestamp,
    pub since: Timestamp,
    /// Worst first.
    pub open: Vec<OpenIncident>,
    /// Closed by hand and still firing.
    pub suppressed: Vec<Closed>,
    pub actions: Vec<Unsettled>,
    pub maintenance: Vec<Work>,
    pub closed: Vec<Closed>,
    pub left_out: Vec<String>,
}

#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct OpenIncident {
    pub id: IncidentId,
    pub severity: Severity,
    pub state: State,
    pub headline: String,
    pub places: Vec<String>,
    pub guardrail: String,
    pub opened_at: Timestamp,
    pub opened_in_shift: bool,
    pub owner: Option<String>,
    pub clocks: Vec<RunningClock>,
    pub decision: Option<Decision>,
    pub suspect: String,
    pub lost: Option<MoneyRange>,
    pub risk_per_minute: Option<MoneyRange>,
    /// Written in the shift.
    pub notes: Vec<TimelineEntry>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct RunningClock {
    pub clock: &'static str,
    pub due_at: Timestamp,
    /// Negative once it is over.
    pub left_seconds: i64,
}

/// A request of which nobody knows the end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Unsettled {
    pub incident: IncidentId,
    pub what: String,
    pub by: String,
    pub state: ActionState,
    pub prepared_at: Timestamp,
    pub detail: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Work {
    pub from: Timestamp,
    pub until: Timestamp,
    pub running: bool,
    pub scope: String,
    pub reason: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Closed {
    pub id: IncidentId,
    pub severity: Severity,
    pub state: State,
    pub headline: String,
    pub closed_at: Option<Timestamp>,
    pub by: Option<String>,
    pub ever_acknowledged: bool,
    pub verdict: Option<AlarmTruth>,
}

/// What a handover looks at.
#[derive(Clone, Copy, Debug)]
pub struct WorkShift<'a> {
    pub now: Timestamp,
    pub since: Timestamp,
    pub currency: &'a str,
    pub maintenance: &'a [MaintenanceRow],
    pub left_out: &'a [String],
}

/// The document about `incidents`: the open ones, and those that closed since the shift began.
pub fn handover(incidents: &[Incident], shift: &WorkShift<'_>) -> Handover {
    let mut sorted: Vec<&Incident> = incidents.iter().collect();
    sorted.sort_by(|a, b| (a.severity, a.opened_at, &a.id).cmp(&(b.severity, b.opened_at, &b.id)));
    let live = sorted.iter().filter(|i| i.is_live());
    let unsettled = sorted.iter().flat_map(|i| {
        i.actions.iter().filter(|run| run.in_flight()).map(|run| unsettled(&i.id, run))
    });
    let ended = |i: &&&Incident| i.closed_at.is_some_and(|at| at >= shift.since) && !i.is_live();
    Handover {
        schema: SCHEMA,
        made_at: shift.now,
        since: shift.since,
        open: live.map(|i| open(i, shift)).collect(),
        suppressed: sorted.iter().filter(|i| i.suppressed).map(|i| closed(i)).collect(),
        actions: unsettled.collect(),
        maintenance: work(shift),
        closed: sorted.iter().filter(ended).map(|i| closed(i)).collect(),
        left_out: shift.left_out.to_vec(),
    }
}

fn open(i: &Incident, shift: &WorkShift<'_>) -> OpenIncident {
    let money = |r: Option<crate::domain::money::Range>| r.map(|r| r.in_currency(shift.currency));
    let running = |(clock, due_at): (IncidentClock, Timestamp)| RunningClock {
        clock: name(clock),
        due_at,
        left_seconds: due_at.since(shift.now).secs(),
    };
    let mut clocks: Vec<RunningClock> = clocks(i).into_iter().map(running).collect();
    clocks.sort_by_key(|c| c.due_at);
    OpenIncident {
        id: i.id.clone(),
        severity: i.severity,
        state: i.state(),
        headline: i.case.headline.clone(),
        places: about::places(&i.case),
        guardrail: about::guardrail(&i.case),
        opened_at: i.opened_at,
        opened_in_shift: i.opened_at >= shift.since,
        owner: i.owner().map(|actor| actor.name.clone()),
        clocks,
        decision: i.decision.clone(),
        suspect: suspect(&i.case.suspect),
        lost: money(i.toll.lost),
        risk_per_minute: money(i.case.risk_per_minute),
        notes: i.notes.iter().filter(|n| n.at >= shift.since).cloned().collect(),
    }
}

const fn name(clock: IncidentClock) -> &'static str {
    match clock {
        IncidentClock::Acknowledge => "acknowledge",
        IncidentClock::Decide => "decide",
        IncidentClock::AckExpires => "acknowledgement runs out",
        IncidentClock::Recheck => "look again",
        IncidentClock::Timer => "timer",
    }
}

fn unsettled(id: &IncidentId, run: &ActionRun) -> Unsettled {
    Unsettled {
        incident: id.clone(),
        what: plan(&run.intent),
        by: run.by.name.clone(),
        state: run.state,
        prepared_at: run.prepared_at,
        detail: run.detail.clone(),
    }
}

fn closed(i: &Incident) -> Closed {
    Closed {
        id: i.id.clone(),
        severity: i.peak,
        state: i.state(),
        headline: i.case.headline.clone(),
        closed_at: i.closed_at,
        by: i.deeds.closed.as_ref().map(|deed| deed.by.name.clone()),
        ever_acknowledged: i.ever_acked(),
        verdict: i.truth,
    }
}

fn work(shift: &WorkShift<'_>) -> Vec<Work> {
    let mut found: Vec<Work> = Vec::new();
    for row in shift.maintenance {
        let windows = row.windows(shift.now.minus(Span::from_days(1)), 1);
        let near = windows
            .into_iter()
            .filter(|(from, until)| *until > shift.now && *from <= shift.now.plus(AHEAD));
        found.extend(near.map(|(from, until)| Work {
            from,
            until,
            running: from <= shift.now,
            scope: row.scope.to_string(),
            reason: row.reason.clone(),
        }));
    }
    found.sort_by_key(|w| (w.from, w.until));
    found
}

impl OpenIncident {
    /// Held until it is looked at again.
    pub fn held(&self) -> Option<&Decision> {
        self.decision.as_ref().filter(|d| d.choice == Choice::Hold)
    }
}
