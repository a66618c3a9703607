//! The end of a case, and its blame: what has been good for the clear time is over, what ended long
//! ago is forgotten, suspects are weighed while the time before the onset is still kept.

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
/// in `blame`).
pub(in crate::detect) const HEALS: Span = Span::from_mins(10);
/// The longest time between two runs of checks in which their trouble is looked for.
const UNWATCHED: Span = Span::from_mins(5);
/// What is missing may still come after this time, from clocks that are set to another time zone:
/// the farthest are 14 hours ahead of UTC.
const LATE: Span = Span::from_hours(14);

/// Ends what has been good long enough, forgets what ended long ago, and blames.
pub fn settle(state: &mut EngineState, bucket: i64) {
    let length = state.cube.bucket;
    let rearm = state.rearm();
    let policy = state.settings.policy.clone();
    for live in state.lives.iter_mut().filter(|l| l.closed.is_none()) {
        let ends: Vec<Option<i64>> = live
            .shifts
            .iter()
            .map(|e| {
                let row = guardrail_of(&policy, e);
                let clear = row.map_or(Span::from_mins(5), |r| r.clear);
                live.ended(e, bucket, length, clear)
            })
            .collect();
        for (e, end) in live.shifts.iter_mut().zip(ends) {
            e.until = e.until.or(end);
        }
        let calm = live.shifts.iter().all(|e| e.until.is_some())
            && live.failing_checks.iter().all(|t| t.over)
            && live.blind.as_ref().is_none_or(|b| b.over)
            && live.flaw.as_ref().is_none_or(|f| f.over);
        if calm {
            live.closed = Some(bucket);
        }
    }
    suspects(state, bucket);
    let gone = |l: &OpenCase| l.closed.is_some_and(|c| bucket - c > rearm);
    let dead: Vec<OpenCase> = state.lives.iter().filter(|l| gone(l)).cloned().collect();
    state.past.extend(dead.into_iter().flat_map(|l| l.shifts));
    state.lives.retain(|l| !gone(l));
    let longest = state.lengths.last().copied().unwrap_or(1);
    let late = LATE.millis() / length.millis().max(1);
    let kept = |e: &Shift| if is_measuring(e) { longest.max(late) } else { longest };
    state.past.retain(|e| e.until.is_some_and(|u| bucket - u <= kept(e)));
}

fn suspects(state: &mut EngineState, bucket: i64) {
    let feed = change_feed::of(&state.scene());
    let EngineState { lives, cube, changes, settings, checks, .. } = state;
    let changes: Vec<&Change> = changes.values().collect();
    for live in lives.iter_mut().filter(|l| l.closed.is_none()) {
        let none = |why: &str| Suspect { reasons: vec![why.to_owned()], ..Suspect::default() };
        let scene = inquiry::Inquiry {
            cube,
            shifts: &live.shifts,
            changes: &changes,
            feed: &feed,
            policy: &settings.policy.detect.blame,
            judging: &settings.policy,
            now: bucket,
        };
        let back = taken_back(live, &changes, cube);
        let told = if live.blind.is_some() {
            none("no release explains this: the source itself is silent")
        } else if live.flaw.is_some() {
            none("no release is weighed: the fault is in what is told")
        } else if back.is_some() {
            live.back = back;
            continue;
        } else if is_healed(live) && live.suspect != Suspect::default() {
            match cured(live, &scene) {
                Some(told) => told,
                None => continue,
            }
        } else if live.shifts.is_empty() {
            let since = live.failing_checks.iter().map(|t| t.since).min().unwrap_or_default();
            posterior::by_checks(&scene, since, unwatched(checks, since))
        } else {
            let told = posterior::suspect(&scene);
            told.unwrap_or_else(|| posterior::outlived(&scene, &live.suspect, HEALS))
        };
        (live.suspect, live.back) = (told, None);
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
fn is_healed(live: &OpenCase) -> bool {
    !live.shifts.is_empty()
        && live.shifts.iter().all(|e| e.until.is_some() || e.good_since.is_some())
}

/// Of a tie, the one that was taken back and with which the harm went.
fn cured(live: &OpenCase, scene: &inquiry::Inquiry<'_>) -> Option<Suspect> {
    let over = |e: &Shift| e.until.is_some() || e.recovered();
    if !live.suspect.is_tie() || !live.shifts.iter().all(over) {
        return None;
    }
    let last_bad = live.shifts.iter().map(|e| e.last_bad).max()?;
    let ended = scene.cube.end_of(last_bad);
    let with_it = |c: &&&Change| {
        let told = live.suspect.share_of(&c.id).is_some();
        let back = c.rolled_back_at.filter(|t| {
            let (early, late) = (t.minus(scene.cube.bucket), t.plus(HEALS));
            early <= ended && ended < late
        });
        told && back.is_some()
    };
    let mut back = scene.changes.iter().filter(with_it);
    let (one, other) = (back.next()?, back.next());
    if other.is_some() { None } else { posterior::cured(&live.suspect, one) }
}

/// The suspect was taken back and the harm heals: it stays the suspect it was then, for minutes
/// without harm would speak for any change that is gone, and for none. `None` where it stays bad
/// all the same.
fn taken_back(live: &OpenCase, changes: &[&Change], cube: &Cube) -> Option<TakenBack> {
    let release = live.suspect.release.as_ref()?;
    let change = changes.iter().find(|c| c.id == *release)?;
    let now = cube.newest.map(|b| cube.end_of(b))?;
    let back = change.rolled_back_at.filter(|t| *t <= now)?;
    // Checks alone tell their end by their runs.
    let last_bad = live.shifts.iter().map(|e| e.last_bad).max()?;
    let better = cube.end_of(last_bad).since(back);
    if better >= HEALS {
        return None;
    }
    let healed = is_healed(live).then(|| Span::from_millis(better.millis().max(0)));
    Some(TakenBack { at: back, healed })
}
