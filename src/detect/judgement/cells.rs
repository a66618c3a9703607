//! Cells of the heatmap: value, sample size, 95 % interval, baseline and verdict for every segment
//! of up to two dimensions. Too few samples is `Unsure`, never `Ok`; a blind source is `Blind`.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::detect::baseline::profile::Past;
use crate::detect::cube::cuboid::{Cuboid, Leaf, Slice};
use crate::detect::cube::doubt::Doubt;
use crate::detect::cube::histograms::percentile;
use crate::detect::cube::key::CuboidRole;
use crate::detect::cube::store::Cube;
use crate::detect::evidence::stat::{Dispersion, Likelihood, Moments, Tally, evidence};
use crate::detect::maths::interval::wilson;
use crate::detect::scan::onset::gain;
use crate::detect::scan::power::{Named, Power};
use crate::detect::scan::shift::Shift;
use crate::domain::histogram::Histogram;
use crate::domain::id::SourceId;
use crate::domain::metric::Metric;
use crate::domain::money::Range;
use crate::domain::observation::Quality;
use crate::domain::segment::{Scope, Segment};
use crate::policy::guardrail::{band_for, row_for};
use crate::policy::judging::Policy;
use crate::verdict::{Basis, Cell, Verdict};

/// Samples that a window of a p75 must have for a shorter one to do (ranks 72-78 % at 1000), and of
/// a rate; sure without a usual value, too.
const SURE_DIST: f64 = 100.0;
const SURE_RATE: f64 = 50.0;
/// Windows tried for a cell, in minutes: the shortest one that is sure wins.
const SPANS: [i64; 3] = [5, 15, 60];
/// Nats against its own window: from the first on a cell is not called ok, by the second a place in
/// an open case is said to look as usual.
const OWN_BAD: f64 = 6.0;
const OWN_WELL: f64 = 2.0;
/// Nats from which it is not called as usual either: one well cell in 140 by chance.
const OWN_DOUBT: f64 = 3.0;
/// A step that so many times more take than usual (a share) is not as usual.
const MORE: f64 = 0.25;
/// Half widths of its interval, and share of the usual value, from which a number is far out.
const FAR: f64 = 3.0;
const FAR_SHARE: f64 = 0.5;
/// Segments of at most so many dimensions become cells.
const MAX_DIMS: u32 = 2;

/// Samples or trials from which a number of this shape is shown as sure.
pub const fn enough(likelihood: Likelihood) -> f64 {
    match likelihood {
        Likelihood::LogNormal => SURE_DIST,
        Likelihood::Rare | Likelihood::Conversion | Likelihood::Poisson | Likelihood::Gauge => {
            SURE_RATE
        }
    }
}

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

/// All cells, by metric and segment; of several cuts that know what is usual there the one with the
/// most samples speaks.
pub fn cells(sight: &Sight<'_>) -> Vec<Cell> {
    let mut out: BTreeMap<(Metric, Segment), Cell> = BTreeMap::new();
    for cuboid in sight.cube.cuboids.values() {
        if matches!(cuboid.key.family.1, CuboidRole::Beacon | CuboidRole::Surge) {
            continue;
        }
        let named = Named::of(sight.policy, cuboid.key.family);
        for slice in cuboid.slice.iter().filter(|c| shown(cuboid, c)) {
            let Some(cell) = cell(sight, cuboid, slice, named) else { continue };
            let key = (cell.metric, cell.segment.clone());
            let rank = |c: &Cell| (!c.quality.stale, c.basis.is_some());
            let better = |old: &Cell| match rank(&cell).cmp(&rank(old)) {
                Ordering::Greater => true,
                Ordering::Less => false,
                Ordering::Equal => cell.n > old.n * 1.0001,
            };
            if out.get(&key).is_none_or(better) {
                out.insert(key, cell);
            }
        }
    }
    out.into_values().collect()
}

fn shown(cuboid: &Cuboid, slice: &Slice) -> bool {
    slice.mask.count_ones() <= MAX_DIMS || cuboid.likelihood == Likelihood::Gauge
}

struct CellReading {
    value: Option<f64>,
    n: f64,
    interval: Option<Range>,
    baseline: Option<f64>,
    sure: bool,
    /// Most of what is seen has a past.
    learnt: bool,
    /// Buckets of the window, and what of it has a past.
    buckets: i64,
    own: Tally,
}

/// Sums of a place: all that was seen there, and the part that has a past to be held against.
#[derive(Clone, Copy, Default)]
struct SeenCell {
    all: Tally,
    known: Tally,
    /// Samples, or events per time, of segments with a past; none where no segment has one.
    own: Option<f64>,
}

impl SeenCell {
    /// Segments without a past show no more than half of it.
    fn learnt(&self, timed: bool) -> bool {
        let all = if timed { self.all.observed } else { self.all.units };
        self.own.is_some_and(|own| own >= 0.5 * all)
    }
}

fn cell(sight: &Sight<'_>, cuboid: &Cuboid, slice: &Slice, named: Named) -> Option<Cell> {
    let mut reading = match cuboid.likelihood {
        Likelihood::LogNormal => dist(sight, cuboid, slice)?,
        Likelihood::Rare | Likelihood::Conversion => rate(sight, cuboid, slice)?,
        Likelihood::Poisson | Likelihood::Gauge => count(sight, cuboid, slice)?,
    };
    // Green means: the named change would have been seen.
    if let Some(power) = Power::of(cuboid, slice, sight.bucket, named) {
        reading.sure = power.enough();
    }
    let metric = cuboid.key.family.0;
    let mut quality = sight.cube.marks.get(&cuboid.key).map_or(Quality::GOOD, |m| m.any);
    quality.low_sample |= !reading.sure;
    quality.incomplete |= late(sight, cuboid, slice);
    let doubt = sight.doubts.get(&cuboid.key.source).filter(|d| d.on_table(&cuboid.key));
    quality.stale |= doubt.is_some();
    let (own, holds_bad) = verdict(sight, cuboid, slice, &reading);
    let verdict = match (own, doubt) {
        (Verdict::Ok | Verdict::Unsure, Some(doubt)) => doubt.verdict(),
        (verdict, _) => verdict,
    };
    Some(Cell {
        metric,
        stat: stat(sight.policy, cuboid),
        segment: slice.seg.clone(),
        value: reading.value,
        unit: metric.row().unit.to_owned(),
        n: reading.n,
        interval: reading.interval,
        baseline: reading.baseline,
        basis: reading.baseline.and_then(|_| Basis::of_conj(cuboid, slice)),
        verdict,
        minutes: reading.buckets as f64 * sight.cube.bucket.as_mins_f64(),
        holds_bad,
        quality,
    })
}

fn stat(policy: &Policy, cuboid: &Cuboid) -> String {
    match cuboid.likelihood {
        Likelihood::LogNormal => format!("p{:.0}", quantile(policy, cuboid.key.family.0) * 100.0),
        Likelihood::Rare | Likelihood::Conversion => "rate".to_owned(),
        Likelihood::Poisson => "count".to_owned(),
        Likelihood::Gauge => "value".to_owned(),
    }
}

fn quantile(policy: &Policy, metric: Metric) -> f64 {
    row_for(&policy.guardrail, metric, &Scope::everything())
        .map_or(0.75, |r| r.percentile() / 100.0)
}

/// The cell's own verdict on its own window, and whether that window holds harm that is over. An
/// open case breaks the cells of its place but those whose own numbers clearly say otherwise.
fn verdict(
    sight: &Sight<'_>,
    cuboid: &Cuboid,
    slice: &Slice,
    reading: &CellReading,
) -> (Verdict, bool) {
    if sight.blind.contains(&cuboid.key.source) {
        return (Verdict::Blind, false);
    }
    let about = |e: &&&Shift| e.cuboid.family == cuboid.key.family && touches(&e.scope, &slice.seg);
    let dispersion = cuboid.dispersion(slice.mask);
    let bad = is_bad(sight.policy, cuboid, &reading.own, dispersion) || is_far(cuboid, reading);
    let mut open = sight.shifts.iter().filter(|e| e.until.is_none()).filter(about).peekable();
    if open.peek().is_some() {
        let burns = |e: &&&Shift| {
            let for_it = gain(e.likelihood, e.sign, &reading.own, dispersion, e.least_harm());
            let worse = evidence(e.likelihood, e.sign, &reading.own, dispersion).harm > 0.0;
            !e.looks_well() && worse && for_it > -OWN_WELL
        };
        let burns = open.any(|e| burns(&e));
        return if burns { (Verdict::Breach, false) } else { (Verdict::Unsure, bad) };
    }
    let over = sight.shifts.iter().chain(sight.ended).filter(|e| e.until.is_some());
    if bad {
        let first = sight.bucket - reading.buckets + 1;
        let mut over = over.filter(about);
        return (Verdict::Unsure, over.any(|e| e.until.is_some_and(|u| u >= first)));
    }
    let unknown = !reading.learnt || reading.value.is_none() || reading.baseline.is_none();
    if !reading.sure
        || unknown
        || sight.learning
        || is_odd(sight.policy, cuboid, reading, dispersion)
    {
        return (Verdict::Unsure, false);
    }
    (Verdict::Ok, false)
}

/// Its own numbers are worse than usual by what a guardrail would call a change.
fn is_bad(policy: &Policy, cuboid: &Cuboid, own: &Tally, dispersion: Dispersion) -> bool {
    let ev = evidence(cuboid.likelihood, cuboid.sign, own, dispersion);
    let row = band_for(&policy.guardrail, cuboid.key.family.0, &Scope::everything());
    let least = row.and_then(|r| r.condition.min_change()).unwrap_or(0.0);
    ev.nats >= OWN_BAD && ev.harm >= least || ev.nats >= 2.0 * OWN_BAD
}

/// Not proven to be worse, and too far out to be called as usual; of a step also when far more take
/// it than usual.
fn is_odd(policy: &Policy, cuboid: &Cuboid, reading: &CellReading, dispersion: Dispersion) -> bool {
    let row = band_for(&policy.guardrail, cuboid.key.family.0, &Scope::everything());
    let least = row.and_then(|r| r.condition.min_change()).unwrap_or(0.0);
    let by = |sign: f64| evidence(cuboid.likelihood, sign, &reading.own, dispersion);
    let (worse, better) = (by(cuboid.sign), by(-cuboid.sign));
    worse.nats >= OWN_DOUBT && worse.harm >= least
        || cuboid.likelihood == Likelihood::Conversion
            && better.nats >= OWN_BAD
            && better.harm >= MORE
}

/// A new value of a dimension has no past to be held against; what is usual around it is known, and
/// its number lies far outside.
fn is_far(cuboid: &Cuboid, reading: &CellReading) -> bool {
    let rate = matches!(
        cuboid.likelihood,
        Likelihood::LogNormal | Likelihood::Rare | Likelihood::Conversion
    );
    let (Some(value), Some(base), Some(range)) =
        (reading.value, reading.baseline, reading.interval.filter(|_| rate))
    else {
        return false;
    };
    let sign = if cuboid.inverted { -cuboid.sign } else { cuboid.sign };
    let by = sign * (value - base);
    by > FAR * (range.high - range.low) / 2.0 && by > FAR_SHARE * base
}

/// Beacons of this source come late here: the newest windows are provisional (seed 001, F5).
fn late(sight: &Sight<'_>, cuboid: &Cuboid, slice: &Slice) -> bool {
    sight.shifts.iter().any(|e| {
        e.cuboid.family.0 == Metric::BeaconLag
            && e.until.is_none()
            && e.cuboid.source == cuboid.key.source
            && e.scope.overlaps(&Scope::of(&slice.seg))
    })
}

/// The cell lies inside the place (a coarser cell is not judged by a part of it).
fn touches(scope: &Scope, seg: &Segment) -> bool {
    scope.contains(seg)
}

/// Window lengths in buckets.
fn spans(sight: &Sight<'_>) -> impl Iterator<Item = i64> {
    let minutes = sight.cube.bucket.as_mins_f64();
    SPANS.into_iter().map(move |m| ((m as f64 / minutes).round() as i64).max(1))
}

fn dist(sight: &Sight<'_>, cuboid: &Cuboid, slice: &Slice) -> Option<CellReading> {
    let cut = sight.cube.histograms.cuts.get(&cuboid.key)?;
    let q = quantile(sight.policy, cuboid.key.family.0);
    let mut best = None;
    for len in spans(sight) {
        let mut counts = Vec::new();
        for leaf in slice.leaves.iter().filter_map(|i| cuboid.leaves.get(*i as usize)) {
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
        let acc = seen.known;
        (acc.units > 0.0 && acc.expected != 0.0)
            .then(|| v / ((acc.observed - acc.expected) / acc.units).exp())
    });
    let (interval, learnt) = (read.map(|r| r.1), seen.learnt(false));
    let (sure, own) = (n >= SURE_DIST, seen.known);
    Some(CellReading { value, n, interval, baseline, sure, learnt, buckets, own })
}

/// Sum over so many buckets up to now.
fn over(sight: &Sight<'_>, cuboid: &Cuboid, slice: &Slice, len: i64) -> SeenCell {
    let mut seen = SeenCell::default();
    for leaf in slice.leaves.iter().filter_map(|i| cuboid.leaves.get(*i as usize)) {
        let (known, raw) = of_leaf(sight, cuboid, leaf, len);
        let mut all = known;
        (all.units, all.observed) =
            (all.units + f64::from(raw.count), all.observed + f64::from(raw.sum));
        seen.all.add(&all);
        if leaf.prof.past != Past::None {
            seen.known.add(&known);
            *seen.own.get_or_insert(0.0) += if cuboid.timed() { all.observed } else { all.units };
        }
    }
    seen
}

/// What of a leaf has something to be held against, and the rest.
fn of_leaf(sight: &Sight<'_>, cuboid: &Cuboid, leaf: &Leaf, len: i64) -> (Tally, Moments) {
    let (mut known, mut rest) = (Tally::default(), Moments::default());
    let standing = cuboid.standing(leaf, sight.bucket - len + 1, sight.bucket);
    if let Some(acc) = standing.filter(|a| a.units > 0.0 && cuboid.muted.is_empty()) {
        return (acc, rest);
    }
    for bucket in sight.bucket - len + 1..=sight.bucket {
        let acc = cuboid.acc(leaf, bucket);
        if acc.units > 0.0 {
            known.add(&acc);
        } else if let Some(raw) = cuboid.raw(leaf, bucket) {
            (rest.count, rest.sum) = (rest.count + raw.count, rest.sum + raw.sum);
        }
    }
    (known, rest)
}

fn rate(sight: &Sight<'_>, cuboid: &Cuboid, slice: &Slice) -> Option<CellReading> {
    let (mut seen, mut buckets) = (SeenCell::default(), 1);
    for len in spans(sight) {
        (seen, buckets) = (over(sight, cuboid, slice, len), len);
        if seen.all.units >= SURE_RATE {
            break;
        }
    }
    let (acc, usual) = (seen.all, seen.known);
    let flip = |x: f64| if cuboid.inverted { 1.0 - x } else { x };
    let some = acc.units > 0.0;
    let phi = cuboid.dispersion(slice.mask).overdispersion.max(1.0);
    let (low, high) = wilson(acc.observed / phi, acc.units / phi);
    let (low, high) = if some { (low, high) } else { (0.0, 1.0) };
    Some(CellReading {
        value: some.then(|| flip(acc.observed / acc.units)),
        n: acc.units,
        interval: some.then(|| Range::new(flip(low), flip(high))),
        baseline: (usual.units > 0.0 && usual.expected > 0.0)
            .then(|| flip(usual.expected / usual.units)),
        sure: acc.units >= SURE_RATE,
        learnt: seen.learnt(false),
        buckets,
        own: usual,
    })
}

/// Counts are shown per minute, gauges as they are.
fn count(sight: &Sight<'_>, cuboid: &Cuboid, slice: &Slice) -> Option<CellReading> {
    let buckets = spans(sight).nth(1).unwrap_or(1);
    let seen = over(sight, cuboid, slice, buckets);
    let (acc, timed, own) = (seen.all, cuboid.timed(), seen.known);
    if cuboid.likelihood == Likelihood::Gauge {
        let value = (acc.units > 0.0).then(|| acc.observed / acc.units);
        let known = acc.expected != 0.0 && acc.units > 0.0;
        let baseline = known.then(|| acc.expected / acc.units);
        let learnt = seen.learnt(false);
        let (n, interval, sure) = (acc.units, None, known);
        return Some(CellReading { value, n, interval, baseline, sure, learnt, buckets, own });
    }
    let got = (0..buckets).filter(|b| cuboid.delivered(sight.bucket - b)).count() as f64;
    let minutes = got * sight.cube.bucket.as_mins_f64();
    if minutes <= 0.0 {
        let (value, interval, baseline) = Default::default();
        let (n, sure, learnt) = (0.0, false, false);
        return Some(CellReading { value, n, interval, baseline, sure, learnt, buckets, own });
    }
    let half = 1.96 * (acc.observed.max(1.0) * cuboid.dispersion(slice.mask).overdispersion).sqrt();
    Some(CellReading {
        value: Some(acc.observed / minutes),
        n: acc.observed,
        interval: Some(Range::new(
            (acc.observed - half).max(0.0) / minutes,
            (acc.observed + half) / minutes,
        )),
        baseline: (acc.expected > 0.0).then(|| acc.expected / minutes),
        sure: acc.observed.max(acc.expected) >= 10.0,
        learnt: seen.learnt(timed),
        buckets,
        own,
    })
}
