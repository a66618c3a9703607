//! `tillwatch review`: one week of incidents in figures, `tillwatch/review/1`. Every figure is
//! counted from records (and pages from the policy as it is now); what cannot be counted says so.

use serde::Serialize;

use super::life::{Came, ClockKind, GivenClock, Life};
use crate::domain::id::{ActionId, IncidentId};
use crate::domain::severity::Severity;
use crate::domain::time::Timestamp;
use crate::incident::state::{ActionState, State};
use crate::incident::words::plan;

mod alarms;
mod frame;
mod page;
mod times;

pub use frame::ReviewFrame;

use alarms::{ByGuardrail, FalseAlarm, Pages, Recurring};
use alarms::{by_guardrail, false_alarms, pages, recurring};
use times::{BySeverity, by_severity};

pub const SCHEMA: &str = "tillwatch/review/1";

/// What the journal does not hold, so that nobody takes silence for zero.
const NOT_COMPUTED: [&str; 6] = [
    "Messages that reached people: not in the journal; pages are counted by the policy of now",
    "Unresolved risk register: not kept in the journal",
    "Results of drills: none is recorded",
    "Operational checklist: on the board, not recorded over time",
    "Ages and changes of thresholds: not recorded",
    "Cost and sampling of the sources: not recorded",
];

/// The whole document.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Review {
    pub schema: &'static str,
    pub made_at: Timestamp,
    /// ISO week; null for other spans of time.
    pub week: Option<String>,
    pub zone: String,
    pub from: Timestamp,
    /// Without this instant.
    pub until: Timestamp,
    pub counts: WeekCounts,
    pub severities: Vec<BySeverity>,
    pub guardrails: Vec<ByGuardrail>,
    pub false_alarms: Vec<FalseAlarm>,
    pub pages: Vec<Pages>,
    pub missed: Vec<Missed>,
    pub recurring: Vec<Recurring>,
    pub actions: Actions,
    pub never_acknowledged: Vec<Brief>,
    pub not_computed: Vec<&'static str>,
    pub left_out: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct WeekCounts {
    /// Opened in the time.
    pub opened: usize,
    /// Came back in the time inside their reopen window.
    pub reopened: usize,
    /// Closed in the time.
    pub closed: usize,
    /// Of those, closed as no incident.
    pub cancelled: usize,
    /// Opened before it, and not closed before it.
    pub carried_in: usize,
    /// Not closed when it ended.
    pub still_open: usize,
}

/// A deadline in the time that nobody kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Missed {
    pub incident: IncidentId,
    pub headline: String,
    #[serde(flatten)]
    pub ask: GivenClock,
    pub late_seconds: i64,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Actions {
    pub outcomes: Vec<OutcomeCount>,
    /// Not counted above.
    pub dry_runs: usize,
    pub all: Vec<Acted>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct OutcomeCount {
    pub state: ActionState,
    pub count: usize,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Acted {
    pub incident: IncidentId,
    pub id: ActionId,
    pub what: String,
    pub by: String,
    pub at: Timestamp,
    pub state: ActionState,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Brief {
    pub id: IncidentId,
    pub severity: Severity,
    pub state: State,
    pub headline: String,
    pub opened_at: Timestamp,
}

/// The document about `lives`: every incident that was open in the time or has a record in it.
pub fn review(lives: &[Life], frame: &ReviewFrame<'_>) -> Review {
    let opened: Vec<&Life> = lives.iter().filter(|l| frame.holds(l.incident.opened_at)).collect();
    Review {
        schema: SCHEMA,
        made_at: frame.now,
        week: frame.week.map(str::to_owned),
        zone: frame.zone.to_owned(),
        from: frame.from,
        until: frame.until,
        counts: counts(lives, &opened, frame),
        severities: by_severity(&opened),
        guardrails: by_guardrail(&opened, frame.guardrails),
        false_alarms: false_alarms(&opened),
        pages: pages(lives, frame),
        missed: missed(lives, frame),
        recurring: recurring(lives, frame),
        actions: actions(lives, frame),
        never_acknowledged: never(&opened),
        not_computed: NOT_COMPUTED.to_vec(),
        left_out: frame.left_out.to_vec(),
    }
}

fn counts(lives: &[Life], opened: &[&Life], frame: &ReviewFrame<'_>) -> WeekCounts {
    let closed = |l: &&Life| l.incident.closed_at.is_some_and(|at| frame.holds(at));
    let closed: Vec<&Life> = lives.iter().filter(closed).collect();
    let gone_at = |l: &Life, at| l.incident.closed_at.is_some_and(|closed| closed < at);
    let before = lives.iter().filter(|l| l.incident.opened_at < frame.from);
    let there = lives.iter().filter(|l| l.incident.opened_at < frame.until);
    let came_back = |l: &Life| {
        let again = l.ranks.iter().skip(1).filter(|r| r.from.is_none() && frame.holds(r.at));
        again.count()
    };
    WeekCounts {
        opened: opened.len(),
        reopened: lives.iter().map(came_back).sum(),
        closed: closed.len(),
        cancelled: closed.iter().filter(|l| l.incident.state() == State::Cancelled).count(),
        carried_in: before.filter(|l| !gone_at(l, frame.from)).count(),
        still_open: there.filter(|l| !gone_at(l, frame.until)).count(),
    }
}

fn missed(lives: &[Life], frame: &ReviewFrame<'_>) -> Vec<Missed> {
    let mut found: Vec<Missed> = Vec::new();
    for life in lives {
        let asks = life.asks.iter().filter(|a| frame.holds(a.due_at));
        let late = asks.filter(|a| a.came(frame.end()) == Came::Missed);
        found.extend(late.map(|ask| Missed {
            incident: life.incident.id.clone(),
            headline: life.incident.case.headline.clone(),
            ask: ask.clone(),
            late_seconds: ask.late(frame.end()).secs(),
        }));
    }
    found.sort_by(|a, b| (a.ask.due_at, &a.incident).cmp(&(b.ask.due_at, &b.incident)));
    found
}

fn actions(lives: &[Life], frame: &ReviewFrame<'_>) -> Actions {
    let mut actions = Actions::default();
    for life in lives {
        for run in life.incident.actions.iter().filter(|run| frame.holds(run.prepared_at)) {
            if run.intent.dry_run {
                actions.dry_runs = actions.dry_runs.saturating_add(1);
                continue;
            }
            match actions.outcomes.iter_mut().find(|o| o.state == run.state) {
                Some(known) => known.count = known.count.saturating_add(1),
                None => actions.outcomes.push(OutcomeCount { state: run.state, count: 1 }),
            }
            actions.all.push(Acted {
                incident: life.incident.id.clone(),
                id: run.intent.id.clone(),
                what: plan(&run.intent),
                by: run.by.name.clone(),
                at: run.prepared_at,
                state: run.state,
            });
        }
    }
    actions.all.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    actions
}

fn never(opened: &[&Life]) -> Vec<Brief> {
    let mut found: Vec<Brief> = opened
        .iter()
        .filter(|l| !l.incident.ever_acked())
        .map(|l| Brief {
            id: l.incident.id.clone(),
            severity: l.incident.peak,
            state: l.incident.state(),
            headline: l.incident.case.headline.clone(),
            opened_at: l.incident.opened_at,
        })
        .collect();
    found.sort_by(|a, b| (a.severity, a.opened_at, &a.id).cmp(&(b.severity, b.opened_at, &b.id)));
    found
}

impl Missed {
    /// `acknowledge` or `decide`.
    pub const fn what(&self) -> &'static str {
        match self.ask.asked {
            ClockKind::Acknowledge => "acknowledge",
            ClockKind::Decide => "decide",
        }
    }
}
