//! The fold: an incident is what its records make of it, nothing else. Total and deterministic;
//! an event that cannot be is ignored. No policy here: every instant it needs is in the event.

use super::deed::Deeds;
use super::event::{Actor, Event, Record};
use super::state::{ActionState, Decision, State, TimelineEntry};
use super::truth::AlarmTruth;
use super::words;
use crate::domain::id::{ActionId, IncidentId};
use crate::domain::severity::Severity;
use crate::domain::time::Timestamp;
use crate::policy::severity::Choice;
use crate::verdict::Case;

mod action;
mod asks;
mod clocks;
mod emission;
mod held;
mod remember;
mod toll;

pub use emission::{Delivery, EmissionRun};
pub use held::{Ack, AckSeen, ActionRun, AskedRest, Asks, Timer};
pub use toll::IncidentToll;

/// Entries kept in the timeline; the journal has them all.
const TIMELINE: usize = 200;
/// Changes between firing and clear that are remembered for flapping.
const CHANGES: usize = 32;

/// One incident in full. Fields are read by everyone and written by the fold alone.
#[derive(Clone, PartialEq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent flags, each set by another event")]
pub struct Incident {
    pub id: IncidentId,
    /// The newest recorded evidence.
    pub case: Case,
    /// The rule that its severity was given by, and what would raise it.
    pub rule: (String, String),
    /// What it has cost, over every watcher that counted.
    pub toll: IncidentToll,
    pub phase: Phase,
    pub severity: Severity,
    /// The worst severity it ever had.
    pub peak: Severity,
    pub opened_at: Timestamp,
    /// Start of the current occurrence; clocks of a rise count from here.
    pub occurred_at: Timestamp,
    /// Acknowledgements of this occurrence in journal order; the first is the owner.
    pub acks: Vec<Ack>,
    /// Acknowledgements that were taken back, ran out or belong to earlier occurrences.
    pub past_acks: Vec<Ack>,
    /// Who keeps it although the acknowledgement has to be given again.
    pub kept_owner: Option<Actor>,
    /// Acknowledge until then; meaningful while nobody has.
    pub ack_due_at: Timestamp,
    /// Decide until then; meaningful while nothing is decided.
    pub decide_due_at: Timestamp,
    pub decide_extended: bool,
    pub decision_expired: bool,
    pub timer: Option<Timer>,
    pub decision: Option<Decision>,
    /// In the order of preparation.
    pub actions: Vec<ActionRun>,
    pub notes: Vec<TimelineEntry>,
    pub timeline: Vec<TimelineEntry>,
    pub occurrences: u32,
    pub recurrence_of: Option<IncidentId>,
    pub firing: bool,
    pub cleared_at: Option<Timestamp>,
    pub mitigated_at: Option<Timestamp>,
    /// Resolved, cancelled or reviewed at.
    pub closed_at: Option<Timestamp>,
    /// Closed by hand while still firing: quiet until the case clears.
    pub suppressed: bool,
    /// Instants at which firing turned to clear or back, oldest first.
    pub changes: Vec<Timestamp>,
    /// Since when the evidence asks for a lower severity than the recorded one.
    pub lower_since: Option<Timestamp>,
    /// When evidence was last recorded.
    pub updated_at: Timestamp,
    pub review: Option<String>,
    /// Whether the alarm was right, as it was said last.
    pub truth: Option<AlarmTruth>,
    /// Who did last what cannot be done twice.
    pub deeds: Deeds,
    /// How often it was asked for, and how often nobody came.
    pub asks: Asks,
    /// Who was told by which sink, in the order of preparation.
    pub emissions: Vec<EmissionRun>,
}

/// The main stages; acknowledged, mitigating and verifying follow from acks and actions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    Open,
    Mitigated,
    Resolved,
    Reviewed,
    Cancelled,
}

/// The incident that `records` (in journal order, of one incident) make; none before it opened.
pub fn fold(records: &[Record]) -> Option<Incident> {
    let first = records.iter().position(|r| matches!(r.event, Event::Opened { .. }))?;
    let (opening, rest) = records.get(first..)?.split_first()?;
    let mut incident = Incident::opened(opening)?;
    for record in rest {
        apply(&mut incident, record);
    }
    Some(incident)
}

/// The incident of `records` whose opening cannot be read: it begins with the first evidence that
/// can. What its clocks were is not known, so both are due at once; none without any evidence.
pub fn salvaged(records: &[&Record]) -> Option<Incident> {
    let first = records.first()?;
    let case = records.iter().find_map(|r| match &r.event {
        Event::Updated { case } | Event::Reopened { case, .. } => Some(case.clone()),
        _other => None,
    })?;
    let (ack_due_at, decide_due_at) = (first.at, first.at);
    let event = Event::Opened { case, ack_due_at, decide_due_at, recurrence_of: None };
    let mut incident = Incident::opened(&Record { event, ..(*first).clone() })?;
    for record in records {
        apply(&mut incident, record);
    }
    Some(incident)
}

/// Adds `record` to the incident it belongs to, opening a new one where there is none.
pub fn absorb(incidents: &mut Vec<Incident>, record: &Record) {
    match incidents.iter_mut().find(|i| i.id == record.incident) {
        Some(incident) => {
            apply(incident, record);
        }
        None => incidents.extend(Incident::opened(record)),
    }
}

/// Moves `incident` one record on. Records of other incidents and impossible events do nothing;
/// false then.
pub fn apply(incident: &mut Incident, record: &Record) -> bool {
    let changed = record.incident == incident.id && step(incident, record);
    if changed {
        incident.remember(record);
        if !matches!(record.event, Event::EmissionSent { try_no: ..=1, .. }) {
            incident.tell(record); // that a first try leaves is told by what it was prepared for
        }
    }
    changed
}

/// One event; false when it could not be and nothing changed.
fn step(i: &mut Incident, record: &Record) -> bool {
    let at = record.at;
    match &record.event {
        Event::Opened { .. } => false,
        Event::Updated { case } => i.update(case, at),
        Event::SeverityChanged { from: _, to, reason: _, ack_due_at, decide_due_at } => {
            i.change_severity(*to, *ack_due_at, *decide_due_at)
        }
        Event::Cleared => i.clear(at),
        Event::Reopened { case, ack_due_at, decide_due_at } => {
            i.reopen(case, at, *ack_due_at, *decide_due_at)
        }
        Event::Acknowledged { note, expires_at } => i.acknowledge(record, note, *expires_at),
        Event::AckUndone => i.undo_ack(&record.actor.name),
        Event::AckExpired { ack_due_at } | Event::AskedAgain { ack_due_at, .. } => {
            i.expire_ack(*ack_due_at)
        }
        Event::TimerStarted { due_at } => i.start_timer(at, *due_at),
        Event::TimerExtended { due_at, .. } => i.extend(*due_at),
        Event::TimerStopped => i.timer.take().is_some(),
        Event::Decided { choice, reason, recheck_at } => {
            i.decide(record, *choice, reason, *recheck_at)
        }
        Event::DecisionExpired => i.decision_missed(),
        Event::RecheckDue { decide_due_at } => {
            let held = i.decision.as_ref().is_some_and(|d| d.choice == Choice::Hold);
            held && i.ask_decision(*decide_due_at)
        }
        Event::ActionPrepared { intent, waived, chosen } => {
            i.prepare(intent, waived.is_some() || chosen.is_some(), record)
        }
        Event::ActionSent { id, try_no } => i.sent(id, *try_no, record),
        Event::ActionAnswered { id, answer } => i.answered(id, answer, at),
        Event::ActionVerified { id, evidence } => i.verified(id, evidence, at),
        Event::ActionNotHelping { id, evidence, decide_due_at } => {
            i.not_helping(id, evidence, at, *decide_due_at)
        }
        Event::Noted { text } => {
            i.notes.push(TimelineEntry {
                at,
                actor: record.actor.name.clone(),
                text: text.clone(),
            });
            true
        }
        Event::Mitigated => i.mitigate(at),
        Event::Resolved { .. } => i.close(Phase::Resolved, at),
        Event::Cancelled { .. } => i.close(Phase::Cancelled, at),
        Event::Reviewed { text, verdict } => i.reviewed(text, *verdict),
        Event::ClockStepped { by } => i.clocks_earlier(*by),
        Event::EmissionPrepared { emission } => i.emission_prepared(emission, at),
        Event::EmissionSent { key, try_no } => i.emission_sent(key, *try_no, at),
        Event::EmissionAnswered { key, try_no, answer, retry_at } => {
            i.emission_answered(key, (*try_no, answer, *retry_at), at)
        }
    }
}

impl Incident {
    /// The incident that an `Opened` record starts; none for any other record.
    pub fn opened(record: &Record) -> Option<Self> {
        let Event::Opened { case, ack_due_at, decide_due_at, recurrence_of } = &record.event else {
            return None;
        };
        let at = record.at;
        let mut incident = Self {
            id: record.incident.clone(),
            case: (**case).clone(),
            rule: (case.rule.clone(), case.raise.clone()),
            toll: IncidentToll::default().with(case),
            phase: Phase::Open,
            severity: case.severity,
            peak: case.severity,
            opened_at: at,
            occurred_at: at,
            acks: Vec::new(),
            past_acks: Vec::new(),
            kept_owner: None,
            ack_due_at: *ack_due_at,
            decide_due_at: *decide_due_at,
            decide_extended: false,
            decision_expired: false,
            timer: None,
            decision: None,
            actions: Vec::new(),
            notes: Vec::new(),
            timeline: Vec::new(),
            occurrences: 1,
            recurrence_of: recurrence_of.clone(),
            firing: true,
            cleared_at: None,
            mitigated_at: None,
            closed_at: None,
            suppressed: false,
            changes: vec![at],
            lower_since: None,
            updated_at: at,
            review: None,
            truth: None,
            deeds: Deeds::default(),
            asks: Asks { acks: 1, ..Asks::default() },
            emissions: Vec::new(),
        };
        incident.tell(record);
        Some(incident)
    }

    /// Where it stands now.
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Resolved => State::Resolved,
            Phase::Reviewed => State::Reviewed,
            Phase::Cancelled => State::Cancelled,
            Phase::Mitigated => State::Mitigated,
            Phase::Open => match self.action_in_flight().map(|a| a.state) {
                Some(ActionState::Accepted | ActionState::Verifying) => State::Verifying,
                Some(_) => State::Mitigating,
                None if self.acked() => State::Acknowledged,
                None => State::Triggered,
            },
        }
    }

    /// Neither resolved nor cancelled nor reviewed.
    pub fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Mitigated)
    }

    pub fn acked(&self) -> bool {
        !self.acks.is_empty()
    }

    /// True when someone has ever acknowledged it.
    pub fn ever_acked(&self) -> bool {
        self.acked() || !self.past_acks.is_empty()
    }

    /// Who has it: the first acknowledgement in journal order.
    pub fn owner(&self) -> Option<&Actor> {
        self.acks.first().map(|a| &a.actor).or(self.kept_owner.as_ref())
    }

    /// When the newest promise runs out; none when nobody acknowledged or a promise never ends.
    pub fn ack_expires_at(&self) -> Option<Timestamp> {
        self.acks.iter().map(|a| a.expires_at).collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// The acknowledgement clock, while it runs.
    pub fn ack_clock(&self) -> Option<Timestamp> {
        (self.phase == Phase::Open && !self.acked()).then_some(self.ack_due_at)
    }

    /// The decision clock, while it runs.
    pub fn decide_clock(&self) -> Option<Timestamp> {
        self.undecided().then_some(self.decide_due_at)
    }

    pub fn undecided(&self) -> bool {
        self.phase == Phase::Open && self.decision.is_none()
    }

    /// Cleared Sev 1 and 2 that nobody ever looked at stay on screen.
    pub fn needs_a_look(&self) -> bool {
        !self.ever_acked() && self.peak <= Severity::Sev2
    }

    /// The newest action that may still have an effect; dry runs never do.
    pub fn action_in_flight(&self) -> Option<&ActionRun> {
        self.actions.iter().rev().find(|a| self.is_live() && a.in_flight())
    }

    /// The newest action that is not a dry run.
    pub fn newest_action(&self) -> Option<&ActionRun> {
        self.actions.iter().rev().find(|a| !a.intent.dry_run)
    }

    pub fn action(&self, id: &ActionId) -> Option<&ActionRun> {
        self.actions.iter().find(|a| a.intent.id == *id)
    }

    /// How often it turned between firing and clear in the `window` before `now`.
    pub fn changes_since(&self, start: Timestamp) -> usize {
        self.changes.iter().filter(|t| **t >= start).count()
    }

    fn tell(&mut self, record: &Record) {
        if self.timeline.len() >= TIMELINE {
            self.timeline.remove(0);
        }
        let evidence = matches!(record.event, Event::Updated { .. });
        if evidence && self.timeline.last().is_some_and(|l| l.text.starts_with(words::EVIDENCE)) {
            self.timeline.pop(); // the newest evidence stands for the run of updates before it
        }
        let text = words::words(&record.event);
        self.timeline.push(TimelineEntry { at: record.at, actor: record.actor.name.clone(), text });
    }

    fn turn(&mut self, firing: bool, at: Timestamp) {
        if self.firing == firing {
            return;
        }
        self.firing = firing;
        self.cleared_at = (!firing).then_some(at);
        if self.changes.len() >= CHANGES {
            self.changes.remove(0);
        }
        self.changes.push(at);
    }

    /// A later watcher may know the case by another key; from then on so does the incident.
    fn update(&mut self, case: &Case, at: Timestamp) -> bool {
        if case.firing && self.is_live() {
            self.turn(true, at);
        }
        if case.severity > self.severity {
            self.lower_since = self.lower_since.or(Some(at));
        } else {
            self.lower_since = None;
        }
        self.toll = self.toll.with(case);
        if case.severity <= self.severity {
            self.rule = (case.rule.clone(), case.raise.clone());
        }
        self.case = case.clone();
        self.updated_at = at;
        true
    }

    /// When it ended: closed, or clear since; none while it burns.
    pub fn ended_at(&self) -> Option<Timestamp> {
        match (self.firing, self.cleared_at) {
            (true, _) => None,
            (false, cleared) => cleared.or(self.closed_at),
        }
    }
}
