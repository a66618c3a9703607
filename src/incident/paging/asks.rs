//! Which messages are due: one for each occasion and sink, each once, by a key made of the
//! incident's own counts. The ladder goes up one rung at a time.

use super::{Look, record};
use crate::domain::id::EmissionId;
use crate::domain::severity::Severity;
use crate::domain::time::{Span, Timestamp};
use crate::incident::emission::{Emission, Notice, Notify, Occasion};
use crate::incident::event::{Event, Record};
use crate::incident::fold::{EmissionRun, Incident, Phase};
use crate::policy::paging::SinkRow;
use crate::verdict::Verdict;

/// The next rung comes no sooner after the one before, however short the time to acknowledge is.
const SHORTEST: Span = Span::from_mins(1);

/// A rung of the ladder: who is called next, and when unless somebody comes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rung {
    pub number: u32,
    pub whom: String,
    pub at: Timestamp,
}

/// What is to be told, before it is known to which sinks.
struct WantedAsk {
    occasion: Occasion,
    /// Tells it from others of its kind, and is part of the key.
    count: String,
    rung: Option<(u32, String)>,
}

impl WantedAsk {
    fn of(occasion: Occasion, count: String) -> Self {
        Self { occasion, count, rung: None }
    }
}

/// The messages about `incident` that are due and not prepared yet.
pub fn due(incident: &Incident, look: &Look<'_>) -> Vec<Record> {
    let rows = || look.paging.sinks.iter();
    let to_all = |wanted: WantedAsk| -> Vec<Emission> {
        rows().filter_map(|row| message(incident, look, row, &wanted)).collect()
    };
    let first = rows().filter_map(|row| message(incident, look, row, &burning(incident, row)?));
    let mut all: Vec<Emission> = first.collect();
    // one rung at a time: where both are late the decision comes when the other is written
    let late = ack_late(incident, look).map(to_all).filter(|messages| !messages.is_empty());
    let late = late.or_else(|| decision_late(incident, look).map(to_all));
    all.extend(late.into_iter().flatten());
    let over = acknowledged(incident, look).into_iter().chain(resolved(incident));
    all.extend(over.flat_map(to_all));
    let event = |emission| Event::EmissionPrepared { emission: Box::new(emission) };
    all.into_iter().map(|emission| record(incident, look.now, event(emission))).collect()
}

/// Nobody has it: what a sink hears first of this occurrence, and once more where the severity is
/// worse than it was told.
fn burning(incident: &Incident, row: &SinkRow) -> Option<WantedAsk> {
    if incident.phase != Phase::Open || incident.acked() {
        return None;
    }
    let asked = |run: &&EmissionRun| run.emission.sink == row.name && run.emission.occasion.asks();
    let told = of_occurrence(incident).filter(asked).map(|run| run.emission.notice.severity).min();
    let (occurrence, severity) = (incident.occurrences, incident.severity);
    match told {
        None if !incident.firing => None,
        None if occurrence <= 1 => Some(WantedAsk::of(Occasion::Opened, occurrence.to_string())),
        None => Some(WantedAsk::of(Occasion::Reopened, occurrence.to_string())),
        Some(told) if severity < told => {
            Some(WantedAsk::of(Occasion::Raised, format!("{occurrence}.{}", severity.number())))
        }
        Some(_) => None,
    }
}

/// The acknowledgement is late: once for each ask, and again for each further rung.
fn ack_late(incident: &Incident, look: &Look<'_>) -> Option<WantedAsk> {
    let due_at = incident.ack_clock().filter(|at| *at <= look.now)?;
    let ask = incident.asks.acks;
    let mine = format!("{ask}.");
    let before = told(incident, Occasion::AckLate, &mine);
    let rung = rung(incident, look);
    let at = match before.last() {
        None => due_at,
        Some(last) if rung.is_some() => after(last, incident, look),
        Some(_) => return None,
    };
    let count = format!("{mine}{}", counts(&before) + 1);
    (at <= look.now).then_some(WantedAsk { occasion: Occasion::AckLate, count, rung })
}

/// The decision is late: once for each deadline that passed.
fn decision_late(incident: &Incident, look: &Look<'_>) -> Option<WantedAsk> {
    let late = incident.undecided() && incident.decision_expired;
    let count = incident.asks.missed;
    let news = late && told(incident, Occasion::DecisionLate, &format!("{count}.")).is_empty();
    let count = format!("{count}.1");
    news.then(|| WantedAsk { occasion: Occasion::DecisionLate, count, rung: rung(incident, look) })
}

/// Told when it can no longer be taken back: a pager forgets, but does not ring again.
fn acknowledged(incident: &Incident, look: &Look<'_>) -> Option<WantedAsk> {
    let ack = incident.acks.first().filter(|_| incident.is_live())?;
    let kept = ack.at.plus(look.wall(look.policy.timing.undo)) <= look.now;
    kept.then(|| WantedAsk::of(Occasion::Acknowledged, incident.asks.acks.to_string()))
}

fn resolved(incident: &Incident) -> Option<WantedAsk> {
    let over = !incident.is_live();
    over.then(|| WantedAsk::of(Occasion::Resolved, incident.occurrences.to_string()))
}

fn message(
    incident: &Incident,
    look: &Look<'_>,
    row: &SinkRow,
    wanted: &WantedAsk,
) -> Option<Emission> {
    let WantedAsk { occasion, count, rung } = wanted;
    let called = rung.as_ref().map(|(_, whom)| whom.as_str());
    let fits = if occasion.asks() {
        row.takes(of(incident, look), *occasion, called)
    } else {
        row.events.contains(occasion) && reached(incident, row, *occasion)
    };
    let key = format!("{}.{}.{count}.{}", incident.id, occasion.name(), row.name);
    let key = EmissionId::from(key.as_str());
    let news = incident.emissions.iter().all(|run| run.emission.key != key);
    (fits && news).then(|| Emission {
        key,
        sink: row.name.clone(),
        occasion: *occasion,
        at: look.now,
        occurrence: incident.occurrences,
        rung: rung.as_ref().map(|(number, _)| *number),
        whom: called.map(str::to_owned),
        notice: notice(incident, look, *occasion),
    })
}

/// A sink hears that nobody need come only where somebody may have been asked by it since.
fn reached(incident: &Incident, row: &SinkRow, occasion: Occasion) -> bool {
    let own = incident.emissions.iter().filter(|run| run.emission.sink == row.name);
    let mut since = own.rev().take_while(|run| run.emission.occasion != occasion);
    since.any(|run| run.emission.occasion.asks() && run.tries > 0)
}

fn of(incident: &Incident, look: &Look<'_>) -> (Severity, Notify) {
    // a severity without a row counts as the strictest
    let notify = look.policy.row(incident.severity).map_or(Notify::Page, |row| row.notify);
    (incident.severity, notify)
}

fn of_occurrence(incident: &Incident) -> impl Iterator<Item = &EmissionRun> {
    let mine = |run: &&EmissionRun| run.emission.occurrence == incident.occurrences;
    incident.emissions.iter().filter(mine)
}

/// Messages of one kind whose count begins so, in the order of preparation.
fn told<'a>(incident: &'a Incident, occasion: Occasion, count: &str) -> Vec<&'a EmissionRun> {
    let start = format!("{}.{}.{count}", incident.id, occasion.name());
    let all = incident.emissions.iter();
    all.filter(|run| run.emission.key.as_str().starts_with(&start)).collect()
}

/// How many of them are different ones, not the same to several sinks.
fn counts(told: &[&EmissionRun]) -> usize {
    let mut at: Vec<Timestamp> = told.iter().map(|run| run.prepared_at).collect();
    at.dedup();
    at.len()
}

/// When the next rung comes after one: the time to acknowledge, once more.
fn after(last: &EmissionRun, incident: &Incident, look: &Look<'_>) -> Timestamp {
    let at = last.prepared_at;
    look.policy.ack_due(incident.severity, at).max(at.plus(SHORTEST))
}

/// The lowest rung that was not called in this occurrence and that some sink reaches.
fn rung(incident: &Incident, look: &Look<'_>) -> Option<(u32, String)> {
    let ladder = ladder(incident, look)?;
    let called = of_occurrence(incident).filter_map(|run| run.emission.rung).max().unwrap_or(0);
    let of = of(incident, look);
    let reached = |whom: &str| {
        let late = [Occasion::AckLate, Occasion::DecisionLate];
        let takes = |row: &SinkRow| late.iter().any(|l| row.takes(of, *l, Some(whom)));
        look.paging.sinks.iter().any(takes)
    };
    let rungs = (1_u32..).zip(ladder).filter(|(number, _)| *number > called);
    rungs.map(|(n, whom)| (n, whom.clone())).find(|(_, whom)| reached(whom))
}

/// Of the first guardrail in breach that has one, else of any that the incident names.
fn ladder<'a>(incident: &Incident, look: &Look<'a>) -> Option<&'a [String]> {
    let findings = &incident.case.findings;
    let breached = findings.iter().filter(|f| f.verdict == Verdict::Breach);
    let mut ladders =
        breached.chain(findings).filter_map(|f| look.paging.ladders.get(&f.guardrail));
    ladders.find(|ladder| !ladder.is_empty()).map(Vec::as_slice)
}

/// Who is called next, and when, unless somebody comes; none when nobody is left or nobody waits.
pub fn next_rung(incident: &Incident, look: &Look<'_>) -> Option<Rung> {
    let (number, whom) = rung(incident, look)?;
    let ack = incident.ack_clock().map(|due_at| {
        let before = told(incident, Occasion::AckLate, &format!("{}.", incident.asks.acks));
        before.last().map_or(due_at, |last| after(last, incident, look))
    });
    let decide = incident.decide_clock().filter(|_| !incident.decision_expired);
    let at = [ack, decide].into_iter().flatten().min()?;
    Some(Rung { number, whom, at })
}

fn notice(incident: &Incident, look: &Look<'_>, occasion: Occasion) -> Notice {
    let case = &incident.case;
    let money = |range: crate::domain::money::Range| range.in_currency(&look.paging.currency);
    let by = || incident.acks.first().map(|ack| ack.actor.name.clone());
    Notice {
        severity: incident.severity,
        journey: case.journey.clone(),
        headline: case.headline.clone(),
        opened_at: incident.opened_at,
        ack_due_at: incident.ack_clock(),
        decide_due_at: incident.decide_clock(),
        risk_per_minute: case.risk_per_minute.map(money),
        lost: incident.toll.lost.map(money),
        affected: incident.toll.affected,
        suspect: case.suspect.release.clone(),
        confidence: case.suspect.confidence,
        by: (occasion == Occasion::Acknowledged).then(by).flatten(),
    }
}
