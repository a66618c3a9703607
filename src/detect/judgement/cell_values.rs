//! The value of a cell with its interval and its usual value: percentiles of times, shares, rates
//! and readings over the shortest window that tells enough.

use std::collections::{BTreeMap, BTreeSet};

use crate::detect::baseline::profile::PastOwner;
use crate::detect::cube::cuboid::{Cuboid, Leaf, Slice};
use crate::detect::cube::doubt::Doubt;
use crate::detect::cube::histograms::percentile;
use crate::detect::cube::store::Cube;
use crate::detect::evidence::likelihood::Likelihood;
use crate::detect::evidence::moments::Moments;
use crate::detect::evidence::tally::Tally;
use crate::detect::maths::interval::{Z95, wilson};
use crate::detect::scan::shift::Shift;
use crate::domain::histogram::Histogram;
use crate::domain::id::SourceId;
use crate::domain::metric::Metric;
use crate::domain::money::Range;
use crate::domain::segment::{Scope, Segment};
use crate::policy::guardrail::row_for;
use crate::policy::judging::Policy;

pub struct CellReading {
    pub value: Option<f64>,
    pub n: f64,
    pub interval: Option<Range>,
    pub baseline: Option<f64>,
    pub sure: bool,
    /// Most of what is seen has a past.
    pub learnt: bool,
    /// Buckets of the window, and what of it has a past.
    pub buckets: i64,
    pub own: Tally,
}

/// Sums of a place: all that was seen there, and the part that has a past to be held against.
#[derive(Clone, Copy, Default)]
pub struct SeenCell {
    pub all: Tally,
    pub known: Tally,
    /// Samples, or events per time, of segments with a past; none where no segment has one.
    pub own: Option<f64>,
}

impl SeenCell {
    /// Segments without a past show no more than half of it.
    pub fn learnt(&self, timed: bool) -> bool {
        let all = if timed { self.all.observed } else { self.all.units };
        self.own.is_some_and(|own| own >= 0.5 * all)
    }
}

pub fn dist(sight: &Sight<'_>, cuboid: &Cuboid, slice: &Slice) -> Option<CellReading> {
    let cut = sight.cube.histograms.cuts.get(&cuboid.key)?;
    let q = quantile(sight.policy, cuboid.key.family.0);
    let mut best = None;
    for len in spans(sight) {
        let mut counts = Vec::new();
        for leaf in cuboid.members(&slice.leaves) {
            cut.add(&leaf.seg, sight.bucket - len + 1, sight.bucket, &mut counts);
        }
        let h = Histogram::new(cut.bounds.clone(), counts);
        let n = h.total();
        let read = percentile(&h, q, cuboid.dispersion(slice.mask).overdispersion);
        best = Some((read, n, len));
        if n >= SURE_DIST {
            break;
        }
    }
    let (read, n, buckets) = best?;
    let value = read.map(|r| r.0);
    let seen = over(sight, cuboid, slice, buckets);
    let baseline = value.and_then(|v| {
        let tally = seen.known;
        (tally.units > 0.0 && tally.expected != 0.0)
            .then(|| v / ((tally.observed - tally.expected) / tally.units).exp())
    });
    let (interval, learnt) = (read.map(|r| r.1), seen.learnt(false));
    let (sure, own) = (n >= SURE_DIST, seen.known);
    Some(CellReading { value, n, interval, baseline, sure, learnt, buckets, own })
}

/// Sum over so many buckets up to now.
pub fn over(sight: &Sight<'_>, cuboid: &Cuboid, slice: &Slice, len: i64) -> SeenCell {
    let mut seen = SeenCell::default();
    for leaf in cuboid.members(&slice.leaves) {
        let (known, moments) = of_leaf(sight, cuboid, leaf, len);
        let mut all = known;
        (all.units, all.observed) =
            (all.units + f64::from(moments.count), all.observed + f64::from(moments.sum));
        seen.all.add(&all);
        if leaf.profile.past != PastOwner::None {
            seen.known.add(&known);
            *seen.own.get_or_insert(0.0) += if cuboid.timed() { all.observed } else { all.units };
        }
    }
    seen
}

/// What of a leaf has something to be held against, and the rest.
pub fn of_leaf(sight: &Sight<'_>, cuboid: &Cuboid, leaf: &Leaf, len: i64) -> (Tally, Moments) {
    let (mut known, mut rest) = (Tally::default(), Moments::default());
    let standing = cuboid.standing(leaf, sight.bucket - len + 1, sight.bucket);
    if let Some(tally) = standing.filter(|a| a.units > 0.0 && cuboid.muted.is_empty()) {
        return (tally, rest);
    }
    for bucket in sight.bucket - len + 1..=sight.bucket {
        let tally = cuboid.tally(leaf, bucket);
        if tally.units > 0.0 {
            known.add(&tally);
        } else if let Some(moments) = cuboid.moments(leaf, bucket) {
            (rest.count, rest.sum) = (rest.count + moments.count, rest.sum + moments.sum);
        }
    }
    (known, rest)
}

pub fn rate(sight: &Sight<'_>, cuboid: &Cuboid, slice: &Slice) -> Option<CellReading> {
    let (mut seen, mut buckets) = (SeenCell::default(), 1);
    for len in spans(sight) {
        (seen, buckets) = (over(sight, cuboid, slice, len), len);
        if seen.all.units >= SURE_RATE {
            break;
        }
    }
    let (tally, usual) = (seen.all, seen.known);
    let flip = |x: f64| if cuboid.inverted { 1.0 - x } else { x };
    let some = tally.units > 0.0;
    let phi = cuboid.dispersion(slice.mask).overdispersion.max(1.0);
    let (low, high) = wilson(tally.observed / phi, tally.units / phi);
    let (low, high) = if some { (low, high) } else { (0.0, 1.0) };
    Some(CellReading {
        value: some.then(|| flip(tally.observed / tally.units)),
        n: tally.units,
        interval: some.then(|| Range::new(flip(low), flip(high))),
        baseline: (usual.units > 0.0 && usual.expected > 0.0)
            .then(|| flip(usual.expected / usual.units)),
        sure: tally.units >= SURE_RATE,
        learnt: seen.learnt(false),
        buckets,
        own: usual,
    })
}

/// Counts are shown per minute, gauges as they are.
pub fn count(sight: &Sight<'_>, cuboid: &Cuboid, slice: &Slice) -> Option<CellReading> {
    let buckets = spans(sight).nth(1).unwrap_or(1);
    let seen = over(sight, cuboid, slice, buckets);
    let (tally, timed, own) = (seen.all, cuboid.timed(), seen.known);
    if cuboid.likelihood == Likelihood::Gauge {
        let value = (tally.units > 0.0).then(|| tally.observed / tally.units);
        let known = tally.expected != 0.0 && tally.units > 0.0;
        let baseline = known.then(|| tally.expected / tally.units);
        let learnt = seen.learnt(false);
        let (n, interval, sure) = (tally.units, None, known);
        return Some(CellReading { value, n, interval, baseline, sure, learnt, buckets, own });
    }
    let got = (0..buckets).filter(|b| cuboid.delivered(sight.bucket - b)).count() as f64;
    let minutes = got * sight.cube.bucket.as_mins_f64();
    if minutes <= 0.0 {
        let (value, interval, baseline) = Default::default();
        let (n, sure, learnt) = (0.0, false, false);
        return Some(CellReading { value, n, interval, baseline, sure, learnt, buckets, own });
    }
    let half =
        Z95 * (tally.observed.max(1.0) * cuboid.dispersion(slice.mask).overdispersion).sqrt();
    Some(CellReading {
        value: Some(tally.observed / minutes),
        n: tally.observed,
        interval: Some(Range::new(
            (tally.observed - half).max(0.0) / minutes,
            (tally.observed + half) / minutes,
        )),
        baseline: (tally.expected > 0.0).then(|| tally.expected / minutes),
        sure: tally.observed.max(tally.expected) >= 10.0,
        learnt: seen.learnt(timed),
        buckets,
        own,
    })
}

/// Window lengths in buckets.
pub fn spans(sight: &Sight<'_>) -> impl Iterator<Item = i64> {
    let minutes = sight.cube.bucket.as_mins_f64();
    SPANS.into_iter().map(move |m| ((m as f64 / minutes).round() as i64).max(1))
}

/// The cell lies inside the place (a coarser cell is not judged by a part of it).
pub fn touches(scope: &Scope, seg: &Segment) -> bool {
    scope.contains(seg)
}

/// Windows tried for a cell, in minutes: the shortest one that is sure wins.
const SPANS: [i64; 3] = [5, 15, 60];

/// Samples that a window of a p75 must have for a shorter one to do (ranks 72-78 % at 1000), and of
/// a rate; sure without a usual value, too.
pub const SURE_DIST: f64 = 100.0;

pub const SURE_RATE: f64 = 50.0;

pub struct Sight<'a> {
    pub policy: &'a Policy,
    pub cube: &'a Cube,
    /// Of open cases.
    pub shifts: &'a [&'a Shift],
    /// That ended not long ago.
    pub ended: &'a [&'a Shift],
    pub blind: &'a BTreeSet<SourceId>,
    pub doubts: &'a BTreeMap<SourceId, Doubt>,
    pub bucket: i64,
    pub learning: bool,
}

pub fn quantile(policy: &Policy, metric: Metric) -> f64 {
    row_for(&policy.guardrail, metric, &Scope::everything())
        .map_or(0.75, |r| r.percentile() / 100.0)
}
