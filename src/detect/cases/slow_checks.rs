//! How long checks take: each location against its own usual by the row on `check_duration`. Enough
//! slow locations are a sign of the journey's case where it has one, else a case of their own.
//! Failing runs never come here; nothing else is dated or blamed by them.

use super::open_case;
use super::open_case::{OpenCase, checks_place};
use super::slow::{SlowChecks, middle};
use super::state::EngineState;
use crate::detect::detectors::check_cadence;
use crate::detect::detectors::check_duration::CheckPace;
use crate::domain::segment::{Dim, Scope};
use crate::domain::time::{Span, Timestamp};
use crate::policy::journey::Journey;

/// Slow in so many locations, or in all there are: one place may have a bad line.
const LOCATIONS: usize = 2;
/// What is slow since this time around a case of the journey is a sign of it.
const AROUND: Span = Span::from_mins(15);
/// What is over is told for so long, so that no reader misses its end.
const TOLD: Span = Span::from_hours(1);

/// What the newest runs of every journey say about their response times.
pub fn judge(state: &mut EngineState, bucket: i64) {
    let now = state.cube.end_of(bucket);
    if state.checks.pace.is_none() {
        return;
    }
    let mut slow = std::mem::take(&mut state.slow);
    let journeys: Vec<Journey> = state.settings.policy.journey.clone();
    for row in &journeys {
        let seen = seen(state, row, now);
        let known = slow.iter().position(|s| s.journey == row.name && s.until.is_none());
        match (seen, known.and_then(|i| slow.get_mut(i))) {
            (Some(new), Some(old)) => old.goes_on(new),
            (Some(new), None) if !planned(state, row, new.since, now) => slow.push(new),
            // what is not seen is not over
            (None, Some(old)) if is_heard(state, row, now) => old.until = Some(now),
            _ => {}
        }
    }
    slow.retain(|s| s.until.is_none_or(|end| now.since(end) <= TOLD));
    for s in &mut slow {
        if s.until.is_none() {
            s.sign_of = sign_of(state, s);
            s.own |= s.sign_of.is_none();
        }
    }
    state.slow = slow;
}

/// A check of the journey still tells how long it takes.
fn is_heard(state: &EngineState, row: &Journey, now: Timestamp) -> bool {
    let paces = state.checks.paces.iter().filter(|(check, _)| row.has_check(check.as_str()));
    let mut all = paces.flat_map(|(check, places)| places.values().map(move |p| (check, p)));
    all.any(|(check, p)| {
        check_cadence::is_fresh((&state.settings.policy, &state.checks), check, p.newest(), now)
    })
}

/// Announced work covers it.
fn planned(state: &EngineState, row: &Journey, since: Timestamp, now: Timestamp) -> bool {
    let place = checks_place(&state.settings.policy, &row.name);
    state.settings.in_maintenance(since, now, place.as_ref())
}

/// The slow locations of a journey's checks, when they are enough.
fn seen(state: &EngineState, row: &Journey, now: Timestamp) -> Option<SlowChecks> {
    let paces = state.checks.paces.iter().filter(|(check, _)| row.has_check(check.as_str()));
    let fresh = paces.flat_map(|(check, places)| {
        let fresh = |p: &&CheckPace| {
            check_cadence::is_fresh((&state.settings.policy, &state.checks), check, p.newest(), now)
        };
        places.iter().filter(move |(_, pace)| fresh(pace))
    });
    let fresh: Vec<(&String, &CheckPace)> = fresh.collect();
    let slow: Vec<&(&String, &CheckPace)> = fresh.iter().filter(|(_, p)| p.is_slow()).collect();
    if slow.is_empty() || slow.len() < LOCATIONS.min(fresh.len()) {
        return None;
    }
    let told = slow.iter().filter_map(|(l, p)| Some(((*l).clone(), p.now()?, p.usual()?)));
    let worst: Vec<(String, f64, f64)> = told.collect();
    Some(SlowChecks {
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

/// The case of the same journey that it began with, or that was open when it began.
fn sign_of(state: &EngineState, slow: &SlowChecks) -> Option<String> {
    let policy = &state.settings.policy;
    let row = policy.journey.iter().find(|j| j.name == slow.journey)?;
    let here = |live: &OpenCase| {
        let segments = live.segments(policy);
        let pages = |s: &Scope| {
            let page = s.dims.get(&Dim::Template);
            page.is_none_or(|pages| pages.iter().any(|p| row.has_template(p)))
        };
        open_case::journey_of(policy, live, &segments).is_some_and(|j| j == slow.journey)
            || !live.is_telemetry() && segments.iter().any(pages)
    };
    let together = |live: &OpenCase| {
        let began = live.onset(|b| state.cube.start_of(b));
        let ended = live.closed.map(|b| state.cube.end_of(b));
        began.minus(AROUND) <= slow.since && ended.is_none_or(|end| slow.since <= end)
    };
    let mut found = state.lives.iter().filter(|l| !l.key.is_empty() && here(l) && together(l));
    found.next().map(|l| l.key.clone())
}
