//! The life of cases: known shifts are followed, new ones hunted and joined to the case that
//! shares their cause. Checks and blind sources have their say in `failing_checks`, the end in `settle`.

use super::explain::{explain, watched};
use super::kinds::{is_measuring, is_whole_funnel};
use super::open_case::{OpenCase, journey_of};
use super::parts::Join;
use super::state::EngineState;
use super::{agreement, combined, kinds, separation, shift_words, surge};
use crate::detect::cube::key::CuboidRole;
use crate::detect::cube::place;
use crate::detect::cube::store::Cube;
use crate::detect::detectors::{threshold, traffic_loss};
use crate::detect::evidence::stat::Explained;
use crate::detect::scan::shift::Shift;
use crate::detect::scan::{search, served};
use crate::domain::time::Span;

/// New shifts of one family per bucket at most.
const ROUNDS: usize = 4;
/// A case that has been open for longer than this is somebody's: nothing takes it in any more.
const TAKEN_IN: Span = Span::from_mins(5);

/// Follows the shifts of open cases through one more bucket.
pub fn follow(state: &mut EngineState, bucket: i64) {
    let all: Vec<Shift> = state.all_shifts().cloned().collect();
    let beside: Vec<Vec<Explained>> = beside(state, bucket);
    let EngineState { lives, cube, settings, .. } = state;
    for (live, beside) in lives.iter_mut().zip(beside).filter(|(l, _)| l.closed.is_none()) {
        let bads = live.shifts.iter_mut().zip(beside).map(|(e, known)| {
            let cuboid = cube.cuboids.get(&e.cuboid);
            cuboid.map_or(0.0, |cuboid| e.follow_beside(cuboid, bucket, known))
        });
        let bads: Vec<f64> = bads.collect();
        live.weigh(&bads, bucket);
        let mine = live.shifts.clone();
        for e in live.shifts.iter_mut().filter(|e| e.until.is_none()) {
            let counts = |o: &&Shift| !same(o, e) && !rest(e, o, &mine);
            let others: Vec<Shift> = all.iter().filter(counts).cloned().collect();
            let old = e.clone();
            e.relocate(cube, &others);
            if !separation::grew_as_one(cube, &old, e) {
                (e.cuboid, e.scope, e.harm) = (old.cuboid, old.scope, old.harm);
            }
            if let Some(place) = separation::parted(cube, e, bucket) {
                e.scope = place;
            }
            let Some(cuboid) = cube.cuboids.get(&e.cuboid) else { continue };
            e.place = place::in_cut(&settings.policy, cuboid, &e.scope);
            let known = e.known(cube, cuboid, &others);
            e.measure_beside(cuboid, bucket, &known);
        }
        prune(live);
    }
    part(state, bucket);
    merge(state, bucket);
}

/// What was taken for one fault while the first bucket hid which began first: what the next
/// buckets tell apart becomes a case of its own.
fn part(state: &mut EngineState, bucket: i64) {
    let wrong = |l: &OpenCase| {
        l.shifts.iter().position(|e| {
            let rest = || {
                let others = l.shifts.iter().filter(|o| !same(o, e)).cloned().collect();
                OpenCase { shifts: others, ..l.clone() }
            };
            may_leave(l, e, bucket) && !agreement::fits(state, &rest(), e)
        })
    };
    let mut open = state.lives.iter().enumerate().filter(|(_, l)| l.closed.is_none());
    let Some((i, at)) = open.find_map(|(i, l)| Some((i, wrong(l)?))) else { return };
    let Some(live) = state.lives.get_mut(i) else { return };
    let shift = live.shifts.remove(at);
    let of = shift_words::label_in(&shift);
    live.joins.retain(|join| join.what.as_ref() != Some(&of));
    let mut own = OpenCase::new(String::new(), bucket);
    own.shifts.push(shift);
    state.lives.push(own);
    let last = state.lives.len() - 1;
    name(state, last);
}

/// Young, and not what its case began with. The whole funnel opens no case, so it leaves none.
pub(in crate::detect) fn may_leave(live: &OpenCase, e: &Shift, bucket: i64) -> bool {
    let young = (2..=3).contains(&(bucket - e.found)) && e.until.is_none();
    let later = live.shifts.iter().any(|m| !same(m, e) && m.found <= e.found);
    young && later && !is_measuring(e) && !is_whole_funnel(e)
}

/// What younger cases explain of a bucket at the place of each shift: a case ends by its own
/// harm, whatever else burns there since. The older ones are never taken out of the younger, or
/// each would explain the other.
fn beside(state: &EngineState, bucket: i64) -> Vec<Vec<Explained>> {
    let open = |l: &OpenCase| l.closed.is_none();
    let known = |i: usize, e: &Shift| {
        let Some(cuboid) = state.cube.cuboids.get(&e.cuboid) else { return Explained::default() };
        let younger = state.lives.iter().skip(i + 1).filter(|l| open(l)).flat_map(|l| &l.shifts);
        let mine = |o: &&Shift| o.cuboid.family == e.cuboid.family && o.until.is_none();
        let mut sum = Explained::default();
        for o in younger.filter(mine) {
            let shares = o.shares(&state.cube, cuboid);
            let here = cuboid.leaves.iter().zip(shares).filter(|(l, _)| e.scope.contains(&l.seg));
            here.for_each(|(l, share)| sum.add(&o.explains(cuboid, l, share, (bucket, bucket))));
        }
        sum
    };
    let lives = state.lives.iter().enumerate();
    lives.map(|(i, l)| l.shifts.iter().map(|e| known(i, e)).collect()).collect()
}

fn same(a: &Shift, b: &Shift) -> bool {
    a.cuboid == b.cuboid && a.scope == b.scope
}

/// A later shift of the same case and metric that reaches into the place of an earlier one is what
/// that one failed to explain: the earlier looks for its place as if it were not there.
pub(in crate::detect) fn rest(e: &Shift, later: &Shift, case: &[Shift]) -> bool {
    later.found > e.found
        && later.until.is_none()
        && later.cuboid.family == e.cuboid.family
        && later.place.overlaps(&e.place)
        && case.iter().any(|m| same(m, later))
}

/// Drops shifts that another one of the same family, direction and case contains: what is missing
/// in a place is not told by what is too much around it.
pub(in crate::detect) fn prune(live: &mut OpenCase) {
    let all = live.shifts.clone();
    let inside = |e: &Shift| {
        all.iter().any(|o| {
            let wider = place::within(&e.place, &o.place);
            let other = o.scope != e.scope || o.cuboid < e.cuboid;
            let alike = o.cuboid.family == e.cuboid.family && o.sign.signum() == e.sign.signum();
            alike && o.until == e.until && wider && other
        })
    };
    let keep: Vec<Shift> = all.iter().filter(|e| !inside(e)).cloned().collect();
    if !keep.is_empty() {
        live.shifts = keep;
    }
}

/// Cases that turn out to share a cause become one: the older takes the younger, while that is
/// young. Everything in it must agree with the older one.
fn merge(state: &mut EngineState, now: i64) {
    let mut i = 0;
    while i < state.lives.len() {
        let mut j = i + 1;
        while j < state.lives.len() {
            let why = match (state.lives.get(i), state.lives.get(j)) {
                (Some(a), Some(b)) => shared(state, a, b, now),
                _ => None,
            };
            match why {
                Some(why) => take_in(state, (i, j), why, now),
                None => j += 1,
            }
        }
        i += 1;
    }
}

/// Why a younger case has the same cause as an older one.
fn shared(state: &EngineState, old: &OpenCase, young: &OpenCase, now: i64) -> Option<String> {
    let open = old.closed.is_none() && young.closed.is_none();
    let fresh = state.cube.bucket.times(now - young.opened) <= TAKEN_IN.max(state.cube.bucket);
    let ours = young.failing_checks.is_empty() || young.is_telemetry();
    if !open || !fresh || !ours || young.shifts.is_empty() {
        return None;
    }
    let ties = young.shifts.iter().map(|e| agreement::tie(state, old, e));
    let ties: Option<Vec<agreement::Tie>> = ties.collect();
    ties?.into_iter().next().map(|t| t.why)
}

fn take_in(state: &mut EngineState, (i, j): (usize, usize), why: String, now: i64) {
    let young = state.lives.remove(j);
    if let Some(old) = state.lives.get_mut(i) {
        old.shifts.extend(young.shifts.iter().cloned());
        old.failing_checks.extend(young.failing_checks.iter().cloned());
        old.joined(Join { what: None, why });
        old.bad_again(now);
        prune(old);
    }
    state.absorbed.push(young);
}

/// Looks for what known shifts do not explain.
pub fn hunt(state: &mut EngineState, bucket: i64) {
    let families = watched(state);
    for family in &families {
        let family = *family;
        let mut passed = Vec::new();
        for _ in 0..ROUNDS {
            let Some(shift) = search::strongest(&state.scene(), family, bucket, &passed) else {
                break;
            };
            let shift = search::dated(&state.scene(), shift, bucket);
            if unwanted(state, &shift, bucket) || echo(state, &shift) {
                passed.push((shift.cuboid.clone(), shift.scope.clone()));
                continue;
            }
            adopt(state, shift, bucket);
            explain(state, bucket);
        }
    }
    let together = combined::strongest(state, &families, bucket);
    let crossed = threshold::crossed(&state.scene(), bucket);
    // Signs pass the line together: without one that is over already they do not.
    let together = if together.iter().any(Shift::recovered) { Vec::new() } else { together };
    let missing = traffic_loss::found(&state.scene(), bucket);
    let fresh = crossed.into_iter().chain(missing);
    let fresh: Vec<Shift> = fresh.filter(|e| !unwanted(state, e, bucket)).collect();
    let found = adopt_as_one(state, together, bucket) || !fresh.is_empty();
    for e in fresh {
        adopt(state, e, bucket);
    }
    if found {
        explain(state, bucket);
    }
    merge(state, bucket);
}

/// Signs that pass the line only together are of one case. Where but one of them is news it opens
/// nothing: it joins the case that holds the others, if there is one.
fn adopt_as_one(state: &mut EngineState, signs: Vec<Shift>, bucket: i64) -> bool {
    let fresh = signs.into_iter().filter(|e| !unwanted(state, e, bucket));
    let fresh: Vec<Shift> = fresh.collect();
    let open = |l: &OpenCase| l.closed.is_none();
    let mut home = None;
    for e in &fresh {
        let ties = |l: &OpenCase| open(l) && agreement::tie(state, l, e).is_some();
        let fits = match home {
            None => fresh.len() >= 2 || state.lives.iter().any(ties),
            Some(i) => state.lives.get(i).is_some_and(ties),
        };
        match home {
            _ if !fits => {}
            None => home = Some(adopt(state, e.clone(), bucket)),
            Some(i) => put(state, i, e.clone(), bucket),
        }
    }
    home.is_some()
}

/// Known already, over already, or not held long enough.
fn unwanted(state: &EngineState, e: &Shift, bucket: i64) -> bool {
    let cube = &state.cube;
    let hold = threshold::guardrail_of(&state.settings.policy, e).map_or(Span::ZERO, |r| r.hold);
    let lasted = cube.end_of(bucket).since(cube.start_of(e.from()));
    let hold = hold.max(agreement(cube, e, bucket));
    known(state, e)
        || e.recovered()
        || lasted < hold
        || before(state, e)
        || unmet(state, e, bucket)
        || surge::explained(state, e, bucket)
}

/// Nobody has met the release or the arm for a while: what it did is over, proven or not.
fn unmet(state: &EngineState, e: &Shift, bucket: i64) -> bool {
    let row = threshold::guardrail_of(&state.settings.policy, e);
    let clear = row.map_or(Span::from_mins(5), |r| r.clear);
    let quiet = clear.millis() / state.cube.bucket.millis().max(1);
    state.cube.cuboids.get(&e.cuboid).is_some_and(|cuboid| search::unmet(cuboid, e, bucket, quiet))
}

/// Over before the first bucket that this watcher judged.
fn before(state: &EngineState, e: &Shift) -> bool {
    let cuboid = state.cube.cuboids.get(&e.cuboid);
    cuboid.zip(state.begun).is_some_and(|(cuboid, begun)| e.over_by(cuboid, begun))
}

/// While the step before moves one minute is no proof: two must agree.
const AGREE: Span = Span::from_mins(2);
/// Buckets that the newest is held against, standard deviations and share that are a move.
const BEFORE: i64 = 5;
const MOVES: f64 = 4.0;
const MOVED: f64 = 0.2;

/// How long a ratio of two live counts must have been bad, because what it is divided by moves.
fn agreement(cube: &Cube, e: &Shift, bucket: i64) -> Span {
    let derived =
        matches!(e.cuboid.family.1, CuboidRole::Step | CuboidRole::Beacon | CuboidRole::Surge);
    let Some(cuboid) = cube.cuboids.get(&e.cuboid).filter(|_| derived) else { return Span::ZERO };
    let at = |b: i64| {
        let inside = cuboid.leaves.iter().filter(|l| e.scope.contains(&l.seg));
        let sum: f32 = inside.filter_map(|l| cuboid.raw(l, b)).map(|r| r.count).sum();
        cuboid.delivered(b).then_some(f64::from(sum))
    };
    let before: Vec<f64> = (bucket - BEFORE..bucket).filter_map(at).collect();
    let Some(now) = at(bucket).filter(|_| !before.is_empty()) else { return Span::ZERO };
    let usual = before.iter().sum::<f64>() / before.len() as f64;
    let gap = (now - usual).abs();
    let moves = gap > MOVES * (now + usual).max(1.0).sqrt() && gap > MOVED * usual;
    if moves { AGREE } else { Span::ZERO }
}

/// The place is already part of an open case by the same metric: it grows there by itself. What
/// begins later in a wider or narrower place is looked at, but within a surge more surges is what
/// it does.
pub(in crate::detect) fn known(state: &EngineState, new: &Shift) -> bool {
    let open = state.lives.iter().filter(|l| l.closed.is_none()).flat_map(|l| &l.shifts);
    open.filter(|e| e.until.is_none() && e.cuboid.family == new.cuboid.family).any(|e| {
        let inside = place::within(&new.place, &e.place)
            || e.cuboid == new.cuboid && place::within(&e.place, &new.place);
        let part = kinds::is_surge(new) && place::within(&new.place, &e.place);
        inside && (e.place == new.place || part || agreement::at_one_time(state, e, new))
    })
}

/// The whole funnel moves when a step does: it may join a case, it opens one only where steps are
/// not measured.
fn echo(state: &EngineState, new: &Shift) -> bool {
    let steps = || {
        state.cube.families().into_iter().any(|f| f.1 == CuboidRole::Step && f != new.cuboid.family)
    };
    is_whole_funnel(new)
        && steps()
        && !state
            .lives
            .iter()
            .any(|l| l.closed.is_none() && agreement::tie(state, l, new).is_some())
}

/// Puts an shift into the case that shares its cause, or opens one; which it is.
fn adopt(state: &mut EngineState, shift: Shift, bucket: i64) -> usize {
    let rearm = state.rearm();
    let lately = |l: &OpenCase| l.closed.is_none_or(|c| bucket - c <= rearm);
    // An open case before a closed one, the better tie before the worse, the older first.
    let ties = state.lives.iter().enumerate().filter(|(_, l)| lately(l)).filter_map(|(i, l)| {
        let tie = agreement::tie(state, l, &shift)?;
        Some((l.closed.is_some(), tie, i))
    });
    let best = ties.min_by(|a, b| {
        let by = |x: &(bool, agreement::Tie, usize)| (x.0, x.1.rank);
        by(a).cmp(&by(b)).then(a.1.apart.total_cmp(&b.1.apart)).then(a.2.cmp(&b.2))
    });
    let index = best.map_or_else(
        || {
            state.lives.push(OpenCase::new(String::new(), bucket));
            state.lives.len() - 1
        },
        |(_, _, i)| i,
    );
    put(state, index, shift, bucket);
    name(state, index);
    index
}

/// Puts an shift into a case, with the reason if there is one.
fn put(state: &mut EngineState, index: usize, mut shift: Shift, bucket: i64) {
    let row = threshold::guardrail_of(&state.settings.policy, &shift);
    shift.quantile = row.map_or(0.75, |r| r.percentile() / 100.0);
    let tie = state.lives.get(index).and_then(|l| agreement::tie(state, l, &shift));
    let Some(live) = state.lives.get_mut(index) else { return };
    live.closed = None;
    if let Some(why) = tie.map(|t| t.why).filter(|w| !w.is_empty()) {
        live.joined(Join { what: Some(shift_words::label_in(&shift)), why });
    }
    live.shifts.push(shift);
    live.bad_again(bucket);
    prune(live);
}

/// Measures anew what the shifts of open cases serve.
pub fn serve(state: &mut EngineState, bucket: i64) {
    let EngineState { lives, cube, changes, .. } = state;
    let open = lives.iter_mut().filter(|l| l.closed.is_none()).flat_map(|l| &mut l.shifts);
    for shift in open.filter(|e| e.until.is_none()) {
        shift.served = served::of(cube, changes, shift, bucket);
    }
}

/// Gives a new case its key: class and journey, numbered when two live side by side.
pub(in crate::detect) fn name(state: &mut EngineState, index: usize) {
    let Some(live) = state.lives.get(index).filter(|l| l.key.is_empty()) else { return };
    let policy = &state.settings.policy;
    let segments = live.segments(policy);
    let journey = journey_of(policy, live, &segments);
    let class = live.class().name();
    let base = match journey {
        Some(j) => format!("{class}:{j}"),
        None => format!("{class}:shop"),
    };
    let free = |k: &String| state.lives.iter().all(|l| l.key != *k);
    let numbered = (2..).map(|n| format!("{base}:{n}"));
    let key = std::iter::once(base.clone()).chain(numbered).find(free).unwrap_or(base.clone());
    if let Some(live) = state.lives.get_mut(index) {
        live.key = key;
    }
}
