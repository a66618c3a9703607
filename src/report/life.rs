//! The life of one incident as its records tell it: the instants that count, every clock that was
//! set with what came of it, the evidence as it stood at each decision. A fold beside the fold;
//! what it means for people is said in the documents.

use serde::Serialize;

use crate::domain::severity::Severity;
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::{Event, Record};
use crate::incident::fold::{self, Incident};
use crate::policy::severity::Choice;
use crate::verdict::Case;

/// The instants that a postmortem begins with. What did not happen is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct LifeTimes {
    /// Estimated by what opened it.
    pub began: Option<Timestamp>,
    pub opened: Option<Timestamp>,
    pub acknowledged: Option<Timestamp>,
    pub decided: Option<Timestamp>,
    /// The first request that was sent.
    pub acted: Option<Timestamp>,
    pub mitigated: Option<Timestamp>,
    /// When it stopped firing last.
    pub recovered: Option<Timestamp>,
    pub closed: Option<Timestamp>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    Acknowledge,
    Decide,
}

/// What came of a clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Came {
    Kept,
    Missed,
    /// It was over before anybody had to.
    NotNeeded,
    Running,
}

/// One clock that people were given.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct GivenClock {
    pub asked: ClockKind,
    pub severity: Severity,
    pub asked_at: Timestamp,
    /// As it stood last, extended or earlier.
    pub due_at: Timestamp,
    pub answered_at: Option<Timestamp>,
    pub by: Option<String>,
    /// When it stopped without an answer.
    pub ended_at: Option<Timestamp>,
}

/// A decision or an action, and what was known when it was taken.
#[derive(Clone, PartialEq, Debug)]
pub struct Taken {
    pub at: Timestamp,
    pub by: String,
    /// What was decided; none for an action.
    pub choice: Option<Choice>,
    pub words: String,
    /// The newest recorded evidence.
    pub case: Case,
    pub severity: Severity,
    /// How old that evidence was.
    pub age: Span,
}

/// A severity that it had, from when on, and how it came to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rank {
    pub at: Timestamp,
    pub from: Option<Severity>,
    pub to: Severity,
}

/// One incident and its records.
#[derive(Clone, PartialEq, Debug)]
pub struct Life {
    pub incident: Incident,
    pub times: LifeTimes,
    /// The case that it was opened for.
    pub opening: Case,
    pub asks: Vec<GivenClock>,
    pub taken: Vec<Taken>,
    /// Opened, reopened, risen, fallen.
    pub ranks: Vec<Rank>,
    pub records: Vec<Record>,
    /// Its opening could not be read: clocks of the beginning are not known.
    pub salvaged: bool,
}

impl GivenClock {
    pub fn came(&self, now: Timestamp) -> Came {
        match (self.answered_at, self.ended_at) {
            (Some(at), _) if at <= self.due_at => Came::Kept,
            (None, Some(at)) if at <= self.due_at => Came::NotNeeded,
            (None, None) if now <= self.due_at => Came::Running,
            _late => Came::Missed,
        }
    }

    /// How late the answer was, or is by now.
    pub fn late(&self, now: Timestamp) -> Span {
        self.answered_at.or(self.ended_at).unwrap_or(now).since(self.due_at)
    }
}

impl Life {
    /// The life that `records` (in journal order, of one incident) tell; none before it opened.
    pub fn of(records: Vec<Record>) -> Option<Self> {
        let first = records.iter().find_map(Incident::opened);
        let salvaged = first.is_none();
        let all: Vec<&Record> = records.iter().collect();
        let incident = first.or_else(|| fold::salvaged(&all))?;
        let opening = incident.case.clone();
        let opened = Some(incident.opened_at);
        let times = LifeTimes { began: Some(opening.onset_at), opened, ..LifeTimes::default() };
        let rank = Rank { at: incident.opened_at, from: None, to: incident.severity };
        let (asks, taken, ranks) = (Vec::new(), Vec::new(), vec![rank]);
        let none = Vec::new();
        let mut life =
            Self { incident, times, opening, asks, taken, ranks, records: none, salvaged };
        life.watch((None, None), life.incident.opened_at, None);
        let start = records.iter().position(|r| matches!(r.event, Event::Opened { .. }));
        for record in records.iter().skip(start.map_or(0, |n| n.saturating_add(1))) {
            life.step(record);
        }
        life.records = records;
        Some(life)
    }

    /// Every piece of recorded evidence with its instant, oldest first.
    pub fn told(&self) -> impl Iterator<Item = (Timestamp, &Case)> {
        self.records.iter().filter_map(|record| match &record.event {
            Event::Opened { case, .. } | Event::Updated { case } | Event::Reopened { case, .. } => {
                Some((record.at, &**case))
            }
            _other => None,
        })
    }

    pub fn cases(&self) -> impl Iterator<Item = &Case> {
        self.told().map(|(_, case)| case)
    }

    /// Who has it, or had it last.
    pub fn owner(&self) -> Option<String> {
        let i = &self.incident;
        let last = i.past_acks.last().map(|a| &a.actor);
        i.owner().or(last).map(|actor| actor.name.clone())
    }

    fn step(&mut self, record: &Record) {
        let clocks = (self.incident.ack_clock(), self.incident.decide_clock());
        let before = self.evidence(record);
        let severity = self.incident.severity;
        if !fold::apply(&mut self.incident, record) {
            return;
        }
        self.taken.extend(before);
        self.mark(record, severity);
        self.watch(clocks, record.at, Some(record));
    }

    /// What was known when this was decided or ordered.
    fn evidence(&self, record: &Record) -> Option<Taken> {
        let choice = match &record.event {
            Event::Decided { choice, .. } => Some(*choice),
            Event::ActionPrepared { intent, .. } if !intent.dry_run => None,
            _other => return None,
        };
        Some(Taken {
            at: record.at,
            by: record.actor.name.clone(),
            choice,
            words: crate::incident::words::words(&record.event),
            case: self.incident.case.clone(),
            severity: self.incident.severity,
            age: record.at.since(self.incident.updated_at),
        })
    }

    fn mark(&mut self, record: &Record, before: Severity) {
        let at = Some(record.at);
        let (times, to) = (&mut self.times, self.incident.severity);
        match &record.event {
            Event::Acknowledged { .. } => times.acknowledged = times.acknowledged.or(at),
            Event::Decided { .. } => times.decided = times.decided.or(at),
            Event::ActionSent { .. } => times.acted = times.acted.or(at),
            Event::Mitigated => times.mitigated = times.mitigated.or(at),
            Event::Cleared => times.recovered = at,
            Event::Resolved { .. } | Event::Cancelled { .. } => times.closed = at,
            Event::Reopened { .. } => {
                (times.recovered, times.closed) = (None, None);
                self.ranks.push(Rank { at: record.at, from: None, to });
            }
            Event::SeverityChanged { .. } => {
                self.ranks.push(Rank { at: record.at, from: Some(before), to });
            }
            _other => {}
        }
    }

    /// Follows both clocks over one record.
    fn watch(
        &mut self,
        before: (Option<Timestamp>, Option<Timestamp>),
        at: Timestamp,
        record: Option<&Record>,
    ) {
        let now = (self.incident.ack_clock(), self.incident.decide_clock());
        self.follow(ClockKind::Acknowledge, (before.0, now.0), at, record);
        self.follow(ClockKind::Decide, (before.1, now.1), at, record);
    }

    fn follow(
        &mut self,
        asked: ClockKind,
        (before, now): (Option<Timestamp>, Option<Timestamp>),
        at: Timestamp,
        record: Option<&Record>,
    ) {
        let severity = self.incident.severity;
        let last = self.asks.iter_mut().rev().find(|a| a.asked == asked);
        match (before, now, last) {
            (None, None, _) | (Some(_), _, None) => {}
            // a refused action gives its decision back: the old clock runs on
            (None, Some(due), Some(ask)) if record.is_some_and(answers_action) => {
                (ask.due_at, ask.answered_at, ask.by, ask.ended_at) = (due, None, None, None);
            }
            (None, Some(due_at), _) => self.asks.push(GivenClock {
                asked,
                severity,
                asked_at: at,
                due_at,
                answered_at: None,
                by: None,
                ended_at: None,
            }),
            (Some(_), Some(due), Some(ask)) => (ask.due_at, ask.severity) = (due, severity),
            (Some(_), None, Some(ask)) => match record.filter(|r| answers(r, asked)) {
                Some(r) => (ask.answered_at, ask.by) = (Some(at), Some(r.actor.name.clone())),
                None => ask.ended_at = Some(at),
            },
        }
    }
}

fn answers_action(record: &Record) -> bool {
    matches!(record.event, Event::ActionAnswered { .. })
}

/// The record is what was asked for.
fn answers(record: &Record, asked: ClockKind) -> bool {
    match asked {
        ClockKind::Acknowledge => matches!(record.event, Event::Acknowledged { .. }),
        ClockKind::Decide => matches!(record.event, Event::Decided { .. }),
    }
}
