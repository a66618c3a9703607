//! The life of cases: known effects are followed, new ones hunted and joined to the case that
//! shares their cause. Checks and blind sources have their say in `troubles`, the end in `settle`.

use crate::domain::metric::Kind;
use crate::domain::segment::Segment;
use crate::domain::time::Span;

use super::case::{Live, is_whole_funnel, journey_of};
use super::effect::Effect;
use super::engine::Engine;
use super::find;
use super::joint;
use super::lines;
use super::place;
use super::scan;
use super::store::Store;
use super::surge;
use super::table::{Family, Role};
use super::visits;

/// New effects of one family per bucket at most.
const ROUNDS: usize = 4;

/// Follows the effects of open cases through one more bucket.
pub fn follow(engine: &mut Engine, bucket: i64) {
    let all: Vec<Effect> = engine.all_effects().cloned().collect();
    let Engine { lives, store, settings, .. } = engine;
    for live in lives.iter_mut().filter(|l| l.closed.is_none()) {
        let bads = live
            .effects
            .iter_mut()
            .map(|e| store.tables.get(&e.table).map_or(0.0, |table| e.follow(table, bucket)));
        let bads: Vec<f64> = bads.collect();
        live.weigh(&bads, bucket);
        let mine = live.effects.clone();
        for e in live.effects.iter_mut().filter(|e| e.until.is_none()) {
            let counts = |o: &&Effect| !same(o, e) && !rest(e, o, &mine);
            let others: Vec<Effect> = all.iter().filter(counts).cloned().collect();
            e.relocate(store, &others);
            let Some(table) = store.tables.get(&e.table) else { continue };
            e.place = place::of_scope(&settings.policy, e.table.family, &e.scope);
            e.measure(table, bucket);
        }
        prune(live);
    }
    merge(engine, bucket);
}

fn same(a: &Effect, b: &Effect) -> bool {
    a.table == b.table && a.scope == b.scope
}

/// A later effect of the same case and metric that reaches into the place of an earlier one is what
/// that one failed to explain: the earlier looks for its place as if it were not there.
pub(super) fn rest(e: &Effect, later: &Effect, case: &[Effect]) -> bool {
    later.found > e.found
        && later.until.is_none()
        && later.table.family == e.table.family
        && later.place.overlaps(&e.place)
        && case.iter().any(|m| same(m, later))
}

/// Drops effects that another one of the same family and case contains.
fn prune(live: &mut Live) {
    let all = live.effects.clone();
    let inside = |e: &Effect| {
        all.iter().any(|o| {
            let wider = place::within(&e.place, &o.place);
            let other = o.scope != e.scope || o.table < e.table;
            o.table.family == e.table.family && o.until == e.until && wider && other
        })
    };
    let keep: Vec<Effect> = all.iter().filter(|e| !inside(e)).cloned().collect();
    if !keep.is_empty() {
        live.effects = keep;
    }
}

/// Cases that turn out to share a cause become one: the older takes the younger.
fn merge(engine: &mut Engine, now: i64) {
    let bucket = engine.store.bucket;
    let mut i = 0;
    while i < engine.lives.len() {
        let mut j = i + 1;
        while j < engine.lives.len() {
            let same = match (engine.lives.get(i), engine.lives.get(j)) {
                (Some(a), Some(b)) => {
                    a.closed.is_none()
                        && b.closed.is_none()
                        && b.effects.iter().any(|e| a.takes(e, bucket))
                }
                _ => false,
            };
            if same {
                let young = engine.lives.remove(j);
                if let Some(old) = engine.lives.get_mut(i) {
                    old.effects.extend(young.effects.iter().cloned());
                    old.troubles.extend(young.troubles.iter().cloned());
                    old.bad_again(now);
                    prune(old);
                }
                engine.absorbed.push(young);
            } else {
                j += 1;
            }
        }
        i += 1;
    }
}

/// Looks for what known effects do not explain.
pub fn hunt(engine: &mut Engine, bucket: i64) {
    let families = watched(engine);
    for family in &families {
        let family = *family;
        let mut passed = Vec::new();
        for _ in 0..ROUNDS {
            let Some(effect) = find::strongest(engine, family, bucket, &passed) else { break };
            if unwanted(engine, &effect, bucket) || echo(engine, &effect) {
                passed.push((effect.table.clone(), effect.scope.clone()));
                continue;
            }
            adopt(engine, effect, bucket);
            engine.explain(bucket);
        }
    }
    let together = joint::strongest(engine, &families, bucket);
    let crossed = lines::crossed(engine, bucket);
    // Signs pass the line together: without one that is over already they do not.
    let together = if together.iter().any(Effect::recovered) { Vec::new() } else { together };
    let missing = visits::found(engine, bucket);
    let fresh = together.into_iter().chain(crossed).chain(missing);
    let fresh: Vec<Effect> = fresh.filter(|e| !unwanted(engine, e, bucket)).collect();
    if !fresh.is_empty() {
        for e in fresh {
            adopt(engine, e, bucket);
        }
        engine.explain(bucket);
    }
}

/// Known already, over already, or not held long enough.
fn unwanted(engine: &Engine, e: &Effect, bucket: i64) -> bool {
    let store = &engine.store;
    let hold = lines::guardrail_of(&engine.settings.policy, e).map_or(Span::ZERO, |r| r.hold);
    let lasted = store.end_of(bucket).since(store.start_of(e.from()));
    let hold = hold.max(agreement(store, e, bucket));
    known(engine, e) || e.recovered() || lasted < hold || surge::explained(engine, e, bucket)
}

/// While the step before moves one minute is no proof: two must agree.
const AGREE: Span = Span::from_mins(2);
/// Buckets that the newest is held against, standard deviations and share that are a move.
const BEFORE: i64 = 5;
const MOVES: f64 = 4.0;
const MOVED: f64 = 0.2;

/// How long a ratio of two live counts must have been bad, because what it is divided by moves.
fn agreement(store: &Store, e: &Effect, bucket: i64) -> Span {
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

/// Families that a guardrail watches for changes; plain counts are judged in `visits`.
pub(super) fn watched(engine: &Engine) -> Vec<Family> {
    let counts = |f: &Family| f.1 == Role::Plain && f.0.kind() == Kind::Count;
    let all = engine.store.families().into_iter();
    all.filter(|f| scan::min_change(&engine.settings.policy, *f, &Segment::all()).is_some())
        .filter(|f| !counts(f))
        .collect()
}

/// The place is already part of an open case by the same metric: it grows there by itself.
fn known(engine: &Engine, new: &Effect) -> bool {
    let open = engine.lives.iter().filter(|l| l.closed.is_none()).flat_map(|l| &l.effects);
    open.filter(|e| e.until.is_none() && e.table.family == new.table.family).any(|e| {
        place::within(&new.place, &e.place)
            || e.table == new.table && place::within(&e.place, &new.place)
    })
}

/// The whole funnel moves when a step does: it may join a case, it opens one only where steps are
/// not measured.
fn echo(engine: &Engine, new: &Effect) -> bool {
    let steps =
        || engine.store.families().into_iter().any(|f| f.1 == Role::Step && f != new.table.family);
    is_whole_funnel(new)
        && steps()
        && !engine.lives.iter().any(|l| l.closed.is_none() && l.takes(new, engine.store.bucket))
}

/// Puts an effect into the case that shares its cause, or opens one.
fn adopt(engine: &mut Engine, mut effect: Effect, bucket: i64) {
    let row = lines::guardrail_of(&engine.settings.policy, &effect);
    effect.quantile = row.map_or(0.75, |r| r.percentile() / 100.0);
    let length = engine.store.bucket;
    let rearm = rearm(engine);
    let fits = |l: &Live| l.closed.is_none_or(|c| bucket - c <= rearm) && l.takes(&effect, length);
    // An open case before a closed one, the older before the younger.
    let at = engine.lives.iter().position(|l| l.closed.is_none() && fits(l));
    let at = at.or_else(|| engine.lives.iter().position(fits));
    let index = at.unwrap_or_else(|| {
        engine.lives.push(Live::new(String::new(), bucket));
        engine.lives.len() - 1
    });
    if let Some(live) = engine.lives.get_mut(index) {
        live.closed = None;
        live.effects.push(effect);
        live.bad_again(bucket);
        prune(live);
    }
    name(engine, index);
}

pub(super) fn rearm(engine: &Engine) -> i64 {
    engine.settings.policy.detect.rearm.millis() / engine.store.bucket.millis().max(1)
}

/// Gives a new case its key: class and journey, numbered when two live side by side.
pub(super) fn name(engine: &mut Engine, index: usize) {
    let Some(live) = engine.lives.get(index).filter(|l| l.key.is_empty()) else { return };
    let policy = &engine.settings.policy;
    let segments = live.segments(policy);
    let journey = journey_of(policy, live, &segments);
    let class = format!("{:?}", live.class()).to_lowercase();
    let base = match journey {
        Some(j) => format!("{class}:{j}"),
        None => format!("{class}:shop"),
    };
    let free = |k: &String| engine.lives.iter().all(|l| l.key != *k);
    let numbered = (2..).map(|n| format!("{base}:{n}"));
    let key = std::iter::once(base.clone()).chain(numbered).find(free).unwrap_or(base.clone());
    if let Some(live) = engine.lives.get_mut(index) {
        live.key = key;
    }
}
