//! How long checks take, told: findings and the case of what is slow, and the answer of the row
//! while nothing is.

use super::answer::RowAnswer;
use super::check_coverage;
use crate::detect::cases::open_case::checks_place;
use crate::detect::cases::slow::SlowChecks;
use crate::detect::cases::state::EngineState;
use crate::detect::detectors::check_cadence;
use crate::detect::detectors::check_duration::{CheckPace, RUNS, seconds};
use crate::detect::evidence::units;
use crate::domain::id::JourneyId;
use crate::domain::metric::Metric;
use crate::domain::segment::Scope;
use crate::domain::severity::Severity;
use crate::domain::time::Timestamp;
use crate::policy::guardrail::{Guardrail, row_for};
use crate::verdict::{Basis, Case, Class, Finding, Judged, Suspect, Verdict};

/// Adds what is slow to the case it is a sign of; the rest is one case.
pub fn tell(state: &EngineState, cases: &mut Vec<Case>) {
    let rows = &state.settings.policy.guardrail;
    let Some(row) = row_for(rows, Metric::CheckDuration, &Scope::everything()) else { return };
    let mut rest: Vec<(&SlowChecks, Finding)> = Vec::new();
    for slow in &state.slow {
        let finding = finding(state, row, slow);
        let of = slow.sign_of.as_ref().and_then(|key| cases.iter_mut().find(|c| c.key == *key));
        if let Some(case) = of {
            case.evidence_for.push(finding.text.clone());
            case.findings.push(finding.clone());
        }
        if slow.own {
            rest.push((slow, finding));
        }
    }
    cases.extend(own(&rest));
}

/// `checks of pdp take 3.1 s in eu and us, usually 1.6 s, since 03:02 UTC`.
pub fn sentence(slow: &SlowChecks) -> String {
    let names: Vec<&str> =
        slow.worst.iter().map(|w| w.0.as_str()).filter(|l| !l.is_empty()).collect();
    let places = if names.is_empty() { String::new() } else { format!(" in {}", names.join(", ")) };
    let (peak, usual) = (seconds(slow.peak()), seconds(slow.usual));
    let (journey, since) = (&slow.journey, units::hour(slow.since));
    match slow.until {
        None => format!("checks of {journey} take {peak}{places}, usually {usual}, since {since}"),
        Some(end) => format!(
            "checks of {journey} took {peak}{places}, usually {usual}, from {since} to {}",
            units::hour(end)
        ),
    }
}

pub fn finding(state: &EngineState, row: &Guardrail, slow: &SlowChecks) -> Finding {
    let over = slow.until.is_some();
    let place = checks_place(&state.settings.policy, &slow.journey);
    Finding {
        guardrail: row.name.clone(),
        verdict: if over { Verdict::Ok } else { Verdict::Breach },
        metric: Metric::CheckDuration,
        stat: "median".to_owned(),
        segment: place.unwrap_or_else(Scope::everything),
        value: Some(slow.peak()),
        unit: Metric::CheckDuration.row().unit.to_owned(),
        n: slow.runs,
        baseline: Some(slow.usual),
        now: over.then_some(slow.now),
        bad_until: slow.until,
        basis: Some(Basis { days: (slow.days * 10.0).round() / 10.0, samples: slow.runs }),
        test: format!("median of {RUNS} runs at each location for {}", row.hold),
        text: sentence(slow),
    }
}

/// One case of all that is slow and no sign of another one.
pub fn own(rest: &[(&SlowChecks, Finding)]) -> Option<Case> {
    let is_open = |slow: &SlowChecks| slow.until.is_none() && slow.sign_of.is_none();
    let open: Vec<&(&SlowChecks, Finding)> =
        rest.iter().filter(|(slow, _)| is_open(slow)).collect();
    let told: Vec<&(&SlowChecks, Finding)> =
        if open.is_empty() { rest.iter().collect() } else { open };
    let worst =
        told.iter().map(|(slow, _)| *slow).max_by(|a, b| a.times().total_cmp(&b.times()))?;
    let what = match told.as_slice() {
        [(one, _)] => one.journey.to_string(),
        all => format!("{} journeys", all.len()),
    };
    let (peak, usual) = (seconds(worst.peak()), seconds(worst.usual));
    let signs = rest.iter().any(|(slow, _)| slow.sign_of.is_some());
    let joined = "a sign of the case that is open on the same pages".to_owned();
    Some(Case {
        key: "checks-slow".to_owned(),
        class: Class::Regression,
        severity: Severity::Sev3,
        rule: "degradation without immediate commercial loss".to_owned(),
        raise: "higher when checks fail, or shoppers are slow or lost on the same pages".to_owned(),
        journey: told.first().filter(|_| told.len() == 1).map(|(slow, _)| slow.journey.clone()),
        headline: format!("Checks of {what} take {peak}, usually {usual}"),
        segments: told.iter().map(|(_, f)| f.segment.clone()).collect(),
        onset_at: told.iter().map(|(slow, _)| slow.since).min()?,
        firing: rest.iter().any(|(slow, _)| is_open(slow)),
        evidence_for: told.iter().map(|(_, f)| f.text.clone()).collect(),
        evidence_against: Some(joined).filter(|_| signs).into_iter().collect(),
        findings: told.iter().map(|(_, f)| f.clone()).collect(),
        suspect: Suspect {
            reasons: vec!["no release is weighed by the time that checks take".to_owned()],
            ..Suspect::default()
        },
        risk_per_minute: None,
        burned_per_minute: None,
        lost: None,
        affected: None,
        counted: None,
        money_method: "checks lose no orders".to_owned(),
    })
}

/// The answer of the row where no case breaks it.
pub fn calm(state: &EngineState, now: Timestamp) -> RowAnswer {
    let all = state.checks.paces.iter();
    let fresh: Vec<(&JourneyId, &String, &CheckPace)> = all
        .flat_map(|(check, places)| places.iter().map(move |(l, p)| (check, l, p)))
        .filter(|(check, _, p)| {
            check_cadence::is_fresh((&state.settings.policy, &state.checks), check, p.newest(), now)
        })
        .collect();
    let unsure = |judged, text: &str| (judged, Verdict::Unsure, text.to_owned());
    if fresh.is_empty() {
        return match check_coverage::unseen(state, now) {
            Some((Verdict::Blind, why)) => (Judged::Blind, Verdict::Blind, why),
            Some((_, why)) => unsure(Judged::Unseen, &why),
            None => unsure(Judged::Unmeasured, "no check tells how long it took"),
        };
    }
    if fresh.iter().all(|(_, _, p)| p.usual().is_none()) {
        return unsure(Judged::Learning, "learning how long checks take");
    }
    let one = fresh.iter().find(|(_, _, p)| p.is_slow());
    let Some((check, place, pace)) = one else {
        return (Judged::Yes, Verdict::Ok, "checks take as long as usual".to_owned());
    };
    let (took, usual) = (pace.now().unwrap_or(0.0), pace.usual().unwrap_or(0.0));
    let where_ = crate::detect::detectors::check_votes::told(place, check.as_str());
    let text = format!("{where_} takes {}, usually {}", seconds(took), seconds(usual));
    (Judged::Undecided, Verdict::Unsure, format!("{text}; one location alone is no incident"))
}
