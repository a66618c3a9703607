//! Judgement in plain words with its numbers: headlines, findings, evidence for and against.
//! No drawing and no outside text beyond names that `domain::text` makes safe later.

use crate::detect::cases::kinds::{is_beacon, is_cause, is_traffic_loss};
use crate::detect::cases::open_case::OpenCase;
use crate::detect::cases::parts::TakenBack;
use crate::detect::cases::shift_words::{label, line, newest, samples, stat, values};
use crate::detect::cases::{kinds, surge};
use crate::detect::cube::store::Cube;
use crate::detect::detectors::threshold::guardrail_of;
use crate::detect::evidence::likelihood::Likelihood;
use crate::detect::evidence::units::{amount, hour};
use crate::detect::scan::shift::Shift;
use crate::domain::id::GuardrailId;
use crate::domain::metric::Metric;
use crate::policy::guardrail::row_for;
use crate::policy::judging::Policy;
use crate::verdict::{Basis, Finding, Verdict};

/// More than so many times the alarm line is told as that: beyond doubt is beyond doubt.
const MOST: f64 = 100.0;

/// How far evidence is beyond the line that opens an incident: `2.0 times the alarm line`.
fn sureness(nats: f64, line: f64) -> String {
    let times = nats / line.max(1e-9);
    if times > MOST {
        return "far beyond the alarm line".to_owned();
    }
    format!("{times:.1} times the alarm line")
}

/// The shift that says most: an outage's lost orders before anything, else the strongest.
pub fn lead(case: &OpenCase) -> Option<&Shift> {
    let present = case.told();
    let weight = |e: &Shift| {
        let loss = if e.likelihood == Likelihood::Conversion { e.harm } else { 0.0 };
        let big = u8::from(loss > 0.3);
        (big, u8::from(is_cause(e)), e.nats)
    };
    present.into_iter().max_by(|a, b| {
        let (x, y) = (weight(a), weight(b));
        x.0.cmp(&y.0).then(x.1.cmp(&y.1)).then(x.2.total_cmp(&y.2)).then(b.cuboid.cmp(&a.cuboid))
    })
}

/// One line for a case.
pub fn headline(policy: &Policy, cube: &Cube, case: &OpenCase) -> String {
    if let Some(b) = &case.blind {
        let what = if b.checkout { "; checkout is blind" } else { "" };
        return format!("No data from {}{what}", b.names());
    }
    if let Some(f) = &case.flaw {
        return capital(&f.text);
    }
    if let Some(surge) = surge::headline(policy, cube, case) {
        return surge;
    }
    let down = case.failing_checks.iter().find(|t| !t.over).or(case.failing_checks.first());
    let shift = lead(case).map(|e| line(cube, e));
    match (down, shift) {
        (Some(t), Some(e)) => format!("{e}; {} checks fail", t.journey),
        (Some(t), None) => {
            format!("{} checks fail: {}", capital(t.journey.as_str()), t.how.words())
        }
        (None, Some(e)) => e,
        (None, None) => "Trouble".to_owned(),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().collect::<String>() + chars.as_str()).unwrap_or_default()
}

/// Findings of a case, one per shift and one per failing journey.
pub fn findings(policy: &Policy, cube: &Cube, case: &OpenCase, bucket: i64) -> Vec<Finding> {
    let mut shifts: Vec<&Shift> = case.shifts.iter().collect();
    // what the headline tells comes first
    let first = lead(case).map(|e| (&e.cuboid, &e.scope));
    shifts.sort_by_key(|e| Some((&e.cuboid, &e.scope)) != first);
    let mut out: Vec<Finding> =
        shifts.into_iter().map(|e| finding(policy, cube, e, bucket)).collect();
    out.extend(
        case.flaw.iter().map(|f| crate::detect::cases::data_quality::finding(&policy.guardrail, f)),
    );
    for t in &case.failing_checks {
        let row = row_for(
            &policy.guardrail,
            Metric::CheckSuccess,
            &crate::domain::segment::Scope::everything(),
        );
        out.push(Finding {
            guardrail: row.map_or_else(|| GuardrailId::new("availability"), |r| r.name.clone()),
            verdict: match t.is_well() && t.worst > 0 {
                _ if t.over => Verdict::Ok,
                true => Verdict::Unsure,
                false => Verdict::Breach,
            },
            metric: Metric::CheckSuccess,
            stat: "state".to_owned(),
            segment: crate::detect::cases::open_case::checks_place(policy, &t.journey)
                .unwrap_or_default(),
            value: Some(passing((t.worst, t.now.1))),
            unit: "ratio".to_owned(),
            n: t.now.1 as f64,
            baseline: Some(1.0),
            now: t.is_well().then(|| passing(t.now)),
            bad_until: None,
            basis: None,
            test: "failures in a row, locations voting".to_owned(),
            text: format!("{} checks: {}", t.journey, t.words()),
        });
    }
    out
}

/// Share of locations that pass.
fn passing((failing, all): (usize, usize)) -> f64 {
    if all == 0 { 0.0 } else { 1.0 - failing.min(all) as f64 / all as f64 }
}

fn finding(policy: &Policy, cube: &Cube, e: &Shift, bucket: i64) -> Finding {
    let cuboid = cube.cuboids.get(&e.cuboid);
    let (now, base) = values(cube, e);
    let minutes = (e.last_bad - e.from() + 1).max(1) as f64 * cube.bucket.as_mins_f64();
    let name = guardrail_of(policy, e).map_or_else(|| GuardrailId::new(""), |g| g.name.clone());
    let sure = sureness(e.nats, policy.detect.sensitivity.nats());
    let by_change = format!("{sure} over {minutes:.0} min");
    let well = e.until.is_some() || e.looks_well();
    Finding {
        guardrail: name,
        verdict: match e.until {
            Some(_) => Verdict::Ok,
            None if well => Verdict::Unsure,
            None => Verdict::Breach,
        },
        metric: e.cuboid.family.0,
        stat: stat(e),
        segment: e.place.clone(),
        value: Some(now),
        unit: e.cuboid.family.0.row().unit.to_owned(),
        n: e.tally.units.round(),
        baseline: Some(base),
        now: well.then(|| newest(cube, e, bucket)).flatten(),
        bad_until: well.then(|| cube.end_of(e.until.unwrap_or(e.last_bad))),
        basis: cuboid.and_then(|t| Basis::of_scope(t, &e.scope)),
        test: e.threshold.as_ref().map_or(by_change, |(_, test)| test.clone()),
        text: told(cube, e, bucket),
    }
}

/// A sentence on one shift, in the past tense once its last minutes look well:
/// `was Payment step 74% -> 8.8% in checkout (543 samples), 71% now`.
fn told(cube: &Cube, e: &Shift, bucket: i64) -> String {
    let says = format!("{} in {}{}", line(cube, e), e.place, samples(e));
    if e.until.is_none() && !e.looks_well() {
        return says;
    }
    format!("was {says}{}", now_words(cube, e, bucket))
}

/// `, 71% now`; nothing where nothing came, nor for a line that tells a share.
fn now_words(cube: &Cube, e: &Shift, bucket: i64) -> String {
    let share = is_beacon(e) || e.likelihood == Likelihood::Poisson && !kinds::is_surge(e);
    let now = newest(cube, e, bucket).filter(|_| !share);
    now.map(|x| format!(", {} now", amount(e.cuboid.family.0, x))).unwrap_or_default()
}

/// `taken back 04:15 UTC, recovered 3 min later`
pub fn taken_back(back: TakenBack) -> String {
    let hour = hour(back.at);
    match back.healed {
        Some(after) => format!("taken back {hour}, recovered {:.0} min later", after.as_mins_f64()),
        None => format!("taken back {hour}, not recovered yet"),
    }
}

/// What speaks for the case.
pub fn evidence_for(cube: &Cube, case: &OpenCase, line_nats: f64, bucket: i64) -> Vec<String> {
    let mut out: Vec<String> = case
        .shifts
        .iter()
        .filter(|e| e.until.is_none() && !e.looks_well())
        .map(|e| {
            let n = if e.tally.units >= 1.0 && !is_traffic_loss(e) {
                format!(", {:.0} samples", e.tally.units)
            } else {
                String::new()
            };
            format!("{} in {}{n}, {}", line(cube, e), e.place, sureness(e.nats, line_nats))
        })
        .collect();
    for t in case.failing_checks.iter().filter(|t| !t.is_well() || t.worst == 0 && !t.over) {
        out.push(format!("{} checks: {}", t.journey, t.words()));
    }
    if is_over(case) {
        out.extend(ended(cube, case, bucket));
    }
    out.extend(case.joins.iter().map(|j| format!("belongs to it: {}", j.words())));
    if let Some(b) = &case.blind {
        out.extend(b.sources.iter().map(|(name, at)| format!("{name} tells nothing since {at}")));
    }
    out.extend(case.flaw.iter().map(|f| format!("{}, first at {}", f.text, f.since)));
    out
}

/// What speaks against it, or for a smaller one.
pub fn evidence_against(cube: &Cube, case: &OpenCase, bucket: i64) -> Vec<String> {
    // what is over speaks against what goes on; of a case that is over it is what it was
    let mut out = if is_over(case) { Vec::new() } else { ended(cube, case, bucket) };
    for e in case.shifts.iter().filter(|e| e.until.is_none() && e.looks_well()) {
        out.push(format!("{}: not yet for long enough", told(cube, e, bucket)));
    }
    for e in &case.shifts {
        let marks = cube.marks.get(&e.cuboid).map(|m| m.any.names());
        if let Some(names) = marks.filter(|n| !n.is_empty()) {
            let names = names.join(", ").replace('_', " ");
            out.push(format!("{} rests on doubtful records: {names}", label(e)));
        }
    }
    out
}

/// Nothing of it goes on.
fn is_over(case: &OpenCase) -> bool {
    case.shifts.iter().all(|e| e.until.is_some()) && case.failing_checks.iter().all(|t| t.over)
}

/// What ended, in the past tense; checks that pass again, proven or not.
fn ended(cube: &Cube, case: &OpenCase, bucket: i64) -> Vec<String> {
    let shifts = case.shifts.iter().filter(|e| e.until.is_some());
    let shifts = shifts.map(|e| format!("{}: over", told(cube, e, bucket)));
    let well = case.failing_checks.iter().filter(|t| t.is_well() && (t.over || t.worst > 0));
    shifts.chain(well.map(|t| format!("{} checks {}", t.journey, t.words()))).collect()
}
