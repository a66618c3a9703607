//! The life of cases: known effects are followed, new ones hunted and joined to the case that
//! shares their cause. Checks and blind sources have their say in `troubles`, the end in `settle`.

use super::explain::{explain, watched};
use super::kinds::{is_measuring, is_whole_funnel};
use super::open_case::{OpenCase, journey_of};
use super::parts::Join;
use super::state::EngineState;
use super::{agreement, combined, kinds, separation, shift_words, surge};
use crate::detect::cube::key::Role;
use crate::detect::cube::place;
use crate::detect::cube::store::Cube;
use crate::detect::detectors::{threshold, traffic_loss};
use crate::detect::evidence::stat::Explained;
use crate::detect::scan::shift::Shift;
use crate::detect::scan::{search, served};
use crate::domain::time::Span;

/// New effects of one family per bucket at most.
const ROUNDS: usize = 4;
/// A case that has been open for longer than this is somebody's: nothing takes it in any more.
const TAKEN_IN: Span = Span::from_mins(5);

/// Follows the effects of open cases through one more bucket.
pub fn follow(state: &mut EngineState, bucket: i64) {
    let all: Vec<Shift> = state.all_effects().cloned().collect();
    let beside: Vec<Vec<Explained>> = beside(state, bucket);
    let EngineState { lives, store, settings, .. } = state;
    for (live, beside) in lives.iter_mut().zip(beside).filter(|(l, _)| l.closed.is_none()) {
        let bads = live.effects.iter_mut().zip(beside).map(|(e, known)| {
            let table = store.tables.get(&e.table);
            table.map_or(0.0, |table| e.follow_beside(table, bucket, known))
        });
        let bads: Vec<f64> = bads.collect();
        live.weigh(&bads, bucket);
        let mine = live.effects.clone();
        for e in live.effects.iter_mut().filter(|e| e.until.is_none()) {
            let counts = |o: &&Shift| !same(o, e) && !rest(e, o, &mine);
            let others: Vec<Shift> = all.iter().filter(counts).cloned().collect();
            let old = e.clone();
            e.relocate(store, &others);
            if !separation::grew_as_one(store, &old, e) {
                (e.table, e.scope, e.harm) = (old.table, old.scope, old.harm);
            }
            if let Some(place) = separation::parted(store, e, bucket) {
                e.scope = place;
            }
            let Some(table) = store.tables.get(&e.table) else { continue };
            e.place = place::in_cut(&settings.policy, table, &e.scope);
            let known = e.known(store, table, &others);
            e.measure_beside(table, bucket, &known);
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
        l.effects.iter().position(|e| {
            let rest = || {
                let others = l.effects.iter().filter(|o| !same(o, e)).cloned().collect();
                OpenCase { effects: others, ..l.clone() }
            };
            may_leave(l, e, bucket) && !agreement::fits(state, &rest(), e)
        })
    };
    let mut open = state.lives.iter().enumerate().filter(|(_, l)| l.closed.is_none());
    let Some((i, at)) = open.find_map(|(i, l)| Some((i, wrong(l)?))) else { return };
    let Some(live) = state.lives.get_mut(i) else { return };
    let effect = live.effects.remove(at);
    let of = shift_words::label_in(&effect);
    live.joins.retain(|join| join.what.as_ref() != Some(&of));
    let mut own = OpenCase::new(String::new(), bucket);
    own.effects.push(effect);
    state.lives.push(own);
    let last = state.lives.len() - 1;
    name(state, last);
}

/// Young, and not what its case began with. The whole funnel opens no case, so it leaves none.
pub(in crate::detect) fn may_leave(live: &OpenCase, e: &Shift, bucket: i64) -> bool {
    let young = (2..=3).contains(&(bucket - e.found)) && e.until.is_none();
    let later = live.effects.iter().any(|m| !same(m, e) && m.found <= e.found);
    young && later && !is_measuring(e) && !is_whole_funnel(e)
}

/// What younger cases explain of a bucket at the place of each effect: a case ends by its own
/// harm, whatever else burns there since. The older ones are never taken out of the younger, or
/// each would explain the other.
fn beside(state: &EngineState, bucket: i64) -> Vec<Vec<Explained>> {
    let open = |l: &OpenCase| l.closed.is_none();
    let known = |i: usize, e: &Shift| {
        let Some(table) = state.store.tables.get(&e.table) else { return Explained::default() };
        let younger = state.lives.iter().skip(i + 1).filter(|l| open(l)).flat_map(|l| &l.effects);
        let mine = |o: &&Shift| o.table.family == e.table.family && o.until.is_none();
        let mut sum = Explained::default();
        for o in younger.filter(mine) {
            let shares = o.shares(&state.store, table);
            let here = table.leaves.iter().zip(shares).filter(|(l, _)| e.scope.contains(&l.seg));
            here.for_each(|(l, share)| sum.add(&o.explains(table, l, share, (bucket, bucket))));
        }
        sum
    };
    let lives = state.lives.iter().enumerate();
    lives.map(|(i, l)| l.effects.iter().map(|e| known(i, e)).collect()).collect()
}

fn same(a: &Shift, b: &Shift) -> bool {
    a.table == b.table && a.scope == b.scope
}

/// A later effect of the same case and metric that reaches into the place of an earlier one is what
/// that one failed to explain: the earlier looks for its place as if it were not there.
pub(in crate::detect) fn rest(e: &Shift, later: &Shift, case: &[Shift]) -> bool {
    later.found > e.found
        && later.until.is_none()
        && later.table.family == e.table.family
        && later.place.overlaps(&e.place)
        && case.iter().any(|m| same(m, later))
}

/// Drops effects that another one of the same family, direction and case contains: what is missing
/// in a place is not told by what is too much around it.
pub(in crate::detect) fn prune(live: &mut OpenCase) {
    let all = live.effects.clone();
    let inside = |e: &Shift| {
        all.iter().any(|o| {
            let wider = place::within(&e.place, &o.place);
            let other = o.scope != e.scope || o.table < e.table;
            let alike = o.table.family == e.table.family && o.sign.signum() == e.sign.signum();
            alike && o.until == e.until && wider && other
        })
    };
    let keep: Vec<Shift> = all.iter().filter(|e| !inside(e)).cloned().collect();
    if !keep.is_empty() {
        live.effects = keep;
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
    let fresh = state.store.bucket.times(now - young.opened) <= TAKEN_IN.max(state.store.bucket);
    let ours = young.troubles.is_empty() || young.is_telemetry();
    if !open || !fresh || !ours || young.effects.is_empty() {
        return None;
    }
    let ties = young.effects.iter().map(|e| agreement::tie(state, old, e));
    let ties: Option<Vec<agreement::Tie>> = ties.collect();
    ties?.into_iter().next().map(|t| t.why)
}

fn take_in(state: &mut EngineState, (i, j): (usize, usize), why: String, now: i64) {
    let young = state.lives.remove(j);
    if let Some(old) = state.lives.get_mut(i) {
        old.effects.extend(young.effects.iter().cloned());
        old.troubles.extend(young.troubles.iter().cloned());
        old.joined(Join { what: None, why });
        old.bad_again(now);
        prune(old);
    }
    state.absorbed.push(young);
}

/// Looks for what known effects do not explain.
pub fn hunt(state: &mut EngineState, bucket: i64) {
    let families = watched(state);
    for family in &families {
        let family = *family;
        let mut passed = Vec::new();
        for _ in 0..ROUNDS {
            let Some(effect) = search::strongest(&state.scene(), family, bucket, &passed) else {
                break;
            };
            let effect = search::dated(&state.scene(), effect, bucket);
            if unwanted(state, &effect, bucket) || echo(state, &effect) {
                passed.push((effect.table.clone(), effect.scope.clone()));
                continue;
            }
            adopt(state, effect, bucket);
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
    let store = &state.store;
    let hold = threshold::guardrail_of(&state.settings.policy, e).map_or(Span::ZERO, |r| r.hold);
    let lasted = store.end_of(bucket).since(store.start_of(e.from()));
    let hold = hold.max(agreement(store, e, bucket));
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
    let quiet = clear.millis() / state.store.bucket.millis().max(1);
    state.store.tables.get(&e.table).is_some_and(|table| search::unmet(table, e, bucket, quiet))
}

/// Over before the first bucket that this watcher judged.
fn before(state: &EngineState, e: &Shift) -> bool {
    let table = state.store.tables.get(&e.table);
    table.zip(state.begun).is_some_and(|(table, begun)| e.over_by(table, begun))
}

/// While the step before moves one minute is no proof: two must agree.
const AGREE: Span = Span::from_mins(2);
/// Buckets that the newest is held against, standard deviations and share that are a move.
const BEFORE: i64 = 5;
const MOVES: f64 = 4.0;
const MOVED: f64 = 0.2;

/// How long a ratio of two live counts must have been bad, because what it is divided by moves.
fn agreement(store: &Cube, e: &Shift, bucket: i64) -> Span {
    let derived = matches!(e.table.family.1, Role::Step | Role::Beacon | Role::Surge);
    let Some(table) = store.tables.get(&e.table).filter(|_| derived) else { return Span::ZERO };
    let at = |b: i64| {
        let inside = table.leaves.iter().filter(|l| e.scope.contains(&l.seg));
        let sum: f32 = inside.filter_map(|l| table.raw(l, b)).map(|r| r.n).sum();
        table.delivered(b).then_some(f64::from(sum))
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
    let open = state.lives.iter().filter(|l| l.closed.is_none()).flat_map(|l| &l.effects);
    open.filter(|e| e.until.is_none() && e.table.family == new.table.family).any(|e| {
        let inside = place::within(&new.place, &e.place)
            || e.table == new.table && place::within(&e.place, &new.place);
        let part = kinds::is_surge(new) && place::within(&new.place, &e.place);
        inside && (e.place == new.place || part || agreement::at_one_time(state, e, new))
    })
}

/// The whole funnel moves when a step does: it may join a case, it opens one only where steps are
/// not measured.
fn echo(state: &EngineState, new: &Shift) -> bool {
    let steps =
        || state.store.families().into_iter().any(|f| f.1 == Role::Step && f != new.table.family);
    is_whole_funnel(new)
        && steps()
        && !state
            .lives
            .iter()
            .any(|l| l.closed.is_none() && agreement::tie(state, l, new).is_some())
}

/// Puts an effect into the case that shares its cause, or opens one; which it is.
fn adopt(state: &mut EngineState, effect: Shift, bucket: i64) -> usize {
    let rearm = state.rearm();
    let lately = |l: &OpenCase| l.closed.is_none_or(|c| bucket - c <= rearm);
    // An open case before a closed one, the better tie before the worse, the older first.
    let ties = state.lives.iter().enumerate().filter(|(_, l)| lately(l)).filter_map(|(i, l)| {
        let tie = agreement::tie(state, l, &effect)?;
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
    put(state, index, effect, bucket);
    name(state, index);
    index
}

/// Puts an effect into a case, with the reason if there is one.
fn put(state: &mut EngineState, index: usize, mut effect: Shift, bucket: i64) {
    let row = threshold::guardrail_of(&state.settings.policy, &effect);
    effect.quantile = row.map_or(0.75, |r| r.percentile() / 100.0);
    let tie = state.lives.get(index).and_then(|l| agreement::tie(state, l, &effect));
    let Some(live) = state.lives.get_mut(index) else { return };
    live.closed = None;
    if let Some(why) = tie.map(|t| t.why).filter(|w| !w.is_empty()) {
        live.joined(Join { what: Some(shift_words::label_in(&effect)), why });
    }
    live.effects.push(effect);
    live.bad_again(bucket);
    prune(live);
}

/// Measures anew what the shifts of open cases serve.
pub fn serve(state: &mut EngineState, bucket: i64) {
    let EngineState { lives, store, changes, .. } = state;
    let open = lives.iter_mut().filter(|l| l.closed.is_none()).flat_map(|l| &mut l.effects);
    for effect in open.filter(|e| e.until.is_none()) {
        effect.served = served::of(store, changes, effect, bucket);
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
