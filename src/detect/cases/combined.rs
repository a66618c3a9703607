//! Several weak signs at one place at one time: slower and failing, failing and not paid. None
//! passes the line alone; together they do, where onset and cause allow one fault. Different
//! metrics of one place are counted once each.

use std::collections::BTreeMap;

use super::agreement;
use super::open_case::OpenCase;
use super::state::EngineState;
use crate::detect::cube::key::{CuboidRole, Family};
use crate::detect::evidence::stat::Likelihood;
use crate::detect::scan::localise::Localised;
use crate::detect::scan::shift::Shift;
use crate::detect::scan::sweep::{FLOOR, WeakSignal};
use crate::detect::scan::{bots, search, sweep};
use crate::domain::segment::Scope;

/// Places whose signs are held against each other, the loudest first.
const TRIED: usize = 4;
/// What each sign costs, in nats (they are looked for everywhere).
const PRICE: f64 = 1.0;
/// What failures and losses that agree about a place are spared: that is no chance. Speed is, from
/// day to day.
const SPARED: f64 = 2.0;

/// Effects of the place where the signs together pass the line, if there is one.
pub fn strongest(state: &EngineState, families: &[Family], bucket: i64) -> Vec<Shift> {
    let policy = &state.settings.policy;
    let line = policy.detect.sensitivity.nats();
    let mut signs: BTreeMap<(Scope, usize), BTreeMap<Family, WeakSignal>> = BTreeMap::new();
    for family in families.iter().filter(|f| counted(**f)) {
        for cuboid in
            state.cube.family(*family).filter(|t| !state.blind.contains_key(&t.key.source))
        {
            for weak_signal in sweep::weak_signals(policy, cuboid) {
                let place = signs
                    .entry((weak_signal.place.clone(), weak_signal.candidate.window))
                    .or_default();
                let better =
                    |old: &WeakSignal| weak_signal.candidate.ev.nats > old.candidate.ev.nats;
                if place.get(family).is_none_or(better) {
                    place.insert(*family, weak_signal);
                }
            }
        }
    }
    let mut found: Vec<(f64, Vec<WeakSignal>)> = Vec::new();
    for weak_signals in signs.into_values().filter(|h| h.len() >= 2) {
        let weak_signals = weak_signals.into_values().filter_map(|h| confirmed(state, h, bucket));
        let weak_signals: Vec<WeakSignal> = weak_signals.collect();
        let sum = total(state, &weak_signals);
        if weak_signals.len() >= 2 && sum >= line {
            found.push((sum, weak_signals));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let one = found.iter().take(TRIED).find_map(|(_, h)| one_fault(state, h, (line, bucket)));
    one.unwrap_or_default()
}

/// The signs that may be one fault with the strongest by onset and cause, where those pass the
/// line: what began apart, or has another cause, is no evidence for each other.
fn one_fault(
    state: &EngineState,
    weak_signals: &[WeakSignal],
    (line, bucket): (f64, i64),
) -> Option<Vec<Shift>> {
    let told = weak_signals.iter().filter_map(|h| Some((h, shift(state, h, bucket)?)));
    let mut told: Vec<(&WeakSignal, Shift)> = told.collect();
    told.sort_by(|a, b| b.0.candidate.ev.nats.total_cmp(&a.0.candidate.ev.nats));
    let mut one = OpenCase::new(String::new(), bucket);
    let mut kept = Vec::new();
    for (weak_signal, e) in told {
        if one.shifts.is_empty() || agreement::tie(state, &one, &e).is_some() {
            one.shifts.push(e);
            kept.push(weak_signal.clone());
        }
    }
    (kept.len() >= 2 && total(state, &kept) >= line).then_some(one.shifts)
}

/// What the signs say together. Speed metrics of a page drift from day to day as one: the strongest
/// speaks for them, the others add half.
fn total(state: &EngineState, weak_signals: &[WeakSignal]) -> f64 {
    let speed = |h: &&WeakSignal| {
        state
            .cube
            .cuboids
            .get(&h.candidate.cuboid)
            .is_some_and(|t| t.likelihood == Likelihood::LogNormal)
    };
    let nats = |h: &WeakSignal| h.candidate.ev.nats;
    let top = weak_signals.iter().filter(speed).map(nats).fold(0.0, f64::max);
    let speeds: f64 = weak_signals.iter().filter(speed).map(nats).sum();
    let all: f64 = weak_signals.iter().map(|h| nats(h) - PRICE).sum();
    let credit = if speeds > 0.0 { 0.0 } else { SPARED };
    all + credit - 0.5 * (speeds - top)
}

/// Metrics that are evidence of their own: not readings, not beacons, not the whole funnel.
fn counted(family: Family) -> bool {
    let whole = family.0 == crate::domain::metric::Metric::ConversionRate;
    !whole && matches!(family.1, CuboidRole::Plain | CuboidRole::Step)
}

fn confirmed(state: &EngineState, weak_signal: WeakSignal, bucket: i64) -> Option<WeakSignal> {
    let candidate = sweep::unmixed(&state.cube, &weak_signal.candidate)?;
    let span = (bucket - candidate.length + 1, bucket);
    let place = Scope::of(&candidate.seg);
    let harm = candidate.ev.harm;
    let diluted = bots::dilute(&state.cube, &candidate.cuboid, &place, harm, span);
    (candidate.ev.nats >= FLOOR && !diluted).then_some(WeakSignal { candidate, ..weak_signal })
}

fn shift(state: &EngineState, weak_signal: &WeakSignal, bucket: i64) -> Option<Shift> {
    let c = &weak_signal.candidate;
    let cuboid = state.cube.cuboids.get(&c.cuboid)?;
    let at = Localised { scope: Scope::of(&c.seg), acc: c.acc, score: c.ev.loc };
    let mut shift = Shift::open(cuboid, weak_signal.place.clone(), at, bucket);
    shift.nats = shift.nats.max(c.ev.nats);
    Some(search::dated(&state.scene(), shift, bucket))
}
