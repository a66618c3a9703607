//! Alert quality: how often each guardrail spoke and was right, whom it paged, what came back.
//! What counts as right is what people said with `reviewed`; what nobody said is not guessed.

use std::collections::BTreeMap;

use serde::Serialize;

use super::frame::{ReviewFrame, key};
use crate::domain::id::IncidentId;
use crate::domain::severity::Severity;
use crate::incident::truth::AlarmTruth;
use crate::policy::guardrail::Guardrail;
use crate::policy::severity::Notify;
use crate::report::life::{Life, Rank};

/// One guardrail: the first in breach when an incident was opened.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct ByGuardrail {
    pub guardrail: String,
    /// By the config as it is now; null where it has no such row.
    pub owner: Option<String>,
    pub opened: usize,
    pub true_alarms: usize,
    pub false_alarms: usize,
    pub unsure: usize,
    /// Nobody has said whether it was right.
    pub unmarked: usize,
    /// Right among those that were said to be right or wrong; null where none was.
    pub precision: Option<f64>,
}

/// An alarm of the time that people said was false.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FalseAlarm {
    pub incident: IncidentId,
    pub guardrail: String,
    pub headline: String,
    pub reason: String,
}

/// How often one person was paged by policy.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Pages {
    /// The owner of the guardrail; null where the config names none.
    pub person: Option<String>,
    #[serde(rename = "pages")]
    pub count: usize,
    pub incidents: Vec<IncidentId>,
}

/// The same guardrail at the same place, more than once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Recurring {
    pub guardrail: String,
    pub place: String,
    /// Openings and reopenings in the time.
    pub times: usize,
    pub incidents: Vec<IncidentId>,
}

fn owner(guardrail: &str, rows: &[Guardrail]) -> Option<String> {
    let row = rows.iter().find(|row| row.name.as_str() == guardrail)?;
    Some(row.owner.clone()).filter(|owner| !owner.trim().is_empty())
}

pub(super) fn by_guardrail(opened: &[&Life], rows: &[Guardrail]) -> Vec<ByGuardrail> {
    let mut found: BTreeMap<String, ByGuardrail> = BTreeMap::new();
    for life in opened {
        let (guardrail, _) = key(life);
        let row = found.entry(guardrail.clone()).or_insert_with(|| ByGuardrail {
            owner: owner(&guardrail, rows),
            guardrail,
            ..ByGuardrail::default()
        });
        row.opened = row.opened.saturating_add(1);
        let count = match life.incident.truth {
            Some(AlarmTruth::True) => &mut row.true_alarms,
            Some(AlarmTruth::False) => &mut row.false_alarms,
            Some(AlarmTruth::Unsure) => &mut row.unsure,
            None => &mut row.unmarked,
        };
        *count = count.saturating_add(1);
    }
    let mut rows: Vec<ByGuardrail> = found.into_values().collect();
    for row in &mut rows {
        let said = row.true_alarms.saturating_add(row.false_alarms);
        row.precision = (said > 0).then(|| row.true_alarms as f64 / said as f64);
    }
    rows.sort_by(|a, b| b.opened.cmp(&a.opened).then_with(|| a.guardrail.cmp(&b.guardrail)));
    rows
}

pub(super) fn false_alarms(opened: &[&Life]) -> Vec<FalseAlarm> {
    let wrong = opened.iter().filter(|l| l.incident.truth == Some(AlarmTruth::False));
    let told = wrong.map(|l| FalseAlarm {
        incident: l.incident.id.clone(),
        guardrail: key(l).0,
        headline: l.incident.case.headline.clone(),
        reason: l.incident.review.clone().unwrap_or_default(),
    });
    told.collect()
}

/// A page is due when an incident opens or comes back at a severity that pages, or rises to one.
pub(super) fn pages(lives: &[Life], frame: &ReviewFrame<'_>) -> Vec<Pages> {
    let paging = |severity: Severity| {
        frame.policy.row(severity).is_none_or(|row| row.notify == Notify::Page)
    };
    let due =
        |rank: &&Rank| frame.holds(rank.at) && paging(rank.to) && !rank.from.is_some_and(paging);
    let mut found: BTreeMap<Option<String>, Pages> = BTreeMap::new();
    for life in lives {
        let count = life.ranks.iter().filter(due).count();
        if count == 0 {
            continue;
        }
        let person = owner(&key(life).0, frame.guardrails);
        let row = found.entry(person.clone()).or_insert_with(|| Pages {
            person,
            count: 0,
            incidents: Vec::new(),
        });
        row.count = row.count.saturating_add(count);
        row.incidents.push(life.incident.id.clone());
    }
    let mut rows: Vec<Pages> = found.into_values().collect();
    rows.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.person.cmp(&b.person)));
    rows
}

pub(super) fn recurring(lives: &[Life], frame: &ReviewFrame<'_>) -> Vec<Recurring> {
    let mut found: BTreeMap<(String, String), Recurring> = BTreeMap::new();
    for life in lives {
        let times = life.ranks.iter().filter(|r| r.from.is_none() && frame.holds(r.at)).count();
        if times == 0 {
            continue;
        }
        let (guardrail, place) = key(life);
        let row = found.entry((guardrail.clone(), place.clone())).or_insert_with(|| Recurring {
            guardrail,
            place,
            times: 0,
            incidents: Vec::new(),
        });
        row.times = row.times.saturating_add(times);
        row.incidents.push(life.incident.id.clone());
    }
    let mut rows: Vec<Recurring> = found.into_values().filter(|r| r.times > 1).collect();
    rows.sort_by(|a, b| b.times.cmp(&a.times).then_with(|| a.guardrail.cmp(&b.guardrail)));
    rows
}
