//! The scan: every conjunction of every cut over the standard windows, and the check that what one
//! cut shows is not a mere shift of the mix that another cut explains (Simpson).
//! Kulldorff's scan statistic (1997): the right place wins over parents by dilution, over children
//! by count.

use crate::detect::cube::cuboid::{Cuboid, Slice, project};
use crate::detect::cube::hit::Hit;
use crate::detect::cube::key::{CuboidKey, Family};
use crate::detect::cube::place;
use crate::detect::cube::store::Cube;
use crate::detect::evidence::stat::{
    Dispersion, Explained, HarmEvidence, Likelihood, Tally, evidence, evidence_from, harm, lift,
};
use crate::domain::segment::{Dim, Scope, Segment};
use crate::domain::time::Span;
use crate::policy::guardrail::band_for;
use crate::policy::judging::Policy;

/// A place and a window that look bad.
#[derive(Clone, PartialEq, Debug)]
pub struct SliceHit {
    pub table: CuboidKey,
    pub seg: Segment,
    /// Index and length (buckets) of the window.
    pub window: usize,
    pub length: i64,
    pub acc: Tally,
    pub ev: HarmEvidence,
}

/// Window lengths in buckets: 1 minute to 4 hours.
pub fn windows(bucket: Span) -> Vec<i64> {
    let minute = Span::from_mins(1).millis();
    let mut out: Vec<i64> = [1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240]
        .into_iter()
        .map(|m| m * minute / bucket.millis().max(1))
        .filter(|b| *b > 0)
        .collect();
    out.dedup();
    if out.is_empty() { vec![1, 2, 4] } else { out }
}

/// The smallest relative change that opens a case for a family, when a guardrail watches it.
pub fn min_change(policy: &Policy, family: Family, seg: &Segment) -> Option<f64> {
    let place = place::of_segment(policy, family, seg);
    band_for(&policy.guardrail, family.0, &place)?.condition.min_change()
}

/// All windows of one conjunction, known incidents taken out.
fn window_acc(table: &Cuboid, conj: &Slice, window: usize) -> Tally {
    let mut sum = Tally::default();
    for leaf in conj.leaves.iter().filter_map(|i| table.leaves.get(*i as usize)) {
        if let Some(acc) = leaf.sums.get(window) {
            sum.add(acc);
        }
        sum.explain(leaf.expl.get(window).copied().unwrap_or_default());
    }
    table.open_ends(&mut sum, table.lengths.get(window).copied().unwrap_or(1));
    sum
}

/// True when a change is large enough to matter, whatever the evidence.
pub fn matters(shape: Likelihood, acc: &Tally, harm: f64, min: f64) -> bool {
    match shape {
        Likelihood::LogNormal => harm.exp_m1() >= min,
        Likelihood::Rare => acc.a >= 5.0 && harm >= (min * acc.e / acc.n).max(0.003),
        Likelihood::Conversion => harm >= min && acc.e - acc.a >= 4.0,
        Likelihood::Poisson => harm >= min,
        Likelihood::Gauge => harm >= min * (acc.e / acc.n).abs(),
    }
}

/// Segments beside which a finding competes at the full line.
const CROWD: f64 = 500.0;
/// Nats that a place among few needs less at most.
const RELIEF: f64 = 2.0;

/// Fewer places of a kind are fewer chances to be fooled: what a place's kind is spared, in nats.
/// Beyond [`CROWD`] it is a price (negative): `ln(size / 500)` keeps the chances of a false finding
/// among them what they are among 500 (Bonferroni, in nats).
pub fn relief(size: usize) -> f64 {
    let fewer = (CROWD / size.max(1) as f64).ln();
    if fewer < 0.0 { fewer } else { (0.5 * fewer).min(RELIEF) }
}

/// All windows of one conjunction at once, known incidents taken out.
fn windows_of(table: &Cuboid, conj: &Slice, sums: &mut [Tally]) {
    sums.fill(Tally::default());
    for leaf in conj.leaves.iter().filter_map(|i| table.leaves.get(*i as usize)) {
        for (sum, acc) in sums.iter_mut().zip(&leaf.sums) {
            sum.add(acc);
        }
        if table.explained {
            for (sum, explained) in sums.iter_mut().zip(&leaf.expl) {
                sum.explain(*explained);
            }
        }
    }
    for (sum, length) in sums.iter_mut().zip(&table.lengths) {
        table.open_ends(sum, *length);
    }
}

/// Nats below which nothing is looked at.
pub const FLOOR: f64 = 3.0;

/// Every conjunction over every window, once per bucket and whenever known effects change.
pub fn sweep(table: &Cuboid) -> Vec<Hit> {
    let mut out = Vec::new();
    let mut sums = vec![Tally::default(); table.lengths.len()];
    for (i, conj) in table.conj.iter().enumerate() {
        windows_of(table, conj, &mut sums);
        let calib = table.calib(conj.mask);
        for (window, acc) in sums.iter().enumerate() {
            if let Some(ev) = evidence_from(FLOOR, table.shape, table.sign, acc, calib) {
                out.push(Hit { conj: i as u32, window: window as u8, acc: *acc, ev });
            }
        }
    }
    out
}

fn candidate(table: &Cuboid, conj: &Slice, loud: &Hit) -> SliceHit {
    let window = usize::from(loud.window);
    SliceHit {
        table: table.key.clone(),
        seg: conj.seg.clone(),
        window,
        length: table.lengths.get(window).copied().unwrap_or(1),
        acc: loud.acc,
        ev: loud.ev,
    }
}

/// Conjunctions that say something, each with its windows.
fn places(table: &Cuboid) -> impl Iterator<Item = (&Slice, &[Hit])> {
    let runs = table.loud.chunk_by(|a, b| a.conj == b.conj);
    runs.filter_map(|run| Some((table.conj.get(run.first()?.conj as usize)?, run)))
}

/// Places of one table with `nats` or more and a change that matters, each with its best window.
pub fn scan(
    table: &Cuboid,
    nats: f64,
    min_change: impl Fn(&Segment) -> Option<f64>,
) -> Vec<SliceHit> {
    let best = |(conj, run): (&Slice, &[Hit])| {
        let strong = || run.iter().filter(|l| l.ev.nats >= nats);
        strong().next()?;
        let min = min_change(&conj.seg)?;
        let matter = strong().filter(|l| matters(table.shape, &l.acc, l.ev.harm, min));
        let best = matter.max_by(|a, b| a.ev.loc.total_cmp(&b.ev.loc))?;
        Some(candidate(table, conj, best))
    };
    places(table).filter_map(best).collect()
}

/// The harm at a candidate that other cuts show to be a shift of the mix.
pub fn mixed(store: &Cube, table: &Cuboid, c: &SliceHit) -> f64 {
    if table.shape == Likelihood::Gauge {
        return 0.0;
    }
    // A cut that has hardly a past may have learnt the harm itself: it shows nothing.
    let knows = |t: &&Cuboid| t.key != c.table && 2 * t.hours.len() >= table.hours.len();
    let others = store.family(c.table.family).filter(knows);
    others.map(|other| mix(table, other, c).unwrap_or(0.0)).fold(0.0, f64::max)
}

/// Takes a shift of the mix out of a candidate; its evidence after that.
pub fn unmixed(store: &Cube, c: &SliceHit) -> Option<SliceHit> {
    let table = store.tables.get(&c.table)?;
    let worst = mixed(store, table, c);
    if worst <= 0.0 {
        return Some(c.clone());
    }
    let mut out = c.clone();
    out.acc.a -= lift(table.shape, table.sign, worst, &c.acc);
    let calib = table.calib(table.mask_of(&c.seg));
    out.ev = evidence(table.shape, table.sign, &out.acc, calib);
    Some(out)
}

/// How much of the harm at the part of the place that both cuts can express is seen by one only.
fn mix(table: &Cuboid, other: &Cuboid, c: &SliceHit) -> Option<f64> {
    let shared: Vec<Dim> =
        other.key.dims.iter().copied().filter(|d| table.key.dims.contains(d)).collect();
    let mask = table.key.dims.iter().enumerate().filter(|(_, d)| shared.contains(d));
    let mask = mask.fold(0, |m, (i, _)| m | 1_u16 << i);
    let part = project(&c.seg, &table.key.dims, mask & table.mask_of(&c.seg));
    let mine = window_acc(table, table.conj_at(&part)?, c.window);
    let theirs = window_acc(other, other.conj_at(&part)?, c.window);
    if theirs.n < 0.8 * mine.n || theirs.n > 1.25 * mine.n {
        return None;
    }
    let of = |t: &Cuboid, a: &Tally| harm(t.shape, t.sign, a);
    Some((of(table, &mine) - of(other, &theirs)).max(0.0))
}

/// A place that looks bad to a family, too weakly to speak alone.
#[derive(Clone, PartialEq, Debug)]
pub struct WeakSignal {
    pub place: Scope,
    pub candidate: SliceHit,
}

/// Weak signs in one table: every window of every place with a few nats.
pub fn hints(policy: &Policy, table: &Cuboid) -> Vec<WeakSignal> {
    let mut out = Vec::new();
    for (conj, run) in places(table).filter(|(c, _)| c.mask.count_ones() <= 3) {
        let min = min_change(policy, table.key.family, &conj.seg).unwrap_or(f64::INFINITY);
        let place = place::of_segment(policy, table.key.family, &conj.seg);
        let matter = run.iter().filter(|l| matters(table.shape, &l.acc, l.ev.harm, min));
        out.extend(
            matter
                .map(|l| WeakSignal { place: place.clone(), candidate: candidate(table, conj, l) }),
        );
    }
    out
}

/// Rolls the window sums of a table on to `bucket`.
pub fn roll(table: &mut Cuboid, lengths: &[i64], bucket: i64) {
    let step = !table.touched && table.rolled == bucket - 1;
    let mut leaves = std::mem::take(&mut table.leaves);
    for leaf in &mut leaves {
        let mut sums = std::mem::take(&mut leaf.sums);
        if step && sums.len() == lengths.len() {
            let new = table.acc(leaf, bucket);
            for (sum, length) in sums.iter_mut().zip(lengths) {
                sum.add(&new);
                sum.sub(&table.acc(leaf, bucket - length));
            }
        } else {
            sums = fresh(table, leaf, lengths, bucket);
        }
        leaf.sums = sums;
        if table.explained {
            leaf.expl.clear();
        }
        leaf.expl.resize(lengths.len(), Explained::default());
    }
    table.leaves = leaves;
    table.explained = false;
    table.swept = false;
    table.rolled = bucket;
    if table.lengths != lengths {
        table.lengths = lengths.to_vec();
    }
    table.touched = false;
}

fn fresh(
    table: &Cuboid,
    leaf: &crate::detect::cube::cuboid::Leaf,
    lengths: &[i64],
    bucket: i64,
) -> Vec<Tally> {
    let mut out = Vec::with_capacity(lengths.len());
    let (mut sum, mut back) = (Tally::default(), 0);
    for length in lengths {
        while back < *length {
            sum.add(&table.acc(leaf, bucket - back));
            back += 1;
        }
        out.push(sum);
    }
    out
}

/// The evidence at a fixed place over a fixed window, whatever the line.
pub fn at(table: &Cuboid, seg: &Segment, window: usize) -> Option<(Tally, HarmEvidence)> {
    let conj = table.conj_at(seg)?;
    let acc = window_acc(table, conj, window);
    let calib: Dispersion = table.calib(conj.mask);
    Some((acc, evidence(table.shape, table.sign, &acc, calib)))
}
