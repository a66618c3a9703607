//! Cells of the heatmap: value, sample size, 95 % interval, baseline and verdict for every segment
//! of up to two dimensions. Too few samples is `Unsure`, never `Ok`; a blind source is `Blind`.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::detect::verdict::{Basis, Cell, Verdict};
use crate::domain::histogram::Histogram;
use crate::domain::id::SourceId;
use crate::domain::metric::Metric;
use crate::domain::money::Range;
use crate::domain::observation::Quality;
use crate::domain::segment::{Scope, Segment};
use crate::policy::guardrail::row_for;
use crate::policy::judging::Policy;

use super::doubt::Doubt;
use super::effect::Effect;
use super::hists::percentile;
use super::power::{Named, Power};
use super::profile::Past;
use super::stat::{Acc, Raw, Shape, wilson};
use super::store::Store;
use super::table::{Conj, Leaf, Role, Table};

/// Samples that a window of a p75 must have for a shorter one to do (ranks 72-78 % at 1000), and of
/// a rate; sure without a usual value, too.
const SURE_DIST: f64 = 100.0;
const SURE_RATE: f64 = 50.0;
/// Windows tried for a cell, in minutes: the shortest one that is sure wins.
const SPANS: [i64; 3] = [5, 15, 60];
/// Segments of at most so many dimensions become cells.
const MAX_DIMS: u32 = 2;

/// Samples or trials from which a number of this shape is shown as sure.
pub const fn enough(shape: Shape) -> f64 {
    match shape {
        Shape::Mean => SURE_DIST,
        Shape::Fault | Shape::Step | Shape::Flow | Shape::Level => SURE_RATE,
    }
}

pub struct Sight<'a> {
    pub policy: &'a Policy,
    pub store: &'a Store,
    pub effects: &'a [&'a Effect],
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

fn shown(table: &Table, conj: &Conj) -> bool {
    conj.mask.count_ones() <= MAX_DIMS || table.shape == Shape::Level
}

struct Reading {
    value: Option<f64>,
    n: f64,
    interval: Option<Range>,
    baseline: Option<f64>,
    sure: bool,
    /// Most of what is seen has a past.
    learnt: bool,
}

/// Sums of a place: all that was seen there, and the part that has a past to be held against.
#[derive(Clone, Copy, Default)]
struct Seen {
    all: Acc,
    known: Acc,
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

fn cell(sight: &Sight<'_>, table: &Table, conj: &Conj, named: Named) -> Option<Cell> {
    let mut reading = match table.shape {
        Shape::Mean => dist(sight, table, conj)?,
        Shape::Fault | Shape::Step => rate(sight, table, conj)?,
        Shape::Flow | Shape::Level => count(sight, table, conj)?,
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
    let verdict = match (verdict(sight, table, conj, &reading), doubt) {
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
        quality,
    })
}

fn stat(policy: &Policy, table: &Table) -> String {
    match table.shape {
        Shape::Mean => format!("p{:.0}", quantile(policy, table.key.family.0) * 100.0),
        Shape::Fault | Shape::Step => "rate".to_owned(),
        Shape::Flow => "count".to_owned(),
        Shape::Level => "value".to_owned(),
    }
}

fn quantile(policy: &Policy, metric: Metric) -> f64 {
    row_for(&policy.guardrail, metric, &Scope::everything())
        .map_or(0.75, |r| r.percentile() / 100.0)
}

fn verdict(sight: &Sight<'_>, table: &Table, conj: &Conj, reading: &Reading) -> Verdict {
    if sight.blind.contains(&table.key.source) {
        return Verdict::Blind;
    }
    let hit = |e: &&Effect| {
        e.until.is_none() && e.table.family == table.key.family && touches(&e.scope, &conj.seg)
    };
    if sight.effects.iter().any(hit) {
        return Verdict::Breach;
    }
    if !reading.sure || !reading.learnt || sight.learning || reading.value.is_none() {
        return Verdict::Unsure;
    }
    Verdict::Ok
}

/// Beacons of this source come late here: the newest windows are provisional (seed 001, F5).
fn late(sight: &Sight<'_>, table: &Table, conj: &Conj) -> bool {
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

fn dist(sight: &Sight<'_>, table: &Table, conj: &Conj) -> Option<Reading> {
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
        best = Some((read, n));
        if n >= SURE_DIST {
            break;
        }
    }
    let (read, n) = best?;
    let value = read.map(|r| r.0);
    let seen = window(sight, table, conj);
    let baseline = value.and_then(|v| {
        let acc = seen.known;
        (acc.n > 0.0 && acc.e != 0.0).then(|| v / ((acc.a - acc.e) / acc.n).exp())
    });
    let (interval, learnt) = (read.map(|r| r.1), seen.learnt(false));
    Some(Reading { value, n, interval, baseline, sure: n >= SURE_DIST, learnt })
}

/// Sum over the quarter of an hour that ends now.
fn window(sight: &Sight<'_>, table: &Table, conj: &Conj) -> Seen {
    let len = spans(sight).nth(1).unwrap_or(1);
    over(sight, table, conj, len)
}

fn over(sight: &Sight<'_>, table: &Table, conj: &Conj, len: i64) -> Seen {
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
fn of_leaf(sight: &Sight<'_>, table: &Table, leaf: &Leaf, len: i64) -> (Acc, Raw) {
    let (mut known, mut rest) = (Acc::default(), Raw::default());
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

fn rate(sight: &Sight<'_>, table: &Table, conj: &Conj) -> Option<Reading> {
    let mut seen = Seen::default();
    for len in spans(sight) {
        seen = over(sight, table, conj, len);
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
    })
}

/// Counts are shown per minute, gauges as they are.
fn count(sight: &Sight<'_>, table: &Table, conj: &Conj) -> Option<Reading> {
    let seen = window(sight, table, conj);
    let (acc, timed) = (seen.all, table.timed());
    if table.shape == Shape::Level {
        let value = (acc.n > 0.0).then(|| acc.a / acc.n);
        let known = acc.e != 0.0 && acc.n > 0.0;
        let baseline = known.then(|| acc.e / acc.n);
        let learnt = seen.learnt(false);
        return Some(Reading { value, n: acc.n, interval: None, baseline, sure: known, learnt });
    }
    let len = spans(sight).nth(1).unwrap_or(1);
    let got = (0..len).filter(|b| table.delivered(sight.bucket - b)).count() as f64;
    let minutes = got * sight.store.bucket.as_mins_f64();
    if minutes <= 0.0 {
        let (value, interval, baseline) = Default::default();
        return Some(Reading { value, n: 0.0, interval, baseline, sure: false, learnt: false });
    }
    let half = 1.96 * (acc.a.max(1.0) * table.calib(conj.mask).phi).sqrt();
    Some(Reading {
        value: Some(acc.a / minutes),
        n: acc.a,
        interval: Some(Range::new((acc.a - half).max(0.0) / minutes, (acc.a + half) / minutes)),
        baseline: (acc.e > 0.0).then(|| acc.e / minutes),
        sure: acc.a.max(acc.e) >= 10.0,
        learnt: seen.learnt(timed),
    })
}
