//! The four questions of the RUM guide ("What to review in postmortems") and what could have been
//! known earlier, answered from records as far as they go. Nothing is guessed.

use serde::Serialize;

use crate::domain::time::Timestamp;
use crate::incident::event::Event;
use crate::incident::fold::Incident;
use crate::report::about::{self, RUM};
use crate::report::life::Life;
use crate::report::say;
use crate::verdict::{Case, Class, Verdict};

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RumQuestion {
    pub question: &'static str,
    /// False where nothing in the journal answers it.
    pub known: bool,
    pub answer: Vec<String>,
}

pub(super) fn questions(life: &Life, others: &[Incident]) -> Vec<RumQuestion> {
    vec![speed(life), accuracy(life), gaps(life, others), steps(life)]
}

fn speed(life: &Life) -> RumQuestion {
    let opened = life.incident.opened_at;
    let mut answer = Vec::new();
    if let Some(began) = life.times.began.filter(|_| !life.salvaged) {
        answer.push(format!(
            "Began {} by estimate, opened {}: {} later.",
            say::when(began),
            say::when(opened),
            say::length(opened.since(began))
        ));
    }
    let raised = raised(&life.opening, |_| true);
    answer.push(if raised.is_empty() {
        format!("Which metric raised it: {}.", say::UNKNOWN)
    } else {
        format!("Raised by {}.", raised.join(", "))
    });
    let rum = life.told().find(|(_, case)| !of_rum(case).is_empty());
    answer.push(match rum {
        Some((at, case)) if at <= opened => {
            format!("Real users showed it from the opening on: {}.", of_rum(case).join(", "))
        }
        Some((at, case)) => {
            let late = say::length(at.since(opened));
            format!("Real users showed it {late} after the opening: {}.", of_rum(case).join(", "))
        }
        None => "No record has a breach of a real-user metric.".to_owned(),
    });
    RumQuestion { question: "How quickly RUM detected the issue", known: rum.is_some(), answer }
}

/// `guardrail (metric, layer)` of every breach.
fn raised(case: &Case, of: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for f in case.findings.iter().filter(|f| f.verdict == Verdict::Breach) {
        let layer = about::layer(f.metric);
        let words = format!("{} ({}, {layer})", f.guardrail, f.metric.name());
        if of(layer) && !found.contains(&words) {
            found.push(words);
        }
    }
    found
}

fn of_rum(case: &Case) -> Vec<String> {
    raised(case, |layer| layer == RUM)
}

fn accuracy(life: &Life) -> RumQuestion {
    let (first, last) = (&life.opening, &life.incident);
    let (was, is) = (about::places(first), about::places(&last.case));
    let missing = |of: &[String], from: &[String]| -> Vec<String> {
        of.iter().filter(|p| !from.contains(p)).cloned().collect()
    };
    let (added, left) = (missing(&is, &was), missing(&was, &is));
    let mut answer = vec![
        format!(
            "Affected sessions: {} at the opening, {} at the end.",
            say::range_if(first.affected),
            say::range_if(last.toll.affected)
        ),
        format!("Places at the opening: {}.", was.join("; ")),
    ];
    if !added.is_empty() {
        answer.push(format!("Added later: {}.", added.join("; ")));
    }
    if !left.is_empty() {
        answer.push(format!("Not in it any more at the end: {}.", left.join("; ")));
    }
    answer.push(format!("What the true numbers were: {}.", say::UNKNOWN));
    RumQuestion { question: "Accuracy of affected user counts and segments", known: false, answer }
}

fn gaps(life: &Life, others: &[Incident]) -> RumQuestion {
    let mut doubtful: Vec<String> = Vec::new();
    for case in life.cases() {
        for f in &case.findings {
            let word = match f.verdict {
                Verdict::Unsure => "unsure",
                Verdict::Blind => "blind",
                Verdict::Ok | Verdict::Breach => continue,
            };
            let words = format!("{} was {word} ({})", f.guardrail, f.metric.name());
            if !doubtful.contains(&words) {
                doubtful.push(words);
            }
        }
    }
    let telemetry = others.iter().filter(|o| o.case.class == Class::Telemetry);
    let beside = telemetry.filter(|o| at_once(o, &life.incident));
    doubtful.extend(
        beside.map(|o| format!("{}, opened {}: {}", o.id, say::when(o.opened_at), o.case.headline)),
    );
    let known = !doubtful.is_empty();
    let answer = if known {
        doubtful
    } else {
        vec![format!(
            "No record has a guardrail that was unsure or blind, nor an incident of measuring at \
             the time. Gaps that no guardrail watches: {}.",
            say::UNKNOWN
        )]
    };
    RumQuestion { question: "Sampling or instrumentation gaps discovered", known, answer }
}

/// Both were there at the same time.
fn at_once(one: &Incident, other: &Incident) -> bool {
    let end = |i: &Incident| i.closed_at.or(i.ended_at());
    let before = |a: Option<Timestamp>, b: Timestamp| a.is_some_and(|a| a < b);
    !before(end(one), other.case.onset_at) && !before(end(other), one.opened_at)
}

fn steps(life: &Life) -> RumQuestion {
    let said = life.incident.review.iter().map(|text| format!("Review: {text}"));
    let rest = format!("Changes of SLOs or of instrumentation: {}.", say::UNKNOWN);
    let answer = said.chain([rest]).collect();
    let question = "Steps taken to prevent recurrence including changes to SLOs or instrumentation";
    RumQuestion { question, known: false, answer }
}

/// What the records themselves show to have been there before it was acted on.
pub(super) fn knowable(life: &Life, others: &[Incident]) -> Vec<String> {
    let i = &life.incident;
    let mut found = Vec::new();
    if let Some(earlier) = &i.recurrence_of {
        found.push(format!("It is a recurrence of {earlier}."));
    }
    let (rail, place) = (about::guardrail(&life.opening), about::place(&life.opening));
    let alike = others.iter().filter(|o| o.opened_at < i.opened_at && o.id != i.id);
    let alike =
        alike.filter(|o| about::guardrail(&o.case) == rail && about::place(&o.case) == place);
    found.extend(alike.map(|o| {
        format!("{} of {} was about the same guardrail and place.", o.id, say::when(o.opened_at))
    }));
    if let Some(release) = &i.case.suspect.release {
        let named = |case: &Case| case.suspect.release.as_ref() == Some(release);
        let first = life.told().find(|(_, case)| named(case));
        found.extend(first.map(|(at, case)| {
            let share = case.suspect.share_of(release).map(say::percent);
            let share = share.map(|s| format!(" with {s}")).unwrap_or_default();
            match at.since(i.opened_at).secs() {
                ..=0 => format!("{release} was suspected{share} from the opening on."),
                late => {
                    let late = say::length(crate::domain::time::Span::from_secs(late));
                    format!("{release} was suspected{share} {late} after the opening.")
                }
            }
        }));
        found.extend(i.case.suspect.reasons.iter().map(|why| format!("Why {release}: {why}")));
    }
    let worst = life.ranks.iter().find(|r| r.to == i.peak).filter(|r| r.at > i.opened_at);
    found.extend(worst.map(|r| {
        format!(
            "{} was reached {} after the opening.",
            i.peak,
            say::length(r.at.since(i.opened_at))
        )
    }));
    let spoken = life.records.iter().filter(|r| matches!(r.event, Event::Noted { .. }));
    let early = spoken.filter(|r| life.times.decided.is_some_and(|at| r.at < at)).count();
    if early > 0 {
        found.push(format!("Notes written before the first decision: {early}."));
    }
    found
}
