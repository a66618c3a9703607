//! The scan: every slice of every cut over the standard windows, and the check that what one
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
    pub cuboid: CuboidKey,
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

/// All windows of one slice, known incidents taken out.
fn window_acc(cuboid: &Cuboid, slice: &Slice, window: usize) -> Tally {
    let mut sum = Tally::default();
    for leaf in slice.leaves.iter().filter_map(|i| cuboid.leaves.get(*i as usize)) {
        if let Some(acc) = leaf.sums.get(window) {
            sum.add(acc);
        }
        sum.explain(leaf.expl.get(window).copied().unwrap_or_default());
    }
    cuboid.open_ends(&mut sum, cuboid.lengths.get(window).copied().unwrap_or(1));
    sum
}

/// True when a change is large enough to matter, whatever the evidence.
pub fn matters(likelihood: Likelihood, acc: &Tally, harm: f64, min: f64) -> bool {
    match likelihood {
        Likelihood::LogNormal => harm.exp_m1() >= min,
        Likelihood::Rare => {
            acc.observed >= 5.0 && harm >= (min * acc.expected / acc.units).max(0.003)
        }
        Likelihood::Conversion => harm >= min && acc.expected - acc.observed >= 4.0,
        Likelihood::Poisson => harm >= min,
        Likelihood::Gauge => harm >= min * (acc.expected / acc.units).abs(),
    }
}

/// Segments beside which a finding competes at the full line.
const CROWD: f64 = 500.0;
/// Nats that a place among few needs less at most.
const RELIEF: f64 = 2.0;

/// Fewer places of a kind are fewer chances to be fooled: what a place's kind is spared, in nats.
/// Beyond [`CROWD`] it is a price (negative): `ln(size / 500)` keeps the chances of a false finding
/// among them what they are among 500 (Bonferroni, in nats).
pub fn scarcity_credit(size: usize) -> f64 {
    let fewer = (CROWD / size.max(1) as f64).ln();
    if fewer < 0.0 { fewer } else { (0.5 * fewer).min(RELIEF) }
}

/// All windows of one slice at once, known incidents taken out.
fn windows_of(cuboid: &Cuboid, slice: &Slice, sums: &mut [Tally]) {
    sums.fill(Tally::default());
    for leaf in slice.leaves.iter().filter_map(|i| cuboid.leaves.get(*i as usize)) {
        for (sum, acc) in sums.iter_mut().zip(&leaf.sums) {
            sum.add(acc);
        }
        if cuboid.explained {
            for (sum, explained) in sums.iter_mut().zip(&leaf.expl) {
                sum.explain(*explained);
            }
        }
    }
    for (sum, length) in sums.iter_mut().zip(&cuboid.lengths) {
        cuboid.open_ends(sum, *length);
    }
}

/// Nats below which nothing is looked at.
pub const FLOOR: f64 = 3.0;

/// Every slice over every window, once per bucket and whenever known shifts change.
pub fn sweep(cuboid: &Cuboid) -> Vec<Hit> {
    let mut out = Vec::new();
    let mut sums = vec![Tally::default(); cuboid.lengths.len()];
    for (i, slice) in cuboid.slice.iter().enumerate() {
        windows_of(cuboid, slice, &mut sums);
        let dispersion = cuboid.dispersion(slice.mask);
        for (window, acc) in sums.iter().enumerate() {
            if let Some(ev) = evidence_from(FLOOR, cuboid.likelihood, cuboid.sign, acc, dispersion)
            {
                out.push(Hit { slice: i as u32, window: window as u8, acc: *acc, ev });
            }
        }
    }
    out
}

fn candidate(cuboid: &Cuboid, slice: &Slice, hits: &Hit) -> SliceHit {
    let window = usize::from(hits.window);
    SliceHit {
        cuboid: cuboid.key.clone(),
        seg: slice.seg.clone(),
        window,
        length: cuboid.lengths.get(window).copied().unwrap_or(1),
        acc: hits.acc,
        ev: hits.ev,
    }
}

/// Conjunctions that say something, each with its windows.
fn places(cuboid: &Cuboid) -> impl Iterator<Item = (&Slice, &[Hit])> {
    let runs = cuboid.hits.chunk_by(|a, b| a.slice == b.slice);
    runs.filter_map(|run| Some((cuboid.slice.get(run.first()?.slice as usize)?, run)))
}

/// Places of one cuboid with `nats` or more and a change that matters, each with its best window.
pub fn scan(
    cuboid: &Cuboid,
    nats: f64,
    min_change: impl Fn(&Segment) -> Option<f64>,
) -> Vec<SliceHit> {
    let best = |(slice, run): (&Slice, &[Hit])| {
        let strong = || run.iter().filter(|l| l.ev.nats >= nats);
        strong().next()?;
        let min = min_change(&slice.seg)?;
        let matter = strong().filter(|l| matters(cuboid.likelihood, &l.acc, l.ev.harm, min));
        let best = matter.max_by(|a, b| a.ev.loc.total_cmp(&b.ev.loc))?;
        Some(candidate(cuboid, slice, best))
    };
    places(cuboid).filter_map(best).collect()
}

/// The harm at a candidate that other cuts show to be a shift of the mix.
pub fn mixed(cube: &Cube, cuboid: &Cuboid, c: &SliceHit) -> f64 {
    if cuboid.likelihood == Likelihood::Gauge {
        return 0.0;
    }
    // A cut that has hardly a past may have learnt the harm itself: it shows nothing.
    let knows = |t: &&Cuboid| t.key != c.cuboid && 2 * t.hours.len() >= cuboid.hours.len();
    let others = cube.family(c.cuboid.family).filter(knows);
    others.map(|other| mix(cuboid, other, c).unwrap_or(0.0)).fold(0.0, f64::max)
}

/// Takes a shift of the mix out of a candidate; its evidence after that.
pub fn unmixed(cube: &Cube, c: &SliceHit) -> Option<SliceHit> {
    let cuboid = cube.cuboids.get(&c.cuboid)?;
    let worst = mixed(cube, cuboid, c);
    if worst <= 0.0 {
        return Some(c.clone());
    }
    let mut out = c.clone();
    out.acc.observed -= lift(cuboid.likelihood, cuboid.sign, worst, &c.acc);
    let dispersion = cuboid.dispersion(cuboid.mask_of(&c.seg));
    out.ev = evidence(cuboid.likelihood, cuboid.sign, &out.acc, dispersion);
    Some(out)
}

/// How much of the harm at the part of the place that both cuts can express is seen by one only.
fn mix(cuboid: &Cuboid, other: &Cuboid, c: &SliceHit) -> Option<f64> {
    let shared: Vec<Dim> =
        other.key.dims.iter().copied().filter(|d| cuboid.key.dims.contains(d)).collect();
    let mask = cuboid.key.dims.iter().enumerate().filter(|(_, d)| shared.contains(d));
    let mask = mask.fold(0, |m, (i, _)| m | 1_u16 << i);
    let part = project(&c.seg, &cuboid.key.dims, mask & cuboid.mask_of(&c.seg));
    let mine = window_acc(cuboid, cuboid.slice_at(&part)?, c.window);
    let theirs = window_acc(other, other.slice_at(&part)?, c.window);
    if theirs.units < 0.8 * mine.units || theirs.units > 1.25 * mine.units {
        return None;
    }
    let of = |t: &Cuboid, a: &Tally| harm(t.likelihood, t.sign, a);
    Some((of(cuboid, &mine) - of(other, &theirs)).max(0.0))
}

/// A place that looks bad to a family, too weakly to speak alone.
#[derive(Clone, PartialEq, Debug)]
pub struct WeakSignal {
    pub place: Scope,
    pub candidate: SliceHit,
}

/// Weak signs in one cuboid: every window of every place with a few nats.
pub fn weak_signals(policy: &Policy, cuboid: &Cuboid) -> Vec<WeakSignal> {
    let mut out = Vec::new();
    for (slice, run) in places(cuboid).filter(|(c, _)| c.mask.count_ones() <= 3) {
        let min = min_change(policy, cuboid.key.family, &slice.seg).unwrap_or(f64::INFINITY);
        let place = place::of_segment(policy, cuboid.key.family, &slice.seg);
        let matter = run.iter().filter(|l| matters(cuboid.likelihood, &l.acc, l.ev.harm, min));
        out.extend(
            matter.map(|l| WeakSignal {
                place: place.clone(),
                candidate: candidate(cuboid, slice, l),
            }),
        );
    }
    out
}

/// Rolls the window sums of a cuboid on to `bucket`.
pub fn roll(cuboid: &mut Cuboid, lengths: &[i64], bucket: i64) {
    let step = !cuboid.touched && cuboid.rolled == bucket - 1;
    let mut leaves = std::mem::take(&mut cuboid.leaves);
    for leaf in &mut leaves {
        let mut sums = std::mem::take(&mut leaf.sums);
        if step && sums.len() == lengths.len() {
            let new = cuboid.acc(leaf, bucket);
            for (sum, length) in sums.iter_mut().zip(lengths) {
                sum.add(&new);
                sum.sub(&cuboid.acc(leaf, bucket - length));
            }
        } else {
            sums = fresh(cuboid, leaf, lengths, bucket);
        }
        leaf.sums = sums;
        if cuboid.explained {
            leaf.expl.clear();
        }
        leaf.expl.resize(lengths.len(), Explained::default());
    }
    cuboid.leaves = leaves;
    cuboid.explained = false;
    cuboid.swept = false;
    cuboid.rolled = bucket;
    if cuboid.lengths != lengths {
        cuboid.lengths = lengths.to_vec();
    }
    cuboid.touched = false;
}

fn fresh(
    cuboid: &Cuboid,
    leaf: &crate::detect::cube::cuboid::Leaf,
    lengths: &[i64],
    bucket: i64,
) -> Vec<Tally> {
    let mut out = Vec::with_capacity(lengths.len());
    let (mut sum, mut back) = (Tally::default(), 0);
    for length in lengths {
        while back < *length {
            sum.add(&cuboid.acc(leaf, bucket - back));
            back += 1;
        }
        out.push(sum);
    }
    out
}

/// The evidence at a fixed place over a fixed window, whatever the line.
pub fn at(cuboid: &Cuboid, seg: &Segment, window: usize) -> Option<(Tally, HarmEvidence)> {
    let slice = cuboid.slice_at(seg)?;
    let acc = window_acc(cuboid, slice, window);
    let dispersion: Dispersion = cuboid.dispersion(slice.mask);
    Some((acc, evidence(cuboid.likelihood, cuboid.sign, &acc, dispersion)))
}
