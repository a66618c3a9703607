//! Several weak signs at one place at one time: slower and failing, failing and not paid. None
//! passes the line alone; together they do, where onset and cause allow one fault. Different
//! metrics of one place are counted once each.

use std::collections::BTreeMap;

use super::agreement;
use super::open_case::OpenCase;
use super::state::EngineState;
use crate::detect::cube::key::{Family, Role};
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
        for table in
            state.store.family(*family).filter(|t| !state.blind.contains_key(&t.key.source))
        {
            for hint in sweep::hints(policy, table) {
                let place = signs.entry((hint.place.clone(), hint.candidate.window)).or_default();
                let better = |old: &WeakSignal| hint.candidate.ev.nats > old.candidate.ev.nats;
                if place.get(family).is_none_or(better) {
                    place.insert(*family, hint);
                }
            }
        }
    }
    let mut found: Vec<(f64, Vec<WeakSignal>)> = Vec::new();
    for hints in signs.into_values().filter(|h| h.len() >= 2) {
        let hints = hints.into_values().filter_map(|h| confirmed(state, h, bucket));
        let hints: Vec<WeakSignal> = hints.collect();
        let sum = total(state, &hints);
        if hints.len() >= 2 && sum >= line {
            found.push((sum, hints));
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
    hints: &[WeakSignal],
    (line, bucket): (f64, i64),
) -> Option<Vec<Shift>> {
    let told = hints.iter().filter_map(|h| Some((h, effect(state, h, bucket)?)));
    let mut told: Vec<(&WeakSignal, Shift)> = told.collect();
    told.sort_by(|a, b| b.0.candidate.ev.nats.total_cmp(&a.0.candidate.ev.nats));
    let mut one = OpenCase::new(String::new(), bucket);
    let mut kept = Vec::new();
    for (hint, e) in told {
        if one.effects.is_empty() || agreement::tie(state, &one, &e).is_some() {
            one.effects.push(e);
            kept.push(hint.clone());
        }
    }
    (kept.len() >= 2 && total(state, &kept) >= line).then_some(one.effects)
}

/// What the signs say together. Speed metrics of a page drift from day to day as one: the strongest
/// speaks for them, the others add half.
fn total(state: &EngineState, hints: &[WeakSignal]) -> f64 {
    let speed = |h: &&WeakSignal| {
        state.store.tables.get(&h.candidate.table).is_some_and(|t| t.shape == Likelihood::LogNormal)
    };
    let nats = |h: &WeakSignal| h.candidate.ev.nats;
    let top = hints.iter().filter(speed).map(nats).fold(0.0, f64::max);
    let speeds: f64 = hints.iter().filter(speed).map(nats).sum();
    let all: f64 = hints.iter().map(|h| nats(h) - PRICE).sum();
    let spared = if speeds > 0.0 { 0.0 } else { SPARED };
    all + spared - 0.5 * (speeds - top)
}

/// Metrics that are evidence of their own: not readings, not beacons, not the whole funnel.
fn counted(family: Family) -> bool {
    let whole = family.0 == crate::domain::metric::Metric::ConversionRate;
    !whole && matches!(family.1, Role::Plain | Role::Step)
}

fn confirmed(state: &EngineState, hint: WeakSignal, bucket: i64) -> Option<WeakSignal> {
    let candidate = sweep::unmixed(&state.store, &hint.candidate)?;
    let span = (bucket - candidate.length + 1, bucket);
    let place = Scope::of(&candidate.seg);
    let harm = candidate.ev.harm;
    let diluted = bots::dilute(&state.store, &candidate.table, &place, harm, span);
    (candidate.ev.nats >= FLOOR && !diluted).then_some(WeakSignal { candidate, ..hint })
}

fn effect(state: &EngineState, hint: &WeakSignal, bucket: i64) -> Option<Shift> {
    let c = &hint.candidate;
    let table = state.store.tables.get(&c.table)?;
    let at = Localised { scope: Scope::of(&c.seg), acc: c.acc, score: c.ev.loc };
    let mut effect = Shift::open(table, hint.place.clone(), at, bucket);
    effect.nats = effect.nats.max(c.ev.nats);
    Some(search::dated(&state.scene(), effect, bucket))
}
