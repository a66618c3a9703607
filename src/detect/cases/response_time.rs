//! How long checks take: each location against its own usual by the row on `check_duration`. Enough
//! slow locations are a sign of the journey's case where it has one, else a case of their own.
//! Failing runs never come here; nothing else is dated or blamed by them.

use super::open_case;
use super::open_case::{Live, trouble_place};
use crate::detect::detectors::check_duration::{Pace, RUNS, seconds};
use crate::detect::engine::Engine;
use crate::detect::judgement::check_coverage;
use crate::detect::judgement::guardrails::Answer;
use crate::domain::id::JourneyId;
use crate::domain::metric::Metric;
use crate::domain::segment::{Dim, Scope};
use crate::domain::severity::Severity;
use crate::domain::time::{Span, Timestamp};
use crate::policy::guardrail::{Guardrail, row_for};
use crate::policy::journey::Journey;
use crate::verdict::{Basis, Case, Class, Finding, Judged, Suspect, Verdict};

/// Slow in so many locations, or in all there are: one place may have a bad line.
const LOCATIONS: usize = 2;
/// What is slow since this time around a case of the journey is a sign of it.
const AROUND: Span = Span::from_mins(15);
/// What is over is told for so long, so that no reader misses its end.
const TOLD: Span = Span::from_hours(1);

/// The checks of one journey that are slow, or lately were.
#[derive(Clone, PartialEq, Debug)]
pub struct Slow {
    pub journey: JourneyId,
    pub since: Timestamp,
    pub until: Option<Timestamp>,
    /// Locations with their response time at its worst and what was usual, ms.
    worst: Vec<(String, f64, f64)>,
    /// Medians over the slow locations now and usually, ms.
    now: f64,
    usual: f64,
    runs: f64,
    days: f64,
    /// It has been told as a case of its own: its end is told too.
    own: bool,
    /// The case of the journey that it is a sign of.
    sign_of: Option<String>,
}

/// What the newest runs of every journey say about their response times.
pub fn judge(engine: &mut Engine, bucket: i64) {
    let now = engine.store.end_of(bucket);
    if engine.checks.pace.is_none() {
        return;
    }
    let mut slow = std::mem::take(&mut engine.slow);
    let journeys: Vec<Journey> = engine.settings.policy.journey.clone();
    for row in &journeys {
        let seen = seen(engine, row, now);
        let known = slow.iter().position(|s| s.journey == row.name && s.until.is_none());
        match (seen, known.and_then(|i| slow.get_mut(i))) {
            (Some(new), Some(old)) => old.goes_on(new),
            (Some(new), None) if !planned(engine, row, new.since, now) => slow.push(new),
            // what is not seen is not over
            (None, Some(old)) if is_heard(engine, row, now) => old.until = Some(now),
            _ => {}
        }
    }
    slow.retain(|s| s.until.is_none_or(|end| now.since(end) <= TOLD));
    for s in &mut slow {
        if s.until.is_none() {
            s.sign_of = sign_of(engine, s);
            s.own |= s.sign_of.is_none();
        }
    }
    engine.slow = slow;
}

/// A check of the journey still tells how long it takes.
fn is_heard(engine: &Engine, row: &Journey, now: Timestamp) -> bool {
    let paces = engine.checks.paces.iter().filter(|(check, _)| row.has_check(check.as_str()));
    let mut all = paces.flat_map(|(check, places)| places.values().map(move |p| (check, p)));
    all.any(|(check, p)| check_coverage::is_fresh(engine, check, p.newest(), now))
}

impl Slow {
    fn goes_on(&mut self, new: Self) {
        let worse = new.worst.len() > self.worst.len() || new.now > self.peak();
        (self.now, self.runs) = (new.now, new.runs);
        self.since = self.since.min(new.since);
        if worse {
            (self.worst, self.usual) = (new.worst, new.usual);
        }
    }

    /// Median of the slow locations at its worst, ms.
    fn peak(&self) -> f64 {
        middle(self.worst.iter().map(|w| w.1).collect())
    }

    /// How many times as long as usual.
    fn times(&self) -> f64 {
        self.peak() / self.usual.max(1.0)
    }
}

/// Announced work covers it.
fn planned(engine: &Engine, row: &Journey, since: Timestamp, now: Timestamp) -> bool {
    let place = trouble_place(&engine.settings.policy, &row.name);
    engine.settings.in_maintenance(since, now, place.as_ref())
}

/// The slow locations of a journey's checks, when they are enough.
fn seen(engine: &Engine, row: &Journey, now: Timestamp) -> Option<Slow> {
    let paces = engine.checks.paces.iter().filter(|(check, _)| row.has_check(check.as_str()));
    let fresh = paces.flat_map(|(check, places)| {
        let fresh = |p: &&Pace| check_coverage::is_fresh(engine, check, p.newest(), now);
        places.iter().filter(move |(_, pace)| fresh(pace))
    });
    let fresh: Vec<(&String, &Pace)> = fresh.collect();
    let slow: Vec<&(&String, &Pace)> = fresh.iter().filter(|(_, p)| p.is_slow()).collect();
    if slow.is_empty() || slow.len() < LOCATIONS.min(fresh.len()) {
        return None;
    }
    let told = slow.iter().filter_map(|(l, p)| Some(((*l).clone(), p.now()?, p.usual()?)));
    let worst: Vec<(String, f64, f64)> = told.collect();
    Some(Slow {
        journey: row.name.clone(),
        since: slow.iter().filter_map(|(_, p)| p.since()).min()?,
        until: None,
        now: middle(worst.iter().map(|w| w.1).collect()),
        usual: middle(worst.iter().map(|w| w.2).collect()),
        worst,
        runs: slow.iter().map(|(_, p)| p.runs()).sum(),
        days: slow.iter().map(|(_, p)| p.days()).fold(0.0, f64::max),
        own: false,
        sign_of: None,
    })
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// The case of the same journey that it began with, or that was open when it began.
fn sign_of(engine: &Engine, slow: &Slow) -> Option<String> {
    let policy = &engine.settings.policy;
    let row = policy.journey.iter().find(|j| j.name == slow.journey)?;
    let here = |live: &Live| {
        let segments = live.segments(policy);
        let pages = |s: &Scope| {
            let page = s.dims.get(&Dim::Template);
            page.is_none_or(|pages| pages.iter().any(|p| row.has_template(p)))
        };
        open_case::journey_of(policy, live, &segments).is_some_and(|j| j == slow.journey)
            || !live.is_telemetry() && segments.iter().any(pages)
    };
    let together = |live: &Live| {
        let began = live.onset(|b| engine.store.start_of(b));
        let ended = live.closed.map(|b| engine.store.end_of(b));
        began.minus(AROUND) <= slow.since && ended.is_none_or(|end| slow.since <= end)
    };
    let mut found = engine.lives.iter().filter(|l| !l.key.is_empty() && here(l) && together(l));
    found.next().map(|l| l.key.clone())
}

/// Adds what is slow to the case it is a sign of; the rest is one case.
pub fn tell(engine: &Engine, cases: &mut Vec<Case>) {
    let rows = &engine.settings.policy.guardrail;
    let Some(row) = row_for(rows, Metric::CheckDuration, &Scope::everything()) else { return };
    let mut rest: Vec<(&Slow, Finding)> = Vec::new();
    for slow in &engine.slow {
        let finding = finding(engine, row, slow);
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
fn sentence(slow: &Slow) -> String {
    let names: Vec<&str> =
        slow.worst.iter().map(|w| w.0.as_str()).filter(|l| !l.is_empty()).collect();
    let places = if names.is_empty() { String::new() } else { format!(" in {}", names.join(", ")) };
    let (peak, usual) = (seconds(slow.peak()), seconds(slow.usual));
    let (journey, since) = (&slow.journey, check_coverage::hour(slow.since));
    match slow.until {
        None => format!("checks of {journey} take {peak}{places}, usually {usual}, since {since}"),
        Some(end) => format!(
            "checks of {journey} took {peak}{places}, usually {usual}, from {since} to {}",
            check_coverage::hour(end)
        ),
    }
}

fn finding(engine: &Engine, row: &Guardrail, slow: &Slow) -> Finding {
    let over = slow.until.is_some();
    let place = trouble_place(&engine.settings.policy, &slow.journey);
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
fn own(rest: &[(&Slow, Finding)]) -> Option<Case> {
    let is_open = |slow: &Slow| slow.until.is_none() && slow.sign_of.is_none();
    let open: Vec<&(&Slow, Finding)> = rest.iter().filter(|(slow, _)| is_open(slow)).collect();
    let told: Vec<&(&Slow, Finding)> = if open.is_empty() { rest.iter().collect() } else { open };
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
pub fn calm(engine: &Engine, now: Timestamp) -> Answer {
    let all = engine.checks.paces.iter();
    let fresh: Vec<(&JourneyId, &String, &Pace)> = all
        .flat_map(|(check, places)| places.iter().map(move |(l, p)| (check, l, p)))
        .filter(|(check, _, p)| check_coverage::is_fresh(engine, check, p.newest(), now))
        .collect();
    let unsure = |judged, text: &str| (judged, Verdict::Unsure, text.to_owned());
    if fresh.is_empty() {
        return match check_coverage::unseen(engine, now) {
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
