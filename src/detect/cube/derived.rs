//! Tables made of other cuboids: funnel steps (one count over another), beacons per visit, and what
//! tells a surge: orders per visit, value per order. A ratio of two live series needs no season
//! (detection.md section 6). Only sums here; what belongs together is known to `lag`.

use std::collections::BTreeMap;

use super::cuboid::Cuboid;
use super::key::{CuboidKey, CuboidRole};
use super::lag::Lag;
use super::pair::{CountPair, fold_unknown};
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

fn ratios() -> impl Iterator<Item = (Metric, CuboidRole)> {
    let steps = Metric::STEPS.into_iter().map(|s| s.0).chain([Metric::ConversionRate]);
    let surges = [Metric::OrdersPerVisit, Metric::OrderValue];
    steps.map(|m| (m, CuboidRole::Step)).chain(surges.map(|m| (m, CuboidRole::Surge)))
}

fn pairs(cube: &Cube) -> Vec<CountPair> {
    let mut out = Vec::new();
    for (metric, role) in ratios() {
        let Some((hits, trials)) = metric.parts() else { continue };
        for h in cube.family((hits, CuboidRole::Plain)) {
            let key = CuboidKey { family: (trials, CuboidRole::Plain), ..h.key.clone() };
            if cube.cuboids.contains_key(&key) {
                let step = CuboidKey { family: (metric, role), ..h.key.clone() };
                out.push(CountPair { key: step, hits: h.key.clone(), trials: key });
            }
        }
    }
    out.extend(beacons(cube));
    out
}

/// Page views over visits, for each set of dimensions that both know: of several cuboids the two
/// that have known each other longest.
fn beacons(cube: &Cube) -> Vec<CountPair> {
    let mut out: BTreeMap<CuboidKey, (usize, CountPair)> = BTreeMap::new();
    for visits in VISITS {
        let source = SourceId::new(format!("per {visits}"));
        for v in cube.family((visits, CuboidRole::Plain)) {
            for p in cube.family((Metric::PageViews, CuboidRole::Plain)) {
                if p.key.dims.iter().any(|d| matches!(d, Dim::Release | Dim::Cohort)) {
                    continue;
                }
                let dims: Vec<Dim> =
                    p.key.dims.iter().copied().filter(|d| v.key.dims.contains(d)).collect();
                let family = (Metric::PageViews, CuboidRole::Beacon);
                let key = CuboidKey { family, source: source.clone(), dims };
                let pair =
                    CountPair { key: key.clone(), hits: p.key.clone(), trials: v.key.clone() };
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
pub fn live(cube: &mut Cube, from: i64, to: i64) {
    for pair in pairs(cube) {
        let told = cube.lags.remove(&pair.key);
        let mut lag = told.unwrap_or_else(|| first_lag(cube, &pair, to));
        let rows = pairing::rows(cube, &pair, &mut lag, (from, to));
        if to % RELEARN == 0 && !pair.at_once() {
            lag.learn();
        }
        if let Some(rows) = rows.filter(|_| unit(cube, &pair, to).is_some()) {
            let cuboid = cube.cuboid(pair.key.clone());
            cuboid.edge = lag.edge;
            for (seg, bucket, raw) in rows {
                let raw = Moments { sum: raw.sum / cuboid.unit as f32, ..raw };
                cuboid.put(&seg, bucket, raw);
            }
        }
        cube.lags.insert(pair.key, lag);
    }
}

/// A lag that has seen the buckets that are kept already.
fn first_lag(cube: &Cube, pair: &CountPair, to: i64) -> Lag {
    let mut lag = Lag::new(cube.bucket);
    if let Some(trials) = cube.cuboids.get(&pair.trials).filter(|_| !pair.at_once()) {
        pairing::totals(cube, pair, &mut lag, (trials.oldest(), to));
        lag.learn();
    }
    lag
}

/// What one hit counts: money is counted in usual orders, everything else as it is. None while
/// nobody knows what is usual.
fn unit(cube: &mut Cube, pair: &CountPair, to: i64) -> Option<f64> {
    if !pair.at_once() {
        return Some(1.0);
    }
    let known = |t: &Cuboid| t.unit_known.then_some(t.unit);
    if let Some(unit) = cube.cuboids.get(&pair.key).and_then(known) {
        return Some(unit);
    }
    let sum = |key: &CuboidKey| {
        let cuboid = cube.cuboids.get(key)?;
        let past = |l: &super::cuboid::Leaf| l.hist.iter().map(|h| h.raw.sum).sum::<f32>();
        let before: f32 = cuboid.leaves.iter().map(past).sum();
        let kept = |l: &super::cuboid::Leaf| {
            (cuboid.oldest()..=to).filter_map(|b| cuboid.raw(l, b)).map(|r| r.sum).sum::<f32>()
        };
        let now: f32 = cuboid.leaves.iter().map(kept).sum::<f32>();
        Some(if before > 0.0 { before } else { now })
    };
    let (value, orders) = (sum(&pair.hits)?, sum(&pair.trials)?);
    let unit = f64::from(value / orders);
    if orders < VALUED || !unit.is_finite() || unit <= 0.0 {
        return None;
    }
    let cuboid = cube.cuboid(pair.key.clone());
    (cuboid.unit, cuboid.unit_known) = (unit, true);
    Some(unit)
}

/// Makes the derived history again from the counts' history.
pub fn history(cube: &mut Cube) {
    for pair in pairs(cube) {
        let (Some(hits), Some(trials)) =
            (cube.cuboids.get(&pair.hits), cube.cuboids.get(&pair.trials))
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
        let minutes = common(hits, trials, pair.key.family.1 != CuboidRole::Beacon);
        let Some(unit) = unit(cube, &pair, i64::MIN) else { continue };
        let cuboid = cube.cuboid(pair.key);
        cuboid.forget_history();
        for (seg, hours) in n {
            let hits = h.get(&seg);
            for (hour, trials) in hours {
                let Some(covered) = minutes.get(&hour).copied() else { continue };
                let s = hits.and_then(|h| h.get(&hour)).copied().unwrap_or(0.0) / unit as f32;
                cuboid.put_hour(
                    &seg,
                    hour,
                    covered,
                    Moments { count: trials, sum: s, sum_sq: 0.0 },
                );
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
fn by_hour(cuboid: &Cuboid, dims: &[Dim]) -> BTreeMap<Segment, BTreeMap<i32, f32>> {
    let mut out = BTreeMap::new();
    for slice in cuboid.group(cuboid.mask_for(dims)) {
        let hours: &mut BTreeMap<i32, f32> = out.entry(slice.seg.clone()).or_default();
        for leaf in slice.leaves.iter().filter_map(|i| cuboid.leaves.get(*i as usize)) {
            for h in &leaf.hist {
                *hours.entry(h.hour).or_default() += h.raw.sum;
            }
        }
    }
    out
}
