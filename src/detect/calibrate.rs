//! Learning: profiles of leaves from history, and for every family of conjunctions how much more
//! their hours vary than independent samples would (design effect) and drift from day to day.

use std::collections::{BTreeMap, HashMap};

use crate::domain::segment::{Dim, Segment};

use super::profile::{HourRaw, Profile};
use super::stat::{Acc, Calib, Raw, Shape};
use super::table::{Table, project};

/// Units of history that make an ancestor worth leaning on.
const WORTH: f32 = 200.0;
/// Hours of history that teach a calibration.
const ENOUGH_HOURS: usize = 48;
/// Hours that are held against their profiles at a time, and points that one mask's fit takes: the
/// line through a quarter of a million is the line through more.
const BLOCK: i32 = 168;
const POINTS: usize = 250_000;

/// Hourly sums of several leaves together.
fn merged(table: &Table, leaves: &[u32]) -> Vec<HourRaw> {
    let leaves = || leaves.iter().filter_map(|i| table.leaves.get(*i as usize));
    let hours = || leaves().flat_map(|l| &l.hist).map(|h| h.hour);
    let (Some(first), Some(last)) = (hours().min(), hours().max()) else { return Vec::new() };
    let mut sum = vec![Raw::default(); (last - first + 1).clamp(0, 100_000) as usize];
    for h in leaves().flat_map(|l| &l.hist) {
        if let Some(raw) = sum.get_mut((h.hour - first) as usize) {
            raw.n += h.raw.n;
            raw.s += h.raw.s;
            raw.q += h.raw.q;
        }
    }
    let rows = (first..=last).zip(sum).filter(|(_, r)| r.n > 0.0);
    rows.map(|(hour, raw)| HourRaw { hour, raw }).collect()
}

/// Profiles of the ancestors of all leaves of a family, by segment.
pub type Ancestors = HashMap<Segment, Profile>;

/// The ancestor a leaf leans on: its first two dimensions (template and device where they exist).
pub fn ancestor_segment(table: &Table, leaf: &Segment) -> Segment {
    let stable: u16 = table
        .key
        .dims
        .iter()
        .enumerate()
        .filter(|(_, d)| !matches!(d, Dim::Release | Dim::Cohort))
        .take(2)
        .fold(0, |m, (i, _)| m | 1 << i);
    project(leaf, &table.key.dims, stable)
}

/// Learns the ancestors that the leaves of `tables` (one family) need.
pub fn ancestors(tables: &[&Table]) -> Ancestors {
    let mut out = Ancestors::new();
    for table in tables.iter().filter(|t| !t.timed() && t.shape != Shape::Level) {
        for leaf in &table.leaves {
            let seg = ancestor_segment(table, &leaf.seg);
            if out.contains_key(&seg) {
                continue;
            }
            let profile = tables.iter().find_map(|t| {
                let conj = t.conj_at(&seg)?;
                let p = Profile::learn(t.shape, &merged(t, &conj.leaves), None, None);
                (p.total >= WORTH).then_some(p)
            });
            out.insert(seg, profile.unwrap_or_default());
        }
    }
    out
}

/// Learns the profile of every leaf.
pub fn learn(table: &mut Table, ancestors: &Ancestors) {
    let exposure = table.timed().then(|| exposure(table));
    if table.timed() {
        table.week = week(table);
    }
    let parents: Vec<Option<&Profile>> =
        table.leaves.iter().map(|l| ancestors.get(&ancestor_segment(table, &l.seg))).collect();
    for (leaf, parent) in table.leaves.iter_mut().zip(parents) {
        leaf.prof = Profile::learn(table.shape, &leaf.hist, exposure.as_ref(), parent);
    }
    table.history_dirty = false;
}

/// An hour or more of history.
pub fn taught(table: &Table) -> bool {
    table.hours.values().map(|m| m.count_ones()).sum::<u32>() >= 60
}

/// Without any history: what the live ring shows up to `upto` teaches one flat level.
pub fn learn_live(table: &mut Table, upto: i64) {
    let delivered = (table.oldest()..=upto).filter(|b| table.delivered(*b)).count();
    let hours = delivered as f64 * table.bucket_ms as f64 / 3_600_000.0;
    let timed = table.timed();
    let flats: Vec<Profile> = table
        .leaves
        .iter()
        .map(|leaf| {
            let mut raw = sum_raw(table, leaf, upto);
            if timed {
                raw.n = hours as f32;
            }
            Profile::flat(table.shape, raw)
        })
        .collect();
    for (leaf, flat) in table.leaves.iter_mut().zip(flats) {
        leaf.prof = flat;
    }
}

fn sum_raw(table: &Table, leaf: &super::table::Leaf, upto: i64) -> Raw {
    let mut sum = Raw::default();
    for raw in (table.oldest()..=upto).filter_map(|b| table.raw(leaf, b)) {
        sum.n += raw.n;
        sum.s += raw.s;
        sum.q += raw.q;
    }
    sum
}

/// Hours of history at each hour of the day.
fn exposure(table: &Table) -> [f64; 24] {
    let mut out = [0.0; 24];
    for (hour, minutes) in &table.hours {
        if let Some(o) = out.get_mut(hour.rem_euclid(24) as usize) {
            *o += f64::from(minutes.count_ones()) / 60.0;
        }
    }
    out
}

/// Events of each day of the week against the mean day; flat below two weeks of history.
fn week(table: &Table) -> [f64; 7] {
    let (mut sum, mut hours) = ([0.0; 7], [0.0; 7]);
    for (hour, minutes) in &table.hours {
        if let Some(h) = hours.get_mut(hour.div_euclid(24).rem_euclid(7) as usize) {
            *h += f64::from(minutes.count_ones()) / 60.0;
        }
    }
    for h in table.leaves.iter().flat_map(|l| &l.hist) {
        if let Some(s) = sum.get_mut(h.hour.div_euclid(24).rem_euclid(7) as usize) {
            *s += f64::from(h.raw.s);
        }
    }
    let (all, time): (f64, f64) = (sum.iter().sum(), hours.iter().sum());
    if hours.iter().any(|h| *h < 46.0) || all <= 0.0 {
        return [1.0; 7];
    }
    let mut out = [1.0; 7];
    for (o, (s, h)) in out.iter_mut().zip(sum.iter().zip(&hours)) {
        *o = (s / h) / (all / time);
    }
    out
}

/// Learns overdispersion and day drift of each mask from how history's hours scatter.
pub fn calibrate(table: &mut Table) {
    table.calib.clear();
    if table.hours.len() < ENOUGH_HOURS || table.shape == Shape::Level {
        return;
    }
    let points = scatter(table);
    let fits: Vec<(u16, Calib)> =
        points.into_iter().map(|(m, p)| (m, fit(table.shape, p))).collect();
    table.calib.extend(fits);
}

/// How far the hours of each mask's conjunctions lie off, a week of them at a time: four weeks of
/// some thousand leaves at once would be the most that is ever in memory.
fn scatter(table: &Table) -> BTreeMap<u16, Vec<(f64, f64)>> {
    let mut points: BTreeMap<u16, Vec<(f64, f64)>> = BTreeMap::new();
    let (first, last) = match (table.hours.keys().next(), table.hours.keys().next_back()) {
        (Some(first), Some(last)) if last - first < 100_000 => (*first, *last),
        _ => return points,
    };
    let hours = (last - first + 1).unsigned_abs() as usize;
    let mut sums = vec![Acc::default(); BLOCK.unsigned_abs() as usize];
    for start in (first..=last).step_by(BLOCK.unsigned_abs() as usize) {
        let residuals: Vec<Vec<(i32, Acc)>> = table
            .leaves
            .iter()
            .map(|l| {
                let at = |hour: i32| l.hist.partition_point(|h| h.hour < hour);
                hourly(table, l, l.hist.get(at(start)..at(start + BLOCK)).unwrap_or_default())
            })
            .collect();
        for (n, conj) in table.conj.iter().enumerate() {
            sums.fill(Acc::default());
            let leaves = conj.leaves.iter().filter_map(|i| residuals.get(*i as usize));
            for (hour, acc) in leaves.flatten() {
                if let Some(sum) = sums.get_mut((hour - start) as usize) {
                    sum.add(acc);
                }
            }
            // of very many points every second or third is enough, another one of each place
            let each = (table.group(conj.mask).len() * hours).div_ceil(POINTS).max(1);
            let own = sums.iter().enumerate().filter(|(i, _)| (i + n).is_multiple_of(each));
            let own = own.filter_map(|(_, a)| point(table.shape, a));
            points.entry(conj.mask).or_default().extend(own);
        }
    }
    points
}

/// History's hours of a leaf against its own profile.
fn hourly(table: &Table, leaf: &super::table::Leaf, hours: &[HourRaw]) -> Vec<(i32, Acc)> {
    hours
        .iter()
        .map(|h| {
            let mut mu = leaf.prof.mean_at(f64::from(h.hour.rem_euclid(24)) * 3600.0 + 1800.0);
            let mut n = f64::from(h.raw.n);
            if table.timed() {
                n = 1.0;
                let day = h.hour.div_euclid(24).rem_euclid(7) as usize;
                mu *= table.week.get(day).copied().unwrap_or(1.0);
            }
            let unit = match table.shape {
                Shape::Mean | Shape::Level => f64::from(leaf.prof.s2),
                Shape::Fault | Shape::Step => (mu * (1.0 - mu)).max(1e-6),
                Shape::Flow => mu.max(1e-9),
            };
            (h.hour, Acc { n, a: f64::from(h.raw.s), e: n * mu, v: n * unit, x: 0.0 })
        })
        .collect()
}

/// Squared deviation in units of the naive variance, and how much a unit of drift would add.
fn point(shape: Shape, acc: &Acc) -> Option<(f64, f64)> {
    if acc.n <= 0.0 || acc.v <= 0.0 || (shape != Shape::Mean && acc.e < 3.0) {
        return None;
    }
    let scale = if shape == Shape::Mean { acc.n } else { acc.e };
    let z2 = ((acc.a - acc.e).powi(2) / acc.v).min(25.0);
    Some((scale * scale / acc.v, z2))
}

/// Line through the points: the small ones show overdispersion, the big ones drift.
fn fit(shape: Shape, mut points: Vec<(f64, f64)>) -> Calib {
    let prior = Calib::prior(shape);
    if points.len() < 100 {
        return prior;
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let third = points.len() / 3;
    let mean = |p: &[(f64, f64)]| {
        let k = p.len().max(1) as f64;
        let (x, y) =
            (p.iter().map(|x| x.0).sum::<f64>() / k, p.iter().map(|x| x.1).sum::<f64>() / k);
        let spread = p.iter().map(|x| (x.1 - y).powi(2)).sum::<f64>() / k;
        (x, y, spread / k)
    };
    let (low, high) = points.split_at(third * 2);
    let (x0, y0, s0) = mean(low.get(..third.max(1)).unwrap_or(low));
    let (x1, y1, s1) = mean(high);
    // A drift is believed as far as it is proven: few hours or few events prove none.
    let proven = y1 - y0 - (s0 + s1).sqrt();
    let slope = if x1 > x0 * 1.2 { (proven / (x1 - x0)).max(0.0) } else { 0.0 };
    let phi = (y0 - slope * x0).clamp(1.0, 8.0);
    let (floor, ceiling) = match shape {
        Shape::Mean => (0.010, 0.06),
        Shape::Fault => (0.05, 0.3),
        Shape::Step => (0.02, 0.15),
        Shape::Flow => (0.03, 0.3),
        Shape::Level => (0.02, 0.2),
    };
    Calib { phi: phi.max(1.1), tau: slope.sqrt().clamp(floor, ceiling) }
}
