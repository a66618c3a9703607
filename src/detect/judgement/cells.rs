//! Cells of the heatmap: value, sample size, 95 % interval, baseline and verdict for every segment
//! of up to two dimensions. Too few samples is `Unsure`, never `Ok`; a blind source is `Blind`.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::detect::baseline::profile::Past;
use crate::detect::cube::cuboid::{Cuboid, Leaf, Slice};
use crate::detect::cube::doubt::Doubt;
use crate::detect::cube::histograms::percentile;
use crate::detect::cube::key::Role;
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
pub const fn enough(shape: Likelihood) -> f64 {
    match shape {
        Likelihood::LogNormal => SURE_DIST,
        Likelihood::Rare | Likelihood::Conversion | Likelihood::Poisson | Likelihood::Gauge => {
            SURE_RATE
        }
    }
}

pub struct Sight<'a> {
    pub policy: &'a Policy,
    pub store: &'a Cube,
    /// Of open cases.
    pub effects: &'a [&'a Shift],
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
    for table in sight.store.tables.values() {
        if matches!(table.key.family.1, Role::Beacon | Role::Surge) {
            continue;
        }
        let named = Named::of(sight.policy, table.key.family);
        for conj in table.conj.iter().filter(|c| shown(table, c)) {
            let Some(cell) = cell(sight, table, conj, named) else { continue };
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

fn shown(table: &Cuboid, conj: &Slice) -> bool {
    conj.mask.count_ones() <= MAX_DIMS || table.shape == Likelihood::Gauge
}

struct Reading {
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
struct Seen {
    all: Tally,
    known: Tally,
    /// Samples, or events per time, of segments with a past; none where no segment has one.
    own: Option<f64>,
}

impl Seen {
    /// Segments without a past show no more than half of it.
    fn learnt(&self, timed: bool) -> bool {
        let all = if timed { self.all.a } else { self.all.n };
        self.own.is_some_and(|own| own >= 0.5 * all)
    }
}

fn cell(sight: &Sight<'_>, table: &Cuboid, conj: &Slice, named: Named) -> Option<Cell> {
    let mut reading = match table.shape {
        Likelihood::LogNormal => dist(sight, table, conj)?,
        Likelihood::Rare | Likelihood::Conversion => rate(sight, table, conj)?,
        Likelihood::Poisson | Likelihood::Gauge => count(sight, table, conj)?,
    };
    // Green means: the named change would have been seen.
    if let Some(power) = Power::of(table, conj, sight.bucket, named) {
        reading.sure = power.enough();
    }
    let metric = table.key.family.0;
    let mut quality = sight.store.marks.get(&table.key).map_or(Quality::GOOD, |m| m.any);
    quality.low_sample |= !reading.sure;
    quality.incomplete |= late(sight, table, conj);
    let doubt = sight.doubts.get(&table.key.source).filter(|d| d.on_table(&table.key));
    quality.stale |= doubt.is_some();
    let (own, holds_bad) = verdict(sight, table, conj, &reading);
    let verdict = match (own, doubt) {
        (Verdict::Ok | Verdict::Unsure, Some(doubt)) => doubt.verdict(),
        (verdict, _) => verdict,
    };
    Some(Cell {
        metric,
        stat: stat(sight.policy, table),
        segment: conj.seg.clone(),
        value: reading.value,
        unit: metric.row().unit.to_owned(),
        n: reading.n,
        interval: reading.interval,
        baseline: reading.baseline,
        basis: reading.baseline.and_then(|_| Basis::of_conj(table, conj)),
        verdict,
        minutes: reading.buckets as f64 * sight.store.bucket.as_mins_f64(),
        holds_bad,
        quality,
    })
}

fn stat(policy: &Policy, table: &Cuboid) -> String {
    match table.shape {
        Likelihood::LogNormal => format!("p{:.0}", quantile(policy, table.key.family.0) * 100.0),
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
fn verdict(sight: &Sight<'_>, table: &Cuboid, conj: &Slice, reading: &Reading) -> (Verdict, bool) {
    if sight.blind.contains(&table.key.source) {
        return (Verdict::Blind, false);
    }
    let about = |e: &&&Shift| e.table.family == table.key.family && touches(&e.scope, &conj.seg);
    let calib = table.calib(conj.mask);
    let bad = is_bad(sight.policy, table, &reading.own, calib) || is_far(table, reading);
    let mut open = sight.effects.iter().filter(|e| e.until.is_none()).filter(about).peekable();
    if open.peek().is_some() {
        let burns = |e: &&&Shift| {
            let for_it = gain(e.shape, e.sign, &reading.own, calib, e.least_harm());
            let worse = evidence(e.shape, e.sign, &reading.own, calib).harm > 0.0;
            !e.looks_well() && worse && for_it > -OWN_WELL
        };
        let burns = open.any(|e| burns(&e));
        return if burns { (Verdict::Breach, false) } else { (Verdict::Unsure, bad) };
    }
    let over = sight.effects.iter().chain(sight.ended).filter(|e| e.until.is_some());
    if bad {
        let first = sight.bucket - reading.buckets + 1;
        let mut over = over.filter(about);
        return (Verdict::Unsure, over.any(|e| e.until.is_some_and(|u| u >= first)));
    }
    let unknown = !reading.learnt || reading.value.is_none() || reading.baseline.is_none();
    if !reading.sure || unknown || sight.learning || is_odd(sight.policy, table, reading, calib) {
        return (Verdict::Unsure, false);
    }
    (Verdict::Ok, false)
}

/// Its own numbers are worse than usual by what a guardrail would call a change.
fn is_bad(policy: &Policy, table: &Cuboid, own: &Tally, calib: Dispersion) -> bool {
    let ev = evidence(table.shape, table.sign, own, calib);
    let row = band_for(&policy.guardrail, table.key.family.0, &Scope::everything());
    let least = row.and_then(|r| r.condition.min_change()).unwrap_or(0.0);
    ev.nats >= OWN_BAD && ev.harm >= least || ev.nats >= 2.0 * OWN_BAD
}

/// Not proven to be worse, and too far out to be called as usual; of a step also when far more take
/// it than usual.
fn is_odd(policy: &Policy, table: &Cuboid, reading: &Reading, calib: Dispersion) -> bool {
    let row = band_for(&policy.guardrail, table.key.family.0, &Scope::everything());
    let least = row.and_then(|r| r.condition.min_change()).unwrap_or(0.0);
    let by = |sign: f64| evidence(table.shape, sign, &reading.own, calib);
    let (worse, better) = (by(table.sign), by(-table.sign));
    worse.nats >= OWN_DOUBT && worse.harm >= least
        || table.shape == Likelihood::Conversion && better.nats >= OWN_BAD && better.harm >= MORE
}

/// A new value of a dimension has no past to be held against; what is usual around it is known, and
/// its number lies far outside.
fn is_far(table: &Cuboid, reading: &Reading) -> bool {
    let rate =
        matches!(table.shape, Likelihood::LogNormal | Likelihood::Rare | Likelihood::Conversion);
    let (Some(value), Some(base), Some(range)) =
        (reading.value, reading.baseline, reading.interval.filter(|_| rate))
    else {
        return false;
    };
    let sign = if table.inverted { -table.sign } else { table.sign };
    let by = sign * (value - base);
    by > FAR * (range.high - range.low) / 2.0 && by > FAR_SHARE * base
}

/// Beacons of this source come late here: the newest windows are provisional (seed 001, F5).
fn late(sight: &Sight<'_>, table: &Cuboid, conj: &Slice) -> bool {
    sight.effects.iter().any(|e| {
        e.table.family.0 == Metric::BeaconLag
            && e.until.is_none()
            && e.table.source == table.key.source
            && e.scope.overlaps(&Scope::of(&conj.seg))
    })
}

/// The cell lies inside the place (a coarser cell is not judged by a part of it).
fn touches(scope: &Scope, seg: &Segment) -> bool {
    scope.contains(seg)
}

/// Window lengths in buckets.
fn spans(sight: &Sight<'_>) -> impl Iterator<Item = i64> {
    let minutes = sight.store.bucket.as_mins_f64();
    SPANS.into_iter().map(move |m| ((m as f64 / minutes).round() as i64).max(1))
}

fn dist(sight: &Sight<'_>, table: &Cuboid, conj: &Slice) -> Option<Reading> {
    let cut = sight.store.hists.cuts.get(&table.key)?;
    let q = quantile(sight.policy, table.key.family.0);
    let mut best = None;
    for len in spans(sight) {
        let mut counts = Vec::new();
        for leaf in conj.leaves.iter().filter_map(|i| table.leaves.get(*i as usize)) {
            cut.add(&leaf.seg, sight.bucket - len + 1, sight.bucket, &mut counts);
        }
        let h = Histogram::new(cut.bounds.clone(), counts);
        let n = h.total();
        let read = percentile(&h, q, table.calib(conj.mask).phi);
        best = Some((read, n, len));
        if n >= SURE_DIST {
            break;
        }
    }
    let (read, n, buckets) = best?;
    let value = read.map(|r| r.0);
    let seen = over(sight, table, conj, buckets);
    let baseline = value.and_then(|v| {
        let acc = seen.known;
        (acc.n > 0.0 && acc.e != 0.0).then(|| v / ((acc.a - acc.e) / acc.n).exp())
    });
    let (interval, learnt) = (read.map(|r| r.1), seen.learnt(false));
    let (sure, own) = (n >= SURE_DIST, seen.known);
    Some(Reading { value, n, interval, baseline, sure, learnt, buckets, own })
}

/// Sum over so many buckets up to now.
fn over(sight: &Sight<'_>, table: &Cuboid, conj: &Slice, len: i64) -> Seen {
    let mut seen = Seen::default();
    for leaf in conj.leaves.iter().filter_map(|i| table.leaves.get(*i as usize)) {
        let (known, raw) = of_leaf(sight, table, leaf, len);
        let mut all = known;
        (all.n, all.a) = (all.n + f64::from(raw.n), all.a + f64::from(raw.s));
        seen.all.add(&all);
        if leaf.prof.past != Past::None {
            seen.known.add(&known);
            *seen.own.get_or_insert(0.0) += if table.timed() { all.a } else { all.n };
        }
    }
    seen
}

/// What of a leaf has something to be held against, and the rest.
fn of_leaf(sight: &Sight<'_>, table: &Cuboid, leaf: &Leaf, len: i64) -> (Tally, Moments) {
    let (mut known, mut rest) = (Tally::default(), Moments::default());
    let standing = table.standing(leaf, sight.bucket - len + 1, sight.bucket);
    if let Some(acc) = standing.filter(|a| a.n > 0.0 && table.muted.is_empty()) {
        return (acc, rest);
    }
    for bucket in sight.bucket - len + 1..=sight.bucket {
        let acc = table.acc(leaf, bucket);
        if acc.n > 0.0 {
            known.add(&acc);
        } else if let Some(raw) = table.raw(leaf, bucket) {
            (rest.n, rest.s) = (rest.n + raw.n, rest.s + raw.s);
        }
    }
    (known, rest)
}

fn rate(sight: &Sight<'_>, table: &Cuboid, conj: &Slice) -> Option<Reading> {
    let (mut seen, mut buckets) = (Seen::default(), 1);
    for len in spans(sight) {
        (seen, buckets) = (over(sight, table, conj, len), len);
        if seen.all.n >= SURE_RATE {
            break;
        }
    }
    let (acc, usual) = (seen.all, seen.known);
    let flip = |x: f64| if table.inverted { 1.0 - x } else { x };
    let some = acc.n > 0.0;
    let phi = table.calib(conj.mask).phi.max(1.0);
    let (low, high) = wilson(acc.a / phi, acc.n / phi);
    let (low, high) = if some { (low, high) } else { (0.0, 1.0) };
    Some(Reading {
        value: some.then(|| flip(acc.a / acc.n)),
        n: acc.n,
        interval: some.then(|| Range::new(flip(low), flip(high))),
        baseline: (usual.n > 0.0 && usual.e > 0.0).then(|| flip(usual.e / usual.n)),
        sure: acc.n >= SURE_RATE,
        learnt: seen.learnt(false),
        buckets,
        own: usual,
    })
}

/// Counts are shown per minute, gauges as they are.
fn count(sight: &Sight<'_>, table: &Cuboid, conj: &Slice) -> Option<Reading> {
    let buckets = spans(sight).nth(1).unwrap_or(1);
    let seen = over(sight, table, conj, buckets);
    let (acc, timed, own) = (seen.all, table.timed(), seen.known);
    if table.shape == Likelihood::Gauge {
        let value = (acc.n > 0.0).then(|| acc.a / acc.n);
        let known = acc.e != 0.0 && acc.n > 0.0;
        let baseline = known.then(|| acc.e / acc.n);
        let learnt = seen.learnt(false);
        let (n, interval, sure) = (acc.n, None, known);
        return Some(Reading { value, n, interval, baseline, sure, learnt, buckets, own });
    }
    let got = (0..buckets).filter(|b| table.delivered(sight.bucket - b)).count() as f64;
    let minutes = got * sight.store.bucket.as_mins_f64();
    if minutes <= 0.0 {
        let (value, interval, baseline) = Default::default();
        let (n, sure, learnt) = (0.0, false, false);
        return Some(Reading { value, n, interval, baseline, sure, learnt, buckets, own });
    }
    let half = 1.96 * (acc.a.max(1.0) * table.calib(conj.mask).phi).sqrt();
    Some(Reading {
        value: Some(acc.a / minutes),
        n: acc.a,
        interval: Some(Range::new((acc.a - half).max(0.0) / minutes, (acc.a + half) / minutes)),
        baseline: (acc.e > 0.0).then(|| acc.e / minutes),
        sure: acc.a.max(acc.e) >= 10.0,
        learnt: seen.learnt(timed),
        buckets,
        own,
    })
}
