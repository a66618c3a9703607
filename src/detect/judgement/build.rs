//! From the state of the engine to a [`Judgement`]: cases with all their words and numbers, cells,
//! guardrails, funnel, journeys, impacts. Decides nothing.

use super::cells::{Sight, cells};
use super::{
    before_after, check_coverage, check_times, guardrails, objectives, resources, tech_vs_business,
    words,
};
use crate::detect::cases::open_case::OpenCase;
use crate::detect::cases::state::EngineState;
use crate::detect::cases::{open_case, revenue_at_risk, severity};
use crate::detect::cube::key::CuboidRole;
use crate::detect::detectors::{check_cadence, check_duration};
use crate::detect::scan::shift::Shift;
use crate::domain::metric::Metric;
use crate::domain::segment::Segment;
use crate::domain::time::Timestamp;
use crate::policy::guardrail::Guardrail;
use crate::verdict::{
    Case, Cell, Finding, FunnelStep, GuardrailState, JourneyState, Judged, Judgement, Suspect,
    Verdict,
};

/// Everything as of the end of `bucket`; cases that closed after `before` are told once more.
pub fn judgement(state: &mut EngineState, bucket: i64, before: i64) -> Judgement {
    let mut cases: Vec<Case> = state
        .lives
        .iter()
        .filter(|l| l.closed.is_none_or(|c| c > before))
        .map(|l| case_of(state, l, bucket))
        .collect();
    let absorbed = std::mem::take(&mut state.absorbed);
    cases.extend(absorbed.iter().filter(|a| state.lives.iter().all(|l| l.key != a.key)).map(|l| {
        let mut case = case_of(state, l, bucket);
        case.firing = false;
        case.evidence_against.push("joined with an older case of the same cause".to_owned());
        case
    }));
    check_times::tell(state, &mut cases);
    cases.sort_by(|a, b| a.severity.cmp(&b.severity).then(a.key.cmp(&b.key)));
    let (cells, mut guardrails, funnel) = faces(state, bucket, &cases);
    tech_vs_business::name(&state.settings.policy.guardrail, &mut cases, &mut guardrails);
    let journeys = journeys(state, bucket);
    let impacts = before_after::impacts(state, bucket);
    Judgement { at: state.cube.end_of(bucket), cells, cases, guardrails, funnel, journeys, impacts }
}

/// The last judgement once more, with what sources can be believed now: no bucket is judged anew.
pub fn again(state: &EngineState, last: &Judgement, bucket: i64) -> Judgement {
    let (cells, mut guardrails, funnel) = faces(state, bucket, &last.cases);
    tech_vs_business::name(
        &state.settings.policy.guardrail,
        &mut last.cases.clone(),
        &mut guardrails,
    );
    let journeys = journeys(state, bucket);
    Judgement { cells, guardrails, funnel, journeys, ..last.clone() }
}

type Faces = (Vec<Cell>, Vec<GuardrailState>, Vec<FunnelStep>);

/// Cells, guardrails and funnel as of the end of `bucket`.
fn faces(state: &EngineState, bucket: i64, cases: &[Case]) -> Faces {
    let open = |l: &&OpenCase| l.closed.is_none();
    let shifts: Vec<&Shift> = state.lives.iter().filter(open).flat_map(|l| &l.shifts).collect();
    let closed = state.lives.iter().filter(|l| l.closed.is_some()).flat_map(|l| &l.shifts);
    let ended: Vec<&Shift> = closed.chain(&state.past).collect();
    let blind = state.blind.keys().cloned().collect();
    let learning = state.learning();
    let sight = Sight {
        policy: &state.settings.policy,
        cube: &state.cube,
        shifts: &shifts,
        ended: &ended,
        blind: &blind,
        doubts: &state.doubts,
        bucket,
        learning,
    };
    let cells = cells(&sight);
    let guardrails = state
        .settings
        .policy
        .guardrail
        .iter()
        .map(|g| guardrail(state, g, (cases, &cells), bucket))
        .collect();
    let funnel = funnel(state, &cells);
    (cells, guardrails, funnel)
}

/// With what became of it once it was taken back.
fn suspect(live: &OpenCase) -> Suspect {
    let mut told = live.suspect.clone();
    told.reasons.extend(live.back.map(words::taken_back));
    told
}

fn case_of(state: &EngineState, live: &OpenCase, bucket: i64) -> Case {
    let (policy, cube) = (&state.settings.policy, &state.cube);
    let segments = live.segments(policy);
    let ranked = severity::worst(policy, cube, live, &segments);
    let money = revenue_at_risk::estimate(&state.settings, cube, live, bucket);
    let probed = check_coverage::word(state, live, &segments, cube.end_of(bucket));
    let line_nats = policy.detect.sensitivity.nats();
    let mut evidence_for = words::evidence_for(cube, live, line_nats, bucket);
    evidence_for.extend(probed.support);
    evidence_for.extend(resources::words(policy, cube, live, bucket));
    let mut evidence_against = words::evidence_against(cube, live, bucket);
    evidence_against.extend(probed.against);
    Case {
        key: live.key.clone(),
        class: live.class(),
        severity: ranked.level,
        rule: ranked.rule,
        raise: ranked.raise,
        journey: open_case::journey_of(policy, live, &segments),
        headline: words::headline(policy, cube, live),
        onset_at: live.onset(|b| cube.start_of(b)),
        segments,
        firing: live.closed.is_none(),
        findings: words::findings(policy, cube, live, bucket),
        evidence_for,
        evidence_against,
        suspect: suspect(live),
        risk_per_minute: money.per_minute,
        burned_per_minute: money.burned,
        lost: money.lost,
        affected: money.affected,
        counted: live.cumulative.counted().map(|(a, b)| (cube.start_of(a), cube.end_of(b))),
        money_method: money.method,
    }
}

fn guardrail(
    state: &EngineState,
    row: &Guardrail,
    (cases, cells): (&[Case], &[Cell]),
    bucket: i64,
) -> GuardrailState {
    let mine = cases.iter().filter(|c| c.firing).flat_map(|c| &c.findings);
    let mine: Vec<&Finding> = mine.filter(|f| f.guardrail == row.name).collect();
    let first = |verdict: Verdict| mine.iter().find(|f| f.verdict == verdict);
    let (judged, verdict, detail) = match (first(Verdict::Breach), first(Verdict::Unsure)) {
        (Some(bad), _) => (Judged::Yes, Verdict::Breach, bad.text.clone()),
        // what was bad and is not proven to be over is not ok
        (None, Some(well)) => match guardrails::calm(state, row, cells, bucket) {
            (judged, Verdict::Ok, _) => (judged, Verdict::Unsure, well.text.clone()),
            other => other,
        },
        (None, None) => guardrails::calm(state, row, cells, bucket),
    };
    let verdict = match verdict {
        Verdict::Ok if objectives::missed(state, row, bucket) => Verdict::Unsure,
        verdict => verdict,
    };
    GuardrailState {
        guardrail: row.name.clone(),
        class: row.class.name().to_owned(),
        owner: row.owner.clone(),
        verdict,
        detail: objectives::after(detail, state, row, bucket),
        judged,
        exposure: row.exposure,
    }
}

fn funnel(state: &EngineState, cells: &[crate::verdict::Cell]) -> Vec<FunnelStep> {
    let whole = |m: Metric| cells.iter().find(|c| c.metric == m && c.segment == Segment::all());
    Metric::STEPS
        .iter()
        .map(|(step, _, _)| match whole(*step) {
            Some(c) => FunnelStep {
                step: *step,
                value: c.value,
                baseline: c.baseline,
                n: c.n,
                newest_at: newest(state, *step),
                verdict: part_verdict(cells, *step, own(c)),
            },
            None => FunnelStep {
                step: *step,
                value: None,
                baseline: None,
                n: 0.0,
                newest_at: newest(state, *step),
                verdict: Verdict::Unsure,
            },
        })
        .collect()
}

/// How far the numbers of a step reach: business counts often come late.
fn newest(state: &EngineState, step: Metric) -> Option<Timestamp> {
    let cube = &state.cube;
    let mine = cube.family((step, CuboidRole::Step)).filter(|t| !t.leaves.is_empty());
    let reach = mine.map(|t| (t.oldest()..=t.latest).rev().find(|b| t.delivered(*b)));
    reach.flatten().max().map(|b| cube.end_of(b))
}

/// A step without anything to compare with is not ok, whatever it is.
fn own(cell: &crate::verdict::Cell) -> Verdict {
    match cell.verdict {
        Verdict::Ok if cell.baseline.is_none() => Verdict::Unsure,
        verdict => verdict,
    }
}

/// A step is in breach when any of its segments is.
fn part_verdict(cells: &[crate::verdict::Cell], m: Metric, own: Verdict) -> Verdict {
    let hit = cells.iter().any(|c| c.metric == m && c.verdict == Verdict::Breach);
    if hit { Verdict::Breach } else { own }
}

fn journeys(state: &EngineState, bucket: i64) -> Vec<JourneyState> {
    let now = state.cube.end_of(bucket);
    let policy = &state.settings.policy;
    policy
        .journey
        .iter()
        .map(|row| {
            let mut told = JourneyState {
                journey: row.name.clone(),
                verdict: Verdict::Unsure,
                checks: Vec::new(),
                last_check_at: None,
                rum_covered: state.cube.cuboids.values().any(|t| {
                    let here = |l: &crate::detect::cube::cuboid::Leaf| {
                        row.has_template(l.seg.get(crate::domain::segment::Dim::Template).as_str())
                    };
                    t.leaves.iter().any(here)
                }),
                synthetic_covered: false,
                unlike: check_coverage::unlike(state, row),
            };
            for (check, locations) in &state.checks.runs {
                if row.has_check(check.as_str()) {
                    join(state, &mut told, check, locations, now);
                }
            }
            told
        })
        .collect()
}

fn join(
    state: &EngineState,
    told: &mut JourneyState,
    check: &crate::domain::id::JourneyId,
    locations: &std::collections::BTreeMap<
        String,
        std::collections::VecDeque<crate::detect::detectors::check_votes::CheckRun>,
    >,
    now: crate::domain::time::Timestamp,
) {
    told.synthetic_covered = true;
    let mut newest: Vec<(&String, &crate::detect::detectors::check_votes::CheckRun)> = locations
        .iter()
        .filter_map(|(l, runs)| runs.iter().rev().find(|r| r.at <= now).map(|r| (l, r)))
        .collect();
    newest.sort_by(|a, b| b.1.at.cmp(&a.1.at).then(a.0.cmp(b.0)));
    let paces = state.checks.paces.get(check);
    for (location, run) in &newest {
        let own = paces.and_then(|p| p.get(*location));
        let word = if run.ok {
            check_duration::passed(own, run.took_ms)
        } else {
            format!("fail {}", run.word)
        };
        let word =
            if check_cadence::is_fresh((&state.settings.policy, &state.checks), check, run.at, now)
            {
                word
            } else {
                format!("{word}, {:.0} min ago", now.since(run.at).as_mins_f64())
            };
        told.checks.push(crate::detect::detectors::check_votes::told(location, &word));
        told.last_check_at = told.last_check_at.max(Some(run.at));
    }
    let eye = check_coverage::eye(state, check, now);
    let blind = matches!(eye, Some(check_coverage::Eye::Blind(..)));
    let down = state.lives.iter().filter(|l| l.closed.is_none()).flat_map(|l| &l.failing_checks);
    let failing = down.filter(|t| !t.over).any(|t| t.journey == told.journey);
    let fresh = eye == Some(check_coverage::Eye::Fresh);
    let doubted = matches!(eye, Some(check_coverage::Eye::Doubted(..)));
    told.verdict = if blind {
        Verdict::Blind
    } else if failing && newest.iter().any(|(_, r)| !r.ok) {
        Verdict::Breach
    } else if doubted {
        Verdict::Blind
    } else if failing || !fresh || newest.iter().any(|(_, r)| !r.ok) {
        Verdict::Unsure
    } else {
        Verdict::Ok
    };
}
