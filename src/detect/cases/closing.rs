//! The end of a case, and its suspect: what has been good for the clear time is over, what ended
//! long ago is forgotten, suspects are weighed while the time before the onset is still kept.

use std::collections::BTreeMap;

use super::kinds::is_measuring;
use super::open_case::OpenCase;
use super::parts::TakenBack;
use super::state::EngineState;
use crate::detect::attribution::{change_feed, inquiry, posterior};
use crate::detect::cube::store::Cube;
use crate::detect::detectors::check_votes::Checks;
use crate::detect::detectors::threshold::guardrail_of;
use crate::detect::scan::shift::Shift;
use crate::domain::change::Change;
use crate::domain::time::{Span, Timestamp};
use crate::verdict::Suspect;

/// Harm that goes on for so long after a change was taken back was not its doing (the same line as
/// in `posterior`).
pub const HEALS: Span = Span::from_mins(10);
/// The longest time between two runs of checks in which their trouble is looked for.
const UNWATCHED: Span = Span::from_mins(5);
/// What is missing may still come after this time, from clocks that are set to another time zone:
/// the farthest are 14 hours ahead of UTC.
const LATE: Span = Span::from_hours(14);

/// Ends what has been good long enough, forgets what ended long ago, and blames.
pub fn close(state: &mut EngineState, bucket: i64) {
    let length = state.cube.bucket;
    let rearm = state.rearm();
    let policy = state.settings.policy.clone();
    for case in state.cases.iter_mut().filter(|l| l.closed.is_none()) {
        let ends: Vec<Option<i64>> = case
            .shifts
            .iter()
            .map(|e| {
                let row = guardrail_of(&policy, e);
                let clear = row.map_or(Span::from_mins(5), |r| r.clear);
                case.ended(e, bucket, length, clear)
            })
            .collect();
        for (e, end) in case.shifts.iter_mut().zip(ends) {
            e.until = e.until.or(end);
        }
        let calm = case.shifts.iter().all(|e| e.until.is_some())
            && case.failing_checks.iter().all(|t| t.over)
            && case.blind.as_ref().is_none_or(|b| b.over)
            && case.flaw.as_ref().is_none_or(|f| f.over);
        if calm {
            case.closed = Some(bucket);
        }
    }
    suspects(state, bucket);
    let gone = |l: &OpenCase| l.closed.is_some_and(|c| bucket - c > rearm);
    let dead: Vec<OpenCase> = state.cases.iter().filter(|l| gone(l)).cloned().collect();
    state.past.extend(dead.into_iter().flat_map(|l| l.shifts));
    state.cases.retain(|l| !gone(l));
    let longest = state.windows.longest().unwrap_or(1);
    let late = LATE.millis() / length.millis().max(1);
    let kept = |e: &Shift| if is_measuring(e) { longest.max(late) } else { longest };
    state.past.retain(|e| e.until.is_some_and(|u| bucket - u <= kept(e)));
}

fn suspects(state: &mut EngineState, bucket: i64) {
    let feed = change_feed::of(&state.scene());
    let EngineState { cases, cube, changes, settings, checks, .. } = state;
    let changes: Vec<&Change> = changes.values().collect();
    for case in cases.iter_mut().filter(|l| l.closed.is_none()) {
        let none = |why: &str| Suspect { reasons: vec![why.to_owned()], ..Suspect::default() };
        let scene = inquiry::Inquiry {
            cube,
            shifts: &case.shifts,
            changes: &changes,
            feed: &feed,
            policy: &settings.policy.detect.blame,
            judging: &settings.policy,
            now: bucket,
        };
        let back = taken_back(case, &changes, cube);
        let told = if case.blind.is_some() {
            none("no release explains this: the source itself is silent")
        } else if case.flaw.is_some() {
            none("no release is weighed: the fault is in what is told")
        } else if back.is_some() {
            case.back = back;
            continue;
        } else if is_healed(case) && case.suspect != Suspect::default() {
            match cured(case, &scene) {
                Some(told) => told,
                None => continue,
            }
        } else if case.shifts.is_empty() {
            let since = case.failing_checks.iter().map(|t| t.since).min().unwrap_or_default();
            posterior::by_checks(&scene, since, unwatched(checks, since))
        } else {
            let told = posterior::suspect(&scene);
            told.unwrap_or_else(|| posterior::outlived(&scene, &case.suspect, HEALS))
        };
        (case.suspect, case.back) = (told, None);
    }
}

/// The time before a first failing run in which nobody looked.
fn unwatched(checks: &Checks, since: Timestamp) -> Span {
    let runs = checks.runs.values().flat_map(BTreeMap::values).flatten();
    let good = runs.filter(|r| r.ok && r.at < since).map(|r| r.at).max();
    let every = good.map_or(UNWATCHED, |at| since.since(at));
    if every < UNWATCHED { every } else { UNWATCHED }
}

/// Nothing that is bad still: what is told of the cause now is what was known when it ended.
fn is_healed(case: &OpenCase) -> bool {
    !case.shifts.is_empty()
        && case.shifts.iter().all(|e| e.until.is_some() || e.well_since.is_some())
}

/// Of a tie, the one that was taken back and with which the harm went.
fn cured(case: &OpenCase, scene: &inquiry::Inquiry<'_>) -> Option<Suspect> {
    let over = |e: &Shift| e.until.is_some() || e.recovered();
    if !case.suspect.is_tie() || !case.shifts.iter().all(over) {
        return None;
    }
    let last_bad = case.shifts.iter().map(|e| e.last_bad).max()?;
    let ended = scene.cube.end_of(last_bad);
    let with_it = |c: &&&Change| {
        let told = case.suspect.share_of(&c.id).is_some();
        let back = c.rolled_back_at.filter(|t| {
            let (early, late) = (t.minus(scene.cube.bucket), t.plus(HEALS));
            early <= ended && ended < late
        });
        told && back.is_some()
    };
    let mut back = scene.changes.iter().filter(with_it);
    let (one, other) = (back.next()?, back.next());
    if other.is_some() { None } else { posterior::cured(&case.suspect, one) }
}

/// The suspect was taken back and the harm heals: it stays the suspect it was then, for minutes
/// without harm would speak for any change that is gone, and for none. `None` where it stays bad
/// all the same.
fn taken_back(case: &OpenCase, changes: &[&Change], cube: &Cube) -> Option<TakenBack> {
    let release = case.suspect.release.as_ref()?;
    let change = changes.iter().find(|c| c.id == *release)?;
    let now = cube.newest.map(|b| cube.end_of(b))?;
    let back = change.rolled_back_at.filter(|t| *t <= now)?;
    // Checks alone tell their end by their runs.
    let last_bad = case.shifts.iter().map(|e| e.last_bad).max()?;
    let better = cube.end_of(last_bad).since(back);
    if better >= HEALS {
        return None;
    }
    let healed = is_healed(case).then(|| Span::from_millis(better.millis().max(0)));
    Some(TakenBack { at: back, healed })
}
