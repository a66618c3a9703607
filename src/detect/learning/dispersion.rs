//! Learning: profiles of leaves from history, and for every family of slices how much more
//! their hours vary than independent samples would (design shift) and drift from day to day.

use std::collections::{BTreeMap, HashMap};

use crate::detect::baseline::profile::{Parent, Past, Profile};
use crate::detect::cube::cuboid::{Cuboid, Leaf, names_release, project};
use crate::detect::evidence::stat::{Dispersion, HourMoments, Likelihood, Moments, Tally};
use crate::domain::segment::{Dim, Segment};

/// Units of history that make an ancestor worth leaning on.
const WORTH: f32 = 200.0;
/// Hours that a place which came later than its cut must be known, or units as above, before what
/// it has shown is called usual.
const NEW_HOURS: usize = 3;
/// Hours for which a release or an arm is held against its place without it: what it has shown
/// since it came may be the harm it brought.
const NEW_LABEL: usize = 24;
/// Siblings from which their spread around the parent is believed; before it is taken to be wide
/// (log units; twice as wide for shares). It is never less than what one sees of two alike.
const SIBLINGS: f64 = 3.0;
const WIDE: f64 = 0.5;
const LEAST_OFFSET: f64 = 0.05;
/// Events from which a child's share says how far it lies off.
const EVENTS: f64 = 20.0;
/// Hours of history that teach a calibration.
const ENOUGH_HOURS: usize = 48;
/// Hours that are held against their profiles at a time, and points that one mask's fit takes: the
/// line through a quarter of a million is the line through more.
const BLOCK: i32 = 168;
const POINTS: usize = 250_000;

/// Hourly sums of several leaves together.
fn merged(cuboid: &Cuboid, leaves: &[u32]) -> Vec<HourMoments> {
    let leaves = || leaves.iter().filter_map(|i| cuboid.leaves.get(*i as usize));
    let hours = || leaves().flat_map(|l| &l.hist).map(|h| h.hour);
    let (Some(first), Some(last)) = (hours().min(), hours().max()) else { return Vec::new() };
    let mut sum = vec![Moments::default(); (last - first + 1).clamp(0, 100_000) as usize];
    for h in leaves().flat_map(|l| &l.hist) {
        if let Some(raw) = sum.get_mut((h.hour - first) as usize) {
            raw.count += h.raw.count;
            raw.sum += h.raw.sum;
            raw.sum_sq += h.raw.sum_sq;
        }
    }
    let rows = (first..=last).zip(sum).filter(|(_, r)| r.count > 0.0);
    rows.map(|(hour, raw)| HourMoments { hour, raw }).collect()
}

/// What the leaves of one cuboid lean on, by segment.
pub type Ancestors = HashMap<Segment, Profile>;

/// The dimensions of a cut that stay, in their order: a release or an arm comes and goes.
fn stable(cuboid: &Cuboid) -> impl Iterator<Item = u16> {
    let dims = cuboid.key.dims.iter().enumerate();
    dims.filter(|(_, d)| !matches!(d, Dim::Release | Dim::Cohort)).map(|(i, _)| 1 << i)
}

/// The ancestor a leaf leans on: its first two dimensions (template and device where they exist).
pub fn ancestor_segment(cuboid: &Cuboid, leaf: &Segment) -> Segment {
    project(leaf, &cuboid.key.dims, stable(cuboid).take(2).fold(0, |m, bit| m | bit))
}

/// The place of a leaf without the release or the arm that it names.
fn rest_segment(cuboid: &Cuboid, leaf: &Segment) -> Segment {
    project(leaf, &cuboid.key.dims, stable(cuboid).fold(0, |m, bit| m | bit))
}

/// Learns what the leaves of a cuboid need to lean on: from its own hours, else from another cut of
/// the same source. What another source calls usual is measured and cut another way: it lends none.
pub fn ancestors(cuboid: &Cuboid, family: &[&Cuboid]) -> Ancestors {
    let mut out = Ancestors::new();
    if cuboid.timed() || cuboid.likelihood == Likelihood::Gauge {
        return out;
    }
    let others = family.iter().filter(|t| t.key.source == cuboid.key.source && t.key != cuboid.key);
    let cuboids: Vec<&Cuboid> = std::iter::once(cuboid).chain(others.copied()).collect();
    let mut add = |seg: Segment| {
        let lend = |seg: &Segment| cuboids.iter().find_map(|t| lent(t, seg)).unwrap_or_default();
        out.entry(seg).or_insert_with_key(lend);
    };
    for leaf in &cuboid.leaves {
        add(ancestor_segment(cuboid, &leaf.seg));
        if names_release(&leaf.seg) {
            add(rest_segment(cuboid, &leaf.seg));
        }
    }
    out
}

/// What a cuboid's own hours teach of a place, when that is worth leaning on.
fn lent(cuboid: &Cuboid, seg: &Segment) -> Option<Profile> {
    let hours = merged(cuboid, &cuboid.slice_at(seg)?.leaves);
    let profile = Profile::learn(cuboid.likelihood, &hours, None, None);
    let first = hours.first().filter(|_| profile.total >= WORTH)?.hour;
    let days = cuboid.hours.range(first..).count() as f32 / 24.0;
    Some(profile.with_past(Past::Own, days))
}

/// Learns the profile of every leaf, or of those that have none.
pub fn learn(cuboid: &mut Cuboid, ancestors: &Ancestors, all: bool) {
    let exposure = cuboid.timed().then(|| exposure(cuboid));
    if cuboid.timed() {
        cuboid.week = week(cuboid);
    }
    let lore = Lore {
        ancestors,
        offset: offset(cuboid, ancestors),
        hours: cuboid.hours.keys().copied().collect(),
    };
    let leaves = cuboid.leaves.iter();
    let wanted = |l: &Leaf| all || l.prof.past == Past::None;
    let learnt: Vec<Option<Profile>> =
        leaves.map(|l| wanted(l).then(|| of_leaf(cuboid, l, exposure.as_ref(), &lore))).collect();
    for (leaf, new) in cuboid.leaves.iter_mut().zip(learnt) {
        let Some(new) = new else { continue };
        // What the minutes since the start taught stays until hours teach more.
        if new.past != Past::None || leaf.prof.past != Past::Live {
            leaf.prof = new;
        }
    }
    cuboid.history_dirty = false;
}

/// What is known of a cuboid beside its leaves.
struct Lore<'a> {
    ancestors: &'a Ancestors,
    offset: f64,
    hours: Vec<i32>,
}

/// How far the children of a cuboid lie off what they lean on: learnt from those that have a past.
fn offset(cuboid: &Cuboid, ancestors: &Ancestors) -> f64 {
    let wide = if cuboid.likelihood == Likelihood::LogNormal { WIDE } else { 2.0 * WIDE };
    let (mut sum, mut count) = (0.0, 0.0);
    for leaf in &cuboid.leaves {
        let seg = ancestor_segment(cuboid, &leaf.seg);
        let Some(parent) = ancestors.get(&seg).filter(|p| p.known() && seg != leaf.seg) else {
            continue;
        };
        let (mut n, mut a, mut e) = (0.0, 0.0, 0.0);
        for h in &leaf.hist {
            let units = f64::from(h.raw.count);
            (n, a) = (n + units, a + f64::from(h.raw.sum));
            e += units * parent.mean_at(f64::from(h.hour.rem_euclid(24)) * 3600.0 + 1800.0);
        }
        if n < f64::from(WORTH) || cuboid.likelihood != Likelihood::LogNormal && e < EVENTS {
            continue;
        }
        sum += match cuboid.likelihood {
            Likelihood::LogNormal => ((a - e) / n).powi(2) - f64::from(parent.s2) / n,
            _ => (a / e - 1.0).powi(2) - 1.0 / e,
        };
        count += 1.0;
    }
    if count < SIBLINGS { wide } else { (sum / count).max(0.0).sqrt().max(LEAST_OFFSET) }
}

/// A leaf by its own past; without one by what its place is without its release, or not at all: a
/// parent's level says nothing of how far a child lies off it. Less than an hour is no past.
fn of_leaf(
    cuboid: &Cuboid,
    leaf: &Leaf,
    exposure: Option<&[f64; 24]>,
    Lore { ancestors, offset, hours }: &Lore<'_>,
) -> Profile {
    let known = |seg: &Segment| ancestors.get(seg).filter(|p| p.known());
    let rest = names_release(&leaf.seg).then(|| known(&rest_segment(cuboid, &leaf.seg))).flatten();
    let first = leaf.hist.iter().find(|h| cuboid.sampled(h.raw)).map(|h| h.hour);
    let since = first.map_or(0, |f| hours.len() - hours.partition_point(|h| *h < f));
    let days = since as f32 / 24.0;
    if exposure.is_some() {
        if !taught(cuboid) {
            return Profile::default();
        }
        let past = if since > 0 { Past::Own } else { Past::None };
        return Profile::learn(cuboid.likelihood, &leaf.hist, exposure, None).with_past(past, days);
    }
    let total: f32 = leaf.hist.iter().map(|h| h.raw.count).sum();
    let late = since < hours.len() && since < NEW_HOURS && total < WORTH;
    let young = !taught(cuboid) || late || rest.is_some() && since < NEW_LABEL;
    if first.is_none() || young {
        return rest.map_or_else(Profile::default, |r| {
            let days = r.days;
            r.clone().with_past(Past::Rest, days)
        });
    }
    let usual = rest.or_else(|| known(&ancestor_segment(cuboid, &leaf.seg)));
    let parent = usual.map(|usual| Parent { usual, offset: *offset });
    Profile::learn(cuboid.likelihood, &leaf.hist, None, parent).with_past(Past::Own, days)
}

/// An hour or more of history.
pub fn taught(cuboid: &Cuboid) -> bool {
    cuboid.hours.values().map(|m| m.count_ones()).sum::<u32>() >= 60
}

/// Without any history: what the live ring shows up to `upto` teaches one flat level, to places
/// that were seen by `seen`. A release or an arm is held against its place without it.
pub fn learn_live(cuboid: &mut Cuboid, upto: i64, seen: i64) {
    let delivered = (cuboid.oldest()..=upto).filter(|b| cuboid.delivered(*b)).count();
    let hours = delivered as f64 * cuboid.bucket_ms as f64 / 3_600_000.0;
    let lent = |l: &Leaf| l.prof.past == Past::Rest;
    let flats: Vec<Option<Profile>> = cuboid
        .leaves
        .iter()
        .map(|leaf| (!lent(leaf)).then(|| live_level(cuboid, leaf, (upto, seen), hours)))
        .collect();
    for (leaf, flat) in cuboid.leaves.iter_mut().zip(flats) {
        if let Some(flat) = flat {
            leaf.prof = flat;
        }
    }
}

fn live_level(cuboid: &Cuboid, leaf: &Leaf, (upto, seen): (i64, i64), hours: f64) -> Profile {
    let mut raw = Moments::default();
    let mut first = i64::MAX;
    let mut take = |leaf: &Leaf| {
        for bucket in cuboid.oldest()..=upto {
            let Some(one) = cuboid.raw(leaf, bucket) else { continue };
            if cuboid.sampled(one) {
                first = first.min(bucket);
            }
            raw.count += one.count;
            raw.sum += one.sum;
            raw.sum_sq += one.sum_sq;
        }
    };
    let rest = names_release(&leaf.seg).then(|| cuboid.slice_at(&rest_segment(cuboid, &leaf.seg)));
    match rest.flatten() {
        Some(slice) if !cuboid.timed() => {
            slice.leaves.iter().filter_map(|i| cuboid.leaves.get(*i as usize)).for_each(take);
        }
        _ => take(leaf),
    }
    let early = first <= seen;
    if cuboid.timed() {
        raw.count = hours as f32;
        let past = if early { Past::Live } else { Past::None };
        return Profile::flat(cuboid.likelihood, raw).with_past(past, 0.0);
    }
    if early { Profile::flat(cuboid.likelihood, raw) } else { Profile::default() }
}

/// Hours of history at each hour of the day.
fn exposure(cuboid: &Cuboid) -> [f64; 24] {
    let mut out = [0.0; 24];
    for (hour, minutes) in &cuboid.hours {
        if let Some(o) = out.get_mut(hour.rem_euclid(24) as usize) {
            *o += f64::from(minutes.count_ones()) / 60.0;
        }
    }
    out
}

/// Events of each day of the week against the mean day; flat below two weeks of history.
fn week(cuboid: &Cuboid) -> [f64; 7] {
    let (mut sum, mut hours) = ([0.0; 7], [0.0; 7]);
    for (hour, minutes) in &cuboid.hours {
        if let Some(h) = hours.get_mut(hour.div_euclid(24).rem_euclid(7) as usize) {
            *h += f64::from(minutes.count_ones()) / 60.0;
        }
    }
    for h in cuboid.leaves.iter().flat_map(|l| &l.hist) {
        if let Some(s) = sum.get_mut(h.hour.div_euclid(24).rem_euclid(7) as usize) {
            *s += f64::from(h.raw.sum);
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
pub fn calibrate(cuboid: &mut Cuboid) {
    cuboid.dispersion.clear();
    cuboid.borrowed = false;
    if cuboid.hours.len() < ENOUGH_HOURS || cuboid.likelihood == Likelihood::Gauge {
        return;
    }
    let points = scatter(cuboid);
    let fits: Vec<(u16, Dispersion)> =
        points.into_iter().map(|(m, p)| (m, fit(cuboid.likelihood, p))).collect();
    cuboid.dispersion.extend(fits);
}

/// How far the hours of each mask's slices lie off, a week of them at a time: four weeks of
/// some thousand leaves at once would be the most that is ever in memory.
fn scatter(cuboid: &Cuboid) -> BTreeMap<u16, Vec<(f64, f64)>> {
    let mut points: BTreeMap<u16, Vec<(f64, f64)>> = BTreeMap::new();
    let (first, last) = match (cuboid.hours.keys().next(), cuboid.hours.keys().next_back()) {
        (Some(first), Some(last)) if last - first < 100_000 => (*first, *last),
        _ => return points,
    };
    let hours = (last - first + 1).unsigned_abs() as usize;
    let mut sums = vec![Tally::default(); BLOCK.unsigned_abs() as usize];
    for start in (first..=last).step_by(BLOCK.unsigned_abs() as usize) {
        let residuals: Vec<Vec<(i32, Tally)>> = cuboid
            .leaves
            .iter()
            .map(|l| {
                let at = |hour: i32| l.hist.partition_point(|h| h.hour < hour);
                hourly(cuboid, l, l.hist.get(at(start)..at(start + BLOCK)).unwrap_or_default())
            })
            .collect();
        for (n, slice) in cuboid.slice.iter().enumerate() {
            sums.fill(Tally::default());
            let leaves = slice.leaves.iter().filter_map(|i| residuals.get(*i as usize));
            for (hour, acc) in leaves.flatten() {
                if let Some(sum) = sums.get_mut((hour - start) as usize) {
                    sum.add(acc);
                }
            }
            // of very many points every second or third is enough, another one of each place
            let each = (cuboid.group(slice.mask).len() * hours).div_ceil(POINTS).max(1);
            let own = sums.iter().enumerate().filter(|(i, _)| (i + n).is_multiple_of(each));
            let own = own.filter_map(|(_, a)| point(cuboid.likelihood, a));
            points.entry(slice.mask).or_default().extend(own);
        }
    }
    points
}

/// History's hours of a leaf against its own profile.
fn hourly(cuboid: &Cuboid, leaf: &Leaf, hours: &[HourMoments]) -> Vec<(i32, Tally)> {
    hours
        .iter()
        .map(|h| {
            let mut mu = leaf.prof.mean_at(f64::from(h.hour.rem_euclid(24)) * 3600.0 + 1800.0);
            let mut n = f64::from(h.raw.count);
            if cuboid.timed() {
                n = 1.0;
                let day = h.hour.div_euclid(24).rem_euclid(7) as usize;
                mu *= cuboid.week.get(day).copied().unwrap_or(1.0);
            }
            let unit = match cuboid.likelihood {
                Likelihood::LogNormal | Likelihood::Gauge => f64::from(leaf.prof.s2),
                Likelihood::Rare | Likelihood::Conversion => (mu * (1.0 - mu)).max(1e-6),
                Likelihood::Poisson => mu.max(1e-9),
            };
            (
                h.hour,
                Tally {
                    units: n,
                    observed: f64::from(h.raw.sum),
                    expected: n * mu,
                    variance: n * unit,
                    explained: 0.0,
                },
            )
        })
        .collect()
}

/// Squared deviation in units of the naive variance, and how much a unit of drift would add.
fn point(likelihood: Likelihood, acc: &Tally) -> Option<(f64, f64)> {
    if acc.units <= 0.0
        || acc.variance <= 0.0
        || (likelihood != Likelihood::LogNormal && acc.expected < 3.0)
    {
        return None;
    }
    let scale = if likelihood == Likelihood::LogNormal { acc.units } else { acc.expected };
    let z2 = ((acc.observed - acc.expected).powi(2) / acc.variance).min(25.0);
    Some((scale * scale / acc.variance, z2))
}

/// Line through the points: the small ones show overdispersion, the big ones drift.
fn fit(likelihood: Likelihood, mut points: Vec<(f64, f64)>) -> Dispersion {
    let prior = Dispersion::prior(likelihood);
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
    let (floor, ceiling) = match likelihood {
        Likelihood::LogNormal => (0.010, 0.06),
        Likelihood::Rare => (0.05, 0.3),
        Likelihood::Conversion => (0.02, 0.15),
        Likelihood::Poisson => (0.03, 0.3),
        Likelihood::Gauge => (0.02, 0.2),
    };
    Dispersion { overdispersion: phi.max(1.1), day_drift: slope.sqrt().clamp(floor, ceiling) }
}
