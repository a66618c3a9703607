//! What is not a number: synthetic checks vote, and sources that fall silent make a case each.
//! How runs are counted lives in `checks`.

use std::collections::BTreeMap;

use super::agreement;
use super::lifecycle::name;
use super::open_case::{OpenCase, checks_place};
use super::parts::{Failing, FailingChecks, Join, SilentSources};
use super::state::EngineState;
use crate::detect::cube::key::CuboidRole;
use crate::detect::detectors::check_votes::Vote;
use crate::detect::evidence::stat::Likelihood;
use crate::detect::scan::sweep;
use crate::domain::id::{JourneyId, SourceId};
use crate::domain::metric::Metric;
use crate::domain::segment::{Dim, DimValue, Scope, Segment};
use crate::domain::time::{Span, Timestamp};
use crate::policy::guardrail::{Condition, row_for};

/// Nats of agreement that turn two failing locations into a failing journey.
const AGREE: f64 = 4.0;

/// Sources that fall silent within this time of each other have one cause.
const TOGETHER: Span = Span::from_mins(5);

/// Failing checks open, join and leave cases.
pub fn vote(state: &mut EngineState, bucket: i64) {
    let now = state.cube.end_of(bucket);
    let row = row_for(&state.settings.policy.guardrail, Metric::CheckSuccess, &Scope::everything());
    let Some(row) = row else { return };
    let (rule, clear) = match row.condition {
        Condition::Consecutive { failures, locations } => ((failures, locations), row.clear),
        _ => ((2, 2), row.clear),
    };
    let journeys: Vec<JourneyId> = state.checks.runs.keys().cloned().collect();
    for check in journeys {
        if state.checks.sources.get(&check).is_some_and(|s| state.blind.contains_key(s)) {
            continue;
        }
        let journey = owner(state, &check);
        let place = checks_place(&state.settings.policy, &journey);
        let start = state.cube.start_of(bucket);
        if state.settings.in_maintenance(start, now, place.as_ref()) {
            continue;
        }
        let vote = state.checks.vote(&check, now, rule, worked_until(state, now));
        if vote.down
            || vote.shaky && agrees(state, &journey)
            || vote.touched && proven(state, &journey)
        {
            fail(state, &journey, &vote, bucket);
        } else {
            recover(state, &journey, &vote, now, clear);
        }
    }
}

/// The end of the last announced work: failures before it say nothing.
fn worked_until(state: &EngineState, now: Timestamp) -> Timestamp {
    let ended = state.settings.maintenance.iter().filter(|m| m.end <= now).map(|m| m.end);
    ended.max().unwrap_or(Timestamp::from_millis(i64::MIN))
}

fn owner(state: &EngineState, check: &JourneyId) -> JourneyId {
    let row = state.settings.policy.journey_of_check(check.as_str());
    row.map_or_else(|| check.clone(), |j| j.name.clone())
}

/// Does anything else in the journey point the same way in the last minutes?
fn agrees(state: &EngineState, journey: &JourneyId) -> bool {
    let policy = &state.settings.policy;
    let Some(row) = policy.journey.iter().find(|j| j.name == *journey) else { return false };
    let segments = row.templates.iter().map(|t| {
        let value = DimValue::Value(t.as_str().into());
        Segment::all().with(Dim::Template, value)
    });
    let segments: Vec<Segment> = segments.collect();
    state.cube.cuboids.values().any(|t| {
        let short = 0..state.lengths.len().min(3);
        let nats = |seg: &Segment| {
            short.clone().filter_map(|w| sweep::at(t, seg, w)).map(|x| x.1.nats).fold(0.0, f64::max)
        };
        match t.likelihood {
            Likelihood::Rare => segments.iter().any(|s| nats(s) >= AGREE),
            Likelihood::Conversion => {
                row.steps.contains(&t.key.family.0) && nats(&Segment::all()) >= AGREE
            }
            Likelihood::LogNormal | Likelihood::Poisson | Likelihood::Gauge => false,
        }
    })
}

/// Shoppers are proven to be hit in this journey: its pages or calls fail, or its steps lose them.
fn proven(state: &EngineState, journey: &JourneyId) -> bool {
    let policy = &state.settings.policy;
    let Some(row) = policy.journey.iter().find(|j| j.name == *journey) else { return false };
    let pages = |place: &Scope| {
        place.dims.get(&Dim::Template).is_some_and(|t| t.iter().all(|t| row.has_template(t)))
    };
    let open = state.lives.iter().filter(|l| l.closed.is_none()).flat_map(|l| &l.shifts);
    open.filter(|e| e.until.is_none()).any(|e| match e.likelihood {
        Likelihood::Rare => pages(&e.place),
        Likelihood::Conversion => row.steps.contains(&e.cuboid.family.0),
        Likelihood::LogNormal | Likelihood::Poisson | Likelihood::Gauge => false,
    })
}

fn fail(state: &mut EngineState, journey: &JourneyId, vote: &Vote, bucket: i64) {
    let since = vote.since.unwrap_or_else(|| state.cube.start_of(bucket));
    for live in state.lives.iter_mut().filter(|l| l.closed.is_none()) {
        if let Some(t) = live.failing_checks.iter_mut().find(|t| t.journey == *journey) {
            t.over = false;
            count(t, vote);
            return;
        }
    }
    let place = checks_place(&state.settings.policy, journey);
    let rearm = state.rearm();
    let lately = |l: &OpenCase| l.closed.is_none_or(|c| bucket - c <= rearm);
    // An open case before a closed one, the older before the younger.
    let found = state.lives.iter().enumerate().filter(|(_, l)| lately(l)).filter_map(|(i, l)| {
        let why = agreement::tie_checks(state, l, (journey, place.as_ref()), since)?;
        Some((l.closed.is_some(), i, why))
    });
    let (index, why) = found.min_by_key(|f| (f.0, f.1)).map_or_else(
        || {
            state.lives.push(OpenCase::new(String::new(), bucket));
            (state.lives.len() - 1, String::new())
        },
        |(_, i, why)| (i, why),
    );
    if let Some(live) = state.lives.get_mut(index) {
        live.closed = None;
        if !why.is_empty() {
            live.joined(Join { what: Some(format!("checks of {journey}")), why });
        }
        // The same checks again: the case began when they failed first.
        let before = live.failing_checks.iter().find(|t| t.journey == *journey).map(|t| t.since);
        let since = before.map_or(since, |b| b.min(since));
        live.failing_checks.retain(|t| t.journey != *journey);
        let mut failing = FailingChecks::new(journey.clone(), place, since);
        count(&mut failing, vote);
        live.failing_checks.push(failing);
    }
    name(state, index);
}

/// One more vote: its words are kept from when most failed.
fn count(checks: &mut FailingChecks, vote: &Vote) {
    let failing = vote.failing.len();
    let all = failing + vote.passing.len();
    checks.now = (failing, all);
    if failing > 0 && failing >= checks.worst {
        checks.worst = failing;
        checks.how = Failing::At { failing, all, kinds: vote.failing.join(", ") };
    } else if checks.worst == 0 {
        checks.how = Failing::NowAndThen { locations: all };
    }
}

fn recover(state: &mut EngineState, journey: &JourneyId, vote: &Vote, now: Timestamp, clear: Span) {
    let good = vote.good_since.is_some_and(|t| now.since(t) >= clear);
    let failing_checks = state.lives.iter_mut().flat_map(|l| &mut l.failing_checks);
    for t in failing_checks.filter(|t| t.journey == *journey && !t.over) {
        count(t, vote);
        t.over = good;
    }
}

/// Blind sources are cases of their own, whatever hangs on them. What falls silent together is one
/// case: a network that is gone pages once, not once a source.
pub fn blindness(state: &mut EngineState, bucket: i64) {
    let blind = state.blind.clone();
    let fed = checkout_sources(state);
    let checkout = !fed.is_empty() && fed.iter().all(|s| blind.contains_key(s));
    for (source, since) in &blind {
        let index = blind_case(state, source, *since, bucket);
        let Some(live) = state.lives.get_mut(index) else { continue };
        live.closed = None;
        let spot = live.blind.get_or_insert_with(|| SilentSources {
            sources: BTreeMap::new(),
            since: *since,
            over: false,
            checkout: false,
        });
        spot.sources.insert(source.clone(), *since);
        spot.since = spot.since.min(*since);
    }
    for spot in state.lives.iter_mut().filter_map(|l| l.blind.as_mut()) {
        spot.over = !spot.sources.keys().any(|s| blind.contains_key(s));
        if !spot.over {
            spot.checkout = checkout && spot.sources.keys().any(|s| fed.contains(s));
        }
    }
}

/// The case of a blind source: its own, that of sources that fell silent with it, or a new one.
fn blind_case(state: &mut EngineState, source: &SourceId, since: Timestamp, bucket: i64) -> usize {
    let spots = || state.lives.iter().enumerate().filter_map(|(i, l)| Some((i, l.blind.as_ref()?)));
    let own = spots().find(|(_, spot)| spot.sources.contains_key(source));
    let near = |spot: &SilentSources| {
        let apart = since.since(spot.since).max(spot.since.since(since));
        !spot.over && apart <= TOGETHER
    };
    let found = own.or_else(|| spots().find(|(_, spot)| near(spot))).map(|(i, _)| i);
    found.unwrap_or_else(|| {
        state.lives.push(OpenCase::new(format!("telemetry:source:{source}"), bucket));
        state.lives.len() - 1
    })
}

/// Sources that tell whether checkout works: its checks, and its funnel counts.
fn checkout_sources(state: &EngineState) -> Vec<SourceId> {
    let policy = &state.settings.policy;
    let Some(row) = policy.journey.iter().find(|j| j.name.as_str() == "checkout") else {
        return Vec::new();
    };
    let checks = state.checks.sources.iter().filter(|(j, _)| row.has_check(j.as_str()));
    let mut out: Vec<_> = checks.map(|(_, s)| s.clone()).collect();
    let steps = state.cube.cuboids.keys().filter(|k| {
        let counts = Metric::STEPS.iter().filter(|s| row.steps.contains(&s.0));
        k.family.1 == CuboidRole::Plain && counts.clone().any(|s| s.1 == k.family.0)
    });
    out.extend(steps.map(|k| k.source.clone()));
    out.sort();
    out.dedup();
    out
}
