//! Tables made of other tables: funnel steps (one count over another), beacons per visit, and what
//! tells a surge: orders per visit, value per order. A ratio of two live series needs no season
//! (detection.md section 6). Only sums here; what belongs together is known to `lag`.

use std::collections::BTreeMap;

use super::cuboid::Cuboid;
use super::key::{CuboidKey, Role};
use super::lag::Lag;
use super::pair::{Pair, fold_unknown};
use super::pairing;
use super::store::Cube;
use crate::detect::evidence::stat::Moments;
use crate::domain::id::SourceId;
use crate::domain::metric::Metric;
use crate::domain::segment::{Dim, Segment};

/// Minutes of an hour that one count may have told more than the other, for a ratio of the two.
const APART: u32 = 3;

/// Orders from which their usual value is known well enough to count in it.
const VALUED: f32 = 50.0;
/// Buckets after which lags are learnt again.
const RELEARN: i64 = 5;

/// Server-side counts that beacons are held against, best first.
const VISITS: [Metric; 2] = [Metric::Sessions, Metric::EdgeRequests];

fn ratios() -> impl Iterator<Item = (Metric, Role)> {
    let steps = Metric::STEPS.into_iter().map(|s| s.0).chain([Metric::ConversionRate]);
    let surges = [Metric::OrdersPerVisit, Metric::OrderValue];
    steps.map(|m| (m, Role::Step)).chain(surges.map(|m| (m, Role::Surge)))
}

fn pairs(store: &Cube) -> Vec<Pair> {
    let mut out = Vec::new();
    for (metric, role) in ratios() {
        let Some((hits, trials)) = metric.parts() else { continue };
        for h in store.family((hits, Role::Plain)) {
            let key = CuboidKey { family: (trials, Role::Plain), ..h.key.clone() };
            if store.tables.contains_key(&key) {
                let step = CuboidKey { family: (metric, role), ..h.key.clone() };
                out.push(Pair { key: step, hits: h.key.clone(), trials: key });
            }
        }
    }
    out.extend(beacons(store));
    out
}

/// Page views over visits, for each set of dimensions that both know: of several tables the two
/// that have known each other longest.
fn beacons(store: &Cube) -> Vec<Pair> {
    let mut out: BTreeMap<CuboidKey, (usize, Pair)> = BTreeMap::new();
    for visits in VISITS {
        let source = SourceId::new(format!("per {visits}"));
        for v in store.family((visits, Role::Plain)) {
            for p in store.family((Metric::PageViews, Role::Plain)) {
                if p.key.dims.iter().any(|d| matches!(d, Dim::Release | Dim::Cohort)) {
                    continue;
                }
                let dims: Vec<Dim> =
                    p.key.dims.iter().copied().filter(|d| v.key.dims.contains(d)).collect();
                let family = (Metric::PageViews, Role::Beacon);
                let key = CuboidKey { family, source: source.clone(), dims };
                let pair = Pair { key: key.clone(), hits: p.key.clone(), trials: v.key.clone() };
                let past = p.hours.len().min(v.hours.len());
                if out.get(&key).is_none_or(|(most, _)| past > *most) {
                    out.insert(key, (past, pair));
                }
            }
        }
        if out.values().any(|(past, _)| *past > 0) {
            break;
        }
    }
    out.into_values().map(|(_, pair)| pair).collect()
}

/// Makes the derived buckets `from..=to`.
pub fn live(store: &mut Cube, from: i64, to: i64) {
    for pair in pairs(store) {
        let told = store.lags.remove(&pair.key);
        let mut lag = told.unwrap_or_else(|| first_lag(store, &pair, to));
        let rows = pairing::rows(store, &pair, &mut lag, (from, to));
        if to % RELEARN == 0 && !pair.at_once() {
            lag.learn();
        }
        if let Some(rows) = rows.filter(|_| unit(store, &pair, to).is_some()) {
            let table = store.table(pair.key.clone());
            table.edge = lag.edge;
            for (seg, bucket, raw) in rows {
                let raw = Moments { s: raw.s / table.unit as f32, ..raw };
                table.put(&seg, bucket, raw);
            }
        }
        store.lags.insert(pair.key, lag);
    }
}

/// A lag that has seen the buckets that are kept already.
fn first_lag(store: &Cube, pair: &Pair, to: i64) -> Lag {
    let mut lag = Lag::new(store.bucket);
    if let Some(trials) = store.tables.get(&pair.trials).filter(|_| !pair.at_once()) {
        pairing::totals(store, pair, &mut lag, (trials.oldest(), to));
        lag.learn();
    }
    lag
}

/// What one hit counts: money is counted in usual orders, everything else as it is. None while
/// nobody knows what is usual.
fn unit(store: &mut Cube, pair: &Pair, to: i64) -> Option<f64> {
    if !pair.at_once() {
        return Some(1.0);
    }
    let known = |t: &Cuboid| t.unit_known.then_some(t.unit);
    if let Some(unit) = store.tables.get(&pair.key).and_then(known) {
        return Some(unit);
    }
    let sum = |key: &CuboidKey| {
        let table = store.tables.get(key)?;
        let past = |l: &super::cuboid::Leaf| l.hist.iter().map(|h| h.raw.s).sum::<f32>();
        let before: f32 = table.leaves.iter().map(past).sum();
        let kept = |l: &super::cuboid::Leaf| {
            (table.oldest()..=to).filter_map(|b| table.raw(l, b)).map(|r| r.s).sum::<f32>()
        };
        let now: f32 = table.leaves.iter().map(kept).sum::<f32>();
        Some(if before > 0.0 { before } else { now })
    };
    let (value, orders) = (sum(&pair.hits)?, sum(&pair.trials)?);
    let unit = f64::from(value / orders);
    if orders < VALUED || !unit.is_finite() || unit <= 0.0 {
        return None;
    }
    let table = store.table(pair.key.clone());
    (table.unit, table.unit_known) = (unit, true);
    Some(unit)
}

/// Makes the derived history again from the counts' history.
pub fn history(store: &mut Cube) {
    for pair in pairs(store) {
        let (Some(hits), Some(trials)) =
            (store.tables.get(&pair.hits), store.tables.get(&pair.trials))
        else {
            continue;
        };
        if !hits.history_dirty && !trials.history_dirty {
            continue;
        }
        let mut h = by_hour(hits, &pair.key.dims);
        let mut n = by_hour(trials, &pair.key.dims);
        let add = |sum: &mut BTreeMap<i32, f32>, hours: BTreeMap<i32, f32>| {
            for (hour, x) in hours {
                *sum.entry(hour).or_default() += x;
            }
        };
        fold_unknown((&mut h, hits), (&mut n, trials), &pair.key, add);
        let minutes = common(hits, trials, pair.key.family.1 != Role::Beacon);
        let Some(unit) = unit(store, &pair, i64::MIN) else { continue };
        let table = store.table(pair.key);
        table.forget_history();
        for (seg, hours) in n {
            let hits = h.get(&seg);
            for (hour, trials) in hours {
                let Some(covered) = minutes.get(&hour).copied() else { continue };
                let s = hits.and_then(|h| h.get(&hour)).copied().unwrap_or(0.0) / unit as f32;
                table.put_hour(&seg, hour, covered, Moments { n: trials, s, q: 0.0 });
            }
        }
    }
}

/// Hours in which both counts were told, and as much of each: where one was silent there is no
/// ratio. Inside its past a rare count may have no record of an hour, for none came.
fn common(hits: &Cuboid, trials: &Cuboid, rare: bool) -> BTreeMap<i32, u64> {
    let first = hits.hours.keys().next().copied().unwrap_or(i32::MAX);
    let both = trials.hours.iter().filter(|(hour, minutes)| match hits.hours.get(hour) {
        Some(told) => told.count_ones().abs_diff(minutes.count_ones()) <= APART,
        None => rare && **hour >= first,
    });
    both.map(|(hour, minutes)| (*hour, *minutes)).collect()
}

/// Events by segment and hour.
fn by_hour(table: &Cuboid, dims: &[Dim]) -> BTreeMap<Segment, BTreeMap<i32, f32>> {
    let mut out = BTreeMap::new();
    for conj in table.group(table.mask_for(dims)) {
        let hours: &mut BTreeMap<i32, f32> = out.entry(conj.seg.clone()).or_default();
        for leaf in conj.leaves.iter().filter_map(|i| table.leaves.get(*i as usize)) {
            for h in &leaf.hist {
                *hours.entry(h.hour).or_default() += h.raw.s;
            }
        }
    }
    out
}
