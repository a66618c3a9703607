//! The usual level of every leaf, learnt from history: its own hours, else what its place is
//! without the release it names, else a parent's; from live minutes where there is no past. How far
//! levels scatter is learnt in `dispersion`.

use std::collections::HashMap;

use crate::detect::baseline::profile::{Parent, PastOwner, Profile};
use crate::detect::cube::cuboid::{Cuboid, Leaf, names_release, project};
use crate::detect::evidence::likelihood::Likelihood;
use crate::detect::evidence::moments::{HourMoments, Moments};
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

/// Hourly sums of several leaves together.
fn merged(cuboid: &Cuboid, leaves: &[u32]) -> Vec<HourMoments> {
    let leaves = || cuboid.members(leaves);
    let hours = || leaves().flat_map(|l| &l.history).map(|h| h.hour);
    let (Some(first), Some(last)) = (hours().min(), hours().max()) else { return Vec::new() };
    let mut sum = vec![Moments::default(); (last - first + 1).clamp(0, 100_000) as usize];
    for h in leaves().flat_map(|l| &l.history) {
        if let Some(moments) = sum.get_mut((h.hour - first) as usize) {
            moments.count += h.moments.count;
            moments.sum += h.moments.sum;
            moments.sum_sq += h.moments.sum_sq;
        }
    }
    let rows = (first..=last).zip(sum).filter(|(_, r)| r.count > 0.0);
    rows.map(|(hour, moments)| HourMoments { hour, moments }).collect()
}

/// What the leaves of one cuboid lean on, by segment.
pub type Ancestors = HashMap<Segment, Profile>;

/// The dimensions of a cut that stay, in their order: a release or an arm comes and goes.
fn stable(cuboid: &Cuboid) -> impl Iterator<Item = u16> {
    let dims = cuboid.key.dims.iter().enumerate();
    dims.filter(|(_, d)| !matches!(d, Dim::Release | Dim::Cohort)).map(|(i, _)| 1 << i)
}

/// The ancestor a leaf leans on: its first two dimensions (template and device where they exist).
fn ancestor_segment(cuboid: &Cuboid, leaf: &Segment) -> Segment {
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
    Some(profile.with_past(PastOwner::Own, days))
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
    let wanted = |l: &Leaf| all || l.profile.past == PastOwner::None;
    let learnt: Vec<Option<Profile>> =
        leaves.map(|l| wanted(l).then(|| of_leaf(cuboid, l, exposure.as_ref(), &lore))).collect();
    for (leaf, new) in cuboid.leaves.iter_mut().zip(learnt) {
        let Some(new) = new else { continue };
        // What the minutes since the start taught stays until hours teach more.
        if new.past != PastOwner::None || leaf.profile.past != PastOwner::Live {
            leaf.profile = new;
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
        for h in &leaf.history {
            let units = f64::from(h.moments.count);
            (n, a) = (n + units, a + f64::from(h.moments.sum));
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
    let first = leaf.history.iter().find(|h| cuboid.sampled(h.moments)).map(|h| h.hour);
    let since = first.map_or(0, |f| hours.len() - hours.partition_point(|h| *h < f));
    let days = since as f32 / 24.0;
    if exposure.is_some() {
        if !taught(cuboid) {
            return Profile::default();
        }
        let past = if since > 0 { PastOwner::Own } else { PastOwner::None };
        return Profile::learn(cuboid.likelihood, &leaf.history, exposure, None)
            .with_past(past, days);
    }
    let total: f32 = leaf.history.iter().map(|h| h.moments.count).sum();
    let late = since < hours.len() && since < NEW_HOURS && total < WORTH;
    let young = !taught(cuboid) || late || rest.is_some() && since < NEW_LABEL;
    if first.is_none() || young {
        return rest.map_or_else(Profile::default, |r| {
            let days = r.days;
            r.clone().with_past(PastOwner::Rest, days)
        });
    }
    let usual = rest.or_else(|| known(&ancestor_segment(cuboid, &leaf.seg)));
    let parent = usual.map(|usual| Parent { usual, offset: *offset });
    Profile::learn(cuboid.likelihood, &leaf.history, None, parent).with_past(PastOwner::Own, days)
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
    let lent = |l: &Leaf| l.profile.past == PastOwner::Rest;
    let flats: Vec<Option<Profile>> = cuboid
        .leaves
        .iter()
        .map(|leaf| (!lent(leaf)).then(|| live_level(cuboid, leaf, (upto, seen), hours)))
        .collect();
    for (leaf, flat) in cuboid.leaves.iter_mut().zip(flats) {
        if let Some(flat) = flat {
            leaf.profile = flat;
        }
    }
}

fn live_level(cuboid: &Cuboid, leaf: &Leaf, (upto, seen): (i64, i64), hours: f64) -> Profile {
    let mut moments = Moments::default();
    let mut first = i64::MAX;
    let mut take = |leaf: &Leaf| {
        for bucket in cuboid.oldest()..=upto {
            let Some(one) = cuboid.moments(leaf, bucket) else { continue };
            if cuboid.sampled(one) {
                first = first.min(bucket);
            }
            moments.count += one.count;
            moments.sum += one.sum;
            moments.sum_sq += one.sum_sq;
        }
    };
    let rest = names_release(&leaf.seg).then(|| cuboid.slice_at(&rest_segment(cuboid, &leaf.seg)));
    match rest.flatten() {
        Some(slice) if !cuboid.timed() => {
            cuboid.members(&slice.leaves).for_each(take);
        }
        _ => take(leaf),
    }
    let early = first <= seen;
    if cuboid.timed() {
        moments.count = hours as f32;
        let past = if early { PastOwner::Live } else { PastOwner::None };
        return Profile::flat(cuboid.likelihood, moments).with_past(past, 0.0);
    }
    if early { Profile::flat(cuboid.likelihood, moments) } else { Profile::default() }
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
    for h in cuboid.leaves.iter().flat_map(|l| &l.history) {
        if let Some(s) = sum.get_mut(h.hour.div_euclid(24).rem_euclid(7) as usize) {
            *s += f64::from(h.moments.sum);
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
