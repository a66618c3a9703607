//! `tillwatch postmortem`: one incident as its records tell it, `tillwatch/postmortem/1`. Figures
//! and words come from records; what no record tells is said to be not known, and what people have
//! to say is left empty.

use serde::Serialize;

use super::about;
use super::life::{Came, Life, LifeTimes, Taken};
use super::say;
use crate::domain::id::{ActionId, IncidentId, ReleaseId};
use crate::domain::money::{MoneyRange, Range};
use crate::domain::severity::Severity;
use crate::domain::time::Timestamp;
use crate::incident::event::{Event, Record};
use crate::incident::fold::{ActionRun, Incident};
use crate::incident::state::{ActionState, State};
use crate::incident::truth::AlarmTruth;
use crate::incident::words::{EVIDENCE, outcome, plan, words};
use crate::verdict::{Candidate, Confidence};

mod page;
mod questions;

use questions::{RumQuestion, knowable, questions};

pub const SCHEMA: &str = "tillwatch/postmortem/1";

/// The whole document.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Postmortem {
    pub schema: &'static str,
    pub made_at: Timestamp,
    pub id: IncidentId,
    pub headline: String,
    pub class: &'static str,
    pub journey: Option<String>,
    pub state: State,
    pub severity: Severity,
    /// The worst it ever had.
    pub peak: Severity,
    pub occurrences: u32,
    pub recurrence_of: Option<IncidentId>,
    pub owner: Option<String>,
    pub verdict: Option<AlarmTruth>,
    pub review: Option<String>,
    pub times: LifeTimes,
    pub intervals: Vec<Interval>,
    pub impact: IncidentHarm,
    pub deadlines: Vec<ClockOutcome>,
    pub timeline: Vec<Entry>,
    pub decisions: Vec<DecisionTaken>,
    pub actions: Vec<SentAction>,
    pub questions: Vec<RumQuestion>,
    pub knowable: Vec<String>,
    /// Records that could not be read, and so are missing above.
    pub left_out: Vec<String>,
}

/// From one instant to another; null where one of them never came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Interval {
    pub from: &'static str,
    pub to: &'static str,
    pub seconds: Option<i64>,
}

#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct IncidentHarm {
    pub lost: Option<MoneyRange>,
    /// How the money was estimated.
    pub method: String,
    /// Affected sessions.
    pub affected: Option<Range>,
    /// Every place that was ever part of it.
    pub places: Vec<String>,
    pub guardrails: Vec<String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ClockOutcome {
    #[serde(flatten)]
    pub ask: super::life::GivenClock,
    pub came: Came,
    /// Seconds after the deadline; negative where there was time left.
    pub late_seconds: i64,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Entry {
    pub at: Timestamp,
    pub actor: String,
    pub text: String,
    /// Records that this entry stands for.
    pub records: u32,
}

/// What was known when something was decided or ordered.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct DecisionTaken {
    pub at: Timestamp,
    pub by: String,
    pub what: String,
    pub severity: Severity,
    pub headline: String,
    pub places: Vec<String>,
    pub lost: Option<MoneyRange>,
    pub risk_per_minute: Option<MoneyRange>,
    pub evidence_age_seconds: i64,
    pub suspect: Option<ReleaseId>,
    pub confidence: Confidence,
    pub suspects: Vec<Candidate>,
    pub evidence_for: Vec<String>,
    pub evidence_against: Vec<String>,
}

#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SentAction {
    pub id: ActionId,
    pub what: String,
    pub by: String,
    pub prepared_at: Timestamp,
    /// The first time that it was sent.
    pub sent_at: Option<Timestamp>,
    pub tries: u32,
    /// The exact request body.
    pub sent: String,
    pub state: ActionState,
    pub answers: Vec<Entry>,
    /// What proved that it helped, or that it did not.
    pub proof: Option<String>,
    /// What undoes it.
    pub inverse: String,
    pub dry_run: bool,
}

/// What a postmortem may look at beside the incident.
#[derive(Clone, Copy, Debug)]
pub struct Beside<'a> {
    pub now: Timestamp,
    /// ISO 4217.
    pub currency: &'a str,
    /// Other incidents of the weeks before and of its own time.
    pub others: &'a [Incident],
    pub left_out: &'a [String],
}

/// The document of one incident.
pub fn postmortem(life: &Life, beside: &Beside<'_>) -> Postmortem {
    let i = &life.incident;
    Postmortem {
        schema: SCHEMA,
        made_at: beside.now,
        id: i.id.clone(),
        headline: i.case.headline.clone(),
        class: i.case.class.name(),
        journey: i.case.journey.as_ref().map(ToString::to_string),
        state: i.state(),
        severity: i.severity,
        peak: i.peak,
        occurrences: i.occurrences,
        recurrence_of: i.recurrence_of.clone(),
        owner: life.owner(),
        verdict: i.truth,
        review: i.review.clone(),
        times: life.times,
        intervals: intervals(&life.times),
        impact: impact(life, beside.currency),
        deadlines: deadlines(life, beside.now),
        timeline: timeline(&life.records),
        decisions: decisions(life, beside.currency),
        actions: i.actions.iter().map(|run| action(run, &life.records)).collect(),
        questions: questions(life, beside.others),
        knowable: knowable(life, beside.others),
        left_out: beside.left_out.to_vec(),
    }
}

fn intervals(t: &LifeTimes) -> Vec<Interval> {
    let all = [
        ("began", t.began, "opened", t.opened),
        ("opened", t.opened, "acknowledged", t.acknowledged),
        ("opened", t.opened, "decided", t.decided),
        ("decided", t.decided, "acted", t.acted),
        ("acted", t.acted, "recovered", t.recovered),
        ("opened", t.opened, "mitigated", t.mitigated),
        ("opened", t.opened, "recovered", t.recovered),
        ("opened", t.opened, "closed", t.closed),
        ("began", t.began, "recovered", t.recovered),
    ];
    let between = |(from, a, to, b): (_, Option<Timestamp>, _, Option<Timestamp>)| {
        let seconds = a.zip(b).map(|(a, b)| b.since(a).secs());
        Interval { from, to, seconds }
    };
    all.into_iter().map(between).collect()
}

fn impact(life: &Life, currency: &str) -> IncidentHarm {
    let (mut places, mut guardrails) = (Vec::new(), Vec::new());
    for case in life.cases() {
        for place in about::places(case) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        for guardrail in about::guardrails(case).iter().map(ToString::to_string) {
            if !guardrails.contains(&guardrail) {
                guardrails.push(guardrail);
            }
        }
    }
    let toll = &life.incident.toll;
    let lost = toll.lost.map(|r| r.in_currency(currency));
    let method = life.incident.case.money_method.clone();
    IncidentHarm { lost, method, affected: toll.affected, places, guardrails }
}

fn deadlines(life: &Life, now: Timestamp) -> Vec<ClockOutcome> {
    let told = |ask: &super::life::GivenClock| ClockOutcome {
        ask: ask.clone(),
        came: ask.came(now),
        late_seconds: ask.late(now).secs(),
    };
    life.asks.iter().map(told).collect()
}

/// Every record in words; of evidence that follows evidence the newest stands for all.
fn timeline(records: &[Record]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut after_evidence = false;
    for record in records {
        let evidence = matches!(record.event, Event::Updated { .. });
        let (at, actor) = (record.at, record.actor.name.clone());
        let mut entry = Entry { at, actor, text: words(&record.event), records: 1 };
        if evidence && after_evidence {
            let before = entries.pop().map_or(0, |e| e.records);
            entry.records = before.saturating_add(1);
        }
        after_evidence = evidence && entry.text.starts_with(EVIDENCE);
        entries.push(entry);
    }
    entries
}

/// What was ordered in the same breath as it was decided rests on the same evidence.
fn decisions(life: &Life, currency: &str) -> Vec<DecisionTaken> {
    let mut found: Vec<DecisionTaken> = Vec::new();
    for taken in &life.taken {
        let same = |d: &DecisionTaken| d.at == taken.at && d.by == taken.by;
        match found.last_mut().filter(|d| taken.choice.is_none() && same(d)) {
            Some(decided) => decided.what = format!("{}; {}", decided.what, taken.words),
            None => found.push(decision(taken, currency)),
        }
    }
    found
}

fn decision(taken: &Taken, currency: &str) -> DecisionTaken {
    let case = &taken.case;
    let money = |r: Option<Range>| r.map(|r| r.in_currency(currency));
    DecisionTaken {
        at: taken.at,
        by: taken.by.clone(),
        what: taken.words.clone(),
        severity: taken.severity,
        headline: case.headline.clone(),
        places: about::places(case),
        lost: money(case.lost),
        risk_per_minute: money(case.risk_per_minute),
        evidence_age_seconds: taken.age.secs(),
        suspect: case.suspect.release.clone(),
        confidence: case.suspect.confidence,
        suspects: case.suspect.candidates.clone(),
        evidence_for: case.evidence_for.clone(),
        evidence_against: case
            .evidence_against
            .iter()
            .chain(&case.suspect.against)
            .cloned()
            .collect(),
    }
}

fn action(run: &ActionRun, records: &[Record]) -> SentAction {
    let id = &run.intent.id;
    let mut answers = Vec::new();
    let (mut proof, mut sent_at) = (None, None);
    for record in records {
        match &record.event {
            Event::ActionSent { id: of, .. } if of == id => sent_at = sent_at.or(Some(record.at)),
            Event::ActionAnswered { id: of, answer } if of == id => answers.push(Entry {
                at: record.at,
                actor: record.actor.name.clone(),
                text: outcome(answer),
                records: 1,
            }),
            Event::ActionVerified { id: of, .. } | Event::ActionNotHelping { id: of, .. }
                if of == id =>
            {
                proof = Some(format!("{} {}", say::when(record.at), words(&record.event)));
            }
            _other => {}
        }
    }
    let intent = &run.intent;
    SentAction {
        id: id.clone(),
        what: plan(intent),
        by: run.by.name.clone(),
        prepared_at: run.prepared_at,
        sent_at,
        tries: run.tries,
        sent: intent.body.clone(),
        state: run.state,
        answers,
        proof,
        inverse: format!(
            "{} in {}: {} -> {}",
            intent.service, intent.environment, intent.to, intent.from
        ),
        dry_run: intent.dry_run,
    }
}
