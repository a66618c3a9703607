//! A step's events beside those of the step before that they belong to, segment by segment: paired
//! by the learnt lag, and with the fewest that are likely while the step before moves, so that a
//! surge, a wave or a ripple is no loss. Only sums here.

use std::collections::BTreeMap;

use super::cuboid::{Cuboid, project};
use super::key::CuboidRole;
use super::lag::Lag;
use super::pair::{CountPair, fold_unknown};
use super::store::Cube;
use crate::detect::evidence::stat::Moments;
use crate::domain::segment::{Dim, Segment};

/// Events of a segment by bucket, oldest first; not a number where nothing arrived.
type Flow = Vec<f32>;
/// A coarse place whose earlier step moves: the share of it that is likely to count.
type Moving = Vec<(u16, Segment, f64)>;

/// Rows of the buckets `from..=to` that both counts have told; the lag sees their sums.
pub(in crate::detect) fn rows(
    cube: &Cube,
    pair: &CountPair,
    lag: &mut Lag,
    (from, to): (i64, i64),
) -> Option<Vec<(Segment, i64, Moments)>> {
    let (hits, trials) = (cube.cuboids.get(&pair.hits)?, cube.cuboids.get(&pair.trials)?);
    let reach = if pair.at_once() { 1 } else { lag.reach() };
    let first = from - i64::try_from(reach).unwrap_or(1) + 1;
    let mut h = flows(hits, &pair.key.dims, (first, to));
    let mut n = flows(trials, &pair.key.dims, (first, to));
    let add = |sum: &mut Flow, x: Flow| {
        sum.resize(x.len(), 0.0);
        sum.iter_mut().zip(x).for_each(|(a, b)| *a += b);
    };
    fold_unknown((&mut h, hits), (&mut n, trials), &pair.key, add);
    let mut out = Vec::new();
    for bucket in from..=to {
        if !hits.delivered(bucket) || !trials.delivered(bucket) {
            continue;
        }
        let at = (bucket - first) as usize;
        let sum = |all: &BTreeMap<Segment, Flow>| {
            all.values().filter_map(|f| f.get(at)).map(|x| f64::from(*x)).sum::<f64>()
        };
        lag.put(bucket, sum(&n), sum(&h));
        let moving = if reach > 1 { moving(trials, pair, lag, bucket) } else { Moving::new() };
        for (seg, flow) in &n {
            let back = back(flow, at, reach);
            let own = share(pair, lag.bounds(&back));
            let share = moving.iter().filter(|m| inside(seg, pair, m)).map(|m| m.2);
            let share =
                share.fold(own, |a, b| if (b - 1.0).abs() > (a - 1.0).abs() { b } else { a });
            let paired =
                if reach > 1 { lag.paired(&back) } else { back.first().copied().unwrap_or(0.0) };
            let s = h.get(seg).and_then(|f| f.get(at)).copied().unwrap_or(0.0);
            out.push((
                seg.clone(),
                bucket,
                Moments { count: (paired * share) as f32, sum: s, sum_sq: 0.0 },
            ));
        }
    }
    Some(out)
}

/// Shows a lag what both counts told of the buckets `from..=to`.
pub(in crate::detect) fn totals(
    cube: &Cube,
    pair: &CountPair,
    lag: &mut Lag,
    (from, to): (i64, i64),
) {
    let (hits, trials) = (cube.cuboids.get(&pair.hits), cube.cuboids.get(&pair.trials));
    let (Some(hits), Some(trials)) = (hits, trials) else { return };
    let whole = |t: &Cuboid, b: i64| {
        let all = t.leaves.iter().filter_map(|l| t.raw(l, b));
        all.map(|r| f64::from(r.sum)).sum::<f64>()
    };
    for bucket in (from..=to).filter(|b| hits.delivered(*b) && trials.delivered(*b)) {
        lag.put(bucket, whole(trials, bucket), whole(hits, bucket));
    }
}

/// Fewer visits may belong to these buyers, where a loss is asked for; more, where a surge is.
fn share(pair: &CountPair, (low, high): (f64, f64)) -> f64 {
    if pair.key.family.1 == CuboidRole::Surge { high } else { low }
}

fn inside(seg: &Segment, pair: &CountPair, moving: &(u16, Segment, f64)) -> bool {
    project(seg, &pair.key.dims, moving.0) == moving.1
}

/// The newest `reach` buckets up to `at`, newest first, as far as they arrived.
fn back(flow: &[f32], at: usize, reach: usize) -> Vec<f64> {
    let upto = flow.get(..=at).unwrap_or(&[]);
    let newest = upto.iter().rev().take(reach).take_while(|x| x.is_finite());
    newest.map(|x| f64::from(*x)).collect()
}

/// The whole cut and its values of one dimension, where the earlier step moves.
fn moving(trials: &Cuboid, pair: &CountPair, lag: &Lag, bucket: i64) -> Moving {
    let dims = &pair.key.dims;
    let masks = std::iter::once(0).chain((0..dims.len().min(16)).map(|i| 1_u16 << i));
    let reach = i64::try_from(lag.reach()).unwrap_or(1);
    let mut out = Moving::new();
    for mask in masks {
        let fixed: Vec<Dim> = dims
            .iter()
            .enumerate()
            .filter(|(i, _)| mask & (1 << i) != 0)
            .map(|(_, d)| *d)
            .collect();
        for slice in trials.group(trials.mask_for(&fixed)) {
            let sums: Vec<f64> = (0..reach)
                .map_while(|j| {
                    trials.delivered(bucket - j).then(|| events(trials, &slice.leaves, bucket - j))
                })
                .map(f64::from)
                .collect();
            let share = share(pair, lag.bounds(&sums));
            if (share - 1.0).abs() > 1e-9 {
                out.push((mask, slice.seg.clone(), share));
            }
        }
    }
    out
}

fn events(cuboid: &Cuboid, leaves: &[u32], bucket: i64) -> f32 {
    let leaves = leaves.iter().filter_map(|i| cuboid.leaves.get(*i as usize));
    leaves.filter_map(|l| cuboid.raw(l, bucket)).map(|r| r.sum).sum()
}

/// Events by segment of some dimensions.
fn flows(cuboid: &Cuboid, dims: &[Dim], (first, to): (i64, i64)) -> BTreeMap<Segment, Flow> {
    let slices = cuboid.group(cuboid.mask_for(dims)).iter();
    let flow = |leaves: &[u32]| {
        (first..=to)
            .map(|b| if cuboid.delivered(b) { events(cuboid, leaves, b) } else { f32::NAN })
            .collect()
    };
    slices.map(|c| (c.seg.clone(), flow(&c.leaves))).collect()
}
